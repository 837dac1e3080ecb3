//! The address of a webhook; what of it may be a secret is never shown.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Payload;

/// Where Alertmanager takes alerts.
const ALERTMANAGER: &str = "/api/v2/alerts";

/// An address. It has no `Display`, and its `Debug` shows where it leads only.
#[derive(Clone)]
pub struct Endpoint {
    url: String,
    place: String,
    /// The header for a user and a password that the address names.
    authorization: Option<String>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Endpoint {
    /// Reads an address; says what is wrong with it.
    pub fn parse(text: &str, payload: Payload) -> Result<Self, &'static str> {
        let uri: ureq::http::Uri = text.parse().map_err(|_| "it is no address")?;
        let scheme = uri.scheme_str().filter(|s| ["http", "https"].contains(s)).ok_or("it begins with neither https:// nor http://")?;
        let host = uri.host().filter(|h| !h.is_empty()).ok_or("it names no host")?;
        let has_port = uri.authority().is_some_and(|a| a.as_str().rsplit('@').next().unwrap_or_default().len() > host.len());
        if has_port && uri.port_u16().is_none() {
            return Err("its port is no number from 0 to 65535");
        }
        let port = uri.port_u16().map(|p| format!(":{p}")).unwrap_or_default();
        let place = format!("{scheme}://{host}{port}");
        let mut url = text.to_owned();
        let user = uri.authority().and_then(|a| a.as_str().rsplit_once('@')).map(|(user, _)| user);
        if let Some(user) = user {
            url = url.replacen(&format!("{user}@"), "", 1);
        }
        let decoded = |user: &str| percent_encoding::percent_decode_str(user).collect::<Vec<u8>>();
        let authorization = user.map(|user| format!("Basic {}", STANDARD.encode(decoded(user))));
        if payload == Payload::Alertmanager && uri.query().is_none() && !uri.path().ends_with(ALERTMANAGER) {
            url = format!("{}{ALERTMANAGER}", url.trim_end_matches('/'));
        }
        Ok(Endpoint { url, place, authorization })
    }

    /// Returns the whole address, for the request alone.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the header for a user and a password, for the request alone.
    pub fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// Returns where it leads: scheme, host and port.
    pub fn place(&self) -> &str {
        &self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_never_shown_whole() {
        let table = [
            ("https://hooks.slack.com/services/T0/B0/s3cr3t", Payload::Slack, Ok(("https://hooks.slack.com/services/T0/B0/s3cr3t", "https://hooks.slack.com"))),
            ("http://me:pw@am:9093", Payload::Alertmanager, Ok(("http://am:9093/api/v2/alerts", "http://am:9093"))),
            ("http://am:9093/prefix/", Payload::Alertmanager, Ok(("http://am:9093/prefix/api/v2/alerts", "http://am:9093"))),
            ("http://am/api/v2/alerts", Payload::Alertmanager, Ok(("http://am/api/v2/alerts", "http://am"))),
            ("ftp://am", Payload::Json, Err("it begins with neither https:// nor http://")),
            ("//hooks.slack.com/x", Payload::Json, Err("it begins with neither https:// nor http://")),
            ("https://", Payload::Json, Err("it is no address")),
            ("https://am:99999/x", Payload::Json, Err("its port is no number from 0 to 65535")),
            ("https://me:pw@[::1]:9093/x", Payload::Json, Ok(("https://[::1]:9093/x", "https://[::1]:9093"))),
            ("", Payload::Json, Err("it is no address")),
            ("https://a b", Payload::Json, Err("it is no address")),
        ];
        for (text, payload, want) in table {
            let got = Endpoint::parse(text, payload);
            assert_eq!(got.as_ref().map(|e| (e.url(), e.place())).map_err(|e| *e), want, "{text}");
            if let Ok(endpoint) = got {
                let shown = format!("{endpoint:?}");
                assert!(!shown.contains("s3cr3t") && !shown.contains("pw"), "{shown}");
            }
        }
    }
}

//! The address of a webhook; what of it may be a secret is never shown.

use std::fmt;

use super::Payload;

/// Where Alertmanager takes alerts.
const ALERTMANAGER: &str = "/api/v2/alerts";

/// An address. It has no `Display`, and its `Debug` shows where it leads only.
#[derive(Clone)]
pub struct Endpoint {
    url: String,
    place: String,
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
        let port = uri.port_u16().map(|p| format!(":{p}")).unwrap_or_default();
        let place = format!("{scheme}://{host}{port}");
        let mut url = text.to_owned();
        if payload == Payload::Alertmanager && uri.query().is_none() && !uri.path().ends_with(ALERTMANAGER) {
            url = format!("{}{ALERTMANAGER}", url.trim_end_matches('/'));
        }
        Ok(Endpoint { url, place })
    }

    /// Returns the whole address, for the request alone.
    pub fn url(&self) -> &str {
        &self.url
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
            ("http://me:pw@am:9093", Payload::Alertmanager, Ok(("http://me:pw@am:9093/api/v2/alerts", "http://am:9093"))),
            ("http://am:9093/prefix/", Payload::Alertmanager, Ok(("http://am:9093/prefix/api/v2/alerts", "http://am:9093"))),
            ("http://am/api/v2/alerts", Payload::Alertmanager, Ok(("http://am/api/v2/alerts", "http://am"))),
            ("ftp://am", Payload::Json, Err("it begins with neither https:// nor http://")),
            ("hooks.slack.com", Payload::Json, Err("it begins with neither https:// nor http://")),
            ("https://", Payload::Json, Err("it is no address")),
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

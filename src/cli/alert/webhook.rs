//! Alerts posted to an address.
//!
//! An answer of 2xx is good. 408, 425, 429, 5xx and what the network does are tried again, as the receiver says when it does; another answer is a refusal.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kctriage::alert::{Alert, State};
use kctriage::report::alert::{RESEND_MS, alertmanager, ndjson, slack};
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::tls::{RootCerts, TlsConfig};

use super::delivery::{Failure, Receive};
use super::{Endpoint, PATIENCE, Payload};

/// The longest that a receiver can ask to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Posts to an address.
pub struct ToWebhook {
    endpoint: Endpoint,
    payload: Payload,
    agent: Agent,
    /// What goes on, by id: Alertmanager wants to hear of it again.
    firing: BTreeMap<String, Alert>,
}

impl ToWebhook {
    pub fn new(endpoint: Endpoint, payload: Payload, firing: Vec<Alert>) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // what an address hides is not sent on to another
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("kctriage/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build();
        let firing = firing.into_iter().map(|a| (a.id.clone(), a)).collect();
        ToWebhook { endpoint, payload, agent: config.new_agent(), firing }
    }

    fn post(&self, body: &[u8]) -> Result<(), Failure> {
        let mut request = self.agent.post(self.endpoint.url()).header("Content-Type", "application/json");
        if let Some(authorization) = self.endpoint.authorization() {
            request = request.header("Authorization", authorization);
        }
        let answer = request.send(body).map_err(|e| failure(&e))?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => Ok(()),
            408 | 425 | 429 | 500..=599 => Err(Failure::Again { what: format!("it answered {status}"), after: retry_after(answer.headers()) }),
            300..=399 => Err(Failure::Never(format!("it answered {status}: it is elsewhere, and that is not followed"))),
            _ => Err(Failure::Never(format!("it answered {status}"))),
        }
    }
}

/// Reads how long a receiver asks to be left alone: seconds, or an HTTP date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        seconds
    } else {
        let then = chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp();
        u64::try_from(then - now_ms() / 1000).unwrap_or(0)
    };
    Some(Duration::from_secs(wait).min(LONGEST_WAIT))
}

/// Returns what went wrong, without the address, which the library's own words may hold.
fn failure(error: &ureq::Error) -> Failure {
    let what = match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        ureq::Error::HostNotFound => "its host is not found".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(e) => match e.kind() {
            ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
            kind => format!("the connection failed: {kind}"),
        },
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::TlsRequired => {
            "no secure connection: its certificate is not trusted here, or it speaks no TLS".to_owned()
        }
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => "the proxy cannot be used".to_owned(),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => return Failure::Never("the address cannot be used".to_owned()),
        _ => "it does not answer as a web server does".to_owned(),
    };
    Failure::again(what)
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or_default()
}

impl Receive for ToWebhook {
    fn name(&self) -> String {
        format!("alert webhook {}", self.endpoint.place())
    }

    fn send(&mut self, alert: &Alert) -> Result<(), Failure> {
        match self.payload {
            Payload::Slack => self.post(&slack(alert)),
            Payload::Json => self.post(&ndjson(alert)),
            Payload::Alertmanager => {
                if alert.state == State::Firing {
                    self.firing.insert(alert.id.clone(), alert.clone());
                } else {
                    self.firing.remove(&alert.id);
                }
                self.post(&alertmanager([alert], now_ms()))
            }
        }
    }

    fn again(&mut self) -> Option<Duration> {
        (self.payload == Payload::Alertmanager).then(|| Duration::from_millis(RESEND_MS.unsigned_abs()))
    }

    fn remind(&mut self) -> Result<(), Failure> {
        if self.firing.is_empty() { Ok(()) } else { self.post(&alertmanager(self.firing.values(), now_ms())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_again() {
        let table = [("7", Some(7)), ("100000", Some(300)), ("Wed, 21 Oct 2015 07:28:00 GMT", Some(0)), ("soon", None), ("-1", None)];
        for (text, want) in table {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().expect("a value"));
            assert_eq!(retry_after(&headers).map(|d| d.as_secs()), want, "{text}");
        }
    }
}

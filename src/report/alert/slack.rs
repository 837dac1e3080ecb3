//! A message for an incoming webhook of Slack, and of what understands its payload (Mattermost, Rocket.Chat).
//!
//! Names of the log stand in code spans, in which nothing is a link, a mention or a format; see [`Untrusted::slack`].

use serde_json::json;

use super::{iso, next, summary};
use crate::alert::{Alert, Field, Severity, State};
use crate::report::escape::Untrusted;

/// Columns of a name.
const NAME: usize = 80;

/// Columns of a description.
const TEXT: usize = 300;

/// Returns a rule's own words: what would be a control sequence is escaped, and an address is a link.
fn own(text: &str) -> String {
    Untrusted::new(text).terminal(TEXT).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns the payload.
#[must_use]
pub fn slack(alert: &Alert) -> Vec<u8> {
    let name = |text: &str| Untrusted::new(text).slack(NAME);
    let mark = match (alert.state, alert.severity) {
        (State::Resolved, _) => ":white_check_mark: *over*",
        (State::Firing, Severity::Info) => ":information_source: *info*",
        (State::Firing, Severity::Warning) => ":warning: *warning*",
        (State::Firing, Severity::Critical) => ":rotating_light: *critical*",
    };
    let when = match alert.until {
        Some(until) => format!("from {} to {}", iso(alert.since), iso(until)),
        None => format!("since {}", iso(alert.since)),
    };
    let goes_on = alert.state == State::Firing;
    let realm = alert.of(Field::Realm).map(|realm| format!(", realm {}", name(realm))).unwrap_or_default();
    let mut lines = vec![format!("{mark} {}, {when}", summary(alert, &name)), format!("rule {}{realm}", name(&alert.rule))];
    lines.extend(alert.description.as_deref().filter(|_| goes_on).map(own));
    lines.extend(next(alert).filter(|_| goes_on).map(|n| format!("`{n}`")));
    lines.extend(alert.runbook.as_deref().map(own));
    lines.push(format!("id `{}`", alert.id));
    let text = lines.join("\n");
    let payload = json!({"text": text, "mrkdwn": true, "link_names": false, "parse": "none", "unfurl_links": false, "unfurl_media": false});
    payload.to_string().into_bytes()
}

//! A message for an incoming webhook of Slack, and of what understands its payload (Mattermost, Rocket.Chat).
//!
//! Names of the log stand in code spans, in which nothing is a link, a mention or a format; see [`Untrusted::slack`].

use serde_json::json;

use super::{iso, next, summary};
use crate::alert::{Alert, Severity, State};
use crate::report::escape::Untrusted;

/// Columns of a name.
const NAME: usize = 80;

/// Columns of a description.
const TEXT: usize = 300;

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
    let mut text = format!("{mark} {}, {when}\nrule {}", summary(alert, &name), name(&alert.rule));
    if let Some(realm) = alert.of(crate::alert::Field::Realm) {
        text += &format!(", realm {}", name(realm));
    }
    if let Some(description) = alert.description.as_deref().filter(|_| alert.state == State::Firing) {
        text += &format!("\n{}", Untrusted::new(description).slack(TEXT));
    }
    if let Some(next) = next(alert).filter(|_| alert.state == State::Firing) {
        text += &format!("\n`{next}`");
    }
    if let Some(runbook) = &alert.runbook {
        text += &format!("\n{}", Untrusted::new(runbook).slack(TEXT));
    }
    text += &format!("\nid `{}`", alert.id);
    let payload = json!({"text": text, "mrkdwn": true, "link_names": false, "parse": "none", "unfurl_links": false, "unfurl_media": false});
    payload.to_string().into_bytes()
}

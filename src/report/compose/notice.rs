//! What those who use the clients can be told: one sentence for a status page or a customer.
//!
//! Input: an incident's facts. Output: a sentence without words of the trade, which claims no more than the log shows. Must not name users or addresses.

use super::Run;
use super::subject::Subject;
use crate::cause::Cause;
use crate::report::model::Prose;
use crate::tally::incident::{Incident, State};

/// Clients that are named.
const NAMED: usize = 4;

/// Returns the sentence.
pub(super) fn notice(run: &Run<'_>, subject: &Subject, incident: &Incident) -> Prose {
    let minute = |ms: i64| run.moments.minute(ms);
    let (from, to, zone) = (run.moments.date(incident.start), minute(incident.last), run.settings.zone);
    let prose = Prose::new().say(match incident.state {
        State::Going => format!("Since {from} {zone}, "),
        _ if minute(incident.start) == to => format!("At {from} {zone}, "),
        _ => format!("From {from} to {to} {zone}, "),
    });
    let prose = felt(prose, subject);
    let end = run.account.span.map_or(to, |(_, end)| minute(end));
    prose.say(match incident.state {
        State::Going => format!(". It was still so at {end}."),
        State::Over => ". It is over.".to_owned(),
        State::Unclear => format!(". Whether it is over was not known at {end}."),
    })
}

/// Says what people notice.
fn felt(prose: Prose, subject: &Subject) -> Prose {
    let names = subject.known(NAMED);
    match subject.cause {
        Cause::CodeExpired
        | Cause::CodeMalformed
        | Cause::CodeMissing
        | Cause::CodeOfOtherClient
        | Cause::PkceMismatch
        | Cause::RedirectUriMismatch
        | Cause::SessionTerminated => prose.say("logins to ").then(names).say(" failed at their last step and had to be begun again"),
        Cause::CodeReused => prose.say("logins to ").then(names).say(" failed at times, or ended early"),
        Cause::RefreshTokenInvalid => prose.say("users of ").then(names).say(" were asked to log in again"),
        Cause::ClockSkew | Cause::WrongClientSecret | Cause::ClientAuthMethod | Cause::ClientNotFound | Cause::ClientDisabled => {
            prose.then(names).say(" could not get tokens: what depends on it did not work")
        }
        Cause::UserCredentials | Cause::UserDisabled => prose.say("logins with a password through ").then(names).say(" were refused"),
        Cause::DeviceCodeInvalid => prose.say("logins of devices to ").then(names).say(" failed"),
        Cause::TokenExchangeDenied | Cause::GrantNotAllowed | Cause::Unlogged | Cause::Unclassified => {
            prose.say("requests of ").then(names).say(" for tokens were refused")
        }
    }
}

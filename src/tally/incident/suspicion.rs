//! What may have set off a burst: whatever happened shortly before it and can have to do with its cause.

use super::{Change, Trigger};
use crate::cause::Cause;
use crate::tally::account::Name;

/// How much speaks for a trigger; the least is the likeliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Suspicion {
    /// How well it explains the cause, from 0.
    rank: u8,
    /// Milliseconds from it to the start of the burst.
    before_ms: i64,
    /// It is what the cause is about, though perhaps another client's.
    about: bool,
}

/// What comes this much later than a change has little to do with it: codes live for minutes, and access tokens by default for five, so whoever has one
/// is back at the token endpoint by then.
pub(super) const NEAR_MS: i64 = 15 * 60_000;

impl Suspicion {
    /// Returns how much speaks for a trigger of a burst that began then, on a realm, a client and a cause; `None` where nothing does. `slack_ms` is how much the start
    /// may be off, `since_ms` how long before the start the client was last well, where that is longer than [`NEAR_MS`].
    pub(super) fn of(trigger: &Trigger, start: i64, slack_ms: i64, since_ms: i64, realm: &Name, client: Option<&Name>, cause: Cause) -> Option<Self> {
        let before_ms = start - trigger.time;
        if before_ms < -slack_ms || before_ms > NEAR_MS.max(since_ms) {
            return None;
        }
        // realms are named by administrators; where one is not named here it may be any
        if trigger.realm.is_some() && trigger.realm != *realm {
            return None;
        }
        let named = trigger.client.is_some();
        if named && client.is_some_and(|c| *c != trigger.client) {
            return None;
        }
        let rank = rank(&trigger.what, cause)?;
        let unsure = u8::from(!named && is_of_client(&trigger.what));
        Some(Suspicion { rank: rank + unsure, before_ms: before_ms.max(0), about: rank == 0 })
    }

    /// Whether it is what the cause is about.
    pub(super) fn is_about(self) -> bool {
        self.about
    }

    /// Returns the milliseconds from it to the start of the burst.
    pub(super) fn before_ms(self) -> i64 {
        self.before_ms
    }

    /// Whether it explains the cause, and does not only go with it.
    pub(super) fn explains(self) -> bool {
        self.rank <= 1
    }
}

/// Whether a change is of one client.
fn is_of_client(change: &Change) -> bool {
    matches!(change, Change::SecretRegenerated | Change::ClientUpdated | Change::AddressesChanged)
}

/// Returns how well a change explains a cause: 0 it is what the cause is about, 1 it brings it about, 3 it may have to do with it.
fn rank(change: &Change, cause: Cause) -> Option<u8> {
    use Cause::{
        ClientAuthMethod, ClientDisabled, ClientNotFound, ClockSkew, CodeExpired, CodeMissing, CodeReused, DeviceCodeInvalid, GrantNotAllowed, PkceMismatch,
        RedirectUriMismatch, RefreshTokenInvalid, SessionTerminated, TokenExchangeDenied, Unclassified, Unlogged, UserDisabled, WrongClientSecret,
    };
    let sessions = matches!(cause, SessionTerminated | RefreshTokenInvalid);
    match change {
        Change::SecretRegenerated => matches!(cause, WrongClientSecret | ClientAuthMethod).then_some(0),
        Change::NotBeforePushed | Change::SessionsEnded => sessions.then_some(0),
        Change::ServerStarted { before: Some(_), .. } => Some(if sessions || cause == CodeExpired { 1 } else { 2 }),
        Change::ServerStarted { .. } | Change::ServerStopped | Change::NodeLeft => match cause {
            SessionTerminated | RefreshTokenInvalid => Some(1),
            CodeExpired | CodeReused | DeviceCodeInvalid => Some(2),
            _ => None,
        },
        Change::NodeJoined => (sessions || matches!(cause, CodeExpired | CodeReused)).then_some(3),
        Change::ClientUpdated => match cause {
            WrongClientSecret | ClientAuthMethod | RedirectUriMismatch | PkceMismatch | ClientDisabled | GrantNotAllowed | ClientNotFound
            | TokenExchangeDenied => Some(1),
            ClockSkew | CodeExpired | RefreshTokenInvalid => Some(2),
            _ => None,
        },
        Change::RealmUpdated => match cause {
            CodeExpired | RefreshTokenInvalid | SessionTerminated => Some(1),
            RedirectUriMismatch | PkceMismatch | ClientAuthMethod | UserDisabled | DeviceCodeInvalid => Some(2),
            _ => None,
        },
        Change::ClockJumped { .. } => match cause {
            ClockSkew => Some(0),
            CodeExpired | RefreshTokenInvalid => Some(1),
            _ => None,
        },
        // sessions that could not be read or written; what a client sends again after an error is a code that was used
        Change::DatabaseTrouble => match cause {
            SessionTerminated | RefreshTokenInvalid => Some(1),
            CodeExpired | CodeReused | DeviceCodeInvalid | Unlogged | Unclassified => Some(2),
            _ => None,
        },
        // a client that was deployed anew has other settings, or another callback
        Change::AddressesChanged => (cause != CodeMissing).then_some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_explains_the_cause_comes_before_what_is_nearer() {
        let trigger = |time, what, client: Option<&str>| Trigger { time, what, realm: None, client: client.map(Into::into), node: None, place: None };
        let of = |t: &Trigger, cause| Suspicion::of(t, 1_000_000, 1000, 0, &None, Some(&Some("web".into())), cause);
        let secret = trigger(900_000, Change::SecretRegenerated, Some("web"));
        let restart = trigger(990_000, Change::ServerStopped, None);
        assert!(of(&secret, Cause::WrongClientSecret).is_some_and(Suspicion::explains));
        assert_eq!(of(&restart, Cause::WrongClientSecret), None);
        assert!(of(&restart, Cause::SessionTerminated).is_some_and(Suspicion::explains));
        assert_eq!(of(&trigger(900_000, Change::SecretRegenerated, Some("batch")), Cause::WrongClientSecret), None);
        assert_eq!(of(&trigger(1_002_000, Change::SecretRegenerated, Some("web")), Cause::WrongClientSecret), None);
        assert_eq!(of(&trigger(1_000_000 - NEAR_MS - 1, Change::SecretRegenerated, Some("web")), Cause::WrongClientSecret), None);
        let unnamed = trigger(999_000, Change::SecretRegenerated, None);
        assert!(of(&secret, Cause::WrongClientSecret) < of(&unnamed, Cause::WrongClientSecret));
    }
}

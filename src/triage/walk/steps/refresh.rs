//! Why was the refresh token refused?
//!
//! Input: a [`Case`] whose client was authenticated. Output: its last steps. Must not know codes.

use super::{Case, Path};
use crate::cause::{Cause, Detail};

impl Case<'_> {
    /// Why was the refresh token refused? Returns whether it was found.
    pub(super) fn refresh(&self, path: &mut Path) -> bool {
        const READ: &str = "Could the refresh token be read?";
        let failure = &self.w.failed.failure;
        if self.finding.cause == Cause::UserDisabled {
            path.no("Is the user enabled?", self.field(if self.reason().is_some() { "reason" } else { "error" }));
            return true;
        }
        let Some(detail) = self.finding.detail.filter(|_| self.finding.cause == Cause::RefreshTokenInvalid) else { return false };
        if detail == Detail::Malformed {
            path.no(READ, self.field("reason"));
            return true;
        }
        if failure.user.is_some() {
            path.yes(READ, self.field("user"));
        } else if failure.session.is_some() {
            path.yes(READ, self.field("session"));
        } else if self.reason().is_some() {
            path.yes(READ, self.field("reason"));
        } else {
            path.cannot(READ, vec![self.field("user")], "a newer server: from 24 on the event says the reason");
            return true;
        }
        let reason = || self.field("reason");
        match detail {
            Detail::SessionEnded if self.reason().is_none() => {
                let ended = self.w.facts.as_deref().and_then(|f| f.ended);
                path.no("Is the session alive?", ended.map_or_else(|| self.field("error"), |e| Self::seen(e, "the session ended")));
            }
            Detail::WrongClient => path.no("Is the refresh token this client's?", reason()),
            Detail::Expired => path.no("Is the refresh token within its time?", reason()),
            Detail::NotBefore => path.no("Is the refresh token newer than its session and the last revocation?", reason()),
            Detail::SessionEnded | Detail::Offline => path.no("Is the session alive?", reason()),
            Detail::Rotated => path.yes("Was this refresh token used before?", reason()),
            Detail::Unknown if self.reason() == Some("Stale token") => {
                path.cannot(
                    "Was this refresh token used before?",
                    vec![reason()],
                    "the session's REFRESH_TOKEN events: more than one of them says that newer tokens took its place",
                );
                path.cannot("Was a not-before set for its client or user?", Vec::new(), "the admin console");
            }
            _ if self.reason().is_some() => return false,
            _ => {
                path.cannot("Is the session alive?", Vec::new(), self.whole_log());
                path.cannot("Was this refresh token used before?", Vec::new(), "a newer server: from 24 on the event says the reason");
                path.cannot("Is the user enabled?", Vec::new(), "the admin console");
            }
        }
        true
    }
}

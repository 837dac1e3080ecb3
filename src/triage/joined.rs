//! What the join hands on: signals with their companions, their time and their place.

use serde::{Deserialize, Serialize};

use crate::names::Key;
use crate::signal::companion::{Assertion, Authenticator, Pkce, Verb};
use crate::signal::{Admin, Failure, Life, Success};

/// A line of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At {
    /// The source's number in the run.
    pub source: u32,
    /// The line, from 1.
    pub line: u64,
}

/// What the thread printed between its previous user event and this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companions {
    /// `Code '…' already used …`: the code, and the client's uuid.
    pub gone: Option<(Key, Key, At)>,
    /// The session that it names.
    pub gone_session: Option<Key>,
    /// `Invalid format of the code`.
    pub format: Option<At>,
    /// `Code '…' is bound to a different session`.
    pub bound: Option<At>,
    /// What `PkceUtils` said.
    pub pkce: Option<(Pkce, At)>,
    /// `KC-SERVICES0025`.
    pub assertion: Option<(Assertion, At)>,
    /// `KC-SERVICES0015`.
    pub header: Option<At>,
    /// The last word of `ClientAuthenticationFlow`.
    pub auth: Option<(Verb, Authenticator, At)>,
    /// `ClientAuthenticationFlow` was at work, whatever it said.
    pub auth_tried: bool,
    /// The companions may stand before the first line that was given, or there are none because the event was stored.
    pub lost: bool,
}

/// The companions of one failure; most have none, and then they take no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained(Option<Box<Companions>>);

impl From<Companions> for Explained {
    fn from(with: Companions) -> Self {
        Explained((with != NONE).then(|| Box::new(with)))
    }
}

impl std::ops::Deref for Explained {
    type Target = Companions;

    fn deref(&self) -> &Companions {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

/// No companion at all.
static NONE: Companions = Companions {
    gone: None,
    gone_session: None,
    format: None,
    bound: None,
    pkce: None,
    assertion: None,
    header: None,
    auth: None,
    auth_tried: false,
    lost: false,
};

/// A failed token request with its companions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The event.
    pub failure: Box<Failure>,
    /// What explains it.
    pub with: Explained,
    /// Its number among equal ones of its node's stream.
    pub ordinal: u32,
    /// The session that its refresh token is of, where the event does not name it.
    pub session: Option<Key>,
}

impl Failed {
    /// Returns the session that it belongs to.
    #[must_use]
    pub fn session_key(&self) -> Option<Key> {
        self.failure.session.as_ref().map(|s| Key::of(s.bytes())).or(self.session)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A success, and how the client authenticated where `ClientAuthenticationFlow` said it.
    Success(Success, Option<Authenticator>),
    /// A failed token request.
    Failed(Failed),
    /// An admin event.
    Admin(Admin),
    /// The server's life.
    Life(Life),
}

/// A signal with its companions, its time and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// When, milliseconds since the epoch.
    pub time: Option<i64>,
    /// The largest time of its stream so far: what streams are merged by.
    pub clock: i64,
    /// The node's number in the run.
    pub node: u32,
    /// Its position in its node's stream.
    pub position: u64,
    /// Where.
    pub at: At,
    /// It is a stored event.
    pub stored: bool,
    /// What.
    pub what: What,
}

/// A line that looks forged: listed, not counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Suspect {
    /// The time that it claims.
    pub time: Option<i64>,
    /// Where.
    pub at: At,
    /// The event that it claims to be.
    pub event: String,
    /// The address that it names.
    pub ip: Option<String>,
    /// Why it is not believed.
    pub why: String,
}

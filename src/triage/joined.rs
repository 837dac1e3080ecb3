//! What the join hands on: signals with their companions, their time and their place.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::finding::Trust;
use crate::names::Key;
use crate::signal::companion::{Assertion, Authenticator, Parameter, Pkce, Verb};
use crate::signal::{Access, Admin, Failure, Id, Life, Login, Success, Word};

/// A line of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At {
    /// The source's number in the run.
    pub source: u32,
    /// The line, from 1.
    pub line: NonZeroU64,
    /// What tells the records apart that a wrapper put on one line; 0 where a line is one record.
    pub part: u32,
}

impl At {
    /// Returns the place of a line, which are counted from 1.
    #[must_use]
    pub fn new(source: u32, line: u64, part: u32) -> Self {
        At { source, line: NonZeroU64::new(line).unwrap_or(NonZeroU64::MIN), part }
    }
}

/// What the thread printed between its previous user event and this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companions {
    /// `Code '…' already used …`.
    pub gone: Option<GoneCode>,
    /// `Invalid format of the code`.
    pub format: Option<At>,
    /// `Invalid format of the UUID in the code`.
    pub uuid: Option<At>,
    /// `Code '…' is bound to a different session`, and the id of that code.
    pub bound: Option<(Key, At)>,
    /// `Code is bound to a different client '…'`, and whether that is written as a server writes a client's id.
    pub foreign: Option<(bool, At)>,
    /// What was too long to be read.
    pub too_long: Option<(Parameter, At)>,
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
    /// And it tried whether the client has a secret.
    pub secret_tried: bool,
    /// Why there may have been more.
    pub lost: Option<Loss>,
}

/// What `OAuth2CodeParser` said of a code that was gone when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneCode {
    /// The code.
    pub code: Key,
    /// The session that it names.
    pub session: Key,
    /// Its client's uuid.
    pub client: Key,
    /// The code or its client's uuid is not written as a server writes it: what was sent may never have been a code.
    pub unusual: bool,
    /// Where.
    pub at: At,
}

/// Why companions may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loss {
    /// They may stand before the first line that was given, with the first copy of the event, or nowhere because the event was stored.
    Beginning,
    /// Lines of this log were dropped, as warnings without their events show.
    Lines,
}

/// The companions of one failure; most have none, and then they take no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained(pub(super) Option<Box<Companions>>);

impl From<Companions> for Explained {
    fn from(with: Companions) -> Self {
        Explained((with != NONE).then(|| Box::new(with)))
    }
}

impl From<Option<Box<Companions>>> for Explained {
    fn from(with: Option<Box<Companions>>) -> Self {
        Explained(with.filter(|with| **with != NONE))
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
    format: None,
    uuid: None,
    bound: None,
    foreign: None,
    too_long: None,
    pkce: None,
    assertion: None,
    header: None,
    auth: None,
    auth_tried: false,
    secret_tried: false,
    lost: None,
};

/// What a request was answered, as an access log shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Bytes of the body, where the line says it.
    pub bytes: Option<u64>,
    /// Where.
    pub at: At,
    /// The server's own line: by thread, not by address and time.
    pub own: bool,
}

/// A login that access lines show: of the same address and client, before a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// Milliseconds before the failure.
    pub ago_ms: i64,
    /// Since then the address was given a token.
    pub granted: bool,
    /// Where.
    pub at: At,
}

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
    /// Its answer; where access lines are joined by address and time, all those that can be its own.
    pub answers: Vec<Answered>,
    /// The login of a browser at the same address, where only access lines show it.
    pub browser: Option<Box<Browser>>,
}

impl Failed {
    /// Returns the failure that an access line shows by itself.
    #[must_use]
    pub fn of_access(access: &Access, ordinal: u32, at: At, own: bool) -> Self {
        let answers = vec![Answered { status: access.status, bytes: access.bytes, at, own }];
        let failure = Failure {
            realm_id: access.realm_number,
            realm: access.realm_number,
            ip: access.address.as_deref().map(Id::from),
            ..Failure::bare(Word::new("ACCESS"), Trust::Access, access.digest)
        };
        Failed { failure: Box::new(failure), with: Explained::default(), ordinal, session: None, answers, browser: None }
    }

    /// Whether an access line says what it was answered: then the rules alone do not decide.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Returns the session that it belongs to.
    #[must_use]
    pub fn session_key(&self) -> Option<Key> {
        self.failure.session.as_ref().map(|s| Key::of_kept(s.bytes())).or(self.session)
    }
}

/// What happened. Every step asks which of them it is, so the answer stands by itself and is not to be made out from what else there is.
#[repr(u8)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A success, and how the client authenticated where `ClientAuthenticationFlow` said it.
    Success(Success, Option<Authenticator>),
    /// A failed token request.
    Failed(Failed),
    /// An admin event.
    Admin(Admin),
    /// The server's life.
    Life(Life),
    /// A failed token request in a log that holds access lines only, and its number among equal ones.
    Proxied(Box<Access>, u32),
    /// A browser was sent back to its client, most likely with a code.
    Login(Box<Login>),
    /// An address was given a token, and the number that the line has for the answer's size.
    Granted(Box<str>, Option<u64>),
}

/// A signal with its companions, its time and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

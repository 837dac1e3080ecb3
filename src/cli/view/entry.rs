//! A finding as the view keeps it: inert, and of bounded size whatever the log holds.

use kctriage::cause::{Cause, Detail};
use kctriage::finding::{Confidence, Finding, Trust};
use kctriage::report::escape::Untrusted;
use kctriage::report::why::why;

/// Columns of a name, an address or an id.
const NAME: usize = 64;

/// Columns of a text.
const TEXT: usize = 300;

/// Characters of a path.
pub const PATH: usize = 1024;

/// Lines of evidence that are kept; findings have fewer.
const EVIDENCE: usize = 16;

/// A line that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The file, as it was named.
    pub source: String,
    /// The line, from 1.
    pub line: u64,
    /// What it shows.
    pub what: String,
}

/// A failure in the stream; those of one client and cause within a second are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub time: Option<i64>,
    pub realm: Option<String>,
    pub client: Option<String>,
    pub cause: Cause,
    pub detail: Option<Detail>,
    pub confidence: Confidence,
    pub candidates: Vec<Cause>,
    pub event: String,
    pub error: Option<String>,
    pub reason: Option<String>,
    pub grant: Option<String>,
    pub session: Option<String>,
    pub user: Option<String>,
    pub ip: Option<String>,
    pub node: String,
    pub trust: Trust,
    /// The event's own line first.
    pub proofs: Vec<Proof>,
    /// Why, in a few words.
    pub why: String,
    /// From login to failure.
    pub delay_ms: Option<i64>,
    /// What was told before later lines changed it.
    pub was: Option<(Cause, Confidence)>,
    /// Failures of the same client and cause that came within a second after it.
    pub more: u64,
    /// The id of the failure.
    pub id: Box<str>,
}

fn shown(text: &str, columns: usize) -> String {
    Untrusted::new(text).terminal(columns)
}

impl Entry {
    /// Makes an entry of a finding.
    pub fn of(finding: &Finding, life_ms: Option<i64>) -> Self {
        let name = |text: &Option<String>| text.as_deref().map(|t| shown(t, NAME));
        let text = |text: &Option<String>| text.as_deref().map(|t| shown(t, TEXT));
        let own = Proof { source: shown(&finding.source, PATH), line: finding.line, what: shown(&event(finding), TEXT) };
        let proof = |e: &kctriage::finding::Evidence| Proof {
            source: shown(e.source.as_deref().unwrap_or(&finding.source), PATH),
            line: e.line,
            what: shown(&e.what, TEXT),
        };
        Entry {
            time: finding.time.map(|t| t.timestamp_millis()),
            realm: name(&finding.realm),
            client: name(&finding.client),
            cause: finding.cause,
            detail: finding.detail,
            confidence: finding.confidence,
            candidates: finding.candidates.clone(),
            event: shown(&finding.event, NAME),
            error: text(&finding.error),
            reason: text(&finding.reason),
            grant: name(&finding.grant),
            session: name(&finding.session),
            user: name(&finding.user),
            ip: name(&finding.ip),
            node: shown(&finding.node, NAME),
            trust: finding.trust,
            proofs: std::iter::once(own).chain(finding.evidence.iter().take(EVIDENCE).map(proof)).collect(),
            why: shown(&why(finding, life_ms), TEXT),
            delay_ms: finding.delay_ms,
            was: None,
            more: 0,
            id: shown(&finding.id, NAME).into(),
        }
    }

    /// Returns the client's name, or what stands for none.
    pub fn name(&self) -> &str {
        self.client.as_deref().unwrap_or("(no client)")
    }
}

/// Returns what the event's line says.
fn event(finding: &Finding) -> String {
    [Some(finding.event.as_str()), finding.error.as_deref(), finding.reason.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Returns a cause with its number: `1 code expired`.
pub fn title(cause: Cause) -> String {
    let number = cause.number().map_or_else(|| "–".to_owned(), |n| n.to_string());
    format!("{number} {}", cause.title())
}

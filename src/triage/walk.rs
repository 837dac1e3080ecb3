//! The diagnostic flowchart, walked for one or a few pasted lines.
//!
//! Input: text (log lines, with or without their heads), the rules. Output: [`Walk`]s: the questions in the order in which the evidence answers
//! them, what says so, and the finding. The finding is the [`Judge`]'s: on the same lines it is never another than that of `scan`. Must
//! not know how a walk is printed.
//!
//! ```
//! use kctriage::triage::{rules::Rules, walk::walk};
//! let line = "type=CODE_TO_TOKEN_ERROR, realmId=r, clientId=c, userId=u, ipAddress=10.0.0.4, error=code_verifier_missing, code_id=s";
//! let walks = walk(line.as_bytes(), &Rules::builtin(), None);
//! assert_eq!(walks[0].steps.last().unwrap().question, "Does the PKCE verifier match?");
//! ```

mod other;
mod steps;
mod told;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

pub use told::retell;

use super::clients::Clients;
use super::clock::{Clock, Zone};
use super::decide::Judge;
use super::join::{Chunk, Join};
use super::joined::Suspect;
use super::note::part;
use super::pairing::Fit;
use super::pasted::Pasted;
use super::rules::{Needs, Rules};
use super::shard::Shard;
use super::spill::Order;
use super::timeline::Waiting;
use super::tokens::Tokens;
use super::verdict::Lack;
use super::view::{Node, View};
use crate::cause::{Catalogue, Cause};
use crate::finding::{Confidence, Evidence, Finding};
use crate::names::Names;
use crate::record::Stamp;
use crate::signal::Batch;

/// What a pasted line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A failed token request.
    Failure,
    /// Looks forged: not believed.
    Suspect,
    /// An event that succeeded.
    Success,
    /// An error of another endpoint.
    ErrorElsewhere,
    /// A line that explains an event; the event is not here.
    Companion,
    /// An administrator's change.
    Admin,
    /// A server's start or stop, or a change of its cluster.
    Life,
    /// Part of an event or a warning that goes on on other lines.
    Part,
    /// An answer to the client that another log quotes.
    Answer,
    /// A log line that says nothing about token requests.
    Record,
    /// No log line of Keycloak's.
    Unknown,
}

/// What is answered to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// These lines do not say; [`Step::would_tell`] says what would.
    CannotTell,
    /// Neither yes nor no: the evidence holds the answer.
    Known,
}

/// One question of the flowchart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The question, `Is the session alive?`.
    pub question: &'static str,
    /// Its answer.
    pub answer: Answer,
    /// The lines and fields that say so.
    pub evidence: Vec<Evidence>,
    /// What would tell, where these lines cannot.
    pub would_tell: Option<String>,
}

/// One pasted line of interest, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Walk {
    /// The line in the text, from 1.
    pub line: u64,
    /// What it is.
    pub subject: Subject,
    /// The line in a few words: `CODE_TO_TOKEN_ERROR invalid_code, client web-portal, session 8BR2w40p…`. Holds the log's own text.
    pub about: String,
    /// The questions that were asked; none where the line is no failure.
    pub steps: Vec<Step>,
    /// The verdict on a failure.
    pub finding: Option<Finding>,
    /// The id of the rule that decided.
    pub rule: Option<String>,
    /// What it comes down to, without the word "So".
    pub so: String,
}

/// Walks the flowchart for each failed token request of a text, in the order of its lines. Where there is none, says of each line (of the first
/// 20) what it is. `life_ms` is the lifespan of codes, where it is known.
#[must_use]
pub fn walk(text: &[u8], rules: &Rules, life_ms: Option<i64>) -> Vec<Walk> {
    let pasted = Pasted::of(text);
    let log = Log::read(pasted.batch());
    let judge = log.judge(rules, life_ms);
    let mut walks: Vec<Walk> = log.waiting.iter().map(|w| log.failure(w, &judge)).collect();
    walks.extend(log.join.suspects.iter().map(suspect));
    if walks.is_empty() {
        walks = other::lines(&pasted);
    }
    walks.sort_by_key(|w| w.line);
    walks
}

/// The pasted lines, taken in as a whole log is.
struct Log {
    view: View,
    clients: Clients,
    join: Join,
    names: Names,
    waiting: Vec<Waiting>,
    /// No line has a date: times can only be compared.
    dateless: bool,
}

/// The name of the source in findings.
const SOURCE: &str = "stdin";

/// Returns the number of a host's node, a new one if it is new. The first has no host.
fn node(view: &mut View, hosts: &mut Vec<Option<Vec<u8>>>, host: Option<&[u8]>) -> u32 {
    let number = hosts.iter().position(|h| h.as_deref() == host).unwrap_or_else(|| {
        let name = host.map(|h| String::from_utf8_lossy(h).into_owned()).unwrap_or_default();
        view.nodes.push(Node { name, ..Node::default() });
        hosts.push(host.map(<[u8]>::to_vec));
        hosts.len() - 1
    });
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Log {
    fn read(batch: Batch) -> Self {
        let (mut view, mut shard, mut names, mut joined) = (View::default(), Shard::default(), Names::default(), Vec::new());
        let dateless = matches!(batch.first, Stamp::TimeOfDay(_));
        // any date will do: only differences are looked at, and the finding's own time is taken away
        let mut join = Join::new(Clock::new(Zone::Utc, dateless.then(NaiveDate::default)));
        view.nodes.push(Node { name: SOURCE.to_owned(), ..Node::default() });
        let mut hosts = vec![None];
        join.chunk(batch, &mut Chunk { source: 0, line: 0, marks: None, node: &mut |host| node(&mut view, &mut hosts, host) }, &mut names, &mut joined);
        join.finish(&mut joined);
        let (mut tokens, mut clients, mut waiting) = (Tokens::default(), Clients::default(), Vec::new());
        for mut signal in joined {
            tokens.follow(&mut signal);
            view.note(&signal);
            clients.note(&signal);
            let (note, free) = part(signal, |_| Needs::All);
            waiting.extend(free);
            if let Some(note) = note {
                shard.take(note, &|_| None);
            }
        }
        shard.finish(&|_| None);
        view.spans = vec![join.span()];
        view.end = join.span().map(|s| s.1);
        view.settle();
        for (realm, lesson) in shard.lessons.drain(..) {
            view.learn(realm, lesson);
        }
        waiting.extend(shard.done.drain(..).map(|(waiting, _)| *waiting));
        waiting.sort_by_cached_key(|w| Order::of(w, &Arc::from(view.nodes.get(w.node as usize).map_or("", |n| n.name.as_str())), 0));
        Log { view, clients, join, names, waiting, dateless }
    }

    fn judge<'a>(&'a self, rules: &'a Rules, life_ms: Option<i64>) -> (Judge<'a>, Option<i64>) {
        let judge = Judge {
            fit: Fit::default(),
            rules,
            view: &self.view,
            profiles: &self.clients.profiles,
            uuids: self.clients.uuids.clone(),
            life_ms,
            profiles_full: false,
            realms: None,
            sources: &[],
            names: &self.names,
        };
        (judge, life_ms)
    }

    fn failure(&self, w: &Waiting, (judge, life_ms): &(Judge<'_>, Option<i64>)) -> Walk {
        let (mut finding, lack) = judge.decide(w);
        SOURCE.clone_into(&mut finding.source);
        if self.dateless {
            finding.time = None;
        }
        let rule = judge.rules.decide(&w.failed);
        let case = steps::Case { w, finding: &finding, names: &self.names, view: &self.view, life_ms: *life_ms, why: rule.map(|r| r.text.why.as_str()) };
        let steps = case.steps();
        let so = conclusion(&finding, lack, w.failed.with.gone.is_some());
        Walk {
            line: w.at.line.get(),
            subject: Subject::Failure,
            about: about(&finding),
            steps,
            rule: rule.map(|r| r.text.id.clone()),
            so,
            finding: Some(finding),
        }
    }
}

/// `CODE_TO_TOKEN_ERROR invalid_code, client web-portal, session 8BR2w40p…`
fn about(finding: &Finding) -> String {
    let mut text = finding.event.clone();
    for (name, value) in [(" ", &finding.error), (", client ", &finding.client)] {
        if let Some(value) = value {
            text.push_str(name);
            text.push_str(value);
        }
    }
    if let Some(session) = &finding.session {
        let short: String = session.chars().take(8).collect();
        text.push_str(", session ");
        text.push_str(&short);
        text.push_str(if short.len() < session.len() { "…" } else { "" });
    }
    text
}

/// What a finding comes down to, in a sentence or two.
fn conclusion(finding: &Finding, lack: Option<Lack>, gone: bool) -> String {
    let title = |c: &Cause| if *c == Cause::Unclassified { "something else" } else { c.title() };
    let others = finding.candidates.get(1..).unwrap_or_default().iter().map(title).collect::<Vec<_>>().join(" or ");
    let first = finding.cause.title();
    let mut text = match finding.confidence {
        _ if others.is_empty() => {
            let explanation = Catalogue::builtin().get(finding.cause);
            let summary = finding.detail.and_then(|d| explanation.details.get(&d)).unwrap_or(&explanation.summary);
            let sure = if finding.confidence == Confidence::Certain || finding.cause == Cause::Unclassified { "" } else { ", as far as these lines show" };
            format!("{first}{sure}. {summary}")
        }
        Confidence::Certain | Confidence::Likely => format!("most likely {first}; these lines do not exclude {others}."),
        Confidence::Ambiguous => format!("{first} or {others}: these lines cannot tell."),
    };
    let pair = [Cause::CodeExpired, Cause::CodeReused].iter().all(|c| finding.candidates.contains(c));
    if gone && pair {
        text.push_str(" Keycloak prints the same two lines for both (keycloak/keycloak#29506).");
    } else if lack == Some(Lack::Reasons) {
        text.push_str(" A newer server would print the reason.");
    }
    text
}

fn suspect(s: &Suspect) -> Walk {
    Walk {
        line: s.at.line.get(),
        subject: Subject::Suspect,
        about: s.event.clone(),
        steps: Vec::new(),
        finding: None,
        rule: None,
        so: format!("not believed: the line {}. It is no finding.", s.why),
    }
}

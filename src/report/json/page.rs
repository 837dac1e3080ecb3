//! The object around the rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::books::{self, BooksEntry, SourceEntry};
use super::instant;
use super::node::{self, NodeEntry, TriggerEntry};
use super::read::{ReadError, time};
use super::row::Rows;
use super::served::{self, AgesEntry, ServedEntry};
use crate::cause::Cause;
use crate::finding::SCHEMA;
use crate::report::escape::Untrusted;
use crate::signal::relayed::ANSWERS;
use crate::tally::account::{QuotedAccount, SuspectAccount};
use crate::tally::{Accesses, Account, Requests, Tally};
use crate::triage::verdict::Lack;

/// The whole: the contract's keys first. What may be missing in a file is an option.
#[derive(Serialize, Deserialize)]
pub(super) struct Page<'a> {
    schema: u32,
    window_seconds: serde_json::Number,
    first: Option<String>,
    last: Option<String>,
    findings: u64,
    records: u64,
    rows: Rows<'a>,
    books: BooksEntry,
    pub(super) sources: Option<Vec<SourceEntry>>,
    pub(super) nodes: Option<Vec<NodeEntry>>,
    pub(super) triggers: Option<Vec<TriggerEntry>>,
    pub(super) lacks: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    access: AccessBlock,
    #[serde(default)]
    suspects: Vec<SuspectEntry>,
    #[serde(default)]
    relayed: Relayed,
    #[serde(default)]
    problems: Vec<String>,
    #[serde(default)]
    assumed: Assumed,
    pub(super) successes: Option<Vec<ServedEntry>>,
    #[serde(default)]
    refresh_ages: Vec<AgesEntry>,
    #[serde(default)]
    oldest_codes: Vec<OldestCode>,
    #[serde(default)]
    cluster_members: Option<u32>,
    #[serde(default)]
    left_out: u64,
}

/// Token requests that access logs show.
#[derive(Default, Serialize, Deserialize)]
struct AccessBlock {
    own: bool,
    realms: Vec<RealmRequests>,
    unjoined: u64,
}

#[derive(Serialize, Deserialize)]
struct RealmRequests {
    realm: Option<String>,
    successes: u64,
    failures: u64,
    waiting: u64,
}

#[derive(Serialize, Deserialize)]
struct SuspectEntry {
    time: Option<String>,
    source: String,
    line: u64,
    event: String,
    ip: Option<String>,
    why: String,
}

/// Answers that logs other than Keycloak's quote: no findings.
#[derive(Default, Serialize, Deserialize)]
struct Relayed {
    count: u64,
    answers: Vec<AnswerEntry>,
}

#[derive(Serialize, Deserialize)]
struct AnswerEntry {
    time: Option<String>,
    source: String,
    line: u64,
    message: String,
    candidates: Vec<Cause>,
    trust: String,
}

/// What was assumed because the log does not say it.
#[derive(Default, Serialize, Deserialize)]
struct Assumed {
    zone: bool,
    dates: Vec<DateEntry>,
}

#[derive(Serialize, Deserialize)]
struct DateEntry {
    node: String,
    date: chrono::NaiveDate,
    why: String,
}

/// The oldest code of a realm that still worked.
#[derive(Serialize, Deserialize)]
struct OldestCode {
    realm: Option<String>,
    age_ms: i64,
}

impl<'a> Page<'a> {
    /// Puts an account into the contract's form; `tally` is its tally as it may be shown.
    pub(super) fn of(account: &Account, tally: &'a Tally, clients: usize) -> Self {
        let (rows, capped) = tally.rows(clients);
        let mut books = BooksEntry::of(&account.books);
        if capped {
            books.caps_hit.insert("clients".to_owned());
        }
        Page {
            schema: SCHEMA,
            window_seconds: seconds(account.tally.window_ms),
            first: account.span.and_then(|s| instant(s.0)),
            last: account.span.and_then(|s| instant(s.1)),
            findings: account.tally.findings(),
            records: account.books.records,
            rows: Rows::Told(rows),
            books,
            sources: Some(books::entries(account)),
            nodes: Some(node::entries(&account.nodes)),
            triggers: Some(account.triggers.iter().filter_map(node::trigger).collect()),
            lacks: Some(account.lacks.iter().map(|(lack, count)| (super::lack(*lack).to_owned(), *count)).collect()),
            access: access(&account.access),
            suspects: account.suspects.iter().map(suspect).collect(),
            relayed: Relayed { count: account.quoted_count, answers: account.quoted.iter().filter_map(answer).collect() },
            problems: account.problems.iter().cloned().collect(),
            assumed: Assumed {
                zone: account.zone_assumed,
                dates: account.assumed_dates.iter().map(|(node, date, why)| DateEntry { node: node.clone(), date: *date, why: why.clone() }).collect(),
            },
            successes: account.successes.as_ref().map(served::entries),
            refresh_ages: served::age_entries(&account.refresh_ages),
            oldest_codes: account.worked.iter().map(|(realm, age)| OldestCode { realm: realm.as_ref().map(mask), age_ms: *age }).collect(),
            cluster_members: account.members,
            left_out: account.left_out,
        }
    }

    /// Returns the account again.
    pub(super) fn account(self) -> Result<Account, ReadError> {
        let mut account = Account::new(milliseconds(&self.window_seconds)?);
        self.rows.add_to(&mut account.tally)?;
        if account.tally.findings() != self.findings {
            return Err(ReadError::Value(format!("its rows hold {} findings, and it says {}", account.tally.findings(), self.findings)));
        }
        account.span = match (self.first, self.last) {
            (Some(first), Some(last)) => Some((time(&first)?, time(&last)?)),
            _ => None,
        };
        account.books = self.books.books(self.records);
        account.sources = books::sources(self.sources.unwrap_or_default());
        account.nodes = node::nodes(self.nodes.unwrap_or_default())?;
        account.triggers = self.triggers.unwrap_or_default().into_iter().map(node::of_entry).collect::<Result<_, _>>()?;
        account.lacks = self.lacks.unwrap_or_default().into_iter().map(|(word, count)| Ok((lack(&word)?, count))).collect::<Result<_, ReadError>>()?;
        account.access.own = self.access.own;
        account.access.unjoined = self.access.unjoined;
        for r in self.access.realms {
            let requests = Requests { successes: r.successes, failures: r.failures, waiting: r.waiting };
            account.access.realms.entry(r.realm).or_default().merge(requests);
        }
        for s in self.suspects {
            let at = s.time.as_deref().map(time).transpose()?;
            account.suspects.insert(SuspectAccount { time: at, source: s.source, line: s.line, event: s.event, ip: s.ip, why: s.why });
        }
        for a in self.relayed.answers {
            let at = a.time.as_deref().map(time).transpose()?.and_then(chrono::DateTime::from_timestamp_millis);
            let unknown = || ReadError::Value(format!("{:?} is no answer that is known", a.message));
            let answer = ANSWERS.iter().position(|known| known.message == a.message).ok_or_else(unknown)?;
            account.quoted.insert(QuotedAccount { time: at, source: a.source, line: a.line, answer });
        }
        account.quoted_count = self.relayed.count;
        account.problems = self.problems.into_iter().collect();
        account.assumed_dates = self.assumed.dates.into_iter().map(|d| (d.node, d.date, d.why)).collect();
        account.zone_assumed = self.assumed.zone;
        account.successes = self.successes.map(served::successes).transpose()?;
        account.refresh_ages = served::ages(self.refresh_ages)?;
        for code in self.oldest_codes {
            let age = account.worked.entry(code.realm).or_insert(code.age_ms);
            *age = code.age_ms.max(*age);
        }
        account.members = self.cluster_members;
        account.left_out = self.left_out;
        Ok(account)
    }
}

/// Returns a window's length as a whole number where it is one.
fn seconds(ms: i64) -> serde_json::Number {
    #[allow(clippy::cast_precision_loss)] // a part of a second, of some days at most
    let fraction = || serde_json::Number::from_f64(ms as f64 / 1000.0);
    if ms % 1000 == 0 { (ms / 1000).into() } else { fraction().unwrap_or_else(|| (ms / 1000).into()) }
}

/// Returns a window's length again.
fn milliseconds(seconds: &serde_json::Number) -> Result<i64, ReadError> {
    #[allow(clippy::cast_possible_truncation)] // checked to be a time that a window can have
    let ms = seconds.as_f64().map(|s| (s * 1000.0).round()).filter(|ms| (1.0..1e14).contains(ms)).map(|ms| ms as i64);
    ms.ok_or_else(|| ReadError::Value(format!("window_seconds is {seconds}")))
}

/// Returns what would have told candidates apart by its word.
fn lack(word: &str) -> Result<Lack, ReadError> {
    Lack::ALL.into_iter().find(|l| super::lack(*l) == word).ok_or_else(|| ReadError::Value(format!("{word:?} is nothing that a log can lack")))
}

#[allow(clippy::ptr_arg)] // what maps hand over
fn mask(text: &String) -> String {
    Untrusted::new(text).masked().into_owned()
}

fn access(access: &Accesses) -> AccessBlock {
    let realms = access.realms.iter().map(|(realm, r)| RealmRequests {
        realm: realm.as_ref().map(mask),
        successes: r.successes,
        failures: r.failures,
        waiting: r.waiting,
    });
    AccessBlock { own: access.own, realms: realms.collect(), unjoined: access.unjoined }
}

fn suspect(s: &SuspectAccount) -> SuspectEntry {
    SuspectEntry {
        time: s.time.and_then(instant),
        source: s.source.clone(),
        line: s.line,
        event: mask(&s.event),
        ip: s.ip.as_ref().map(mask),
        why: mask(&s.why),
    }
}

fn answer(q: &QuotedAccount) -> Option<AnswerEntry> {
    let answer = ANSWERS.get(q.answer)?;
    Some(AnswerEntry {
        time: q.time.and_then(|t| instant(t.timestamp_millis())),
        source: q.source.clone(),
        line: q.line,
        message: answer.message.to_owned(),
        candidates: answer.candidates.to_vec(),
        trust: "relayed".to_owned(),
    })
}

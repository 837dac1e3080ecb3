//! What an answer says about a failure.
//!
//! Input: a failure with the answers that access lines show, and the verdict without them. Output: the verdict with them. An answer excludes causes, and
//! several answers exclude only what all of them do; one that cannot stand beside the event is not this event's and changes nothing. An access log alone
//! never makes anything certain: a description with a client's own words can have any length.

use super::joined::{Answered, Failed};
use super::timeline::Waiting;
use super::verdict::{Lack, Verdict};
use crate::cause::{Cause, Detail};
use crate::finding::Confidence;
use crate::signal::answers::{self, Answer, Event, Length};

/// Candidates that a finding names at most.
const CANDIDATES: usize = 4;

/// What is known of where an access line was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside {
    /// The major version of the server, where it is known.
    pub major: Option<u32>,
    /// The server's log covers the time, and its events are joined with these lines: an event that is missing was not printed.
    pub silent: bool,
    /// The sizes of these lines are those of answers: not compressed, not rewritten.
    pub sizes: bool,
}

/// Narrows a verdict by the answers of its event.
#[must_use]
pub fn narrowed(verdict: Verdict, w: &Waiting, beside: Beside) -> Verdict {
    let failed = &w.failed;
    let Some(error) = failed.failure.error.as_deref() else { return verdict };
    let own = failed.answers.iter().all(|a| a.own);
    if failed.answers.is_empty() || !beside.sizes {
        return verdict;
    }
    let mut left: Vec<&Answer> = Vec::new();
    // causes that an answer leaves and the verdict does not: the event says nothing against them
    let mut beyond: Vec<Cause> = Vec::new();
    for answered in &failed.answers {
        let before = left.len();
        if let Some(bytes) = answered.bytes {
            left.extend(answers::of(answered.status, bytes, beside.major).filter(|a| a.goes_with(error) && is_told(a, failed)));
        }
        let of_this = union(&left[before..]);
        // what a client's words end can be as long as any answer that is not in the table
        if left[before..].iter().all(|a| a.length == Length::Open) {
            return verdict;
        }
        if of_this.iter().all(|c| !verdict.candidates.contains(c)) {
            beyond.extend(of_this);
        }
    }
    // words that the server has for whatever it does not find say no more than the event
    let is_vague = left.iter().all(|a| a.is_vague());
    let leaves = union(&left);
    let open = leaves.contains(&Cause::Unclassified);
    // of a token that was read, newer ones can have taken the place as well (`TokenManager.validateTokenReuse`)
    let is_read = failed.failure.user.is_some() || failed.failure.session.is_some();
    let told_detail = |left: &[&Answer], cause| detail(left, cause).filter(|detail| !(is_read && *detail == Detail::NotBefore));
    let mut kept: Vec<Cause> = verdict.candidates.iter().copied().filter(|c| leaves.contains(c) || (is_vague && *c == Cause::Unclassified)).collect();
    if verdict.confidence == Confidence::Certain {
        let detail = verdict.detail.filter(|d| *d != Detail::Unknown).or_else(|| told_detail(&left, verdict.candidates[0])).or(verdict.detail);
        return if kept.is_empty() { verdict } else { noted(Verdict { detail, ..verdict }, failed, &left) };
    }
    if kept.is_empty() && !own {
        beyond.extend(verdict.candidates.iter().copied());
    }
    for cause in beyond {
        if !kept.contains(&cause) {
            kept.push(cause);
        }
    }
    if *kept == *verdict.candidates {
        return noted(verdict, failed, &left);
    }
    if open && !kept.contains(&Cause::Unclassified) {
        kept.push(Cause::Unclassified);
    }
    kept.truncate(CANDIDATES);
    let known = told_detail(&left, kept[0]).or(verdict.detail.filter(|_| kept[0] == verdict.candidates[0]));
    let confidence = match (kept.len(), kept[0]) {
        (1, Cause::Unclassified) => verdict.confidence.max(Confidence::Likely),
        (1, _) => Confidence::Certain,
        _ => verdict.confidence,
    };
    noted(Verdict { detail: known, confidence, candidates: kept.into(), ..verdict }, failed, &left)
}

/// Whether an answer can stand beside the reason that the event has: a refresh is answered with just that (`RefreshTokenGrantType`).
fn is_told(answer: &Answer, failed: &Failed) -> bool {
    match failed.failure.reason.as_deref() {
        Some(reason) if &*failed.failure.event == "REFRESH_TOKEN_ERROR" => match answer.length {
            Length::Open => reason.starts_with(answer.description),
            Length::Exact | Length::Bare => reason == answer.description,
        },
        _ => true,
    }
}

/// Returns the verdict on a failure of which only the access line is known.
#[must_use]
pub fn alone(w: &Waiting, beside: Beside) -> Verdict {
    let failed = &w.failed;
    let Some(answered) = failed.answers.first() else { return Verdict::ambiguous(&[Cause::Unclassified], Lack::Event) };
    let bytes = answered.bytes.filter(|_| beside.sizes);
    let all: Vec<&Answer> = bytes.into_iter().flat_map(|b| answers::of(answered.status, b, beside.major)).filter(|a| a.event != Event::Waiting).collect();
    let exact = all.iter().any(|a| a.length != Length::Open);
    let rows: Vec<&Answer> = all.into_iter().filter(|a| !exact || a.length != Length::Open).collect();
    let (silent, logged): (Vec<&Answer>, Vec<&Answer>) = rows.iter().partition(|a| a.event == Event::None);
    let mut candidates = match (rows.is_empty(), beside.silent && !silent.is_empty()) {
        (_, true) => {
            // events can be switched off by type: an answer that has one stays possible
            let also = if silent.iter().all(|a| a.leaves.len() == 1) { union(&logged) } else { Vec::new() };
            union(&silent).into_iter().chain(also).take(CANDIDATES - 1).collect()
        }
        // an event that such an answer has would stand here
        (false, false) if beside.silent => union(&rows).into_iter().take(CANDIDATES - 1).chain([Cause::Unlogged]).collect(),
        (false, false) => union(&rows),
        (true, false) => {
            if beside.silent {
                vec![Cause::Unlogged]
            } else {
                by_status(answered.status).to_vec()
            }
        }
    };
    let rows = if beside.silent && !silent.is_empty() { silent } else { rows };
    let certain = beside.silent && candidates == [Cause::Unlogged] && failed.with.lost.is_none() && !rows.is_empty();
    candidates.retain(|c| *c != Cause::Unclassified);
    if !certain && candidates.len() < 2 {
        let other = if beside.silent && candidates.first() != Some(&Cause::Unlogged) { Cause::Unlogged } else { Cause::Unclassified };
        candidates.push(other);
    }
    candidates.truncate(CANDIDATES);
    let known = detail(&rows, candidates[0]);
    let one = rows.first().is_some_and(|r| rows.iter().all(|other| other.leaves.first() == r.leaves.first())) && candidates.len() == 2;
    let lack = if beside.silent { Lack::WholeView } else { Lack::Event };
    let verdict = match (certain, one) {
        (true, _) => Verdict::certain(Cause::Unlogged),
        (false, true) => Verdict::likely(&candidates, lack),
        (false, false) => Verdict::ambiguous(&candidates, lack),
    };
    noted(Verdict { detail: known, ..verdict }, failed, &rows)
}

/// What a status leaves where the size says nothing.
fn by_status(status: u16) -> &'static [Cause] {
    match status {
        401 => &[Cause::WrongClientSecret, Cause::ClientAuthMethod, Cause::ClientNotFound, Cause::UserCredentials],
        400 => &[Cause::CodeExpired, Cause::CodeReused, Cause::RefreshTokenInvalid, Cause::Unclassified],
        _ => &[Cause::Unlogged, Cause::Unclassified],
    }
}

/// All causes that the rows leave: the likeliest of each row first.
fn union(rows: &[&Answer]) -> Vec<Cause> {
    let mut all = Vec::new();
    let most = rows.iter().map(|r| r.leaves.len()).max().unwrap_or(0);
    for cause in (0..most).flat_map(|i| rows.iter().filter_map(move |r| r.leaves.get(i))) {
        if !all.contains(cause) {
            all.push(*cause);
        }
    }
    all
}

/// What kind of the cause it is, if all rows that leave the cause say the same.
fn detail(rows: &[&Answer], cause: Cause) -> Option<Detail> {
    let mut details = rows.iter().filter(|r| r.leaves.contains(&cause)).map(|r| r.detail);
    let first = details.next()?;
    let agreed = details.all(|d| d == first);
    match (cause, agreed) {
        (_, true) => first.or((cause == Cause::RefreshTokenInvalid).then_some(Detail::Unknown)),
        (Cause::RefreshTokenInvalid, false) => Some(Detail::Unknown),
        _ => None,
    }
}

/// Adds the access lines to the evidence.
fn noted(mut verdict: Verdict, failed: &Failed, rows: &[&Answer]) -> Verdict {
    const LINES: usize = 3;
    for answered in failed.answers.iter().take(LINES) {
        verdict.evidence.push((answered.at, words(answered, rows).into()));
    }
    verdict
}

/// `answered 400 with 62 bytes: invalid_grant, "Code not valid"`
fn words(answered: &Answered, rows: &[&Answer]) -> String {
    let Some(bytes) = answered.bytes else { return format!("answered {}", answered.status) };
    let mut named: Vec<String> = Vec::new();
    for row in rows.iter().filter(|r| r.status == answered.status && (r.bytes() == bytes || (r.length == Length::Open && r.bytes() <= bytes))) {
        let more = if row.length == Length::Open { "…" } else { "" };
        let words = if row.description.is_empty() { row.error.to_owned() } else { format!("{}, \"{}{more}\"", row.error, row.description) };
        if !named.contains(&words) {
            named.push(words);
        }
    }
    named.truncate(3);
    let what = if named.is_empty() { "no answer that is known".to_owned() } else { named.join(" or ") };
    format!("answered {} with {bytes} bytes: {what}", answered.status)
}

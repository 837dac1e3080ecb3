//! What a run has to say beside its results: what could not be read, what was not understood, what was assumed.
//!
//! Input: an [`Outcome`]. Output: lines on standard error, and whether the input was understood (exit code 3). The page for people says most of it
//! itself; formats for programs leave it to these lines.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat};
use kctriage::record::wrapper;
use kctriage::report;
use kctriage::report::escape::Untrusted;
use kctriage::source::Dropped;
use kctriage::tally::{Filter, Outcome, SourceReport};

use super::Exit;
use super::prose::count;
use super::settings::Input;

/// Columns of names and samples.
const COLUMNS: usize = 120;

/// What is said of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// What a page for people says, too.
    common: Vec<String>,
    /// What it does not say.
    own: Vec<String>,
    /// Some input is damaged, unreadable or not understood.
    bad: bool,
}

impl Notes {
    /// Looks at what a run found.
    #[must_use]
    pub fn of(outcome: &Outcome, input: &Input) -> Self {
        let mut notes = Notes::default();
        notes.strangers(outcome);
        for problem in &outcome.problems {
            let text = Untrusted::new(&problem.to_string()).about(problem.input(), usize::MAX);
            if problem.is_harmless() { notes.note(text) } else { notes.error(text) }
        }
        notes.damage(outcome, input.options.max_line);
        notes.oddities(outcome);
        notes.emptiness(outcome, &input.options.filter);
        if input.verbose {
            notes.own.extend(outcome.sources.iter().map(taken_for));
        }
        notes
    }

    /// Returns the exit code as far as the input goes.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.bad { Exit::Input } else { Exit::Done }
    }

    /// Returns all lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.common.iter().chain(&self.own).map(String::as_str)
    }

    /// Says all on standard error. Nobody is left to hear if that fails, so failures to print are passed over.
    pub fn say(&self) {
        print(self.lines());
    }

    /// Says what a page for people does not have.
    pub fn say_what_a_page_leaves_out(&self) {
        print(self.own.iter().map(String::as_str));
    }

    fn error(&mut self, text: impl std::fmt::Display) {
        self.bad = true;
        self.common.push(format!("error: {text}"));
    }

    fn note(&mut self, text: impl std::fmt::Display) {
        self.common.push(format!("note: {text}"));
    }

    /// Sources in which nothing was recognised.
    fn strangers(&mut self, outcome: &Outcome) {
        let nothing = outcome.books.records == 0 && outcome.quoted_count == 0;
        for source in outcome.sources.iter().filter(|s| is_stranger(s, outcome)) {
            let text = strange(source);
            if source.named || nothing {
                self.error(text);
            } else {
                self.note(text);
            }
        }
        if outcome.quoted_count > 0 {
            let quotes = count(outcome.quoted_count, "answer");
            self.note(format!(
                "no Keycloak log, but one that quotes {quotes} of a token endpoint; that is no finding: only the server's own log tells the cause"
            ));
        }
    }

    fn damage(&mut self, outcome: &Outcome, max_line: usize) {
        for source in outcome.sources.iter().filter(|s| s.books.damaged > 0) {
            let name = Untrusted::new(&source.name).terminal(COLUMNS);
            let Dropped { long, holes, first } = source.dropped;
            let after = first.map(|n| format!(", the first after {}", count(n, "byte"))).unwrap_or_default();
            if long > 0 {
                let most = count(max_line as u64, "byte");
                self.error(format!("{name}: {} of over-long lines were dropped{after}; a line may have {most} (--max-line)", count(long, "byte")));
            }
            if holes > 0 {
                self.error(format!("{name}: {} are a hole of NULs{after}; the lines around it were read", count(holes, "byte")));
            }
        }
    }

    /// What was assumed, limited or not believed.
    fn oddities(&mut self, outcome: &Outcome) {
        for (node, date, why) in &outcome.assumed_dates {
            let node = Untrusted::new(node).terminal(COLUMNS);
            self.note(format!("{node}: its lines have no date; {date} is assumed ({why}); --date says it better"));
        }
        if !outcome.suspects.is_empty() {
            self.note(format!("{}; kctriage scan lists what looks forged", left_out(outcome.suspects.len() as u64)));
        }
        if !outcome.books.caps_hit.is_empty() {
            let caps: Vec<&str> = outcome.books.caps_hit.iter().map(String::as_str).collect();
            self.note(format!("limits were reached: {}", caps.join(", ")));
        }
    }

    /// Why there is nothing, where there is nothing.
    fn emptiness(&mut self, outcome: &Outcome, filter: &Filter) {
        if outcome.books.bytes() == 0 && outcome.problems.is_empty() {
            let names: Vec<String> = outcome.sources.iter().take(3).map(|s| Untrusted::new(&s.name).terminal(COLUMNS)).collect();
            let are = if outcome.sources.len() == 1 { "is" } else { "are" };
            let what = if names.is_empty() { "no line came".to_owned() } else { format!("nothing to read: {} {are} empty", names.join(", ")) };
            self.own.push(format!("note: {what}"));
            return;
        }
        let typed = typed(filter);
        if outcome.tally.findings() > 0 || typed.is_empty() || outcome.books.records == 0 {
            return;
        }
        let outside = |(first, last): (i64, i64)| filter.since.is_some_and(|s| s > last) || filter.until.is_some_and(|u| u <= first);
        match outcome.covered().filter(|s| outside(*s)) {
            Some((first, last)) => {
                let asked = match (filter.since, filter.until) {
                    (Some(_), None) => "after --since",
                    (None, Some(_)) => "before --until",
                    _ => "between --since and --until",
                };
                self.own.push(format!("note: the log runs from {} to {}: none of it is {asked}", instant(first), instant(last)));
            }
            None => self.own.push(format!("note: no finding passes {}", typed.join(" and "))),
        }
    }
}

/// Whether nothing in a source was understood. A log that quotes answers was, as far as it goes.
#[must_use]
pub fn is_stranger(source: &SourceReport, outcome: &Outcome) -> bool {
    source.is_foreign() && !outcome.quoted.iter().any(|q| q.source == source.name)
}

/// Says what an unknown source lacks, and shows a line of it.
fn strange(source: &SourceReport) -> String {
    let name = Untrusted::new(&source.name).terminal(COLUMNS);
    let sample = source.books.samples.first();
    let sample = sample.map(|s| format!("; line {} begins: {}", s.line, Untrusted::new(s.text.trim()).terminal(COLUMNS))).unwrap_or_default();
    let advice = source.nearest.map(|_| "; a log format of the server's own can be told: --layout '%d{HH:mm:ss} %-5p [%c] (%t) %s%e%n'").unwrap_or_default();
    format!("{name}: not a layout that is known here; {}{sample}{advice}", report::nearest(source))
}

fn left_out(n: u64) -> String {
    if n == 1 { "1 line looks forged and was left out".to_owned() } else { format!("{n} lines look forged and were left out") }
}

/// Says what a source was taken for.
fn taken_for(source: &SourceReport) -> String {
    let name = |text: &str| Untrusted::new(text).terminal(COLUMNS);
    let layouts = source.layout_names();
    let layouts = if layouts.is_empty() { "no known layout".to_owned() } else { layouts.join(", ") };
    let wrapped =
        source.wrapping.as_ref().map(|w| format!(" {} {}", if wrapper::is_format(w) { "in the format" } else { "wrapped in" }, name(w))).unwrap_or_default();
    let (records, bytes) = (count(source.books.records, "record"), count(source.books.bytes(), "byte"));
    format!("{}: node {}, {layouts}{wrapped}, {records}, {bytes}", name(&source.name), name(&source.node))
}

/// Returns the filters that were typed, as options.
fn typed(filter: &Filter) -> Vec<&'static str> {
    let table = [
        (filter.since.is_some(), "--since"),
        (filter.until.is_some(), "--until"),
        (!filter.realms.is_empty(), "--realm"),
        (!filter.clients.is_empty(), "--client"),
        (!filter.causes.is_empty(), "--cause"),
        (!filter.sessions.is_empty(), "--session"),
        (filter.min_confidence.is_some(), "--min-confidence"),
    ];
    table.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect()
}

fn instant(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(|| "an unknown time".to_owned(), |t| t.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn print<'a>(lines: impl Iterator<Item = &'a str>) {
    let mut err = io::stderr().lock();
    for line in lines {
        let _ = writeln!(err, "{line}");
    }
}

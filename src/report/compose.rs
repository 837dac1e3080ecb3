//! The account of a run and its incidents to the page that explains them.
//!
//! Input: an [`Account`], its [`Incidents`], [`Settings`]. Output: a [`Report`]. Text of the log enters the page through the [`Scribe`] alone, which masks
//! secrets and, where it is told to, puts pseudonyms in the place of names. Must not know how the page will look.

mod advice;
mod books;
mod compare;
mod delays;
mod event;
mod gaps;
mod headline;
mod matter;
mod notice;
mod overview;
mod scribe;
mod story;
mod subject;
mod timeline;
mod usual;
mod walked;

use super::model::{Kind, Logged, Prose, Redaction, Report, SCHEMA};
use super::terminal::group::{Group, groups};
use super::terminal::moment::Moments;
use crate::tally::Filter;
use crate::tally::account::Account;
use crate::tally::incident::{Incident, Incidents};
use crate::triage::clock::Zone;
pub use compare::Compared;
pub use scribe::Scribe;
use subject::Subject;

/// Matters that are told beside the incidents.
const STEADY: usize = 12;

/// What a page is made with.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The name that a person gave it.
    pub title: Option<String>,
    /// The zone in which times are told.
    pub zone: Zone,
    /// Nobody named that zone.
    pub zone_assumed: bool,
    /// The lifespan of codes in milliseconds, where it is known.
    pub life_ms: Option<i64>,
    /// What is held against what.
    pub compared: Option<Compared>,
    /// The paths that were read, as a shell takes them; empty where none were.
    pub paths: String,
    /// What the counts went through.
    pub filter: Filter,
}

/// What every part of the page looks at.
struct Run<'a> {
    settings: &'a Settings,
    account: &'a Account,
    incidents: &'a [Incident],
    groups: Vec<Group<'a>>,
    moments: Moments,
    scribe: &'a Scribe<'a>,
}

/// Makes the page.
#[must_use]
pub fn compose(account: &Account, found: &Incidents, settings: &Settings, scribe: &Scribe<'_>) -> Report {
    let moments = Moments::new(settings.zone, account.span);
    let run = Run { settings, account, incidents: &found.incidents, groups: groups(&account.tally, account.span), moments, scribe };
    let timeline = timeline::timeline(&run);
    let incidents: Vec<_> = found.incidents.iter().enumerate().map(|(at, incident)| matter::of_incident(&run, at + 1, incident, timeline.as_ref())).collect();
    let loose: Vec<&Group<'_>> = run.groups.iter().filter(|g| !run.covered(g)).collect();
    let first = incidents.len() + 1;
    let steady: Vec<_> = loose.iter().take(STEADY).enumerate().map(|(at, group)| matter::of_group(&run, first + at, group)).collect();
    let (clients, clients_left_out) = overview::clients(&run);
    let totals = overview::totals(&run);
    let (suspects, suspects_left_out) = books::suspects(&run);
    let mut report = Report {
        schema: SCHEMA,
        title: settings.title.as_deref().map(title),
        generator: concat!("kctriage ", env!("CARGO_PKG_VERSION")).to_owned(),
        level: headline::level(&run),
        headline: headline::headline(&run),
        usual: usual::usual(&run),
        points: Vec::new(),
        span: overview::span(&run),
        nodes: overview::nodes(&run),
        cluster_members: account.members,
        totals,
        causes: overview::causes(&run),
        timeline,
        incidents,
        steady,
        chronic: found.chronic.iter().map(|c| matter::habitual(&run, c)).collect(),
        clients,
        clients_left_out,
        comparison: compare::comparison(&run),
        gaps: gaps::gaps(&run),
        suspects,
        suspects_left_out,
        books: books::account(&run),
        redaction: Redaction { applied: scribe.renames(), note: scribe.note(), replaced: Vec::new() },
        remarks: books::remarks(&run, loose.len().saturating_sub(STEADY)),
        moments,
    };
    report.points = headline::points(&report);
    report
}

/// Returns a title as a sentence; one that could be markup, a link or a mention somewhere is set apart as foreign text is.
fn title(text: &str) -> Prose {
    let plain = |c: char| c.is_alphanumeric() || "-,;()%'’–:.!? ".contains(c);
    let harmless = text.chars().all(plain) && !text.to_ascii_lowercase().contains("www.");
    if harmless { Prose::new().say(text.trim().to_owned()) } else { Prose::new().name(&Logged::new(Kind::Text, text)) }
}

impl Run<'_> {
    /// Whether incidents hold nearly all of a group's failures.
    fn covered(&self, group: &Group<'_>) -> bool {
        self.in_incidents(group) * 5 >= group.count * 4
    }

    /// Returns how many of a group's failures are in incidents.
    fn in_incidents(&self, group: &Group<'_>) -> u64 {
        let same = |i: &&Incident| i.realm.as_deref() == group.realm && i.clients.iter().any(|s| group.clients.iter().any(|(c, _)| *c == s.client.as_deref()));
        let part = |i: &Incident| {
            let cascade: u64 = i.cascade.iter().map(|(_, n)| n).sum();
            let own = if i.cause == group.cause { i.count.saturating_sub(cascade) } else { 0 };
            own + i.cascade.iter().filter(|(c, _)| *c == group.cause).map(|(_, n)| n).sum::<u64>()
        };
        self.incidents.iter().filter(same).map(part).sum::<u64>().min(group.count)
    }

    /// Returns the numbers of the incidents in which failures of a cause, a client or both have a part.
    fn numbers(&self, mut has: impl FnMut(&Incident) -> bool) -> Vec<usize> {
        self.incidents.iter().enumerate().filter(|(_, i)| has(i)).map(|(at, _)| at + 1).collect()
    }

    /// Returns how many members a cluster has, and how many of their logs are here.
    fn cluster(&self) -> Option<(usize, usize)> {
        let logs = self.account.nodes.values().filter(|n| !n.stored).count();
        Some((usize::try_from(self.account.members?).ok()?, logs))
    }

    /// Whether failures of more than one realm are told.
    fn has_realms(&self) -> bool {
        self.groups.iter().any(|g| g.realm != self.groups[0].realm)
    }

    /// Says what ends with the time that is told of.
    fn end(&self) -> &'static str {
        let cut = self.settings.filter.until.zip(self.account.span).is_some_and(|(until, (_, last))| last == until.saturating_sub(1));
        if cut { "--until cuts the log" } else { "the log ends" }
    }

    fn subject_of(&self, group: &Group<'_>) -> Subject {
        Subject::of_group(group, self)
    }
}

/// Joins sentences' parts as a list: `a, b and c`, `a, b and 4 more`.
fn list(parts: Vec<Prose>, most: usize) -> Prose {
    let shown = if parts.len() > most { most.saturating_sub(1).max(1) } else { parts.len() };
    let rest = parts.len() - shown;
    let mut prose = Prose::new();
    for (at, part) in parts.into_iter().take(shown).enumerate() {
        let between = match at {
            0 => "",
            _ if at + 1 == shown && rest == 0 => " and ",
            _ => ", ",
        };
        prose = prose.say(between).then(part);
    }
    if rest > 0 { prose.say(format!(" and {} more", super::terminal::figure::number(rest as u64))) } else { prose }
}

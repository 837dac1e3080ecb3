//! `doctor`: says what logs can and cannot show, and which option of Keycloak would show it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::DateTime;
use kctriage::finding::Confidence;
use kctriage::record::Layout;
use kctriage::report::escape::Untrusted;
use kctriage::tally::{Outcome, SourceReport, Windows};
use kctriage::triage::clock::Zone;
use kctriage::triage::verdict::Lack;
use kctriage::triage::view::Node;

use super::notes::Notes;
use super::prose::{Prose, Tone, count};
use super::settings::{self, Input};
use super::spelling::Spelling;
use super::{Error, Exit, scan};

/// Columns of names.
const NAME: usize = 60;

/// Nodes that are told one by one.
const NODES: usize = 20;

/// Runs the command.
pub fn run(input: &Input) -> Result<Exit, Error> {
    let found = scan::discover(input)?;
    let outcome = scan::read(input, found, input.options.window_ms, scan::Print::Counts(Windows::Together))?;
    let notes = Notes::of(&outcome, input);
    let text = page(input, &outcome, &notes);
    io::stdout().lock().write_all(text.as_bytes()).map_err(Error::Output)?;
    Ok(notes.exit())
}

/// Returns the whole page.
fn page(input: &Input, outcome: &Outcome, notes: &Notes) -> String {
    let mut prose = Prose::new(input.terminal);
    if outcome.books.records > 0 {
        heading(input, outcome, &mut prose);
        nodes(input.options.zone, outcome, &mut prose);
        limits(outcome, &mut prose);
        remedies(outcome, &mut prose);
    } else if outcome.books.bytes() > 0 {
        prose.line(0, Tone::Alarm, "Nothing here is a Keycloak log that kctriage can read.");
    }
    if notes.lines().next().is_some() {
        prose.gap();
    }
    for line in notes.lines() {
        let tone = if line.starts_with("error") { Tone::Alarm } else { Tone::Plain };
        prose.item(0, "", tone, line);
    }
    if outcome.tally.findings() > 0 {
        prose.gap();
        prose.line(0, Tone::Advice, &format!("kctriage scan {}", settings::quoted(&input.paths)));
    }
    prose.finish()
}

/// Returns every version that was seen, the latest start last.
fn versions(outcome: &Outcome) -> Vec<String> {
    let mut seen: Vec<(i64, &str)> = outcome.view.nodes.iter().flat_map(|n| n.versions.iter().map(|(t, v)| (*t, v.as_str()))).collect();
    seen.sort_unstable();
    let mut names: Vec<String> = Vec::new();
    for (_, version) in seen {
        let version = Untrusted::new(version).terminal(20);
        names.retain(|v| *v != version);
        names.push(version);
    }
    names
}

fn heading(input: &Input, outcome: &Outcome, prose: &mut Prose) {
    let version = match versions(outcome).as_slice() {
        [] => "Keycloak of a version that these logs do not name".to_owned(),
        names => format!("Keycloak {}", names.join(", then ")),
    };
    let mut layouts: Vec<&str> = outcome.sources.iter().flat_map(SourceReport::layout_names).collect();
    layouts.sort_unstable();
    layouts.dedup();
    let files = outcome.sources.iter().filter(|s| s.books.records > 0).count() as u64;
    let size = format!("{} in {}", count(outcome.books.records, "record"), count(files, "source"));
    prose.paragraph(0, Tone::Strong, &format!("{version}; layout: {}; {size}", layouts.join(" and ")));
    let zone = input.options.zone;
    let times = if outcome.names_some_zone() { "some times" } else { "times" };
    let zone_said = match (outcome.zone_assumed, input.zone_named) {
        (false, _) => "every time names its zone".to_owned(),
        (true, true) => format!("{times} name no zone; they are read as {zone}, as --timezone says"),
        (true, false) => format!("{times} name no zone; they are taken as UTC; --timezone Europe/Berlin, for one, changes that"),
    };
    prose.paragraph(0, Tone::Plain, &zone_said);
}

/// What each node printed.
fn nodes(zone: Zone, outcome: &Outcome, prose: &mut Prose) {
    let seen = || outcome.view.nodes.iter().filter(|n| n.seen || is_silent(n, outcome));
    for node in seen().take(NODES) {
        prose.gap();
        let span = outcome.view.spans.get(node.stream).copied().flatten();
        let span = span.map(|(from, to)| format!(", {}", period(zone, from, to))).unwrap_or_default();
        prose.line(0, Tone::Strong, &format!("{}{span}", named(node, outcome)));
        if is_access_log(node, outcome) {
            let what = "access log by itself: its answers are joined with the events of the servers' logs by address and time, and stand for them where no log covers the time";
            prose.marked(2, "✓ ", Tone::Good, Tone::Plain, what);
            continue;
        }
        for (there, what) in [
            (node.events, "errors"),
            (node.successes, "success events: logins, exchanges, refreshes"),
            (node.authentication, "client authentication: whether a secret came, and whether it was right"),
            (node.access_log, "HTTP access log: status and size of every answer, refusals without an event, and how many requests succeeded"),
        ] {
            prose.marked(2, if there { "✓ " } else { "✗ " }, if there { Tone::Good } else { Tone::Doubt }, Tone::Plain, what);
        }
        if !node.events {
            prose.paragraph(
                4,
                Tone::Plain,
                "no user event at all: nothing happened, or the realm's event listener jboss-logging is off, or org.keycloak.events is above WARN",
            );
        }
    }
    let more = seen().count().saturating_sub(NODES);
    if more > 0 {
        prose.gap();
        prose.line(0, Tone::Faint, &format!("and {}", count(more as u64, "more node")));
    }
}

/// Whether a node's log holds access lines only.
fn is_access_log(node: &Node, outcome: &Outcome) -> bool {
    let mut own = outcome.sources.iter().filter(|s| s.node == node.name && s.books.records > 0).peekable();
    own.peek().is_some() && own.all(|s| s.layouts[Layout::Access as usize] == s.books.records)
}

/// Returns the name of a node; with that of its stream where its records name it.
fn named(node: &Node, outcome: &Outcome) -> String {
    let own = Untrusted::new(&node.name).terminal(NAME);
    match outcome.view.nodes.iter().find(|n| n.stream == node.stream) {
        Some(stream) if stream.name != node.name => format!("{own} ({})", Untrusted::new(&stream.name).terminal(NAME)),
        _ => own,
    }
}

/// Whether a stream has records, and none that matters here.
fn is_silent(node: &Node, outcome: &Outcome) -> bool {
    let of_stream = || outcome.view.nodes.iter().filter(|n| n.stream == node.stream);
    let records = || outcome.sources.iter().any(|s| s.node == node.name && s.books.records > 0);
    of_stream().all(|n| !n.seen) && records()
}

/// What the view leaves out.
fn limits(outcome: &Outcome, prose: &mut Prose) {
    if let Some((members, logs)) = outcome.view.cluster() {
        let logs = u64::try_from(logs).unwrap_or(u64::MAX);
        if u64::from(members) > logs {
            prose.gap();
            let text = format!(
                "The cluster had {} (ISPN000094), and there are logs of {logs} here: what rests on \"did not happen\" is at most likely.",
                count(members.into(), "node")
            );
            prose.paragraph(0, Tone::Doubt, &text);
            prose.paragraph(0, Tone::Plain, "Give the logs of all nodes at once: kctriage scan kc-0.log kc-1.log");
        }
    }
    if outcome.access.unjoined > 0 {
        prose.gap();
        let text = format!(
            "{} of a proxy's access log left out: the server's log covers their time, and its events name other addresses than the proxy does, so that each \
             would count twice. Let the server see the clients' addresses (--proxy-headers, or --proxy before 24).",
            count(outcome.access.unjoined, "refused request")
        );
        prose.paragraph(0, Tone::Doubt, &text);
    }
    if outcome.books.time_went_back > 0 {
        prose.gap();
        let times = count(outcome.books.time_went_back, "time");
        prose.paragraph(
            0,
            Tone::Doubt,
            &format!("Time went back {times}: files of several nodes in one, or a clock that was set. What came first cannot be told there."),
        );
    }
}

/// How many failures stay open, and what would close them.
fn remedies(outcome: &Outcome, prose: &mut Prose) {
    let of = |sure| outcome.tally.cells.iter().filter(|(k, _)| k.confidence == sure).map(|(_, c)| c.count).sum::<u64>();
    let (all, certain) = (outcome.tally.findings(), of(Confidence::Certain));
    prose.gap();
    if all == 0 && !outcome.view.nodes.iter().any(|n| n.events) && outcome.access.realms.is_empty() {
        return prose.paragraph(0, Tone::Doubt, "Whether token requests failed cannot be told: there is no user event in these logs.");
    }
    if all == 0 {
        return prose.paragraph(0, Tone::Good, "No token request failed in these logs.");
    }
    if all == certain {
        return prose.paragraph(0, Tone::Good, &format!("All {} have a certain cause.", count(all, "failure")));
    }
    let kinds = [(certain, "have a certain cause"), (of(Confidence::Likely), "a likely one"), (of(Confidence::Ambiguous), "can have one of several")];
    let kinds: Vec<String> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    prose.paragraph(0, Tone::Strong, &format!("Of {}, {}.", count(all, "failure"), kinds.join(", ")));
    let mut lacks: Vec<(Lack, u64)> = outcome.lacks.iter().map(|(lack, n)| (*lack, *n)).collect();
    lacks.sort_by_key(|(lack, n)| (std::cmp::Reverse(*n), *lack));
    let is_shown = outcome.shows_authentication();
    for (lack, n) in &lacks {
        prose.marked(2, &format!("{n:>5}  "), Tone::Doubt, Tone::Plain, wanting(*lack, is_shown));
    }
    let lacks = |lack| outcome.lacks.contains_key(&lack);
    let (events, clients) = (lacks(Lack::SuccessEvents), lacks(Lack::ClientAuthentication) && !is_shown);
    let spellings = spellings(outcome);
    for (spelling, versions) in &spellings {
        let whose = if spellings.len() == 1 { String::new() } else { format!("Keycloak {}: ", versions.join(", ")) };
        options(*spelling, &whose, events, clients, prose);
    }
    if outcome.access.realms.is_empty() && (lacks(Lack::ClientAuthentication) || lacks(Lack::Reasons)) {
        prose.gap();
        let text = "an access log tells some of it, too, by the status and size of the answers: a proxy's, given beside these logs, or Keycloak's own, \
                    --http-access-log-enabled=true (26.4 and later; before: quarkus.http.access-log.enabled=true in conf/quarkus.properties)";
        prose.paragraph(0, Tone::Plain, text);
    }
}

/// Returns the spellings that the servers at hand understand, each with its versions.
fn spellings(outcome: &Outcome) -> BTreeMap<Spelling, Vec<String>> {
    let mut spellings: BTreeMap<Spelling, Vec<String>> = BTreeMap::new();
    for version in versions(outcome) {
        spellings.entry(Spelling::of(Some(&version))).or_default().push(version);
    }
    if spellings.is_empty() {
        spellings.insert(Spelling::Unknown, Vec::new());
    }
    spellings
}

/// The options that would show what is missing.
fn options(spelling: Spelling, whose: &str, events: bool, clients: bool, prose: &mut Prose) {
    let what = match (events, clients) {
        (true, true) => "to see logins, exchanges and client authentication",
        (true, false) => "to see logins and exchanges",
        (false, true) => "to see client authentication",
        (false, false) => return,
    };
    prose.gap();
    prose.paragraph(0, Tone::Strong, &format!("{whose}{what} (a few more lines for each login), {}:", spelling.place()));
    for line in spelling.loggers(events, clients) {
        prose.line(2, Tone::Advice, &line);
    }
    if events {
        prose.paragraph(0, Tone::Plain, "or, for logins and exchanges alone, without DEBUG:");
        for line in spelling.success_events() {
            prose.line(2, Tone::Advice, &line);
        }
    }
}

/// Says what failures want that lack something, where the lines on authentication are logged or are not.
fn wanting(lack: Lack, authentication_is_logged: bool) -> &'static str {
    match lack {
        Lack::ClientAuthentication if authentication_is_logged => "want the HTTP access log: these logs say that authentication failed, and not why",
        Lack::SuccessEvents => "want success events: whether the code was used, and when its login was",
        Lack::ClientAuthentication => "want the lines of ClientAuthenticationFlow: whether a secret came, and whether it was wrong",
        Lack::Reasons => "want a reason, which Keycloak prints from 24 on; no option brings it to this version",
        Lack::WholeView => "want the logs of the other nodes, or the rest of the log",
        Lack::Beginning => "want the lines before the first one: give the rotated files, too (server.log.1)",
        Lack::ServerLog => "want the server's own log: stored events come without the warnings that explain them",
        Lack::Event => "want the server's own log: an access line has the answer, and its event the rest",
        Lack::Lines => "want the lines that were dropped (some warnings stand without their events): look at the limits of what collects the log",
    }
}

/// Writes `2026-11-23 16:35:07 to 16:37:24 UTC`.
fn period(zone: Zone, from: i64, to: i64) -> String {
    let local = |ms| {
        let utc = DateTime::from_timestamp_millis(ms)?;
        Some(match zone {
            Zone::Utc => utc.naive_utc(),
            Zone::Fixed(offset) => utc.with_timezone(&offset).naive_local(),
            Zone::Named(tz) => utc.with_timezone(&tz).naive_local(),
        })
    };
    let (Some(from), Some(to)) = (local(from), local(to)) else { return "at unknown times".to_owned() };
    let end = if from.date() == to.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    format!("{} to {} {zone}", from.format("%Y-%m-%d %H:%M:%S"), to.format(end))
}

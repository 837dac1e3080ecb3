//! Where every byte went, what was not understood or not believed, and what was assumed.

use super::{Run, compare};
use crate::report::model::{Account, Instant, Kind, Place, Prose, Suspected};
use crate::tally::account::SuspectAccount;

/// Suspects, problems and strange files that are listed.
const LISTED: usize = 20;

/// Returns where every byte went.
pub(super) fn account(run: &Run<'_>) -> Account {
    let account = run.account;
    let books = &account.books;
    let file = |name: &str| run.scribe.logged(Kind::File, name);
    let text = |text: &str| run.scribe.logged(Kind::Text, text);
    let quotes = |name: &str| account.quoted.iter().any(|q| q.source == name);
    Account {
        files: account.sources.len() as u64,
        bytes: books.bytes(),
        parsed: books.parsed,
        skipped: books.skipped,
        damaged: books.damaged,
        unparsed_lines: books.unparsed_lines,
        time_went_back: books.time_went_back,
        samples: books.samples.iter().map(|s| Place { file: file(&s.source), line: s.line, text: run.scribe.logged(Kind::Strange, s.text.trim()) }).collect(),
        caps_hit: books.caps_hit.iter().cloned().collect(),
        problems: account.problems.iter().take(LISTED).map(|p| text(p)).collect(),
        strangers: account.sources.iter().filter(|((name, _), s)| !s.recognised && !quotes(name)).take(LISTED).map(|((name, _), _)| file(name)).collect(),
        relayed: account.quoted_count,
    }
}

/// Returns lines that look forged, and how many are not listed.
pub(super) fn suspects(run: &Run<'_>) -> (Vec<Suspected>, u64) {
    let all = &run.account.suspects;
    let one = |s: &SuspectAccount| Suspected {
        time: s.time.map(Instant),
        file: run.scribe.logged(Kind::File, &s.source),
        line: s.line,
        event: run.scribe.logged(Kind::Text, &s.event),
        address: s.ip.as_deref().map(|ip| run.scribe.logged(Kind::Address, ip)),
        why: run.scribe.logged(Kind::Text, &s.why),
    };
    (all.iter().take(LISTED).map(one).collect(), all.len().saturating_sub(LISTED) as u64)
}

/// Says what was assumed, limited or left out.
pub(super) fn remarks(run: &Run<'_>, untold: usize) -> Vec<Prose> {
    let account = run.account;
    let mut remarks = Vec::new();
    if account.zone_assumed && run.settings.zone_assumed {
        let times = if account.names_some_zone() { "Some of the log's times" } else { "The log's times" };
        remarks.push(Prose::new().say(format!("{times} name no zone; they are taken to be UTC. ")).code("--timezone").say(" sets it."));
    }
    for (node, date, why) in account.assumed_dates.iter().take(LISTED) {
        let node = run.scribe.logged(Kind::Node, node);
        remarks.push(
            Prose::new()
                .name(&node)
                .say(format!(" has times without a date; its first line is taken to be of {date} ({why}). "))
                .code("--date")
                .say(" sets it."),
        );
    }
    if let Some((members, logs)) = run.cluster().filter(|(members, logs)| members > logs) {
        remarks.push(Prose::new().say(format!(
            "The cluster has {members} nodes, and the logs of {logs} are here: what rests on \"it did not happen\" is at most likely. Give the logs of all nodes."
        )));
    }
    if run.settings.compared.is_some() && compare::comparison(run).is_none() {
        remarks.push(match run.settings.compared {
            Some(compare::Compared::Restart) => "There is no before and after: the log shows no start of a server but the one that it begins with.".into(),
            _ => "There is no before and after: the log covers nothing of one of the times that were asked for.".into(),
        });
    }
    if account.left_out > 0 {
        let n = crate::report::terminal::figure::count(account.left_out, "failure");
        remarks.push(Prose::new().say(format!("{n} did not pass the filter and are in no figure of this page.")));
    }
    if untold > 0 {
        remarks.push(Prose::new().say(format!("{untold} smaller groups of failures are in the tables only.")));
    }
    if account.quoted_count > 0 {
        let n = crate::report::terminal::figure::count(account.quoted_count, "answer");
        remarks.push(Prose::new().say(format!(
            "A log that is not Keycloak's quotes {n} of a token endpoint. That is no finding: only the server's own log of that time tells the cause."
        )));
    }
    if !account.books.caps_hit.is_empty() {
        remarks.push("Limits were reached (see the books); figures that rest on them are lower bounds.".into());
    }
    remarks
}

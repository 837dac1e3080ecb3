//! The foot: what was assumed, where every byte went, what to try next.

use super::Run;
use super::figure::{bytes, count, list, number};
use super::gaps::paths;
use super::group::Group;
use super::page::{Page, Text, Tone};
use crate::report::escape::Untrusted;

pub(super) fn write(run: &Run<'_>, groups: &[Group<'_>], page: &mut Page) {
    page.gap();
    assumed(run, page);
    account(run, page);
    next(run, groups, page);
}

fn assumed(run: &Run<'_>, page: &mut Page) {
    for (node, date, why) in &run.outcome.assumed_dates {
        let node = Untrusted::new(node).terminal(60);
        let text = format!("{node} has times without a date; its first line is taken to be of {date} ({why}); --date sets it");
        page.paragraph(1, 3, &Text::new().add(Tone::Doubt, "assumed: ").plain(text));
    }
}

/// Says where every byte went.
fn account(run: &Run<'_>, page: &mut Page) {
    let books = &run.outcome.books;
    let mut parts = vec![format!("{} in {}", count(books.records, "record"), count(run.outcome.sources.len() as u64, "file"))];
    if let Some(sample) = books.samples.first() {
        let place = format!("{}:{}", Untrusted::new(&sample.source).terminal(60), sample.line);
        let text = Untrusted::new(sample.text.trim()).terminal(40);
        parts.push(format!("{} not understood (first {place}: {text})", count(books.unparsed_lines, "line")));
    } else if books.records > 0 {
        parts.push("every line understood".to_owned());
    }
    if books.damaged > 0 {
        parts.push(format!("{} damaged and left out", bytes(books.damaged)));
    }
    if books.time_went_back > 0 {
        parts.push(format!("the time went back {}", times(books.time_went_back)));
    }
    let tone = if books.damaged > 0 { Tone::Doubt } else { Tone::Faint };
    page.paragraph(1, 3, &Text::new().add(Tone::Faint, "books: ").add(tone, parts.join(", ")));
    if !books.caps_hit.is_empty() {
        let caps: Vec<String> = books.caps_hit.iter().map(|c| Untrusted::new(c).terminal(40)).collect();
        page.paragraph(1, 3, &Text::new().add(Tone::Doubt, format!("limits that were hit: {}; figures that rest on them are lower bounds", list(&caps, 10))));
    }
}

fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", number(n)),
    }
}

/// Names the commands to try next.
fn next(run: &Run<'_>, groups: &[Group<'_>], page: &mut Page) {
    let mut commands = Vec::new();
    if let Some(group) = groups.first() {
        commands.push(format!("kctriage explain {}", group.cause.slug()));
    }
    if !run.outcome.lacks.is_empty() || groups.is_empty() {
        commands.push(format!("kctriage doctor {}", paths(run)));
    }
    if let Some(client) = groups.first().and_then(|g| g.clients[0].0).filter(|c| is_word(c)) {
        commands.push(format!("kctriage scan {} --client {client} --format ndjson", paths(run)));
    }
    for (number, command) in commands.into_iter().enumerate() {
        page.labelled(if number == 0 { " next:  " } else { "        " }, &Text::new().plain(command));
    }
}

/// Whether a name can stand in a command as it is.
fn is_word(name: &str) -> bool {
    !name.starts_with('-') && !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

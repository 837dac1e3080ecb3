//! The page as headings, paragraphs, lists and tables: what Markdown, Jira and the terminal have in common.
//!
//! Input: a [`Report`]. Output: [`Block`]s, short enough for a ticket, in the order of the page. Must not know a markup.

use super::model::{ClientRow, Counted, Event, Instant, Logged, Matter, Prose, Report, Span};
use super::terminal::figure::{bytes, count, few, number};

/// Clients that are listed.
const CLIENTS: usize = 15;

/// Versions that are named.
pub(super) const VERSIONS: usize = 3;

/// Events that are listed.
const EVENTS: usize = 15;

/// A part of the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading of a level from 1 on.
    Heading(u8, Prose),
    /// A paragraph.
    Paragraph(Prose),
    /// What to do.
    Step(Prose),
    /// A list; whether it is numbered.
    List(bool, Vec<Prose>),
    /// A table: the names of its columns, whether they hold figures, and its rows.
    Table(Vec<(&'static str, bool)>, Vec<Vec<Prose>>),
}

/// Returns the page in blocks.
#[must_use]
pub fn outline(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(1, title(report)), Block::Paragraph(report.headline.clone())];
    blocks.extend(about(report));
    blocks.extend(report.usual.clone().map(Block::Paragraph));
    if report.incidents.is_empty() && report.steady.is_empty() {
        blocks.extend(report.points.iter().map(|p| Block::Paragraph(p.what.clone())));
    }
    for matter in &report.incidents {
        matter_blocks(report, matter, "Incident", &mut blocks);
    }
    causes(report, &mut blocks);
    events(report, &mut blocks);
    for matter in report.steady.iter().take(if report.incidents.is_empty() { 5 } else { 3 }) {
        matter_blocks(report, matter, "Failures", &mut blocks);
    }
    chronic(report, &mut blocks);
    clients(report, &mut blocks);
    comparison(report, &mut blocks);
    gaps(report, &mut blocks);
    books(report, &mut blocks);
    blocks
}

/// Says why a zone is assumed.
pub(super) fn assumed(span: &Span) -> &'static str {
    if span.zone_named_by_some { " (assumed: some of the log's times name no zone)" } else { " (assumed: the log's times name no zone)" }
}

/// Returns the page's title.
pub(super) fn title(report: &Report) -> Prose {
    report.title.clone().filter(|t| !t.is_empty()).unwrap_or_else(|| "Failed token requests".into())
}

fn about(report: &Report) -> Option<Block> {
    let span = report.span.as_ref()?;
    let mut prose = Prose::new().say(span.words.clone());
    if span.zone_assumed {
        prose = prose.say(assumed(span));
    }
    prose = prose.say(format!(" · {}", count(report.nodes.len() as u64, "node")));
    let mut versions: Vec<&Logged> = report.nodes.iter().flat_map(|n| &n.versions).map(|v| &v.version).collect();
    versions.sort();
    versions.dedup();
    let more = versions.len().saturating_sub(VERSIONS);
    for version in versions.into_iter().take(VERSIONS) {
        prose = prose.say(" · Keycloak ").name(version);
    }
    Some(Block::Paragraph(if more > 0 { prose.say(format!(" and {}", count(more as u64, "more version"))) } else { prose }))
}

fn matter_blocks(report: &Report, matter: &Matter, word: &'static str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(2, Prose::new().say(format!("{word} {}: ", matter.number)).then(matter.title.clone())));
    let sure = sure([matter.certain, matter.likely, matter.ambiguous]);
    blocks.push(Block::List(false, matter.story.iter().cloned().chain([Prose::new().say(format!("How sure: {sure}."))]).collect()));
    blocks.push(Block::Step(Prose::new().strong("Do first: ").then(matter.first_step.clone())));
    blocks.extend(matter.other_step.clone().map(Block::Step));
    blocks.extend(matter.notice.clone().map(|notice| Block::Paragraph(Prose::new().strong("For a status page: ").then(notice))));
    let Some(walked) = &matter.walked else { return };
    let place = |file: &Logged, line: u64| Prose::new().name(file).say(format!(":{line}"));
    let at = walked.time.map(|t| format!(" at {}", report.moments.time(t.0))).unwrap_or_default();
    let mut lines = vec![Prose::new().say("For example ").then(place(&walked.file, walked.line)).say(at).say(": ").name(&walked.about)];
    for step in &walked.steps {
        let mut prose = Prose::new().say(step.question).say(" ").strong(match step.answer {
            "yes" => "yes",
            "no" => "no",
            "known" => "see",
            _ => "cannot tell",
        });
        for (n, evidence) in step.evidence.iter().take(3).enumerate() {
            prose = prose.say(if n == 0 { ": " } else { "; " }).name(evidence);
        }
        if let Some(would) = &step.would_tell {
            prose = prose.say(format!(" – what would tell: {would}"));
        }
        lines.push(prose);
    }
    blocks.push(Block::List(true, lines));
    blocks.push(Block::Paragraph(matter.lines.clone()));
}

fn sure(counts: [u64; 3]) -> String {
    let present: Vec<String> =
        ["certain", "likely", "ambiguous"].into_iter().zip(counts).filter(|(_, n)| *n > 0).map(|(word, n)| format!("{word} {}", number(n))).collect();
    present.join(", ")
}

fn causes(report: &Report, blocks: &mut Vec<Block>) {
    if report.causes.is_empty() {
        return;
    }
    blocks.push(Block::Heading(2, "Causes".into()));
    let columns = vec![("Cause", false), ("Failures", true), ("Clients", true), ("How sure", false), ("First", false), ("Last", false)];
    let row = |r: &super::model::CauseRow| {
        vec![
            Prose::new().say(format!("{} {}", r.number.map_or("–".to_owned(), |n| n.to_string()), r.title)),
            Prose::new().say(number(r.count)),
            Prose::new().say(number(r.clients)),
            Prose::new().say(sure([r.certain, r.likely, r.ambiguous])),
            moment(report, r.first),
            moment(report, r.last),
        ]
    };
    blocks.push(Block::Table(columns, report.causes.iter().map(row).collect()));
}

fn moment(report: &Report, at: Option<Instant>) -> Prose {
    Prose::new().say(at.map_or("–".to_owned(), |t| report.moments.time(t.0)))
}

fn events(report: &Report, blocks: &mut Vec<Block>) {
    let Some(line) = report.timeline.as_ref().filter(|l| !l.events.is_empty()) else { return };
    blocks.push(Block::Heading(2, "What happened meanwhile".into()));
    let one = |e: &Event| {
        let mut prose = moment(report, Some(e.time)).say(" ").then(e.what.clone());
        if let (Some(file), Some(at)) = (&e.file, e.line) {
            prose = prose.say(" (").name(file).say(format!(":{at})"));
        }
        prose
    };
    let mut list: Vec<Prose> = line.events.iter().take(EVENTS).map(one).collect();
    let more = line.events.len().saturating_sub(EVENTS) as u64 + line.events_left_out;
    if more > 0 {
        list.push(Prose::new().say(format!("and {} more", number(more))));
    }
    blocks.push(Block::List(false, list));
}

fn chronic(report: &Report, blocks: &mut Vec<Block>) {
    if report.chronic.is_empty() {
        return;
    }
    blocks.push(Block::Heading(2, "Chronic".into()));
    let one = |h: &super::model::Habitual| {
        let rate = format!(", {} an hour. ", few(h.per_hour));
        name(h.client.as_ref()).say(" ").then(h.what.clone()).say(rate).then(h.advice.clone())
    };
    blocks.push(Block::List(false, report.chronic.iter().take(CLIENTS).map(one).collect()));
}

fn name(client: Option<&Logged>) -> Prose {
    client.map_or("no client named".into(), |c| Prose::new().name(c))
}

fn clients(report: &Report, blocks: &mut Vec<Block>) {
    if report.clients.is_empty() {
        return;
    }
    blocks.push(Block::Heading(2, "Clients".into()));
    let realms = report.clients.iter().any(|c| c.realm != report.clients[0].realm);
    let rates = report.clients.iter().any(|c| c.failure_percent.is_some());
    let mut columns = vec![("Client", false)];
    columns.extend(realms.then_some(("Realm", false)));
    columns.push(("Failures", true));
    columns.extend(rates.then_some(("Of its requests", true)));
    columns.extend([("Causes", false), ("Addresses", true), ("Users", true), ("First", false), ("Last", false)]);
    let say = |text: String| Prose::new().say(text);
    let row = |r: &ClientRow| {
        let causes: Vec<String> = r.causes.iter().take(4).map(|c| format!("{} {}", c.title, number(c.count))).collect();
        let mut cells = vec![name(r.client.as_ref())];
        cells.extend(realms.then(|| r.realm.as_ref().map_or("–".into(), |realm| Prose::new().name(realm))));
        cells.push(say(number(r.count)));
        cells.extend(rates.then(|| say(r.failure_percent.map_or("–".to_owned(), |p| format!("{p} %")))));
        cells.extend([say(causes.join(", ")), say(distinct(r.addresses)), say(distinct(r.users)), moment(report, r.first), moment(report, r.last)]);
        cells
    };
    blocks.push(Block::Table(columns, report.clients.iter().take(CLIENTS).map(row).collect()));
    let more = report.clients.len().saturating_sub(CLIENTS) as u64 + report.clients_left_out;
    if more > 0 {
        blocks.push(Block::Paragraph(Prose::new().say(format!("and {}", count(more, "more client")))));
    }
}

fn distinct(counted: Counted) -> String {
    match counted {
        Counted { count: 0, .. } => "–".to_owned(),
        Counted { count, estimated: true } => format!("about {}", number(count)),
        Counted { count, estimated: false } => number(count),
    }
}

fn comparison(report: &Report, blocks: &mut Vec<Block>) {
    let Some(comparison) = &report.comparison else { return };
    blocks.push(Block::Heading(2, "Before and after".into()));
    blocks.push(Block::Paragraph(comparison.what.clone().say(". ").then(comparison.headline.clone())));
    let columns = vec![("Client", false), ("Cause", false), ("Change", false), ("Before", true), ("After", true), ("Times as many", false)];
    let row = |c: &super::model::Change| {
        let say = |text: String| Prose::new().say(text);
        vec![name(c.client.as_ref()), c.title.into(), c.verdict.into(), say(number(c.before)), say(number(c.after)), say(times(c))]
    };
    if !comparison.changes.is_empty() {
        blocks.push(Block::Table(columns, comparison.changes.iter().take(CLIENTS).map(row).collect()));
    }
}

/// Writes how many times as many there were, with the limits of what chance explains.
pub(super) fn times(change: &super::model::Change) -> String {
    match change.ratio {
        Some([ratio, low, high]) => format!("{ratio:.1} ({low:.1} to {high:.1})"),
        None => "none before".to_owned(),
    }
}

fn gaps(report: &Report, blocks: &mut Vec<Block>) {
    let gaps = &report.gaps;
    let mut list: Vec<Prose> = gaps
        .reasons
        .iter()
        .map(|g| Prose::new().say(format!("{} of {} cannot be told for certain ", number(g.count), count(report.totals.failures, "failure"))).say(g.why))
        .collect();
    list.extend(gaps.remedies.iter().cloned());
    list.extend(gaps.rates.clone());
    list.extend(report.remarks.iter().cloned());
    if !list.is_empty() {
        blocks.push(Block::Heading(2, "What these logs cannot tell".into()));
        blocks.push(Block::List(false, list));
    }
}

fn books(report: &Report, blocks: &mut Vec<Block>) {
    let books = &report.books;
    blocks.push(Block::Heading(2, "Books".into()));
    let mut list = vec![Prose::new().say(format!(
        "{} in {}, {}; {} not understood, {} damaged",
        count(report.totals.records, "record"),
        count(books.files, "file"),
        bytes(books.bytes),
        count(books.unparsed_lines, "line"),
        bytes(books.damaged)
    ))];
    if !report.suspects.is_empty() {
        let all = report.suspects.len() as u64 + report.suspects_left_out;
        let first = &report.suspects[0];
        let looks = if all == 1 { "line looks forged and is" } else { "lines look forged and are" };
        list.push(
            Prose::new()
                .strong(format!("{} {looks} in no figure", number(all)))
                .say(": first ")
                .name(&first.file)
                .say(format!(":{} ", first.line))
                .name(&first.why),
        );
    }
    list.extend(books.problems.iter().take(5).map(|p| Prose::new().say("Not read: ").name(p)));
    list.extend(books.strangers.iter().take(5).map(|f| Prose::new().say("Not recognised: ").name(f)));
    list.push(report.redaction.note.clone());
    list.push(Prose::new().say(format!("Made by {}.", report.generator)));
    blocks.push(Block::List(false, list));
}

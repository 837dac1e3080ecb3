//! What was not understood or not readable, before anything else.

use super::Run;
use super::figure::count;
use super::page::{Page, Text, Tone};
use crate::report::escape::Untrusted;
use crate::source::Problem;
use crate::tally::SourceReport;

/// How many are told one by one.
const TOLD: usize = 3;

pub(super) fn write(run: &Run<'_>, page: &mut Page) {
    let outcome = run.outcome;
    let (harmless, bad): (Vec<&Problem>, Vec<&Problem>) = outcome.problems.iter().partition(|p| p.is_harmless());
    for problem in bad.iter().take(TOLD) {
        let text = Untrusted::new(&problem.to_string()).about(problem.input(), 300);
        let how = if matches!(problem, Problem::Damaged { .. }) { "read in part: " } else { "not read: " };
        page.paragraph(0, 2, &Text::new().add(Tone::Alarm, how).plain(text));
    }
    more(bad.len(), "not readable", page);
    for problem in harmless.iter().take(TOLD) {
        page.paragraph(0, 2, &Text::new().faint(Untrusted::new(&problem.to_string()).about(problem.input(), 300)));
    }
    if harmless.len() > TOLD {
        page.paragraph(0, 2, &Text::new().faint(format!("and {} more passed over", harmless.len() - TOLD)));
    }
    let quotes = |s: &SourceReport| outcome.quoted.iter().any(|q| q.source == s.name);
    let strangers: Vec<&SourceReport> = outcome.sources.iter().filter(|s| s.is_foreign() && !quotes(s)).collect();
    for source in strangers.iter().take(TOLD) {
        one(source, page);
    }
    more(strangers.len(), "not recognised", page);
}

fn more(n: usize, what: &str, page: &mut Page) {
    if n > TOLD {
        page.paragraph(0, 2, &Text::new().add(Tone::Alarm, format!("and {} more {what}", n - TOLD)));
    }
}

fn one(source: &SourceReport, page: &mut Page) {
    let name = Untrusted::new(&source.name).terminal(100);
    let lines = count(source.books.unparsed_lines, "line");
    let text = Text::new().add(Tone::Alarm, format!("not recognised: {name}")).plain(format!(", none of its {lines} is a record of a known layout"));
    let text = text.plain(format!("; {}.", crate::report::nearest(source)));
    page.paragraph(0, 2, &text);
    let nearest = source.nearest.map(|n| n.0);
    let samples = &source.books.samples;
    if let Some(sample) = samples.iter().find(|s| Some(s.line) == nearest).or(samples.first()) {
        let shown = Untrusted::new(&sample.text).terminal(page.width().saturating_sub(14));
        page.paragraph(2, 4, &Text::new().faint(format!("line {}: {shown}", sample.line)));
    }
}

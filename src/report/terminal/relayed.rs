//! Answers of the token endpoint that other programs' logs quote.

use std::collections::BTreeMap;

use super::Run;
use super::figure::{count, either, list, number};
use super::page::{Page, Text, Tone};
use crate::report::escape::Untrusted;
use crate::tally::Quoted;

/// How many answers are told one by one, and how many lines of one.
const TOLD: usize = 6;

pub(super) fn write(run: &Run<'_>, page: &mut Page) {
    let quoted = &run.outcome.quoted;
    if quoted.is_empty() {
        return;
    }
    let mut answers: BTreeMap<(&str, usize), Vec<&Quoted>> = BTreeMap::new();
    for quote in quoted {
        answers.entry((&quote.source, quote.answer)).or_default().push(quote);
    }
    let mut sources: Vec<String> = quoted.iter().map(|q| Untrusted::new(&q.source).terminal(60)).collect();
    sources.sort();
    sources.dedup();
    page.gap();
    let is = if sources.len() == 1 { "is no Keycloak log, but quotes" } else { "are no Keycloak logs, but quote" };
    let text = format!("{} {is} {} of the token endpoint", list(&sources, 3), count(run.outcome.quoted_count, "answer"));
    page.paragraph(1, 3, &Text::new().add(Tone::Strong, text));
    let note = "What a client was told does not settle the cause, so nothing here is certain or counted above; Keycloak's own log of the same time says more.";
    page.paragraph(3, 3, &Text::new().faint(note));
    let mut rows: Vec<_> = answers.into_iter().collect();
    rows.sort_by_key(|(key, quotes)| (std::cmp::Reverse(quotes.len()), *key));
    let several = sources.len() > 1;
    for ((source, _), quotes) in rows.iter().take(TOLD) {
        let answer = quotes[0].answer();
        let causes: Vec<String> = answer.candidates.iter().map(|c| c.title().to_owned()).collect();
        let place = if several { format!("{}, ", Untrusted::new(source).terminal(40)) } else { String::new() };
        let times = || quotes.iter().filter_map(|q| q.time);
        let at = |t: chrono::DateTime<chrono::Utc>| run.moments.time(t.timestamp_millis());
        let when = match (times().min(), times().max()) {
            (Some(a), Some(b)) if a != b => format!(", {} to {}", at(a), at(b)),
            (Some(a), _) => format!(", {}", at(a)),
            _ => String::new(),
        };
        let head = format!("{} × {}: ", number(quotes.len() as u64), answer.message);
        let body = format!("{} ", either(&causes));
        let foot = format!("({place}line {}{when})", quotes[0].line);
        page.paragraph(3, 5, &Text::new().add(Tone::Strong, head).plain(body).faint(foot));
    }
    if rows.len() > TOLD {
        page.paragraph(3, 5, &Text::new().faint(format!("and {} more kinds (--format json lists all)", rows.len() - TOLD)));
    }
}

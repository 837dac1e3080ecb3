//! Lines that look forged: listed, not counted.

use super::Run;
use super::figure::{count, number};
use super::page::{Page, Text, Tone};
use crate::report::escape::Untrusted;

/// How many are told one by one.
const TOLD: usize = 4;

pub(super) fn write(run: &Run<'_>, page: &mut Page) {
    let suspects = &run.outcome.suspects;
    if suspects.is_empty() {
        return;
    }
    page.gap();
    let n = suspects.len() as u64;
    let looks = if n == 1 { "looks forged and is not counted: somebody wrote it" } else { "look forged and are not counted: somebody wrote them" };
    let text = format!("{} {looks} into the log through a request", count(n, "line"));
    page.paragraph(1, 3, &Text::new().add(Tone::Doubt, text));
    for (source, suspect) in suspects.iter().take(TOLD) {
        let event = Untrusted::new(&suspect.event).terminal(40);
        let from = suspect.ip.as_deref().map(|ip| format!(" from {}", Untrusted::new(ip).terminal(45))).unwrap_or_default();
        let why = Untrusted::new(&suspect.why).terminal(200);
        let place = format!("{}:{}", Untrusted::new(source).terminal(60), suspect.at.line);
        page.paragraph(3, 5, &Text::new().plain(format!("{place} claims {event}{from}; ")).faint(why));
    }
    if suspects.len() > TOLD {
        page.paragraph(3, 5, &Text::new().faint(format!("and {} more (--format json lists all)", number((suspects.len() - TOLD) as u64))));
    }
}

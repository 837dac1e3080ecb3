//! The table of causes: how many, of how many clients, when, how sure.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use super::Run;
use super::figure::{length, number};
use super::group::Sum;
use super::page::{Page, Text, Tone};
use super::strip::Scale;
use crate::cause::Cause;
use crate::finding::Confidence;

/// The widest time line.
const STRIP: usize = 48;

/// The narrowest one that is worth its place.
const NARROW: usize = 8;

pub(super) fn write(run: &Run<'_>, causes: &BTreeMap<Cause, Sum>, page: &mut Page) {
    if causes.is_empty() {
        return;
    }
    let mut rows: Vec<(Cause, &Sum)> = causes.iter().map(|(cause, sum)| (*cause, sum)).collect();
    rows.sort_by(|a, b| b.1.count.cmp(&a.1.count).then(a.0.cmp(&b.0)));
    let name = |cause: Cause| format!("{} {}", cause.number().map_or("–".to_owned(), |n| n.to_string()), cause.title());
    let names = rows.iter().map(|(c, _)| name(*c).width()).max().unwrap_or(0);
    let sure_width = rows.iter().map(|(_, r)| sure(r.sure).width()).max().unwrap_or(0).max("sure".len());
    // indent, name, failures, clients, sure, with two blanks between
    let taken = 2 + names + 2 + 8 + 2 + 7 + 2 + sure_width;
    let clients_fit = taken <= page.width();
    // on a narrow page that stands below
    let sure_fits = taken - 9 <= page.width();
    let left = page.width().saturating_sub(taken + 2).min(STRIP);
    let scale = run.outcome.span.filter(|_| left >= NARROW).and_then(|(from, to)| Scale::new(from, to, run.outcome.tally.window_ms, left));
    let strip_title = scale.and_then(|s| strip_title(run, s, left));
    let columns = scale.map(|s| s.columns.max(strip_title.as_deref().map_or(0, UnicodeWidthStr::width)));

    page.gap();
    let mut head = format!("  {:names$}  {:>8}", "cause", "failures");
    if clients_fit {
        head += "  clients";
    }
    if let Some(columns) = columns {
        head += "  ";
        head += &padded(strip_title.as_deref().unwrap_or("when"), columns);
    }
    if sure_fits {
        head += "  sure";
    }
    page.row(&Text::new().faint(head));
    for (cause, row) in rows {
        let mut text = Text::new().plain("  ").add(Tone::Strong, padded(&name(cause), names)).plain(format!("  {:>8}", number(row.count)));
        if clients_fit {
            text = text.plain(format!("  {:>7}", number(row.clients as u64)));
        }
        if let (Some(scale), Some(columns)) = (scale, columns) {
            text = text.plain("  ").add(Tone::Advice, padded(&scale.draw(row.windows.iter().copied()), columns));
        }
        if sure_fits {
            page.row(&text.plain("  ").append(sure_text(row.sure)));
        } else {
            page.row(&text);
            page.paragraph(4, 4, &sure_text(row.sure));
        }
    }
}

/// Names a strip's ends and the length of a block, as far as that fits.
fn strip_title(run: &Run<'_>, scale: Scale, most: usize) -> Option<String> {
    let (from, to) = run.outcome.span?;
    let ends = format!("{} to {}", run.moments.minute(from), run.moments.minute(to));
    let block = format!("{} a block", length(scale.step_ms()));
    [format!("{ends}, {block}"), ends, block, "when".to_owned()].into_iter().find(|t| t.width() <= most)
}

/// Fills a text with blanks up to a width.
fn padded(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(text.width()))
}

/// Writes `certain`, or `certain 91, likely 5`.
pub(super) fn sure(counts: [u64; 3]) -> String {
    let present: Vec<(Confidence, u64)> = Confidence::ALL.into_iter().zip(counts).filter(|(_, n)| *n > 0).collect();
    match present.as_slice() {
        [(only, _)] => only.slug().to_owned(),
        all => all.iter().map(|(c, n)| format!("{} {}", c.slug(), number(*n))).collect::<Vec<_>>().join(", "),
    }
}

/// Returns [`sure`] in the tone of what most of them are.
pub(super) fn sure_text(counts: [u64; 3]) -> Text {
    let tone = match counts {
        [_, 0, 0] => Tone::Good,
        _ => Tone::Doubt,
    };
    Text::new().add(tone, sure(counts))
}

//! One failure: what it is, how sure, which lines prove it, what to do.

use std::path::Path;

use kctriage::cause::Catalogue;
use kctriage::finding::{Confidence, Trust};
use kctriage::report::tone::Tone;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use super::super::prose::Prose;
use crate::cli::view::advice::first_step;
use crate::cli::view::entry::{Entry, title};
use crate::cli::view::figure::short;
use crate::cli::view::look;
use crate::cli::view::problem::Problem;
use crate::cli::view::reread::Reread;
use crate::cli::view::state::State;

pub(super) fn write(entry: &Entry, lines: Option<&Reread>, state: &State, prose: &mut Prose) {
    let explanation = Catalogue::builtin().get(entry.cause);
    let tone = match entry.confidence {
        Confidence::Certain => Tone::Good,
        Confidence::Likely | Confidence::Ambiguous => Tone::Doubt,
    };
    prose.spans(vec![
        Span::styled(title(entry.cause), look::cause(entry.cause).add_modifier(Modifier::BOLD)),
        Span::raw(", "),
        Span::styled(entry.confidence.slug(), look::tone(tone).add_modifier(Modifier::BOLD)),
    ]);
    prose.item("", Style::new(), &explanation.summary);
    if let Some(text) = entry.detail.and_then(|d| explanation.details.get(&d).map(|t| format!("{}: {t}", d.slug().replace('-', " ")))) {
        prose.item("", Style::new(), &text);
    }
    who(entry, state, prose);
    first(entry, state, prose);
    evidence(entry, prose);
    sure(entry, prose);
    if let Some(lines) = lines {
        questions(entry, lines, prose);
    }
    prose.steps("How to verify", &explanation.verify);
    prose.steps("How to fix", &explanation.fix);
    if let Some(lines) = lines {
        own_lines(entry, lines, state, prose);
    }
}

/// Writes what is known of the request, in few lines: they are read before all else.
fn who(entry: &Entry, state: &State, prose: &mut Prose) {
    let time = entry.time.and_then(|t| state.told.zone.wall(t)).map(|t| format!("{} {}", t.format("%Y-%m-%d %H:%M:%S%.3f"), state.told.zone));
    let more = (entry.more > 0).then(|| format!("and {} more of this client and cause within a second", short(entry.more)));
    let was = entry.was.map(|(cause, confidence)| format!("told as {} ({}) before later lines came", title(cause), confidence.slug()));
    let named = |label: &str, text: &Option<String>| text.as_ref().map(|t| format!("{label} {t}"));
    let node = Some(format!("node {}", entry.node)).filter(|_| !entry.node.is_empty());
    prose.heading("Who and when");
    let rows = [
        vec![time, node],
        vec![Some(format!("client {}", entry.name())), named("realm", &entry.realm), named("from", &entry.ip)],
        vec![named("grant", &entry.grant), named("user", &entry.user), named("session", &entry.session)],
        vec![more, was],
    ];
    for row in rows {
        let text = row.into_iter().flatten().collect::<Vec<_>>().join(", ");
        if !text.is_empty() {
            prose.item("  ", Style::new(), &text);
        }
    }
}

fn first(entry: &Entry, state: &State, prose: &mut Prose) {
    prose.heading("What to do first");
    let shown = state.shown();
    let key = (entry.realm.clone(), entry.client.clone());
    let episode = shown.clients.get(&key).and_then(|c| c.episodes.iter().find(|e| e.cause == entry.cause));
    let step = match episode {
        Some(episode) => Some(first_step(&Problem::of_client(&key, episode, shown.now()), state.told.zone, state.told.life_ms, shown.now())),
        None => Catalogue::builtin().get(entry.cause).fix.first().cloned(),
    };
    prose.item("  → ", look::tone(Tone::Advice), &step.unwrap_or_default());
}

fn evidence(entry: &Entry, prose: &mut Prose) {
    prose.heading("Evidence");
    let file = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let places: Vec<String> = entry.proofs.iter().map(|p| format!("{}:{}", file(&p.source), p.line)).collect();
    let widest = places.iter().map(|p| p.chars().count()).max().unwrap_or(0);
    for (place, proof) in places.iter().zip(&entry.proofs) {
        prose.item(&format!("  {place:widest$}  "), Style::new(), &proof.what);
    }
}

fn sure(entry: &Entry, prose: &mut Prose) {
    let explanation = Catalogue::builtin().get(entry.cause);
    let others: Vec<String> = entry.candidates.iter().filter(|c| **c != entry.cause).map(|c| title(*c)).collect();
    prose.heading("How sure");
    match (entry.confidence, others.is_empty()) {
        (Confidence::Certain, _) => prose.item("  ", Style::new(), "Certain: the log excludes every other cause."),
        (_, true) => prose.item("  ", Style::new(), &format!("{}: no other cause fits, but the log does not prove it.", capital(entry.confidence.slug()))),
        (_, false) => prose.item("  ", Style::new(), &format!("{}: the log cannot exclude {}.", capital(entry.confidence.slug()), others.join(" or "))),
    }
    if entry.confidence != Confidence::Certain && !explanation.cannot_tell.is_empty() {
        prose.item("  ", Style::new(), &explanation.cannot_tell);
    }
    match entry.trust {
        Trust::Ambiguous => prose.item("  ", look::tone(Tone::Doubt), "The event's line has more than one reading: a client put text into it."),
        Trust::Access => prose.item("  ", look::tone(Tone::Doubt), "Only an access log shows this request; no event was seen."),
        Trust::Suspect => prose.item("  ", look::tone(Tone::Doubt), "The line looks forged."),
        Trust::Json | Trust::Quoted | Trust::Unquoted | Trust::Stored | Trust::Relayed => {}
    }
}

/// Writes how the flowchart reads the lines; of a certain finding only what they answer, since the rest of the log answered the rest.
fn questions(entry: &Entry, lines: &Reread, prose: &mut Prose) {
    let told: Vec<_> = lines.asked.iter().filter(|a| !a.is_open || entry.confidence != Confidence::Certain).collect();
    if told.is_empty() {
        return;
    }
    prose.heading("Question by question");
    for asked in told {
        let tone = if asked.is_open { Tone::Doubt } else { Tone::Plain };
        prose.item("  - ", look::tone(tone), &format!("{} {}", asked.question, asked.answer));
    }
}

/// Writes the log's own lines, and commands to copy.
fn own_lines(entry: &Entry, lines: &Reread, state: &State, prose: &mut Prose) {
    prose.heading("The log's lines");
    for (number, text) in &lines.lines {
        prose.item(&format!("  {number}: "), look::tone(Tone::Faint), text);
    }
    let Some(own) = entry.proofs.first() else { return };
    let path = crate::cli::settings::quoted(&[state.path(&own.source).map_or_else(|| own.source.clone().into(), Path::to_owned)]);
    let numbers: Vec<String> = lines.lines.iter().map(|(n, _)| format!("{n}p")).collect();
    prose.heading("To copy");
    prose.line(look::tone(Tone::Advice), &format!("  sed -n '{}' {path} | kctriage explain", numbers.join(";")));
    if let Some(session) = entry.session.as_deref().filter(|s| s.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
        prose.line(look::tone(Tone::Advice), &format!("  kctriage scan {path} --session {session}"));
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

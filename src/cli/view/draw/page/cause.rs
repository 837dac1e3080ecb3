//! One cause: what it means, whose requests fail by it, how to prove it, how to end it.

use kctriage::cause::{Catalogue, Cause};
use kctriage::report::tone::Tone;
use ratatui::style::{Modifier, Style};

use super::super::prose::Prose;
use crate::cli::view::advice::first_step;
use crate::cli::view::entry::title;
use crate::cli::view::figure::{moment, short};
use crate::cli::view::look;
use crate::cli::view::problem::problems;
use crate::cli::view::state::State;

/// Clients that are listed.
const CLIENTS: usize = 10;

pub(super) fn write(cause: Cause, state: &State, prose: &mut Prose) {
    let (shown, zone) = (state.shown(), state.told.zone);
    let (now, explanation) = (shown.now(), Catalogue::builtin().get(cause));
    prose.line(look::cause(cause).add_modifier(Modifier::BOLD), &title(cause));
    prose.item("", Style::new(), &explanation.summary);
    let all = problems(shown);
    for problem in all.iter().filter(|p| p.cause == cause) {
        prose.heading("Now");
        for (key, episode) in problem.clients.iter().take(CLIENTS) {
            let name = key.1.as_deref().unwrap_or("(no client)");
            let text = format!("{name}: {} since {}, last at {}", short(episode.count), moment(zone, episode.since, now), moment(zone, episode.last, now));
            prose.item("  - ", Style::new(), &text);
        }
        if problem.clients.len() > CLIENTS {
            prose.item("  ", look::tone(Tone::Faint), &format!("and {} more clients", problem.clients.len() - CLIENTS));
        }
        prose.item("  → ", look::tone(Tone::Advice), &first_step(problem, zone, state.told.life_ms, now));
    }
    prose.heading("What happens");
    prose.item("  ", Style::new(), &explanation.what.replace('\n', " "));
    if !explanation.details.is_empty() {
        prose.heading("Details");
        for (detail, text) in &explanation.details {
            prose.item(&format!("  {:14}", detail.slug().replace('-', " ")), Style::new(), text);
        }
    }
    prose.list("Why", &explanation.why);
    prose.steps("How to verify", &explanation.verify);
    prose.steps("How to fix", &explanation.fix);
    prose.list("What the client is told", &explanation.answers);
    prose.list("Certain when", &explanation.certain_when);
    if !explanation.cannot_tell.is_empty() {
        prose.item("  ", Style::new(), &explanation.cannot_tell);
    }
}

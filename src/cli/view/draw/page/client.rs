//! One client: by which causes it fails, since when, what to do.

use kctriage::cause::Catalogue;
use kctriage::report::tone::Tone;
use ratatui::style::Style;
use ratatui::text::Span;

use super::super::prose::Prose;
use super::labelled;
use crate::cli::view::advice::{addresses, first_step};
use crate::cli::view::clients::Key;
use crate::cli::view::entry::title;
use crate::cli::view::figure::{count, moment, short};
use crate::cli::view::look;
use crate::cli::view::problem::Problem;
use crate::cli::view::state::State;

pub(super) fn write(key: &Key, state: &State, prose: &mut Prose) {
    let (shown, zone) = (state.shown(), state.told.zone);
    let now = shown.now();
    prose.line(look::tone(Tone::Strong), key.1.as_deref().unwrap_or("(no client)"));
    if let Some(realm) = &key.0 {
        prose.spans(labelled("realm", realm));
    }
    let Some(client) = shown.clients.get(key) else {
        prose.item("", Style::new(), "It is quiet, and made room for others.");
        return;
    };
    prose.spans(labelled("failures", &count(client.series.total(), "failure")));
    let mut episodes: Vec<_> = client.episodes.iter().collect();
    episodes.sort_by_key(|e| std::cmp::Reverse((e.last, e.count)));
    for episode in episodes {
        let problem = Problem::of_client(key, episode, now);
        prose.heading(&title(episode.cause));
        let all = client.causes.iter().find(|(c, _)| *c == episode.cause).map_or(0, |(_, n)| *n);
        let when = format!("{} since {}, last at {}", short(episode.count), moment(zone, episode.since, now), moment(zone, episode.last, now));
        let all = if all > episode.count { format!(" ({} in all)", short(all)) } else { String::new() };
        prose.spans(vec![Span::raw(format!("  {when}{all}, from {}", addresses(&problem)))]);
        prose.item("  ", Style::new(), &Catalogue::builtin().get(episode.cause).summary);
        prose.item("  → ", look::tone(Tone::Advice), &first_step(&problem, zone, state.told.life_ms, now));
        if let Some(entry) = shown.stream.failure(episode.entry) {
            prose.item("  last: ", Style::new(), &entry.why);
        }
    }
}

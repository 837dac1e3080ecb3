//! `tail`: tells why token requests fail while they do.
//!
//! The loop of a live run: what the follower hands over goes into the fold, what the fold tells goes to standard output and to the listeners, and both
//! are saved together. Time is asked for here and nowhere deeper.

mod asked;
mod keep;
mod printer;
mod session;

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use kctriage::report::escape::Untrusted;
use kctriage::report::redact::Redactor;
use kctriage::report::{Summary, Terminal};
use kctriage::tally::Outcome;
use kctriage::tally::live::{Listener, Update};

use super::alert::Watch;
use super::notes::Notes;
use super::settings::{self, Input};
use super::{Error, Exit, TailFormat, scan};
use asked::Asked;
use printer::Printer;
use session::Session;

/// How long the run sleeps where nothing waits.
const IDLE: Duration = Duration::from_millis(250);

/// How long it sleeps where something waits for its time.
const BUSY: Duration = Duration::from_millis(50);

/// Groups of failures in the summary at the end.
const TOP: usize = 3;

/// Runs the command.
pub fn run(settings: settings::Tail) -> Result<Exit, Error> {
    scan::start_threads(settings.input.threads)?;
    let asked = Asked::listen().map_err(|error| Error::Usage { what: format!("signals cannot be listened to: {error}"), advice: String::new() })?;
    let mut printer = Printer::new(&settings);
    let mut listeners: Vec<Box<dyn Listener>> = Vec::new();
    let rules = settings.alerts.rules(&settings.rules)?;
    let mut session = Session::begin(settings)?;
    let saved = session.alerts();
    let no_threads = |error| Error::Usage { what: format!("the threads of the alerts cannot be started: {error}"), advice: String::new() };
    let mut watch = Watch::begin(&session.settings().alerts, rules, &saved).map_err(no_threads)?;
    // what is said at the beginning stays above the view
    printer.view();
    while !asked.end() && !session.is_ended() && !printer.wants_end() && !listeners.iter().any(|l| l.wants_end()) {
        if asked.again()
            && let Some(rules) = session.again()
        {
            watch.reload(rules);
        }
        let mut updates = session.step(if session.is_waiting() { BUSY } else { IDLE });
        let (now, mut gauges) = (session.now(), session.gauges());
        hide(session.settings().redactor.as_ref(), &mut updates);
        let alerts = watch.take(&mut updates, now, &gauges);
        gauges.alerts = watch.numbers();
        for listener in &mut listeners {
            for update in &updates {
                listener.update(update);
            }
            listener.tick(now, &gauges);
        }
        printer.print(&updates, &alerts, now, &gauges).map_err(Error::Output)?;
        session.save_in_time(&mut watch);
    }
    // the terminal is given back before the state is written: whatever happens then, the shell is as it was
    let gauges = session.gauges();
    printer.leave();
    asked.set();
    let mut updates = session.last();
    hide(session.settings().redactor.as_ref(), &mut updates);
    let now = session.now();
    let alerts = watch.finish(&mut updates, now, &gauges, !session.is_kept());
    let redactor = session.settings().redactor.clone();
    let (mut rest, ended) = session.end(&watch);
    hide(redactor.as_ref(), &mut rest);
    updates.extend(rest);
    let now = ended.now;
    for mut listener in listeners {
        for update in &updates {
            listener.update(update);
        }
        listener.finish(now);
    }
    printer.print(&updates, &alerts, now, &gauges).map_err(Error::Output)?;
    printer.end().map_err(Error::Output)?;
    let mut outcome = ended.outcome.map_err(Error::Spill)?;
    let settings = ended.settings;
    if let Some(redactor) = &settings.redactor {
        redactor.outcome(&mut outcome);
    }
    summary(&settings, &outcome)?;
    let lost = if ended.lost { Exit::Input } else { Exit::Done };
    Ok(lost.max(ended.exit))
}

/// Says what was found all in all.
fn summary(settings: &settings::Tail, outcome: &Outcome) -> Result<(), Error> {
    let notes = Notes::of(outcome, &settings.input);
    if settings.format == TailFormat::Ndjson {
        notes.say();
        return Ok(());
    }
    notes.say_what_a_page_leaves_out();
    let mut out = BufWriter::new(io::stdout().lock());
    let Input { terminal, options, zone_named, paths, .. } = &settings.input;
    let page = Terminal {
        width: terminal.width,
        colour: terminal.colour,
        zone: options.zone,
        zone_assumed: !zone_named,
        top: TOP,
        elapsed: None,
        command: settings::quoted(paths),
        life_ms: options.code_lifespan_ms,
    };
    writeln!(out).and_then(|()| page.write(outcome, &mut out)).and_then(|()| out.flush()).map_err(Error::Output)
}

/// Puts pseudonyms into what is told, once for all who hear of it.
fn hide(redactor: Option<&Redactor>, updates: &mut [Update]) {
    for update in updates {
        if let Some(redactor) = redactor {
            redact(redactor, update);
        }
    }
}

/// Puts pseudonyms into an update.
fn redact(redactor: &Redactor, update: &mut Update) {
    let name = |name: &mut Option<Arc<str>>| {
        if let Some(text) = name {
            *text = redactor.name(text).into();
        }
    };
    match update {
        Update::Found(finding) | Update::Revised { finding, .. } => redactor.finding(finding),
        Update::Trigger(trigger) => {
            name(&mut trigger.realm);
            name(&mut trigger.client);
        }
        Update::Notice(_) => {}
    }
}

/// Returns a text on one line, without anything that acts on a terminal.
fn inert(text: &str) -> String {
    Untrusted::new(text).terminal(usize::MAX)
}

/// Says something beside the results. Nobody is left to hear if that fails.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", inert(text));
}

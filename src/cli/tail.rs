//! `tail`: tells why token requests fail while they do.
//!
//! The loop of a live run: what the follower hands over goes into the fold, what the fold tells goes to standard output and to the listeners, and both
//! are saved together. Time is asked for here and nowhere deeper.

mod asked;
mod keep;
mod printer;
mod session;
mod shown;

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use kctriage::report::escape::Untrusted;
use kctriage::report::prometheus::Reading;
use kctriage::report::redact::Redactor;
use kctriage::report::{Summary, Terminal};
use kctriage::tally::Outcome;
use kctriage::tally::live::{Gauges, Update};

use super::alert::Watch;
use super::metrics::Metrics;
use super::notes::Notes;
use super::settings::{self, Input};
use super::{Error, Exit, TailFormat, scan, terminal};
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
    let is_shown = settings.input.terminal.interactive;
    let rules = settings.alerts.rules(&settings.rules)?;
    let mut metrics = Metrics::start(&settings.metrics, settings.redactor.clone())?;
    let mut session = Session::begin(settings)?;
    let saved = session.alerts();
    let no_threads = |error| Error::Usage { what: format!("the threads of the alerts cannot be started: {error}"), advice: String::new() };
    let mut watch = Watch::begin(&session.settings().alerts, rules, &saved).map_err(no_threads)?;
    // what is said at the beginning stays above the view
    printer.view();
    let mut is_introduced = false;
    // a connection that broke ends the run as a signal would: nobody can look at it any more, and nobody can end it
    let is_gone = || is_shown && terminal::is_hung_up();
    while !asked.end() && !is_gone() && !session.is_ended() && !printer.wants_end() {
        if asked.again()
            && let Some(rules) = session.again()
        {
            watch.reload(rules);
        }
        let mut updates = session.step(if session.is_waiting() { BUSY } else { IDLE });
        let (now, mut gauges) = (session.now(), session.gauges());
        // where something is to be hidden the view reads no lines again
        if session.settings().redactor.is_none() && (!is_introduced || !updates.is_empty()) {
            printer.know(session.paths());
        }
        if !std::mem::replace(&mut is_introduced, true) && !printer.is_viewed() {
            say(&format!("note: {}", session.introduce()));
        }
        hide(session.settings().redactor.as_ref(), &mut updates);
        let alerts = watch.take(&mut updates, now, &gauges);
        gauges.alerts = watch.numbers();
        printer.print(&updates, &alerts, now, &gauges).map_err(Error::Output)?;
        session.save_in_time(&mut watch);
        metrics.show(session.unready(), || session.reading(watch.numbers()));
        for what in metrics.notes() {
            session.notice("metrics", what);
        }
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
    metrics.finish(Reading { now: Gauges { alerts: watch.numbers(), ..ended.reading.now.clone() }, ..ended.reading });
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
    // a page about nothing says nothing
    if settings.format == TailFormat::Ndjson || outcome.books.bytes() == 0 {
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
        filter: options.filter.clone(),
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
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", inert(text));
}

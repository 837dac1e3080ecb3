//! `scan`: reads logs and prints why token requests failed. Reading is shared with `doctor`.

use std::io::{self, BufWriter, Write};
use std::time::Instant;

use kctriage::finding::Finding;
use kctriage::pipeline::{self, Options};
use kctriage::report::redact::Redactor;
use kctriage::report::siem::Schema;
use kctriage::report::{Csv, Findings, Ndjson, Siem, Summary, Terminal, json, terminal};
use kctriage::source::{self, Found, Source};
use kctriage::tally::{Outcome, Tally, Windows};

use super::notes::Notes;
use super::progress::Progress;
use super::settings::{self, Input};
use super::{Error, Exit, Format};

/// Bytes that are held back before they are written.
const BUFFER: usize = 1 << 16;

/// Standard input is counted as if it had so many bytes: enough that a long one does not leave too many windows.
pub const PIPED: u64 = 1 << 26;

/// Bytes of text that a byte of a compressed log is guessed to hold.
const PACKED: u64 = 12;

/// Runs the command.
pub fn run(settings: &settings::Scan) -> Result<Exit, Error> {
    let started = Instant::now();
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let found = discover(&settings.input)?;
    let window_ms = settings.window_ms.unwrap_or_else(|| match settings.format {
        Format::Text => terminal::window_ms(bytes(&found).unwrap_or(PIPED)),
        Format::Json | Format::Ndjson | Format::Csv | Format::Ecs | Format::Ocsf => Options::default().window_ms,
    });
    let mut outcome = match settings.format {
        Format::Ndjson => stream(settings, found, window_ms, Ndjson::new(&mut out))?,
        Format::Csv => stream(settings, found, window_ms, Csv::new(&mut out))?,
        Format::Ecs => stream(settings, found, window_ms, Siem::new(Schema::Ecs, &mut out))?,
        Format::Ocsf => stream(settings, found, window_ms, Siem::new(Schema::Ocsf, &mut out))?,
        Format::Text => read(&settings.input, found, window_ms, Print::Counts(Windows::Together))?,
        Format::Json => match &settings.redactor {
            Some(redactor) => counted(redactor, settings, found, window_ms)?,
            None => read(&settings.input, found, window_ms, Print::Counts(Windows::Apart))?,
        },
    };
    if let Some(redactor) = &settings.redactor {
        redactor.outcome(&mut outcome);
    }
    let notes = Notes::of(&outcome, &settings.input);
    let found = settings.fail_on.is_some_and(|least| outcome.tally.cells.keys().any(|k| k.confidence <= least));
    match settings.format {
        Format::Ndjson | Format::Csv | Format::Ecs | Format::Ocsf => notes.say(),
        Format::Json => {
            notes.say();
            json::write(&outcome.into_account(), &mut out).map_err(Error::Output)?;
        }
        Format::Text => {
            notes.say_what_a_page_leaves_out();
            page(settings, started).write(&outcome, &mut out).map_err(Error::Output)?;
            // the program ends: to take counts of a hundred thousand clients apart takes as long as to print them
            std::mem::forget(outcome);
        }
    }
    out.flush().map_err(Error::Output)?;
    Ok(notes.exit().max(if found { Exit::Found } else { Exit::Done }))
}

/// Returns the page for people. A pipe is not told how long it took: the same logs give the same bytes.
fn page(settings: &settings::Scan, started: Instant) -> Terminal {
    let Input { terminal, options, zone_named, paths, .. } = &settings.input;
    Terminal {
        width: terminal.width,
        colour: terminal.colour,
        zone: options.zone,
        zone_assumed: !zone_named,
        top: settings.top,
        elapsed: terminal.interactive.then(|| started.elapsed()),
        command: settings::quoted(paths),
        life_ms: options.code_lifespan_ms,
        filter: match &settings.redactor {
            Some(redactor) => redactor.filter(&options.filter),
            None => options.filter.clone(),
        },
    }
}

/// Writes findings as they come.
fn stream(settings: &settings::Scan, found: Found, window_ms: i64, mut format: impl Findings) -> Result<Outcome, Error> {
    let outcome = read(&settings.input, found, window_ms, Print::Each(&mut |finding| format.finding(&hidden(settings, finding))))?;
    format.finish().map_err(Error::Output)?;
    Ok(outcome)
}

/// Returns the finding as it may be shown.
fn hidden(settings: &settings::Scan, mut finding: Finding) -> Finding {
    if let Some(redactor) = &settings.redactor {
        redactor.finding(&mut finding);
    }
    finding
}

/// Counts pseudonyms in place of what they stand for: a tally holds hashes of addresses and users, which without a key can be found by trying.
fn counted(redactor: &Redactor, settings: &settings::Scan, found: Found, window_ms: i64) -> Result<Outcome, Error> {
    let mut tally = Tally::new(window_ms);
    let mut add = |mut finding: Finding| {
        redactor.finding(&mut finding);
        tally.add(&finding);
        Ok(())
    };
    let outcome = read(&settings.input, found, window_ms, Print::Each(&mut add))?;
    Ok(Outcome { tally, ..outcome })
}

/// Finds what there is to read.
pub fn discover(input: &Input) -> Result<Found, Error> {
    // the first looks are taken in parallel, too
    start_threads(input.threads)?;
    Ok(source::discover(&input.paths, &input.find, &input.options.lines))
}

/// Returns the bytes of all inputs; `None` where standard input is among them.
pub fn bytes(found: &Found) -> Option<u64> {
    let sources = || found.streams.iter().flat_map(|s| &s.sources);
    let text = |s: &Source| if s.packed { s.size.saturating_mul(PACKED) } else { s.size };
    sources().all(|s| s.path.is_some()).then(|| sources().map(text).sum())
}

/// What is printed of the findings.
pub enum Print<'a> {
    /// Each, as it comes.
    Each(&'a mut dyn FnMut(Finding) -> io::Result<()>),
    /// How many there are.
    Counts(Windows),
}

/// Reads it all; what passes the filters is printed or counted.
pub fn read(input: &Input, found: Found, window_ms: i64, print: Print<'_>) -> Result<Outcome, Error> {
    let progress = Progress::new(input.progress, bytes(&found).unwrap_or_default());
    // what programs read is the whole account; a page of counts has no use for the successes
    let successes = matches!(print, Print::Counts(Windows::Apart));
    let options = Options { window_ms, successes, ..input.options.clone() };
    let mut written = true;
    let advance = |n| progress.advance(n);
    let outcome = match print {
        Print::Counts(windows) => pipeline::count(&found, &input.rules, &options, windows, &advance),
        Print::Each(sink) => pipeline::list(&found, &input.rules, &options, &advance, &mut |finding| {
            progress.clear();
            let result = sink(finding);
            written = result.is_ok();
            result
        }),
    };
    progress.clear();
    let mut outcome = outcome.map_err(if written { Error::Spill } else { Error::Output })?;
    outcome.problems.splice(0..0, found.problems);
    Ok(outcome)
}

/// Starts the workers. This thread is one of them: what it let go of when it began is used again. A thread of another kind must not ask for them, since this one
/// works only while it waits for them itself.
pub fn start_threads(threads: Option<usize>) -> Result<(), Error> {
    // 0 leaves the number to rayon: one for each core, or RAYON_NUM_THREADS
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .thread_name(|n| format!("worker-{n}"))
        .use_current_thread()
        .build_global()
        .map_err(Error::Threads)
}

//! `report`: reads logs or saved tallies and writes the page that explains what happened.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use kctriage::books::Books;
use kctriage::finding::Finding;
use kctriage::pipeline::Options;
use kctriage::pipeline::live::outcome_of;
use kctriage::report::compose::{self, Scribe};
use kctriage::report::escape::Untrusted;
use kctriage::report::model::{Kind, Prose, Report};
use kctriage::report::redact::Redactor;
use kctriage::report::siem::Schema;
use kctriage::report::{Dialect, Findings as _, Html, Markdown, Paper, Sheet as JsonSheet, Siem, Text, json, terminal};
use kctriage::source::checkpoint;
use kctriage::tally::incident;
use kctriage::tally::{Account, Windows};
use kctriage::triage::rules::Rules;

use super::notes::Notes;
use super::prose::count;
use super::scan::{self, Print};
use super::settings;
use super::target;
use super::{Error, Exit, Sheet};

/// The name of a tally in a folder.
const TALLY: &str = "tally.json";

/// Runs the command.
pub fn run(settings: &settings::Report) -> Result<Exit, Error> {
    match settings.sheet {
        Sheet::Ecs => return events(settings, Schema::Ecs),
        Sheet::Ocsf => return events(settings, Schema::Ocsf),
        _ => {}
    }
    let mut exit = Exit::Done;
    let mut account = None;
    if let Some(input) = &settings.input {
        let found = scan::discover(input)?;
        let window_ms = settings.window_ms.unwrap_or_else(|| terminal::window_ms(scan::bytes(&found).unwrap_or(scan::PIPED)));
        let mut outcome = scan::read(input, found, window_ms, Print::Counts(Windows::Apart))?;
        if let Some(redactor) = &settings.redactor {
            redactor.outcome(&mut outcome);
        }
        let notes = Notes::of(&outcome, input);
        notes.say();
        exit = notes.exit();
        account = Some(outcome.into_account());
    }
    let mut counted = Counted::default();
    if let Some(account) = &account {
        counted.add(account, None);
    }
    let mut lacking = Vec::new();
    for path in &settings.from {
        let saved = open(path)?;
        counted.add(&saved.account, Some(path));
        lacking.extend(saved.lacking);
        match &mut account {
            None => account = Some(saved.account),
            Some(all) => all.merge(&saved.account).map_err(|error| Error::Usage {
                what: format!("{}: {error}", path.display()),
                advice: "join tallies whose windows have one length; --window sets that of logs".into(),
            })?,
        }
    }
    let Some(mut account) = account else { return Ok(exit) };
    if let Some(redactor) = &settings.redactor {
        account.tally.cells.values_mut().flat_map(|cell| &mut cell.samples).for_each(|finding| redactor.finding(finding));
    }
    let mut report = page(settings, &account);
    remark(&mut report, settings, &lacking);
    write(settings, &report)?;
    Ok(exit)
}

/// Writes each failure as an event for collectors, the same as `scan` does.
fn events(settings: &settings::Report, schema: Schema) -> Result<Exit, Error> {
    let refuse = |what: &str, advice: &str| Error::Usage { what: what.into(), advice: advice.into() };
    let Some(input) = settings.input.as_ref().filter(|_| settings.from.is_empty()) else {
        return Err(refuse("a saved tally holds counts, and events are made of single failures", "give the logs in place of --from"));
    };
    if settings.compared.is_some() {
        return Err(refuse("events have no before and after", "leave out --compare or --since-restart, or choose --format html, markdown, jira, json or text"));
    }
    let found = scan::discover(input)?;
    let mut outcome = None;
    let stream = |out: &mut dyn io::Write| {
        let mut format = Siem::new(schema, out);
        let mut each = |mut finding: Finding| {
            if let Some(redactor) = &settings.redactor {
                redactor.finding(&mut finding);
            }
            format.finding(&finding)
        };
        let read = scan::read(input, found, Options::default().window_ms, Print::Each(&mut each));
        let written = if read.is_ok() { format.finish() } else { Err(io::ErrorKind::Interrupted.into()) };
        outcome = Some(read);
        written
    };
    let written = match &settings.output {
        Some(path) => target::write(path, target::Readers::Owner, stream).map_err(|error| Error::Target { path: path.clone(), error }),
        None => stream(&mut io::BufWriter::new(io::stdout().lock())).map_err(Error::Output),
    };
    let mut outcome = match outcome {
        // why reading ended is more than that writing did
        Some(read) => read.map_err(|error| match (error, &settings.output) {
            (Error::Output(error), Some(path)) => Error::Target { path: path.clone(), error: error.into() },
            (error, _) => error,
        })?,
        None => return written.map(|()| Exit::Done),
    };
    written?;
    if let Some(redactor) = &settings.redactor {
        redactor.outcome(&mut outcome);
    }
    let notes = Notes::of(&outcome, input);
    notes.say();
    Ok(notes.exit())
}

/// Makes the page of an account.
fn page(settings: &settings::Report, account: &Account) -> Report {
    let life_ms = settings.input.as_ref().and_then(|i| i.options.code_lifespan_ms);
    let paths = settings.input.as_ref().map(|i| settings::quoted(&i.paths)).unwrap_or_default();
    let how = compose::Settings {
        title: settings.title.clone(),
        zone: settings.zone,
        zone_assumed: !settings.zone_named,
        life_ms,
        compared: settings.compared,
        paths,
        filter: settings.input.as_ref().map(|i| i.options.filter.clone()).unwrap_or_default(),
    };
    let rename = |kind, text: &str| settings.redactor.as_ref().map_or_else(|| text.to_owned(), |redactor| pseudonym(redactor, kind, text));
    let scribe = if settings.redactor.is_some() { Scribe::renaming(&rename) } else { Scribe::open() };
    let found = incident::find(account, &incident::Settings::default());
    compose::compose(account, &found, &how, &scribe)
}

/// Returns what stands on the page for a text of the log.
fn pseudonym(redactor: &Redactor, kind: Kind, text: &str) -> String {
    match kind {
        Kind::User => redactor.user(text),
        Kind::Session => redactor.session(text),
        Kind::Address => redactor.address(text),
        Kind::Realm | Kind::Client | Kind::Node | Kind::File => redactor.name(text).into_owned(),
        Kind::Text => redactor.text(text).into_owned(),
        Kind::Strange => Redactor::form(text),
    }
}

/// Says what saved tallies do not hold.
fn remark(report: &mut Report, settings: &settings::Report, lacking: &[&'static str]) {
    if settings.from.is_empty() {
        return;
    }
    let names = settings.from.len();
    let what = if names == 1 { "a saved tally".to_owned() } else { format!("{names} saved tallies") };
    let mut prose = Prose::new().say(format!(
        "This page was made from {what}: counts by window, a few findings of each kind, and estimates of distinct users and addresses. Single failures and \
         their lines are in the logs only"
    ));
    for (at, part) in lacking.iter().enumerate() {
        prose = prose.say(if at == 0 { "; not in it at all: " } else { ", " }).say(*part);
    }
    report.remarks.push(prose.say("."));
}

/// The sources that were counted.
#[derive(Debug, Default)]
pub(super) struct Counted(BTreeMap<(String, String), Vec<Books>>);

impl Counted {
    /// Takes note of what is added, and says so where it was counted before: the same source of the same node, with the same books.
    pub fn add(&mut self, account: &Account, path: Option<&Path>) {
        let mut twice = Vec::new();
        for (key, source) in account.sources.iter().filter(|(_, source)| source.books.records > 0) {
            let known = self.0.entry(key.clone()).or_default();
            // samples can be redacted here and not there
            let books = Books { samples: Vec::new(), ..source.books.clone() };
            if known.contains(&books) {
                twice.push(Untrusted::new(&key.0).terminal(60));
            } else {
                known.push(books);
            }
        }
        if let Some((first, others)) = twice.split_first() {
            let what = if others.is_empty() { format!("{first} was") } else { format!("{first} and {} were", count(others.len() as u64, "other")) };
            let place = path.map(|path| Untrusted::new(&path.to_string_lossy()).terminal(usize::MAX) + ": ").unwrap_or_default();
            let them = if others.is_empty() { "it" } else { "them" };
            let _ = writeln!(io::stderr().lock(), "note: {place}{what} counted before: what failed in {them} is counted twice");
        }
    }
}

/// Opens a saved tally, or what a live run saved.
pub(super) fn open(path: &Path) -> Result<json::Saved, Error> {
    let advice = "give what kctriage scan --format json or kctriage merge wrote, or the folder of kctriage tail --state";
    let usage = |what: String| Error::Usage { what: format!("{}: {what}", path.display()), advice: advice.into() };
    let tally = path.join(TALLY);
    let file = match (path.is_dir(), tally.exists()) {
        (false, _) => path,
        (true, true) => &tally,
        (true, false) => return state(path)?.ok_or_else(|| usage("there is neither a tally nor the state of a live run in it".into())),
    };
    let opened = File::open(file).map_err(|error| usage(format!("cannot be read: {error}")))?;
    json::read(opened).map_err(|error| usage(error.to_string()))
}

/// Returns the tally that the state of a live run holds, whether the run goes on or not; `None` where there is none.
fn state(dir: &Path) -> Result<Option<json::Saved>, Error> {
    let Some(bytes) = checkpoint::peek(dir).map_err(|refused| Error::State(refused.to_string()))? else { return Ok(None) };
    let outcome = outcome_of(&bytes, Rules::builtin(), Options::default()).map_err(|error| Error::State(format!("{}: {error}", dir.display())))?;
    let account = outcome.into_account();
    let lacking = if account.successes.is_some() { Vec::new() } else { vec!["successful requests"] };
    Ok(Some(json::Saved { account, lacking }))
}

fn write(settings: &settings::Report, report: &Report) -> Result<(), Error> {
    let terminal = settings.terminal;
    let text = Text { width: terminal.width, colour: terminal.colour && settings.output.is_none() };
    let paper: &dyn Paper = match settings.sheet {
        Sheet::Html => &Html,
        Sheet::Markdown => &Markdown { dialect: Dialect::GitHub },
        Sheet::Jira => &Markdown { dialect: Dialect::Jira },
        Sheet::Json => &JsonSheet,
        // events are no page: they are written as they are found
        Sheet::Text | Sheet::Ecs | Sheet::Ocsf => &text,
    };
    if let Some(path) = &settings.output {
        return target::write(path, target::Readers::Owner, |out| paper.write(report, out)).map_err(|error| Error::Target { path: path.clone(), error });
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    paper.write(report, &mut out).and_then(|()| out.flush()).map_err(Error::Output)
}

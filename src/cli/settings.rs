//! What was typed, checked and made ready.

mod report;
mod tail;

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, Utc};
use kctriage::cause::Cause;
use kctriage::finding::Confidence;
use kctriage::pipeline::{Lines, MAX_KEYS, Options};
use kctriage::realm::Realms;
use kctriage::record::wrapper::{self, Told};
use kctriage::report::escape::Untrusted;
use kctriage::report::redact::{Key, Redactor, SHORTEST_KEY};
use kctriage::source::Find;
use kctriage::tally::Filter;
use kctriage::triage::clock::Zone;
use kctriage::triage::rules::Rules;
use regex::Regex;

use super::terminal::{Colour, Terminal};
use super::{Error, FailOn, Format, Sure, duration, moment, zone};

pub use report::Report;
pub use tail::Tail;

/// Longest window: a year and a day.
const LONGEST_WINDOW: (i64, &str) = (366 * 86_400_000, "a year");

/// Shortest window and lifespan.
const SHORTEST: (i64, &str) = (1000, "1s");

/// Longest lifespan of a code that anyone means.
const LONGEST_LIFESPAN: (i64, &str) = (31 * 86_400_000, "a month");

/// Shortest line that `--max-line` can ask for.
const SHORTEST_LINE: usize = 1 << 10;

/// Longest line that `--max-line` can ask for.
const LONGEST_LINE: usize = 256 << 20;

/// Groups of failures that a summary tells: a screenful.
const TOP: usize = 5;

/// What is read and how.
#[derive(Debug)]
pub struct Input {
    /// What to read; never empty; at most one is standard input.
    pub paths: Vec<PathBuf>,
    /// What of it is read, and what belongs together.
    pub find: Find,
    /// How to read it; the filter is that of the command.
    pub options: Options,
    /// The zone was named, not assumed.
    pub zone_named: bool,
    /// What events mean.
    pub rules: Rules,
    /// Threads; `None` means one for each core.
    pub threads: Option<usize>,
    /// A progress bar may be shown.
    pub progress: bool,
    /// Say what each file was taken for.
    pub verbose: bool,
    /// Where text goes.
    pub terminal: Terminal,
}

/// What `scan` does.
#[derive(Debug)]
pub struct Scan {
    /// What is read.
    pub input: Input,
    /// How it is printed.
    pub format: Format,
    /// The length of a window in milliseconds; `None` means what suits the format and the size.
    pub window_ms: Option<i64>,
    /// How many groups of failures the summary tells.
    pub top: usize,
    /// The least confidence that makes the exit code 1; `None` means that none does.
    pub fail_on: Option<Confidence>,
    /// What makes pseudonyms; `None` means that all is printed as it was logged.
    pub redactor: Option<Redactor>,
}

/// What `explain` explains.
#[derive(Debug)]
pub struct Explain {
    /// The words; empty where there are none.
    pub words: Vec<String>,
    /// What events mean.
    pub rules: Rules,
    /// The lifespan of codes in milliseconds; `None` where it is not known.
    pub life_ms: Option<i64>,
    /// Where text goes.
    pub terminal: Terminal,
}

impl Input {
    /// Checks what was typed for a command.
    pub(super) fn of(typed: super::Input, command: &str, colour: Colour) -> Result<Self, Error> {
        let zone = |text: &String| zone::parse(text).map_err(|(what, advice)| Error::value("--timezone", text, what, advice));
        let zone = typed.timezone.as_ref().map(zone).transpose()?;
        let date = |text: &String| moment::date(text).ok_or_else(|| Error::value("--date", text, "it is no date", "write it as 2026-11-23"));
        if let Some(name) = typed.layout.as_ref().filter(|n| *n != wrapper::BARE && wrapper::named(n).is_none() && !wrapper::is_format(n)) {
            let names: Vec<&str> = wrapper::ALL.iter().map(|w| w.name).chain([wrapper::BARE]).collect();
            return Err(Error::value(
                "--layout",
                name,
                "no such wrapper is known",
                format!("use one of: {}; or the server's log format, as '%d{{HH:mm:ss}} %-5p [%c] %s%e%n'", names.join(", ")),
            ));
        }
        Ok(Input {
            paths: paths(typed.paths, command)?,
            find: find(&typed.glob, typed.node_from.as_ref(), !typed.no_dedup)?,
            options: Options {
                chunk_bytes: typed.chunk_size.map_or(Options::default().chunk_bytes, |n| n as usize),
                code_lifespan_ms: lifespan(typed.code_lifespan.as_ref())?,
                realms: realms(&typed.realm_export)?.into(),
                max_keys: typed.max_keys.and_then(|n| usize::try_from(n).ok()).unwrap_or(MAX_KEYS),
                zone: zone.unwrap_or_default(),
                zone_named: zone.is_some(),
                lines: Lines { told: Told { layout: typed.layout, field: typed.field } },
                date: typed.date.as_ref().map(date).transpose()?,
                max_line: typed.max_line.as_deref().map_or(Ok(Options::default().max_line), max_line)?,
                ..Options::default()
            },
            zone_named: zone.is_some(),
            rules: rules(&typed.rules)?,
            threads: typed.threads.map(usize::from),
            progress: !typed.no_progress,
            verbose: typed.verbose,
            terminal: Terminal::of_stdout(colour),
        })
    }
}

impl Scan {
    /// Checks what was typed.
    pub(super) fn of(typed: super::Scan, colour: Colour) -> Result<Self, Error> {
        let mut input = Input::of(typed.input, "scan", colour)?;
        let Options { zone, date, .. } = input.options;
        let window =
            |text: &String| duration::parse_within(text, SHORTEST, LONGEST_WINDOW).map_err(|what| Error::value("--window", text, what, duration::ADVICE));
        let window_ms = typed.window.as_ref().map(window).transpose()?;
        let day = date.unwrap_or_else(|| today(zone));
        input.options.filter = filter(typed.filters, zone, day)?;
        let fail_on = match typed.fail_on {
            FailOn::Certain => Some(Confidence::Certain),
            FailOn::Likely => Some(Confidence::Likely),
            FailOn::Any => Some(Confidence::Ambiguous),
            FailOn::Never => None,
        };
        let top = typed.top.map_or(TOP, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let redactor = if typed.redact.redact || typed.redact.redact_key.is_some() { Some(redactor(typed.redact.redact_key.as_deref())?) } else { None };
        Ok(Scan { input, format: typed.format, window_ms, top, fail_on, redactor })
    }
}

impl Explain {
    /// Checks what was typed.
    pub(super) fn of(typed: super::Explain, colour: Colour) -> Result<Self, Error> {
        let life_ms = lifespan(typed.code_lifespan.as_ref())?;
        Ok(Explain { words: typed.what, rules: rules(&typed.rules)?, life_ms, terminal: Terminal::of_stdout(colour) })
    }
}

/// Reads which findings are printed and counted; a time without a day is of `day`.
fn filter(typed: super::Filters, zone: Zone, day: NaiveDate) -> Result<Filter, Error> {
    let moment = |option, text: Option<&String>| {
        text.map(|t| moment::parse(t, zone, day).ok_or_else(|| Error::value(option, t, "it is no time", moment::ADVICE))).transpose()
    };
    let (since, until) = (moment("--since", typed.since.as_ref())?, moment("--until", typed.until.as_ref())?);
    if let (Some(s), Some(u), Some(given)) = (since, until, &typed.until)
        && s >= u
    {
        return Err(Error::value("--until", given, "it is not after --since", "findings from --since on and before --until are printed"));
    }
    let cause = |text: &String| cause(text).map_err(|advice| Error::value("--cause", text, "no such cause is known", advice));
    Ok(Filter {
        since,
        until,
        realms: typed.realm,
        clients: typed.client,
        causes: typed.cause.iter().map(cause).collect::<Result<_, _>>()?,
        sessions: typed.session,
        min_confidence: typed.min_confidence.map(|sure| match sure {
            Sure::Certain => Confidence::Certain,
            Sure::Likely => Confidence::Likely,
            Sure::Ambiguous => Confidence::Ambiguous,
        }),
    })
}

/// Returns what makes pseudonyms: with the key of a file, else with one that nobody knows.
pub(super) fn redactor(key: Option<&Path>) -> Result<Redactor, Error> {
    let advice = "it takes a file with a secret of your own: head -c 32 /dev/urandom | base64 > FILE";
    let Some(path) = key else {
        let no_numbers = |error| Error::Usage { what: format!("the system has no random numbers: {error}"), advice: "give a key: --redact-key FILE".into() };
        return Ok(Redactor::new(&Key::random().map_err(no_numbers)?));
    };
    let wrong = |what: String| Error::value("--redact-key", &path.to_string_lossy(), what, advice);
    let bytes = fs::read(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    Ok(Redactor::new(&Key::of(bytes).ok_or_else(|| wrong(format!("the key is shorter than {SHORTEST_KEY} bytes")))?))
}

/// Reads what is looked for.
fn find(globs: &[String], node_from: Option<&String>, dedup: bool) -> Result<Find, Error> {
    let no_glob = |e: globset::Error| Error::value("--glob", e.glob().unwrap_or_default(), e.kind().to_string(), "write it as '*.log*' or 'kc-*/**/*.log'");
    let glob = if globs.is_empty() { None } else { Some(Find::globs(globs.iter().map(String::as_str)).map_err(no_glob)?) };
    let no_regex = |text: &String| {
        let what = "it is no regular expression".to_owned();
        Error::value("--node-from", text, what, "the first group names the node: 'logs/([^/]+)/', '(kc-[0-9]+)'")
    };
    let node_from = node_from.map(|text| Regex::new(text).map_err(|_| no_regex(text))).transpose()?;
    Ok(Find { glob, node_from, dedup })
}

/// Reads the length of the longest line: 65536, 512KiB, 1MiB.
fn max_line(text: &str) -> Result<usize, Error> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kb" | "kib" => Some(1 << 10),
        "m" | "mb" | "mib" => Some(1 << 20),
        _ => None,
    };
    let bytes = unit.and_then(|unit| number.parse::<usize>().ok()?.checked_mul(unit));
    let wrong = |what| Error::value("--max-line", text, what, "write 512KiB or 4MiB");
    match bytes {
        None => Err(wrong("it is no size")),
        Some(n) if n < SHORTEST_LINE => Err(wrong("no record fits into it")),
        Some(n) if n > LONGEST_LINE => Err(wrong("it is more than 256 MiB")),
        Some(n) => Ok(n),
    }
}

fn lifespan(text: Option<&String>) -> Result<Option<i64>, Error> {
    let parse = |t: &String| duration::parse_within(t, SHORTEST, LONGEST_LIFESPAN).map_err(|what| Error::value("--code-lifespan", t, what, duration::ADVICE));
    text.map(parse).transpose()
}

/// Returns what to read: standard input where nothing is named and something is piped in.
fn paths(mut typed: Vec<PathBuf>, command: &str) -> Result<Vec<PathBuf>, Error> {
    if typed.is_empty() {
        if io::stdin().is_terminal() {
            let advice = format!("name a log or a folder: kctriage {command} /var/log/keycloak/\nor pipe one in: kubectl logs keycloak-0 | kctriage {command}");
            return Err(Error::Usage { what: "nothing to read".into(), advice });
        }
        typed.push("-".into());
    }
    let mut seen = false;
    typed.retain(|p| p.as_os_str() != "-" || !std::mem::replace(&mut seen, true));
    Ok(typed)
}

/// Returns the built-in rules, preceded by those of the files.
pub fn rules(files: &[PathBuf]) -> Result<Rules, Error> {
    files.iter().rev().try_fold(Rules::bare(), |rules, path| Ok(rules.preceded_by(read_rules(path)?)))
}

/// Reads realm exports.
fn realms(files: &[PathBuf]) -> Result<Realms, Error> {
    let mut all = Realms::default();
    for path in files {
        all.add(Realms::open(path).map_err(|(path, error)| Error::Realm { path, error })?);
    }
    Ok(all)
}

/// Reads a rule file.
pub fn read_rules(path: &Path) -> Result<Rules, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::Unreadable { path: path.to_owned(), error })?;
    Rules::parse(&text).map_err(|error| Error::Rules { path: path.to_owned(), error })
}

/// Reads a cause by slug, number or title; returns advice where it is none.
pub fn cause(text: &str) -> Result<Cause, String> {
    let title = |c: &Cause| c.title().eq_ignore_ascii_case(text.trim());
    match text.parse::<Cause>() {
        Ok(cause) => Ok(cause),
        Err(unknown) => Cause::ALL.into_iter().find(title).ok_or_else(|| match unknown.near.as_slice() {
            [] => format!("use one of: {}", unknown.all.join(", ")),
            near => format!("did you mean {}?", near.join(" or ")),
        }),
    }
}

fn today(zone: Zone) -> NaiveDate {
    let now = Utc::now();
    match zone {
        Zone::Utc => now.date_naive(),
        Zone::Fixed(offset) => now.with_timezone(&offset).date_naive(),
        Zone::Named(tz) => now.with_timezone(&tz).date_naive(),
    }
}

/// Returns the command's words again, for advice that can be copied: the paths as they were typed, quoted where a shell needs it.
pub fn quoted(paths: &[PathBuf]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    let quote = |p: &PathBuf| {
        let text = Untrusted::new(&p.to_string_lossy()).terminal(200);
        if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
    };
    paths.iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_read_by_slug_number_and_title() {
        let table = [
            ("code-expired", Ok(Cause::CodeExpired)),
            ("6", Ok(Cause::PkceMismatch)),
            ("PKCE mismatch", Ok(Cause::PkceMismatch)),
            ("Code of another client", Ok(Cause::CodeOfOtherClient)),
            ("refused without an event", Ok(Cause::Unlogged)),
            ("code-expird", Err("did you mean code-expired?")),
        ];
        for (text, want) in table {
            assert_eq!(cause(text), want.map_err(String::from), "{text}");
        }
        assert!(cause("99").is_err_and(|advice| advice.starts_with("use one of: code-expired, ")));
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        let table = [("/var/log/kc.log", "/var/log/kc.log"), ("my logs", "'my logs'"), ("it's", r"'it'\''s'"), ("a\x1b[31m", r"'a\x1b[31m'"), ("", "''")];
        for (path, want) in table {
            assert_eq!(quoted(&[path.into()]), want);
        }
    }
}

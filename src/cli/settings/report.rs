//! What was typed for `report`, checked and made ready.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use kctriage::report::compose::Compared;
use kctriage::report::redact::Redactor;
use kctriage::triage::clock::Zone;

use super::super::{Error, Sheet, duration, moment};
use super::{Input, LONGEST_WINDOW, SHORTEST, filter, redactor, today};
use crate::cli::terminal::Colour;

/// What `report` does.
#[derive(Debug)]
pub struct Report {
    /// What is read; `None` where only saved tallies are.
    pub input: Option<Input>,
    /// Saved tallies, or folders that hold one.
    pub from: Vec<PathBuf>,
    /// Where the page goes; `None` is standard output.
    pub output: Option<PathBuf>,
    /// How it is written.
    pub sheet: Sheet,
    /// Its name.
    pub title: Option<String>,
    /// What makes pseudonyms; `None` means that all is printed as it was logged.
    pub redactor: Option<Redactor>,
    /// The length of a window in milliseconds; `None` means what suits the size.
    pub window_ms: Option<i64>,
    /// What is held against what.
    pub compared: Option<Compared>,
    /// The zone in which times are told.
    pub zone: Zone,
    /// It was named.
    pub zone_named: bool,
    /// Where text goes.
    pub terminal: crate::cli::terminal::Terminal,
}

impl Report {
    /// Checks what was typed.
    pub fn of(typed: crate::cli::Report, colour: Colour) -> Result<Self, Error> {
        let window =
            |text: &String| duration::parse_within(text, SHORTEST, LONGEST_WINDOW).map_err(|what| Error::value("--window", text, what, duration::ADVICE));
        let window_ms = typed.window.as_ref().map(window).transpose()?;
        let output = typed.output.filter(|path| path.as_os_str() != "-");
        let sheet = match (typed.format, &output) {
            (Some(sheet), _) => sheet,
            (None, Some(path)) => told_by(path)?,
            (None, None) => Sheet::Text,
        };
        let named = !typed.input.paths.is_empty();
        let is_tally_only = !typed.from.is_empty() && !named;
        let mut typed_input = typed.input;
        if is_tally_only {
            // nothing is read from it: it stands for "no logs" until the settings are made
            typed_input.paths.push("-".into());
        }
        let mut input = Input::of(typed_input, "report", colour)?;
        let (zone, zone_named, terminal) = (input.options.zone, input.zone_named, input.terminal);
        let day = input.options.date.unwrap_or_else(|| today(zone));
        input.options.filter = filter(typed.filters, zone, day)?;
        input.options.successes = true;
        let compared = match typed.compare.as_slice() {
            [before, after] => Some(Compared::Ranges(range(before, zone, day)?, range(after, zone, day)?)),
            _ => typed.since_restart.then_some(Compared::Restart),
        };
        let redactor = if typed.no_redact { None } else { Some(redactor(typed.redact.redact_key.as_deref())?) };
        let input = (!is_tally_only).then_some(input);
        Ok(Report { input, from: typed.from, output, sheet, title: typed.title, redactor, window_ms, compared, zone, zone_named, terminal })
    }
}

/// Returns how a file is written that has such a name.
fn told_by(path: &Path) -> Result<Sheet, Error> {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "html" | "htm" => Ok(Sheet::Html),
        "md" | "markdown" => Ok(Sheet::Markdown),
        "jira" => Ok(Sheet::Jira),
        "json" => Ok(Sheet::Json),
        "txt" | "text" => Ok(Sheet::Text),
        _ => {
            let advice = "end it in .html, .md, .jira, .json or .txt, or say --format html".to_owned();
            Err(Error::value("-o", &path.to_string_lossy(), "its name does not tell the format", advice))
        }
    }
}

/// Reads a range of time: 09:00..10:00.
fn range(text: &str, zone: Zone, day: NaiveDate) -> Result<(i64, i64), Error> {
    let wrong =
        |what: &str| Error::value("--compare", text, what, "write two ranges: 09:00..10:00 10:00..11:00, or with days: 2026-11-23T09:00Z..2026-11-23T10:00Z");
    let (from, to) = text.split_once("..").ok_or_else(|| wrong("it is no range"))?;
    let moment = |t: &str| moment::parse(t, zone, day).ok_or_else(|| wrong("one of its ends is no time"));
    let (from, to) = (moment(from)?, moment(to)?);
    if from < to { Ok((from, to)) } else { Err(wrong("it ends before it begins")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        let table = [
            ("a.html", Some(Sheet::Html)),
            ("b/c.MD", Some(Sheet::Markdown)),
            ("x.jira", Some(Sheet::Jira)),
            ("x.json", Some(Sheet::Json)),
            ("x", None),
            ("x.pdf", None),
        ];
        for (name, want) in table {
            assert_eq!(told_by(Path::new(name)).ok(), want, "{name}");
        }
    }

    #[test]
    fn ranges_are_read_and_checked() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
        for text in ["12:00..13:00", "2026-11-23T12:00Z..2026-11-23T13:00Z"] {
            assert_eq!(range(text, Zone::Utc, day).ok(), Some((1_795_435_200_000, 1_795_438_800_000)), "{text}");
        }
        for wrong in ["12:00", "13:00..12:00", "12:00..x", "..", "12:00..12:00"] {
            assert!(range(wrong, Zone::Utc, day).is_err(), "{wrong}");
        }
    }
}

//! What `tail` does.

use std::path::PathBuf;
use std::time::Duration;

use kctriage::pipeline::Options;
use kctriage::report::redact::Redactor;
use kctriage::source::follow::{self, Target};

use super::super::terminal::Colour;
use super::super::{Error, OnBadState, Start, TailFormat, alert, duration};
use super::{Input, LONGEST_WINDOW, SHORTEST, filter, redactor, today};

/// Longest and shortest wait for a file that was rotated away.
const ROTATE_WAIT: [(i64, &str); 2] = [(100, "100ms"), (3_600_000, "an hour")];

/// What `tail` does.
#[derive(Debug)]
pub struct Tail {
    /// How lines are read.
    pub input: Input,
    /// Rule files, to be read again.
    pub rules: Vec<PathBuf>,
    /// What is followed; never empty.
    pub targets: Vec<Target>,
    /// How it is followed.
    pub follow: follow::Settings,
    /// How findings are printed.
    pub format: TailFormat,
    /// No live view.
    pub plain: bool,
    /// What makes pseudonyms; `None` means that all is printed as it was logged.
    pub redactor: Option<Redactor>,
    /// Where the state is kept; `None` means nowhere.
    pub state: Option<PathBuf>,
    /// A place to begin was named: what the state says does not count.
    pub anew: bool,
    /// The state is asked for: without one nothing is followed.
    pub resume: bool,
    /// What is watched for, and who is told.
    pub alerts: alert::Settings,
    /// What is done where the state is damaged.
    pub on_bad_state: OnBadState,
}

impl Tail {
    /// Checks what was typed.
    pub fn of(mut typed: super::super::Tail, colour: Colour) -> Result<Self, Error> {
        let command = std::mem::take(&mut typed.command);
        if !command.is_empty() {
            // nothing else is read
            typed.input.paths = vec!["-".into()];
        }
        let rules = typed.input.rules.clone();
        let mut input = Input::of(typed.input, "tail", colour)?;
        let targets = if command.is_empty() {
            input.paths.iter().map(|p| if p.as_os_str() == "-" { Target::Stdin } else { Target::Path(p.clone()) }).collect()
        } else {
            vec![Target::Command(command)]
        };
        if typed.start == Some(Start::Checkpoint) && typed.state.is_none() {
            let advice = "name the folder that keeps it: --state /var/lib/kctriage".to_owned();
            return Err(Error::Usage { what: "--start checkpoint without a state".to_owned(), advice });
        }
        let Options { zone, date, window_ms, .. } = input.options;
        let within =
            |option, text: &String, least, most| duration::parse_within(text, least, most).map_err(|what| Error::value(option, text, what, duration::ADVICE));
        input.options.window_ms = typed.window.as_ref().map_or(Ok(window_ms), |text| within("--window", text, SHORTEST, LONGEST_WINDOW))?;
        input.options.filter = filter(typed.filters, zone, date.unwrap_or_else(|| today(zone)))?;
        let defaults = follow::Settings::default();
        let rotate_wait = typed.rotate_wait.as_ref().map(|text| within("--rotate-wait", text, ROTATE_WAIT[0], ROTATE_WAIT[1])).transpose()?;
        let start = match (typed.start, typed.lines) {
            (_, Some(lines)) => follow::Start::Lines(lines),
            (Some(Start::Beginning), None) => follow::Start::Beginning,
            (Some(Start::End | Start::Checkpoint) | None, None) => follow::Start::End,
        };
        let follow = follow::Settings {
            start,
            rotate_wait: rotate_wait.and_then(|ms| u64::try_from(ms).ok()).map_or(defaults.rotate_wait, Duration::from_millis),
            max_line: input.options.max_line,
            find: input.find.clone(),
            ..defaults
        };
        let hidden = typed.redact.redact || typed.redact.redact_key.is_some();
        let redactor = if hidden { Some(redactor(typed.redact.redact_key.as_deref())?) } else { None };
        Ok(Tail {
            input,
            rules,
            targets,
            follow,
            format: typed.format,
            plain: typed.plain,
            redactor,
            state: typed.state,
            anew: matches!(typed.start, Some(Start::Beginning | Start::End)) || typed.lines.is_some(),
            resume: typed.start == Some(Start::Checkpoint),
            alerts: alert::Settings::of(typed.alerts, typed.format == TailFormat::Text)?,
            on_bad_state: typed.on_bad_state,
        })
    }
}

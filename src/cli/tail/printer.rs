//! Findings as they happen, on standard output: lines, JSON, or the live view.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use kctriage::alert::Alert;
use kctriage::report::lines::{self, Lines};
use kctriage::report::{Findings, Ndjson};
use kctriage::tally::live::{Gauges, Update};

use super::super::TailFormat;
use super::super::settings;
use super::super::view::{self, View};

/// Bytes that are held back before they are written.
const BUFFER: usize = 1 << 16;

/// What writes updates.
pub struct Printer {
    form: Form,
    /// How the live view is to be, where one can be shown.
    view: Option<view::Settings>,
}

enum Form {
    Text(Lines<BufWriter<Stdout>>),
    Ndjson(Ndjson<BufWriter<Stdout>>),
    View(View),
    /// The view was left; what comes now is in the summary.
    Left,
}

impl Printer {
    /// Returns what writes in the form that was asked for.
    pub fn new(settings: &settings::Tail) -> Self {
        let out = BufWriter::with_capacity(BUFFER, io::stdout());
        let terminal = settings.input.terminal;
        let form = match settings.format {
            TailFormat::Ndjson => Form::Ndjson(Ndjson::new(out)),
            TailFormat::Text => Form::Text(Lines::new(
                out,
                lines::Settings {
                    width: terminal.interactive.then_some(terminal.width),
                    colour: terminal.colour,
                    ascii: terminal.interactive && view::is_ascii(),
                    zone: settings.input.options.zone,
                    life_ms: settings.input.options.code_lifespan_ms,
                },
            )),
        };
        let is_viewed = settings.format == TailFormat::Text && terminal.interactive && !settings.plain;
        let view = is_viewed.then_some(view::Settings {
            zone: settings.input.options.zone,
            life_ms: settings.input.options.code_lifespan_ms,
            colour: terminal.colour,
        });
        Printer { form, view }
    }

    /// Shows the live view, where one was not ruled out; a terminal that cannot show it gets lines.
    pub fn view(&mut self) {
        if let Some(view) = self.view.take().and_then(|settings| View::start(settings).ok()) {
            self.form = Form::View(view);
        }
    }

    /// Whether there is a live view.
    pub fn is_viewed(&self) -> bool {
        matches!(self.form, Form::View(_))
    }

    /// Takes in where the files are that findings name: the view reads their lines again.
    pub fn know<'a>(&mut self, paths: impl Iterator<Item = (&'a str, &'a Path)>) {
        if let Form::View(view) = &self.form {
            view.know(paths);
        }
    }

    /// Whether a person asked for the end.
    pub fn wants_end(&self) -> bool {
        matches!(&self.form, Form::View(view) if view.wants_end())
    }

    /// Gives the terminal back, where the view has it.
    pub fn leave(&mut self) {
        if matches!(self.form, Form::View(_)) {
            self.form = Form::Left;
        }
    }

    /// Writes updates, and the alerts that they began or ended.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&mut self, updates: &[Update], alerts: &[Alert], now: i64, gauges: &Gauges) -> io::Result<()> {
        for update in updates {
            match &mut self.form {
                Form::Text(lines) => lines.update(update, now)?,
                Form::Ndjson(ndjson) => match update {
                    Update::Found(finding) => ndjson.finding(finding)?,
                    Update::Revised { finding, .. } => ndjson.correction(finding)?,
                    Update::Notice(notice) => {
                        let mut err = io::stderr().lock();
                        let _ = writeln!(err, "note: {}", super::inert(&format!("{}: {}", notice.source, notice.what)));
                    }
                    Update::Trigger(_) => {}
                },
                Form::View(view) => view.update(update),
                Form::Left => {}
            }
        }
        for alert in alerts {
            match &mut self.form {
                Form::Text(lines) => lines.alert(alert)?,
                Form::Ndjson(ndjson) => ndjson.alert(alert)?,
                Form::View(view) => view.alert(alert),
                Form::Left => {}
            }
        }
        match &mut self.form {
            Form::Text(lines) => lines.tick(now),
            Form::Ndjson(ndjson) if !(updates.is_empty() && alerts.is_empty()) => ndjson.flush(),
            Form::View(view) => {
                view.tick(now, gauges);
                Ok(())
            }
            Form::Ndjson(_) | Form::Left => Ok(()),
        }
    }

    /// Writes what is held back; more may follow.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn end(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Text(lines) => lines.end(),
            Form::Ndjson(ndjson) => ndjson.flush(),
            Form::View(_) | Form::Left => Ok(()),
        }
    }
}

//! Findings as they happen, on standard output.

use std::io::{self, BufWriter, Stdout, Write};

use kctriage::finding::Finding;
use kctriage::report::lines::{self, Lines};
use kctriage::report::redact::Redactor;
use kctriage::report::{Findings, Ndjson};
use kctriage::tally::live::Update;

use super::super::TailFormat;
use super::super::settings;

/// Bytes that are held back before they are written.
const BUFFER: usize = 1 << 16;

/// What writes updates.
pub struct Printer {
    form: Form,
    redactor: Option<Redactor>,
}

enum Form {
    Text(Lines<BufWriter<Stdout>>),
    Ndjson(Ndjson<BufWriter<Stdout>>),
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
                    zone: settings.input.options.zone,
                    life_ms: settings.input.options.code_lifespan_ms,
                    ..lines::Settings::default()
                },
            )),
        };
        Printer { form, redactor: settings.redactor.clone() }
    }

    /// Writes updates.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn print(&mut self, updates: &[Update], now: i64) -> io::Result<()> {
        for update in updates {
            let hidden = self.redactor.as_ref().map(|redactor| hidden(redactor, update));
            let update = hidden.as_ref().unwrap_or(update);
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
            }
        }
        match &mut self.form {
            Form::Text(lines) => lines.tick(now),
            Form::Ndjson(ndjson) if !updates.is_empty() => ndjson.flush(),
            Form::Ndjson(_) => Ok(()),
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
        }
    }
}

/// Returns an update as it may be shown.
fn hidden(redactor: &Redactor, update: &Update) -> Update {
    let hide = |finding: &Finding| {
        let mut finding = Box::new(finding.clone());
        redactor.finding(&mut finding);
        finding
    };
    match update {
        Update::Found(finding) => Update::Found(hide(finding)),
        Update::Revised { finding, from, confidence } => Update::Revised { finding: hide(finding), from: *from, confidence: *confidence },
        other => other.clone(),
    }
}

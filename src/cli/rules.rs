//! `rules`: lists the rules that say what an event means, and checks them.

use std::io::{self, Write};
use std::path::PathBuf;

use kctriage::alert::builtin;
use kctriage::cause::Detail;
use kctriage::report::escape::Untrusted;
use kctriage::triage::rules::check::{Complaint, Severity, check as complaints};
use kctriage::triage::rules::{Rule, Rules, Says};
use unicode_width::UnicodeWidthStr;

use super::prose::{Prose, Tone, count, padded};
use super::terminal::{Colour, Terminal};
use super::{Error, Exit, ListFormat, alert, settings};

/// Widest column of ids.
const ID: usize = 34;

/// Lists the rules in the order in which they are tried.
pub fn list(rules: &Rules, format: ListFormat, colour: Colour) -> Result<Exit, Error> {
    let text = match format {
        ListFormat::Text => table(rules, Terminal::of_stdout(colour)),
        ListFormat::Json => json(rules),
    };
    io::stdout().lock().write_all(text.as_bytes()).map_err(Error::Output)?;
    Ok(Exit::Done)
}

/// Checks rule files as they would be used: before the built-in table. Without a file, the built-in table alone.
pub fn check(files: &[PathBuf]) -> Result<Exit, Error> {
    let mut out = io::stdout().lock();
    let mut bad = false;
    if files.is_empty() {
        let rules = Rules::builtin();
        let found = complaints(&rules);
        bad = report(&mut out, "built-in rules", rules.iter().count(), builtin().len(), &found)?;
    }
    for path in files {
        let own = settings::read_rules(path)?;
        let (rules, alerts) = (own.iter().count(), alert::read(path)?.len());
        // what a new rule takes from a built-in one is the new rule's doing, so complaints about the built-in ones count, too
        let found = complaints(&Rules::builtin().preceded_by(own));
        bad |= report(&mut out, &Untrusted::new(&path.to_string_lossy()).terminal(120), rules, alerts, &found)?;
    }
    Ok(if bad { Exit::Found } else { Exit::Done })
}

/// Prints what is wrong; returns whether anything must be mended.
fn report(out: &mut dyn Write, name: &str, rules: usize, alerts: usize, found: &[Complaint]) -> Result<bool, Error> {
    for complaint in found {
        writeln!(out, "{name}: {}", Untrusted::new(&complaint.to_string()).terminal(usize::MAX)).map_err(Error::Output)?;
    }
    let of = |severity| found.iter().filter(|c| c.severity == severity).count() as u64;
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let result = match (errors, warnings) {
        (0, 0) => "all is well".to_owned(),
        (0, w) => count(w, "warning"),
        (e, 0) => count(e, "error"),
        (e, w) => format!("{}, {}", count(e, "error"), count(w, "warning")),
    };
    let alerts = if alerts > 0 { format!(", {}", count(alerts as u64, "alert")) } else { String::new() };
    writeln!(out, "{name}: {}{alerts}: {result}", count(rules as u64, "rule")).map_err(Error::Output)?;
    Ok(errors > 0)
}

/// What a rule says, in a few words.
fn verdict(rule: &Rule) -> String {
    match &rule.says {
        Says::Cause { cause, detail, confidence, .. } => {
            let detail = detail.map(|d| format!(" ({d})")).unwrap_or_default();
            format!("{cause}{detail}, {}", confidence.slug())
        }
        Says::Ask(question) => format!("asks: {}?", kebab(&format!("{question:?}"))),
    }
}

/// `ExpiredOrReused` → `expired or reused`
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}

fn table(rules: &Rules, terminal: Terminal) -> String {
    let mut prose = Prose::new(terminal);
    let clean = |text: &str| Untrusted::new(text).terminal(200);
    let id = rules.iter().map(|r| r.text.id.width()).max().unwrap_or_default().min(ID);
    prose.paragraph(
        0,
        Tone::Faint,
        "The first rule that fits a failed request decides: it names the cause, or asks a question that the session's other lines answer.",
    );
    prose.gap();
    for rule in rules.iter() {
        prose.marked(2, &format!("{}  ", padded(&clean(&rule.text.id), id)), Tone::Strong, Tone::Plain, &clean(&rule.text.title));
        prose.paragraph(id + 4, Tone::Faint, &verdict(rule));
    }
    prose.finish()
}

fn json(rules: &Rules) -> String {
    let list: Vec<serde_json::Value> = rules
        .iter()
        .map(|r| {
            let (cause, question, confidence, candidates) = match &r.says {
                Says::Cause { cause, confidence, candidates, .. } => {
                    (Some(cause.slug()), None, Some(confidence.slug()), candidates.iter().map(|c| c.slug()).collect())
                }
                Says::Ask(q) => (None, Some(kebab(&format!("{q:?}")).replace(' ', "-")), None, Vec::new()),
            };
            serde_json::json!({
                "id": r.text.id, "title": r.text.title, "why": r.text.why, "cause": cause, "detail": r.text.detail.map(Detail::slug),
                "confidence": confidence, "candidates": candidates, "question": question, "references": r.text.references,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(list))
}

//! The columns of a line: time, client, cause, how sure, why, address.

use std::fmt::Write as _;

use anstyle::Style;
use chrono::NaiveDate;
use unicode_width::UnicodeWidthChar;

use super::Settings;
use super::burst::More;
use crate::alert::Alert;
use crate::cause::Cause;
use crate::finding::{Confidence, Finding};
use crate::report::alert::summary;
use crate::report::escape::Untrusted;
use crate::report::tone::{Tone, of_cause};
use crate::tally::incident::Trigger;
use crate::tally::live::Notice;
use crate::triage::verdict;

/// Between columns; one where the width is hardly enough.
const GAP: usize = 2;

/// Below so many columns, width is dear.
const NARROW: usize = 100;

/// Columns of a time of day.
const TIME: usize = 8;

/// Columns of a number and the longest title of the nine.
const CAUSE: usize = 23;

/// Columns of how sure.
const SURE: usize = 9;

/// Columns of an address; a longer one, of IPv6, sticks out where there is room.
const ADDRESS: usize = 15;

/// What is left for the reasons, at least, before a column of addresses is worth its place.
const WHY: usize = 34;

/// Columns of a line in a pipe, where only the longest texts are cut.
const ENDLESS: usize = 400;

/// Columns of the reasons in a pipe, so that most addresses stand below one another.
const WHY_ENDLESS: usize = 64;

/// Columns of a name in an alert.
const NAME: usize = 40;

/// Lays out lines.
#[derive(Debug)]
pub(super) struct Rows {
    settings: Settings,
    /// The day that the last line was of.
    day: Option<NaiveDate>,
}

impl Rows {
    pub(super) fn new(settings: Settings) -> Self {
        Rows { settings, day: None }
    }

    pub(super) fn resize(&mut self, width: usize) {
        self.settings.width = Some(width);
    }

    fn width(&self) -> usize {
        self.settings.width.unwrap_or(ENDLESS)
    }

    fn client_width(&self) -> usize {
        match self.width() {
            0..NARROW => 14,
            NARROW..140 => 18,
            _ => 24,
        }
    }

    fn line(&self, text: String) -> Line {
        let Settings { colour, ascii, .. } = self.settings;
        let width = self.width();
        Line { text, used: 0, width, gap: if width < NARROW { 1 } else { GAP }, colour, ascii }
    }

    /// Writes a finding.
    pub(super) fn finding(&mut self, finding: &Finding, why: &str) -> String {
        let mut line = self.begin(finding.time.map(|t| t.timestamp_millis()), finding.client.as_deref(), finding.cause);
        let tone = match finding.confidence {
            Confidence::Certain => Tone::Good,
            Confidence::Likely => Tone::Doubt,
            Confidence::Ambiguous => Tone::Faint,
        };
        line.column(tone.style(), finding.confidence.slug(), SURE);
        let left = line.left();
        let address = finding.ip.as_deref().filter(|_| left >= WHY + GAP + ADDRESS);
        let room = if address.is_some() { left - GAP - ADDRESS } else { left };
        let endless = self.settings.width.is_none();
        line.column(Tone::Plain.style(), &Untrusted::new(why).terminal(room), if endless { WHY_ENDLESS } else { room });
        if let Some(address) = address {
            line.column(Tone::Faint.style(), &Untrusted::new(address).terminal(45), 0);
        }
        line.finish()
    }

    /// Writes how many more failures a burst had.
    pub(super) fn more(&mut self, more: &More) -> String {
        let mut line = self.begin(more.time, more.client.as_deref(), more.cause);
        line.column(Tone::Strong.style(), &format!("×{} more in {}", more.count, within(more.length_ms)), 0);
        line.finish()
    }

    /// Writes what happened to a server, a realm or a client.
    pub(super) fn trigger(&mut self, trigger: &Trigger, what: &str) -> String {
        let shown = |name: &str| Untrusted::new(name).terminal(40);
        let names = [("realm", &trigger.realm), ("client", &trigger.client), ("node", &trigger.node)];
        let names: Vec<String> = names.iter().filter_map(|(kind, name)| name.as_deref().map(|n| format!("{kind} {}", shown(n)))).collect();
        let mut line = self.timed(Some(trigger.time));
        line.column(Tone::Advice.style(), "●", 0);
        line.word(Tone::Strong.style(), &Untrusted::new(what).terminal(80));
        if !names.is_empty() {
            line.word(Tone::Faint.style(), &format!("({})", names.join(", ")));
        }
        line.finish()
    }

    /// Writes what happened to the input: faint, but for a loss.
    pub(super) fn notice(&mut self, notice: &Notice) -> String {
        let source = Untrusted::new(&notice.source).terminal(80);
        let text = format!("{source}: {}", Untrusted::new(&notice.what).terminal(200));
        let (mark, tone, lost) = match notice.lost_bytes {
            Some(n) if n > 0 => ("!", Tone::Doubt, format!(" ({n} {} lost)", if n == 1 { "byte" } else { "bytes" })),
            _ => ("·", Tone::Faint, String::new()),
        };
        let mut line = self.timed(None);
        line.column(tone.style(), mark, 0);
        line.word(tone.style(), &(text + &lost));
        line.finish()
    }

    /// Writes an alert: what began, with its beginning, or what is over, with both.
    pub(super) fn alert(&mut self, alert: &Alert) -> String {
        let zone = self.settings.zone;
        let clock = |ms: i64| zone.wall(ms).map_or_else(|| "-".to_owned(), |t| t.format("%H:%M:%S").to_string());
        let (mark, word, tone, when) = match alert.until {
            None => ("▲", "alert", Tone::Alarm, format!("since {}", clock(alert.since))),
            Some(until) => ("▼", "over", Tone::Good, format!("{} to {}", clock(alert.since), clock(until))),
        };
        let said = summary(alert, &|name| Untrusted::new(name).terminal(NAME));
        let client_width = self.client_width();
        let mut line = self.timed(Some(alert.at));
        line.column(tone.style(), &format!("{mark} {word}"), client_width);
        line.column(if alert.until.is_none() { Tone::Strong.style() } else { Tone::Plain.style() }, &format!("{said}, {when}"), 0);
        line.word(Tone::Faint.style(), &format!("[{}]", Untrusted::new(&alert.rule).terminal(NAME)));
        line.finish()
    }

    /// Writes a line of someone else's.
    pub(super) fn remark(&mut self, time: Option<i64>, text: &str) -> String {
        let mut line = self.timed(time);
        line.column(Tone::Strong.style(), text, 0);
        line.finish()
    }

    /// Begins a line of a client and a cause.
    fn begin(&mut self, time: Option<i64>, client: Option<&str>, cause: Cause) -> Line {
        let client_width = self.client_width();
        let mut line = self.timed(time);
        let name = client.map_or_else(|| "(no client)".to_owned(), |c| Untrusted::new(c).terminal(client_width));
        line.column(Tone::Strong.style(), &name, client_width);
        let number = cause.number().map_or_else(|| "–".to_owned(), |n| n.to_string());
        line.column(of_cause(cause), &Untrusted::new(&format!("{number} {}", cause.title())).terminal(CAUSE), CAUSE);
        line
    }

    /// Begins a line with its time, below a line that names the day where that is another than before.
    fn timed(&mut self, time: Option<i64>) -> Line {
        let zone = self.settings.zone;
        let local = time.and_then(|ms| zone.wall(ms));
        let mut text = String::new();
        if let Some(day) = local.map(|l| l.date()).filter(|d| self.day != Some(*d)) {
            let mut head = self.line(String::new());
            let zone = if self.day.is_none() { format!(", times in {zone}") } else { String::new() };
            head.column(Tone::Faint.style(), &format!("── {day}{zone} ──"), 0);
            text = head.finish();
            self.day = Some(day);
        }
        let mut line = self.line(text);
        let shown = match (time, local) {
            (None, _) => String::new(),
            (Some(_), Some(local)) => local.format("%H:%M:%S").to_string(),
            (Some(_), None) => "-".to_owned(),
        };
        line.column(Tone::Plain.style(), &shown, TIME);
        line
    }
}

/// Writes the length of a burst, which is at most a second.
fn within(ms: i64) -> String {
    if ms >= 900 { "1 s".to_owned() } else { verdict::span(ms.max(1)) }
}

/// A line under work; what is put in has been escaped.
struct Line {
    text: String,
    /// Columns that are taken, the blanks after the last text included.
    used: usize,
    width: usize,
    gap: usize,
    colour: bool,
    ascii: bool,
}

impl Line {
    /// Returns the columns that are left for another column.
    fn left(&self) -> usize {
        self.width.saturating_sub(self.used)
    }

    /// Adds a column of at least that width.
    fn column(&mut self, style: Style, text: &str, least: usize) {
        let shown = self.put(style, text);
        let blanks = least.saturating_sub(shown) + self.gap;
        self.text.extend(std::iter::repeat_n(' ', blanks));
        self.used += blanks;
    }

    /// Adds a word, one blank behind what is there.
    fn word(&mut self, style: Style, text: &str) {
        let bare = self.text.trim_end_matches(' ').len();
        self.used -= (self.text.len() - bare).min(self.used);
        self.text.truncate(bare);
        self.put(Style::new(), " ");
        self.column(style, text, 0);
    }

    /// Adds a text, cut at the width; returns its columns.
    fn put(&mut self, style: Style, text: &str) -> usize {
        let mut cut = String::new();
        let mut columns = 0;
        for c in text.chars() {
            let c = if self.ascii { ascii(c) } else { c };
            let wide = c.width().unwrap_or(0);
            if columns + wide > self.left() {
                break;
            }
            columns += wide;
            cut.push(c);
        }
        let _ = if self.colour && style != Style::new() && !cut.trim().is_empty() {
            write!(self.text, "{}{cut}{}", style.render(), style.render_reset())
        } else {
            write!(self.text, "{cut}")
        };
        self.used += columns;
        columns
    }

    fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
        self.text
    }
}

/// Returns what stands for a character where only ASCII can be shown.
fn ascii(c: char) -> char {
    match c {
        _ if c.is_ascii() => c,
        '…' => '~',
        '×' => 'x',
        '↻' => '<',
        '–' | '─' => '-',
        '●' => '*',
        '·' => '.',
        '▲' => '^',
        '▼' => 'v',
        '\u{202f}' => ' ',
        _ => '?',
    }
}

//! Pictures: the time line and the delays, as SVG.
//!
//! Their colours are placeholders that the style sheet replaces, so that one picture suits light and dark. They hold no text of the log.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ticks::ticks;
use crate::cause::Cause;
use crate::report::model::{DelayBar, Report, Timeline};
use crate::report::terminal::figure::{number, span};

/// What a placeholder stands for.
const INK: RGBColor = RGBColor(1, 1, 1);
const BAR: RGBColor = RGBColor(2, 2, 2);
const GRID: RGBColor = RGBColor(3, 3, 3);
const EVENT: RGBColor = RGBColor(4, 4, 4);
const BAND: RGBColor = RGBColor(5, 5, 5);
const USUAL: RGBColor = RGBColor(6, 6, 6);

/// The width of a letter that marks an event.
const MARK_PX: i32 = 13;

/// Rows of causes that are drawn.
pub(super) const ROWS: usize = 10;

/// A size of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// For a screen or a sheet of paper.
    Wide,
    /// For a phone.
    Narrow,
}

impl Size {
    fn width(self) -> u32 {
        if self == Size::Wide { 960 } else { 340 }
    }

    /// The class by which the style sheet shows the one that fits.
    pub(super) fn class(self) -> &'static str {
        if self == Size::Wide { "chart wide" } else { "chart narrow" }
    }

    /// How much of the picture's width is left of the bars, and right of them.
    pub(super) fn margins(self) -> (u32, u32) {
        if self == Size::Wide { (180, 130) } else { (8, 8) }
    }
}

/// Draws failures by cause and time: a row a cause, each up to its own peak; bands are incidents, lines are events.
pub(super) fn timeline(report: &Report, line: &Timeline, size: Size) -> Option<String> {
    let rows = line.series.len().min(ROWS);
    let step = i64::try_from(line.window_seconds).ok()? * 1000;
    let from = line.start.0;
    let columns = line.series.first()?.counts.len();
    let to = from + step * i64::try_from(columns).ok()?;
    let row_px = if size == Size::Wide { 34 } else { 46 };
    let height = u32::try_from(rows).ok()? * row_px + 30 + 28;
    let (left, right) = size.margins();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (size.width(), height)).into_drawing_area();
        let most = if size == Size::Wide { 9 } else { 4 };
        #[allow(clippy::cast_precision_loss)] // a handful of rows
        let top = rows as f64;
        let mut chart = ChartBuilder::on(&root)
            .margin_left(left)
            .margin_right(right)
            .margin_top(30)
            .x_label_area_size(28)
            .build_cartesian_2d(real(from)..real(to), 0.0..top)
            .ok()?;
        let text = |px: i32, colour: RGBColor| ("sans-serif", px).into_font().color(&colour);
        for (cause, from, to) in bands(report, from, to) {
            let Some(at) = line.series.iter().take(rows).position(|s| s.cause == cause) else { continue };
            #[allow(clippy::cast_precision_loss)] // a row's number
            let above = top - at as f64;
            chart.draw_series([Rectangle::new([(real(from), above - 1.0), (real(to), above)], BAND.filled())]).ok()?;
        }
        for tick in ticks(report.moments, from, to, most) {
            chart.draw_series([PathElement::new([(real(tick), 0.0), (real(tick), top)], GRID)]).ok()?;
            let (x, y) = chart.backend_coord(&(real(tick), 0.0));
            let label = if to - from < 600_000 { report.moments.time(tick) } else { report.moments.minute(tick) };
            root.draw(&Text::new(label, (x, y + 14), text(13, INK).pos(Pos::new(HPos::Center, VPos::Center)))).ok()?;
        }
        let mut taken = i32::MIN;
        let (edge, _) = chart.backend_coord(&(real(to), top));
        // where there is no room for all, those that may have set off an incident come first
        let within = || line.events.iter().filter(|e| (from..=to).contains(&e.time.0));
        let most_marks = usize::try_from((edge - chart.backend_coord(&(real(from), top)).0) / (3 * MARK_PX)).unwrap_or(0);
        let crowded = within().count() > most_marks;
        for event in within().filter(|e| !crowded || !e.incidents.is_empty()) {
            let Some(mark) = event.mark else { continue };
            chart.draw_series([PathElement::new([(real(event.time.0), 0.0), (real(event.time.0), top)], EVENT)]).ok()?;
            let (x, _) = chart.backend_coord(&(real(event.time.0), top));
            // marks that would cover each other stand side by side
            let x = x.max(taken.saturating_add(MARK_PX));
            taken = x;
            if x > edge + MARK_PX {
                continue;
            }
            root.draw(&Text::new(mark.to_string(), (x, 18), text(14, EVENT).pos(Pos::new(HPos::Center, VPos::Center)))).ok()?;
        }
        for (at, series) in line.series.iter().take(rows).enumerate() {
            #[allow(clippy::cast_precision_loss)] // a row's number, and counts that become heights
            let (base, peak) = (top - at as f64 - 1.0, series.counts.iter().copied().max().unwrap_or(0).max(1) as f64);
            let reach = if size == Size::Wide { 0.82 } else { 0.55 };
            let bars = (0_i32..).zip(&series.counts).filter(|(_, n)| **n > 0).map(|(column, n)| {
                let start = real(from) + f64::from(column) * real(step);
                #[allow(clippy::cast_precision_loss)] // a height
                let tall = base + reach * (*n as f64 / peak).max(0.06);
                Rectangle::new([(start, base), (start + real(step) * 0.92, tall)], BAR.filled())
            });
            chart.draw_series(bars).ok()?;
            chart.draw_series([PathElement::new([(real(from), base), (real(to), base)], GRID)]).ok()?;
            let (x, baseline) = chart.backend_coord(&(real(from), base));
            let (end, _) = chart.backend_coord(&(real(to), base));
            let most = format!("at most {} in {}", number(series.counts.iter().copied().max().unwrap_or(0)), span(step));
            let end_of = |h| Pos::new(h, VPos::Center);
            if size == Size::Wide {
                root.draw(&Text::new(series.title, (x - 10, baseline - 14), text(14, INK).pos(end_of(HPos::Right)))).ok()?;
                root.draw(&Text::new(most, (end + 8, baseline - 14), text(12, INK).pos(end_of(HPos::Left)))).ok()?;
            } else {
                root.draw(&Text::new(series.title, (x, baseline - 34), text(14, INK).pos(end_of(HPos::Left)))).ok()?;
                root.draw(&Text::new(most, (end, baseline - 34), text(12, INK).pos(end_of(HPos::Right)))).ok()?;
            }
        }
        root.present().ok()?;
    }
    Some(svg)
}

/// The times of incidents, by each cause that has a part in them.
fn bands(report: &Report, from: i64, to: i64) -> Vec<(Cause, i64, i64)> {
    let mut bands = Vec::new();
    for matter in &report.incidents {
        let Some((start, last)) = matter.start.zip(matter.last) else { continue };
        let cascade = matter.burst.iter().flat_map(|b| &b.cascade).map(|c| c.cause);
        bands.extend([matter.cause].into_iter().chain(cascade).map(|cause| (cause, start.0.clamp(from, to), last.0.clamp(from, to))));
    }
    bands
}

/// Draws how late requests came, with what is usual behind it.
pub(super) fn delays(bars: &[DelayBar], size: Size) -> Option<String> {
    let tallest = bars.iter().map(|b| b.count.max(b.usual)).max().filter(|n| *n > 0)?;
    let mut svg = String::new();
    {
        let width = if size == Size::Wide { 640 } else { 340 };
        let root = SVGBackend::with_string(&mut svg, (width, 170)).into_drawing_area();
        let columns = i32::try_from(bars.len()).ok()?;
        #[allow(clippy::cast_precision_loss)] // a height
        let (top, share) = (tallest as f64 * 1.15, |n: u64| n as f64);
        let mut chart = ChartBuilder::on(&root).margin(6).margin_top(14).x_label_area_size(30).build_cartesian_2d(0.0..f64::from(columns), 0.0..top).ok()?;
        let text = |px: i32| ("sans-serif", px).into_font().color(&INK);
        let (_, ground) = chart.backend_coord(&(0.0, 0.0));
        for (at, bar) in (0_i32..).zip(bars) {
            let left = f64::from(at);
            chart.draw_series([Rectangle::new([(left + 0.55, 0.0), (left + 0.9, share(bar.usual))], USUAL.filled())]).ok()?;
            chart.draw_series([Rectangle::new([(left + 0.1, 0.0), (left + 0.55, share(bar.count))], BAR.filled())]).ok()?;
            let (x, y) = chart.backend_coord(&(left + 0.5, share(bar.count.max(bar.usual))));
            if bar.count > 0 {
                root.draw(&Text::new(number(bar.count), (x, y - 8), text(12).pos(Pos::new(HPos::Center, VPos::Center)))).ok()?;
            }
            if size == Size::Wide || bars.len() <= 6 || at % 3 == 0 {
                let below = i64::try_from(bar.below_ms).map_or_else(|_| "…".to_owned(), |ms| format!("< {}", span(ms)));
                root.draw(&Text::new(below, (x, ground + 16), text(11).pos(Pos::new(HPos::Center, VPos::Center)))).ok()?;
            }
        }
        chart.draw_series([PathElement::new([(0.0, 0.0), (f64::from(columns), 0.0)], GRID)]).ok()?;
        root.present().ok()?;
    }
    Some(svg)
}

/// A time as a coordinate: exact to the millisecond for the next 200,000 years.
#[allow(clippy::cast_precision_loss)]
fn real(ms: i64) -> f64 {
    ms as f64
}

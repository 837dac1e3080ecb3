//! What the view shows: what is counted, and where in it the person looks. No terminal here.

use kctriage::alert::Alert;
use kctriage::cause::Cause;
use kctriage::tally::live::{Gauges, Update};
use kctriage::triage::clock::Zone;

use super::clients::Key;
use super::counted::Counted;
use super::entry::Entry;
use super::filter::Filter;
use super::keys::Action;
use super::reread::{Reread, Wanted};
use super::tables::{self, Sort};

/// The windows that can be looked at, in milliseconds.
const WINDOWS: [i64; 2] = [600_000, 3_600_000];

/// The longest filter that can be typed.
const TYPED: usize = 200;

/// What the view is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// The zone in which times are shown.
    pub zone: Zone,
    /// The lifespan of codes in milliseconds, where it is known.
    pub life_ms: Option<i64>,
}

/// The parts of the screen that rows can be selected in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    Causes,
    Clients,
    #[default]
    Stream,
}

/// What fills the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// One failure: its evidence, how to verify, how to fix; and its lines, once they were read again.
    Failure(Box<Entry>, Option<Box<Reread>>),
    /// What a cause means.
    Cause(Cause),
    /// One client: its causes.
    Client(Key),
    Help,
}

/// What an action asks of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    None,
    /// The lines of the failure that was opened are to be read.
    Reread(Box<Wanted>),
    /// The screen is to be drawn from nothing.
    Redraw,
    /// The program is to be stopped until the shell continues it.
    Suspend,
    /// The run is to end well.
    End,
    /// The run is to end at once.
    EndNow,
}

/// Where the person looks.
#[derive(Debug, Clone, Default)]
pub struct Looking {
    pub pane: Pane,
    pub page: Option<Page>,
    /// The first line of the page that is seen.
    pub scroll: usize,
    pub cause: Option<Cause>,
    pub client: Option<Key>,
    /// The selected item of the stream; `None` follows the newest.
    pub item: Option<u64>,
    /// The lowest item that is seen; `None` is the newest.
    pub bottom: Option<u64>,
    pub filter: Filter,
    /// The filter that is being typed.
    pub typed: Option<String>,
    pub sort: Sort,
    /// Which of [`WINDOWS`].
    window: usize,
    /// Rows of the stream, or lines of a page, that are seen at once; told by the drawing.
    pub rows: usize,
}

/// The view's state.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub told: Told,
    counted: Counted,
    /// What is shown while the display is paused.
    frozen: Option<Box<Counted>>,
    pub looking: Looking,
    /// A person asked for the end.
    pub ending: bool,
}

impl State {
    /// Begins with nothing counted.
    pub fn new(told: Told) -> Self {
        State { told, ..State::default() }
    }

    /// Takes in an update.
    pub fn update(&mut self, update: &Update) {
        self.counted.update(update, self.told.life_ms);
    }

    /// Takes in an alert that began or ended.
    pub fn alert(&mut self, alert: &Alert) {
        self.counted.alert(alert);
    }

    /// Takes in the clock, and how the run fares; returns whether that is to be seen: a clock shows seconds.
    pub fn tick(&mut self, now: i64, gauges: &Gauges) -> bool {
        self.counted.tick(now, gauges)
    }

    /// Returns what is shown.
    pub fn shown(&self) -> &Counted {
        self.frozen.as_deref().unwrap_or(&self.counted)
    }

    /// Returns how many failures came since the display was paused, where it is.
    pub fn unseen(&self) -> Option<u64> {
        self.frozen.as_ref().map(|frozen| self.counted.all.total().saturating_sub(frozen.all.total()))
    }

    /// Returns the window that is looked at, in milliseconds.
    pub fn window_ms(&self) -> i64 {
        WINDOWS[self.looking.window]
    }

    /// Returns the numbers of the items that pass the filter, the oldest first.
    pub fn passing(&self) -> Vec<u64> {
        let filter = &self.looking.filter;
        self.shown().stream.iter().filter(|(_, item)| filter.is_empty() || filter.matches(item)).map(|(n, _)| n).collect()
    }

    /// Does what a person asks for.
    pub fn act(&mut self, action: Action) -> Effect {
        match action {
            Action::Quit if self.ending => return Effect::EndNow,
            Action::Quit => {
                self.ending = true;
                return Effect::End;
            }
            Action::Redraw => return Effect::Redraw,
            Action::Suspend => return Effect::Suspend,
            Action::Pause => self.frozen = if self.frozen.is_some() { None } else { Some(Box::new(self.counted.clone())) },
            Action::Sort => self.looking.sort = self.looking.sort.next(),
            Action::Window => self.looking.window = (self.looking.window + 1) % WINDOWS.len(),
            Action::Help if self.looking.page == Some(Page::Help) => self.close(),
            Action::Help => self.open(Page::Help),
            Action::Explain(number) => {
                let cause = Cause::ALL.into_iter().find(|c| c.number() == Some(number));
                if let Some(cause) = cause {
                    self.open(Page::Cause(cause));
                }
            }
            Action::Back => self.back(),
            Action::Open => return self.open_row(),
            Action::Filter => {
                self.close();
                self.looking.typed = Some(self.looking.filter.text().to_owned());
            }
            Action::FilterByRow => self.filter_by_row(),
            Action::Type(_) | Action::Erase | Action::Clear | Action::Accept => self.typing(action),
            Action::NextPane => self.turn_pane(1),
            Action::PreviousPane => self.turn_pane(2),
            Action::Move(rows) => self.go(i64::from(rows)),
            Action::Turn(screens) => self.go(i64::from(screens) * i64::try_from(self.looking.rows.max(2) - 1).unwrap_or(1)),
            Action::First => self.go(i64::MIN),
            Action::Last => self.go(i64::MAX),
        }
        Effect::None
    }

    fn open(&mut self, page: Page) {
        self.looking.page = Some(page);
        self.looking.scroll = 0;
    }

    fn close(&mut self) {
        self.looking.page = None;
        self.looking.scroll = 0;
    }

    fn back(&mut self) {
        let looking = &mut self.looking;
        if looking.typed.take().is_some() {
            return;
        }
        if looking.page.is_some() {
            self.close();
        } else if looking.filter.is_empty() {
            (looking.item, looking.bottom) = (None, None);
        } else {
            looking.filter = Filter::default();
        }
    }

    /// Takes in the lines that were read again for a failure, if that is still open.
    pub fn reread(&mut self, id: &str, read: Reread) {
        if let Some(Page::Failure(entry, lines)) = &mut self.looking.page
            && *entry.id == *id
        {
            *lines = Some(Box::new(read));
        }
    }

    /// Opens the selected row; on a page, the next one of what it is about.
    fn open_row(&mut self) -> Effect {
        let shown = self.shown();
        let page = match (&self.looking.page, self.looking.pane) {
            (Some(Page::Failure(entry, _)), _) => Some(Page::Cause(entry.cause)),
            (Some(_), _) => None,
            (None, Pane::Causes) => tables::cause_rows(self).iter().map(|r| r.cause).find(|c| self.looking.cause.is_none_or(|l| l == *c)).map(Page::Cause),
            (None, Pane::Clients) => {
                tables::client_rows(self).iter().map(|r| r.key).find(|k| self.looking.client.as_ref().is_none_or(|l| l == *k)).cloned().map(Page::Client)
            }
            (None, Pane::Stream) => {
                let number = self.looking.item.or_else(|| self.passing().into_iter().rev().find(|n| shown.stream.failure(*n).is_some()));
                number.and_then(|n| shown.stream.failure(n)).map(|e| Page::Failure(Box::new(e.clone()), None))
            }
        };
        let wanted = match &page {
            Some(Page::Failure(entry, _)) => Wanted::of(entry, self.told.life_ms),
            _ => None,
        };
        if let Some(page) = page {
            self.open(page);
        }
        wanted.map_or(Effect::None, |w| Effect::Reread(Box::new(w)))
    }

    fn filter_by_row(&mut self) {
        let filter = match (&self.looking.page, self.looking.pane) {
            (Some(Page::Client(key)), _) => key.1.as_deref().map(Filter::of_client),
            (Some(Page::Cause(cause)), _) => Some(Filter::read(&format!("cause:{}", cause.slug()))),
            (Some(Page::Failure(entry, _)), _) => Some(Filter::of_client(entry.name())),
            (Some(Page::Help), _) => None,
            (None, Pane::Causes) => self.looking.cause.map(|c| Filter::read(&format!("cause:{}", c.slug()))),
            (None, Pane::Clients) => self.looking.client.as_ref().and_then(|k| k.1.as_deref()).map(Filter::of_client),
            (None, Pane::Stream) => {
                let entry = self.looking.item.and_then(|n| self.shown().stream.failure(n));
                entry.map(|e| Filter::of_client(e.name()))
            }
        };
        if let Some(filter) = filter {
            self.close();
            self.looking.filter = filter;
            (self.looking.item, self.looking.bottom) = (None, None);
            self.looking.pane = Pane::Stream;
        }
    }

    fn typing(&mut self, action: Action) {
        let Some(typed) = &mut self.looking.typed else { return };
        match action {
            Action::Type(c) if typed.len() < TYPED && !c.is_control() => typed.push(c),
            Action::Erase => drop(typed.pop()),
            Action::Clear => typed.clear(),
            _ => {}
        }
        self.looking.filter = Filter::read(typed);
        (self.looking.item, self.looking.bottom) = (None, None);
        if action == Action::Accept {
            self.looking.typed = None;
            self.looking.pane = Pane::Stream;
        }
    }

    fn turn_pane(&mut self, steps: usize) {
        const ORDER: [Pane; 3] = [Pane::Stream, Pane::Causes, Pane::Clients];
        if self.looking.page.is_none() {
            let at = ORDER.iter().position(|p| *p == self.looking.pane).unwrap_or(0);
            self.looking.pane = ORDER[(at + steps) % ORDER.len()];
        }
    }

    /// Moves by rows.
    fn go(&mut self, by: i64) {
        if self.looking.page.is_some() {
            let scroll = i64::try_from(self.looking.scroll).unwrap_or(i64::MAX);
            // the drawing holds it within the page
            self.looking.scroll = usize::try_from(scroll.saturating_add(by).clamp(0, i64::from(u16::MAX))).unwrap_or(0);
            return;
        }
        match self.looking.pane {
            Pane::Causes => {
                let causes: Vec<Cause> = tables::cause_rows(self).iter().map(|r| r.cause).collect();
                self.looking.cause = moved(&causes, self.looking.cause.as_ref(), by);
            }
            Pane::Clients => {
                let keys: Vec<Key> = tables::client_rows(self).iter().map(|r| r.key.clone()).collect();
                self.looking.client = moved(&keys, self.looking.client.as_ref(), by);
            }
            Pane::Stream => self.go_in_stream(by),
        }
    }

    /// Moves in the stream: the first step up holds it at its newest item, a step below that follows again.
    fn go_in_stream(&mut self, by: i64) {
        let numbers = self.passing();
        let at = match self.looking.item {
            None if by >= 0 => return,
            None => numbers.len(),
            Some(item) => numbers.partition_point(|n| *n < item),
        };
        let to = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(by).max(0);
        if let Some(number) = usize::try_from(to).ok().and_then(|to| numbers.get(to)) {
            self.looking.item = Some(*number);
            self.looking.bottom = self.looking.bottom.or(numbers.last().copied());
        } else {
            (self.looking.item, self.looking.bottom) = (None, None);
        }
    }
}

/// Returns the row that lies so far from the selected one; the first where none was selected.
fn moved<T: PartialEq + Clone>(rows: &[T], selected: Option<&T>, by: i64) -> Option<T> {
    let at = selected.and_then(|s| rows.iter().position(|r| r == s));
    let to = match at {
        None if by == i64::MAX => rows.len().saturating_sub(1),
        None => 0,
        Some(at) => usize::try_from(i64::try_from(at).unwrap_or(0).saturating_add(by).max(0)).unwrap_or(usize::MAX).min(rows.len() - 1),
    };
    rows.get(to).cloned()
}

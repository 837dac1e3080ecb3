//! Which format lines are in.
//!
//! Input: lines. Output: a [`Format`] that reads them; `None` where they are not a Keycloak server's. What a line's head holds is found by what each item looks like
//! wherever it stands: times, levels, names of threads and loggers that servers have. What stands between them is the format, as far as all lines agree on it.

use std::sync::OnceLock;

use memchr::memmem;
use regex::bytes::Regex;

use super::when::{Order, order, when};
use super::{Format, Item, Part, event_at, is_level};

/// Bytes of a line in which its head has to end.
const HEAD: usize = 400;

/// Lines of a group for one of the largest, for their items to be believed.
const FEW: usize = 10;

/// Lines that a format has to be that of.
const LEAST: usize = 2;

/// An item and where it stands.
type Found = (Item, usize, usize);

/// What a head holds, in the order of the line, and where its message begins.
struct Heads<'a> {
    line: &'a [u8],
    items: Vec<Found>,
    message: usize,
    /// Where the message begins is known, and not guessed.
    is_event: bool,
    /// A server's logger or event.
    is_keycloak: bool,
}

fn threads() -> &'static Regex {
    static NAMES: OnceLock<Regex> = OnceLock::new();
    NAMES.get_or_init(|| {
        Regex::new(
            r"(?x) (?:^|[\[\(\s|;,\x22=:\t]) \s* (
            [\w.\-]*(?:thread|task|loop|pool|worker|Timer|Thread|build)[\w.\-]*?-\d+
            | default\ task-\d+ | ServerService\ Thread\ Pool\ --\ \d+ | MSC\ service\ thread\ \d+-\d+
            | main | keycloak-cache-init
        ) \s* [\]\)\s|;,\x22\t:]",
        )
        .expect("a pattern")
    })
}

fn loggers() -> &'static Regex {
    static NAMES: OnceLock<Regex> = OnceLock::new();
    NAMES.get_or_init(|| {
        // whole, abbreviated (`o.k.events`, `or.ke.ev`), or the last of it in brackets
        Regex::new(
            r"(?x)
            (?: \b (?: (?:org|or|o|\.)\.*(?:keycloak|keyc|key|ke|k|infinispan|inf|in|i|jgroups|jgr|jg|j|jboss|jbo|jb|wildfly|wil|wi|w|hibernate|hib|hi|h)\. | (?:io|i)\.(?:quarkus|quar|qua|qu|q|vertx|ver|ve|v)\b | (?:com|co|c)\.(?:arjuna|arj|ar|a)\. ) [\w.\$\-]* )
            | (?: (?:[\w\$]+\.)* \b (?: events | KeycloakMain | KeycloakProcessor | QuarkusAugmentor | OAuth2CodeParser | TokenManager | TokenEndpoint | PkceUtils | LogoutEndpoint | JBossLoggingEventListenerProvider
                | ApplianceBootstrap | DefaultInfinispanConnectionProviderFactory | QuarkusJpaUpdaterProvider | CONTAINER | CLUSTER | JGroupsTransport | ClientIdAndSecretAuthenticator ) \b )",
        )
        .expect("a pattern")
    })
}

/// What comes before a thing that stands by itself, and what behind.
fn stands_alone(line: &[u8], begin: usize, end: usize) -> bool {
    let is_part = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_');
    !line[..begin].last().is_some_and(is_part) && !line.get(end).is_some_and(is_part)
}

fn find_time(line: &[u8], order: Order) -> Option<Found> {
    const FAR: usize = 120;
    let begins = |at: &usize| (*at == 0 || !line[*at - 1].is_ascii_alphanumeric() && line[*at - 1] != b'.') && line[*at].is_ascii_alphanumeric();
    (0..line.len().min(FAR)).filter(begins).find_map(|at| Some((Item::Time, at, at + when(&line[at..], order)?.1)))
}

fn find_level(line: &[u8]) -> Option<Found> {
    let mut at = 0;
    while at < line.len() {
        let length = line[at..].iter().take_while(|c| c.is_ascii_uppercase()).count();
        if length > 3 && is_level(&line[at..at + length]) && stands_alone(line, at, at + length) {
            return Some((Item::Level, at, at + length));
        }
        at += length.max(1);
    }
    None
}

fn find(pattern: &Regex, item: Item, line: &[u8]) -> Option<Found> {
    let groups = pattern.captures(line)?;
    let found = groups.get(1).or_else(|| groups.get(0))?;
    Some((item, found.start(), found.end()))
}

/// Returns where a message begins behind what ends at `end`: behind what closes that and what separates.
fn behind(line: &[u8], end: usize) -> usize {
    let is_between = |c: &u8| matches!(c, b' ' | b'\t' | b']' | b')' | b'}' | b'>' | b'"' | b'-' | b':' | b'|' | b';' | b',');
    end + line[end..].iter().take_while(|c| is_between(c)).count()
}

impl<'a> Heads<'a> {
    fn of(line: &'a [u8], order: Order) -> Option<Self> {
        let event = event_at(line);
        let head = &line[..event.unwrap_or(line.len()).min(HEAD)];
        let mut items: Vec<Found> = Vec::new();
        let found = [find_time(head, order), find_level(head), find(loggers(), Item::Logger, head), find(threads(), Item::Thread, head)];
        for (item, begin, end) in found.into_iter().flatten() {
            if !items.iter().any(|(_, b, e)| begin < *e && *b < end) {
                items.push((item, begin, end));
            }
        }
        items.sort_by_key(|(_, begin, _)| *begin);
        // what stands far behind is part of the message
        let mut last = 0;
        let near = items.iter().take_while(|(_, begin, end)| {
            let is_near = *begin <= last + 64;
            last = *end;
            is_near
        });
        let near = near.count();
        items.truncate(near);
        let logger = items.iter().find(|(item, ..)| *item == Item::Logger).map(|(_, begin, end)| &line[*begin..*end]);
        let is_keycloak = event.is_some()
            || logger.is_some_and(is_of_server)
            || memmem::find(line, b"Keycloak ").is_some_and(|at| memmem::find(&line[at..], b" on JVM").is_some());
        let last = items.last()?.2;
        Some(Heads { line, message: event.unwrap_or_else(|| behind(line, last)), items, is_event: event.is_some(), is_keycloak })
    }

    fn kinds(&self) -> Vec<Item> {
        self.items.iter().map(|(item, ..)| *item).collect()
    }

    /// Returns what stands before, between and behind the items.
    fn between(&self) -> Vec<Gap> {
        let begins = std::iter::once(0).chain(self.items.iter().map(|(_, _, end)| *end));
        let ends = self.items.iter().map(|(_, begin, _)| *begin).chain([self.message]);
        let before = std::iter::once(None).chain(self.items.iter().map(|(item, ..)| Some(*item)));
        let gap = |(item, (begin, end)): (Option<Item>, (usize, usize))| {
            let text = &self.line[begin..end.max(begin)];
            // a column is as wide as its longest value, and filled on either side
            let filled = if item == Some(Item::Level) { text.trim_ascii_start() } else { text };
            Gap::of(if filled.is_empty() { text } else { filled })
        };
        let mut gaps: Vec<Gap> = before.zip(begins.zip(ends)).map(gap).collect();
        if let Some((_, before)) = gaps.split_last_mut() {
            before.iter_mut().for_each(Gap::trim);
        }
        gaps
    }
}

/// Whether a logger is one of a server: adapters and clients in other programs write of it, too.
fn is_of_server(logger: &[u8]) -> bool {
    const OTHERS: [&[u8]; 5] =
        [b"org.keycloak.adapters", b"org.keycloak.admin.", b"org.keycloak.authorization.client", b"org.keycloak.client", b"org.keycloak.representations"];
    let mut segments = logger.split(|c| *c == b'.');
    let mut is = |name: &[u8]| segments.next().is_some_and(|segment| !segment.is_empty() && name.starts_with(segment));
    is(b"org") && is(b"keycloak") && segments.next().is_some() && !OTHERS.iter().any(|other| logger.starts_with(other))
}

/// What stands between two items in all lines: a beginning, an end, and what differs in the middle.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Gap {
    before: Vec<u8>,
    after: Option<Vec<u8>>,
}

impl Gap {
    fn of(text: &[u8]) -> Self {
        let mut before = text.to_vec();
        before.dedup_by(|a, b| *a == b' ' && *b == b' ');
        Gap { before, after: None }
    }

    /// Takes blanks from the end of what opens something, as `[   main]`.
    fn trim(&mut self) {
        let length = self.before.trim_ascii_end().len();
        if self.before[..length].last().is_some_and(|c| !c.is_ascii_alphanumeric()) {
            self.before.truncate(length);
        }
    }

    /// Keeps what another line has, too.
    fn agree(&mut self, other: &Gap) {
        let text = &other.before;
        if self.after.is_none() && self.before == *text {
            return;
        }
        let is_part = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
        let after = self.after.as_ref().unwrap_or(&self.before);
        let mut end = after.iter().rev().zip(text.iter().rev()).take_while(|(a, b)| a == b).count();
        let mut begin = self.before.iter().zip(text).take_while(|(a, b)| a == b).count().min(text.len() - end);
        begin = begin.min(if self.after.is_none() { self.before.len() - end } else { begin });
        // a word that differs does so as a whole
        while begin > 0 && is_part(&self.before[begin - 1]) {
            begin -= 1;
        }
        while end > 0 && is_part(&after[after.len() - end]) {
            end -= 1;
        }
        let after = after[after.len() - end..].to_vec();
        self.before.truncate(begin);
        self.after = Some(after);
    }

    fn parts(self) -> Vec<Part> {
        match self.after {
            None => vec![Part::Text(self.before)],
            Some(after) => vec![Part::Text(self.before), Part::Item(Item::Other), Part::Text(after)],
        }
    }
}

/// Returns what stands behind the message where a line is an object that somebody's format makes of it.
fn tail(line: &[u8], message: usize) -> &[u8] {
    static KEY: OnceLock<Regex> = OnceLock::new();
    let key = KEY.get_or_init(|| Regex::new(r#"",\s*"[\w.@-]+"\s*:|"\s*\}$"#).expect("a pattern"));
    if line.first() != Some(&b'{') {
        return b"";
    }
    key.find(&line[message..]).map_or(b"", |found| found.as_bytes())
}

/// Returns the format of lines; `is_timed` says that their times are known even if they do not say them.
pub(in super::super) fn format(lines: &[&[u8]], is_timed: bool) -> Option<Format> {
    let order = lines.iter().find_map(|line| {
        let digits = line.iter().take(HEAD).position(u8::is_ascii_digit)?;
        order(&line[digits..])
    });
    let order = order.unwrap_or_default();
    let heads: Vec<Heads<'_>> = lines.iter().filter_map(|line| Heads::of(line, order)).collect();
    if !heads.iter().any(|head| head.is_keycloak) {
        return None;
    }
    let mut groups: Vec<(Vec<Item>, Vec<&Heads<'_>>)> = Vec::new();
    for head in &heads {
        let kinds = head.kinds();
        match groups.iter_mut().find(|(known, _)| *known == kinds) {
            Some((_, group)) => group.push(head),
            None => groups.push((kinds, vec![head])),
        }
    }
    // where an event's message begins is known, so its items are those of the head
    let has_events = groups.iter().any(|(_, group)| group.iter().any(|head| head.is_event));
    groups.retain(|(_, group)| !has_events || group.iter().any(|head| head.is_event));
    let most = groups.iter().map(|(_, group)| group.len()).max()?;
    groups.sort_by_key(|(kinds, group)| (std::cmp::Reverse(kinds.len()), std::cmp::Reverse(group.len())));
    let format = groups.into_iter().filter(|(_, group)| group.len() * FEW >= most).find_map(|(_, group)| agreed(&group, order))?;
    let (mut events, mut read, mut read_events) = (0, 0, 0);
    for head in &heads {
        let is_read = format.begins(head.line);
        events += usize::from(head.is_event);
        read += usize::from(is_read);
        read_events += usize::from(is_read && head.is_event);
    }
    // one that does not read what is surely an event is not theirs, and one line can be the rest of any
    let is_theirs = (events - read_events) * FEW <= events && read >= LEAST;
    (is_theirs && (is_timed || format.is_timed())).then_some(format)
}

/// Returns what all lines of a group agree on.
fn agreed(group: &[&Heads<'_>], order: Order) -> Option<Format> {
    let known: Vec<&&Heads<'_>> = group.iter().filter(|head| head.is_event).collect();
    let first = known.first().copied().or(group.first())?;
    let mut gaps = first.between();
    let last = gaps.len() - 1;
    for head in group {
        for (at, (gap, other)) in gaps.iter_mut().zip(head.between()).enumerate() {
            // where the message of another line begins is a guess
            if at < last || head.is_event || known.is_empty() {
                gap.agree(&other);
            }
        }
    }
    let mut parts = Vec::new();
    let items = first.kinds().into_iter().map(Some).chain([None]);
    for (gap, item) in gaps.into_iter().zip(items) {
        parts.extend(gap.parts());
        parts.extend(item.map(Part::Item));
    }
    let tail = match tail(first.line, first.message) {
        [] => behind_lists(&known),
        tail => tail,
    };
    Format::of(parts, tail.to_vec(), order)
}

/// Returns what stands behind the lists of all events, which end with a quote.
fn behind_lists<'a>(events: &[&&Heads<'a>]) -> &'a [u8] {
    let mut ends = events.iter().map(|head| head.line.rsplit(|c| *c == b'"').next().unwrap_or_default());
    let end = ends.next().filter(|end| end.len() < events[0].line.len()).unwrap_or_default();
    if events.len() >= LEAST && ends.all(|other| other == end) { end } else { b"" }
}

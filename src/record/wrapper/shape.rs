//! Objects of log stores and shippers whose keys came in that order before, read without making a tree of them.
//!
//! Input: one line. Output: an [`Item`] whose texts borrow the line, or the scratch where something was escaped. `None` says nothing: [`super::object`] decides. What
//! is read here is what that reads, never more: whatever is unusual (a key that comes twice, a record of Keycloak's own in place of its line, a list where a text
//! should be, an exponent, an escape by number) is left to it; a test holds them together.

use std::borrow::Cow;
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::super::course::{self, Course};
use super::super::object::{Cursor, DEPTH, Quotes, has_escape};
use super::super::stamp::Stamps;
use super::item::Item;
use super::{docker, head, keys, object};

/// What a key is to us, by the way to it; a rank says how good it is among those that mean the same, the lowest is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Role {
    /// Nobody asks for it.
    #[default]
    Not,
    /// It can hold the line.
    Line(u8),
    /// It can name the node.
    Node(u8),
    /// It can tell the time.
    Time(u8),
    /// It names the stream of a container,
    Stream,
    /// or does so where that is not there.
    Source,
    /// It says whether the line goes on in the next object.
    Part,
    /// All that matters is inside it, where it is an object.
    Inner,
    /// The object may be an event of Keycloak's own.
    Event,
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    role: Role,
    /// How many objects it is inside.
    depth: u8,
    /// This is a part of what stands before its value, and not the last one.
    goes_on: bool,
}

/// Objects within objects that are walked through.
const NESTED: usize = 16;

/// Keys of an object; one with more is left to the parser.
const KEYS: usize = 256;

/// Lines and times that an object can have by different names.
const MANY: usize = 4;

/// Objects whose shape was not met before, in a row of those that were: with more of them no shape is kept, as in a journal, whose keys come in another order each time.
const NEW: i32 = 256;

/// A scalar that tells a time.
#[derive(Debug, Clone, Copy, Default)]
enum Token<'a> {
    Text(&'a [u8]),
    Number(&'a [u8]),
    #[default]
    Other,
}

/// A few values by their ranks.
#[derive(Debug, Clone, Copy)]
struct Ranked<T> {
    list: [(u8, T); MANY],
    many: usize,
}

impl<T: Copy + Default> Default for Ranked<T> {
    fn default() -> Self {
        Ranked { list: [(0, T::default()); MANY], many: 0 }
    }
}

impl<T: Copy> Ranked<T> {
    /// Puts a value behind those that are no worse. `None` where there is no room.
    fn put(&mut self, rank: u8, value: T) -> Option<()> {
        let mut at = self.many;
        *self.list.get_mut(at)? = (rank, value);
        self.many += 1;
        while at > 0 && self.list[at - 1].0 > rank {
            self.list.swap(at - 1, at);
            at -= 1;
        }
        Some(())
    }

    fn all(&self) -> impl Iterator<Item = T> {
        self.list[..self.many].iter().map(|(_, value)| *value)
    }
}

/// Where an object is from, and when.
#[derive(Debug, Default)]
struct Origin<'a> {
    node: Option<(u8, &'a [u8])>,
    times: Ranked<Token<'a>>,
}

/// What stands in an object.
#[derive(Debug, Default)]
struct Found<'a> {
    lines: Ranked<&'a [u8]>,
    origin: Origin<'a>,
    stream: Option<u8>,
    source: Option<u8>,
    is_part: bool,
    may_be_event: bool,
    /// The origin of the object around that in which all of this is.
    outer: Option<Origin<'a>>,
}

impl<'a> Found<'a> {
    /// Takes in a text. `None` where what it means is not known here.
    #[inline]
    fn text(&mut self, role: Role, raw: &'a [u8]) -> Option<()> {
        match role {
            Role::Not | Role::Inner => {}
            Role::Line(rank) => self.lines.put(rank, raw)?,
            Role::Node(rank) if raw.is_empty() || self.origin.node.is_some_and(|(best, _)| best < rank) => {}
            Role::Node(rank) => self.origin.node = Some((rank, raw)),
            Role::Time(rank) => self.origin.times.put(rank, Token::Text(raw))?,
            Role::Stream => self.stream = Some(object::stream_named(raw)),
            Role::Source => self.source = Some(object::stream_named(raw)),
            Role::Part => self.is_part |= raw == b"P",
            Role::Event => self.may_be_event = true,
        }
        Some(())
    }

    /// Takes in what is neither text nor list nor object.
    fn other(&mut self, role: Role, token: Token<'a>) -> Option<()> {
        match role {
            Role::Time(rank) => self.origin.times.put(rank, token)?,
            Role::Stream => self.stream = Some(0),
            Role::Source => self.source = Some(0),
            Role::Event => self.may_be_event = true,
            Role::Not | Role::Line(_) | Role::Node(_) | Role::Part | Role::Inner => {}
        }
        Some(())
    }

    /// Begins anew inside an object in which all is that matters.
    fn enter(&mut self) -> Option<()> {
        let outer = std::mem::take(self);
        self.outer = Some(outer.origin);
        outer.outer.is_none().then_some(())
    }
}

/// Takes in the value that the cursor stands before; says whether an object begins there that has keys.
#[inline]
fn value<'a>(cursor: &mut Cursor<'a, '_>, role: Role, found: &mut Found<'a>) -> Option<bool> {
    match cursor.line.get(cursor.at)? {
        b'"' => {
            cursor.at += 1;
            found.text(role, cursor.string()?)?;
        }
        b'{' if cursor.line.get(cursor.at + 1) == Some(&b'}') => {
            cursor.at += 2;
            // an empty object says nothing, and what it is for another one does not say either
            matches!(role, Role::Not | Role::Line(_) | Role::Node(_)).then_some(())?;
        }
        b'{' => match role {
            Role::Not | Role::Line(_) | Role::Node(_) => return Some(true),
            Role::Inner => return found.enter().map(|()| true),
            Role::Time(_) | Role::Stream | Role::Source | Role::Part | Role::Event => return None,
        },
        b'[' => {
            matches!(role, Role::Not).then_some(())?;
            cursor.skip(DEPTH)?;
        }
        b't' | b'f' | b'n' => cursor.skip(DEPTH).and_then(|()| found.other(role, Token::Other))?,
        _ => cursor.number().and_then(|number| found.other(role, Token::Number(number)))?,
    }
    Some(false)
}

/// The keys of an object did not come in that order before.
#[derive(Debug)]
struct NewShape;

/// Reads objects, each faster where its keys are those of one before.
pub(super) struct Shapes {
    quotes: Quotes,
    course: Course<Told>,
    stamps: Stamps,
    /// How many more shapes may be new.
    patience: i32,
    way: Way,
}

impl Default for Shapes {
    fn default() -> Self {
        Shapes { quotes: Quotes::default(), course: Course::default(), stamps: Stamps::default(), patience: NEW, way: Way::default() }
    }
}

/// What keys are to us, by the way to them.
fn roles() -> &'static HashMap<&'static [u8], Role, RandomState> {
    static ROLES: OnceLock<HashMap<&'static [u8], Role, RandomState>> = OnceLock::new();
    ROLES.get_or_init(|| {
        let ranked = |names: &'static [&'static str], role: fn(u8) -> Role| (0..).zip(names).map(move |(rank, name)| (name.as_bytes(), role(rank)));
        let others: [(&[u8], Role); 9] = [
            (b"stream", Role::Stream),
            (b"source", Role::Source),
            (b"logtag", Role::Part),
            (b"_p", Role::Part),
            (b"_source", Role::Inner),
            (b"result", Role::Inner),
            (b"type", Role::Event),
            (b"operationType", Role::Event),
            (b"operation_type", Role::Event),
        ];
        let named = ranked(keys::PAYLOAD, Role::Line).chain(ranked(keys::NODE, Role::Node)).chain(ranked(keys::TIME, Role::Time));
        named.chain(others).collect()
    })
}

/// The way to the key at hand.
#[derive(Debug, Default)]
struct Way {
    /// The keys that lead to it, each behind a dot but the first.
    path: Vec<u8>,
    /// How long it was outside of each object.
    outside: Vec<usize>,
    /// How long it is to each object that can hold the line.
    holders: Vec<usize>,
    /// How long it is to the object in which all is that matters, how many objects that is in, and whether it has ended.
    inner: Option<(usize, usize, bool)>,
    /// All ways of this object.
    seen: HashSet<Vec<u8>, RandomState>,
}

/// Keys whose values say that an object is a record of Keycloak's own, or that a line has parts in a way that hardly any tool marks them: how they are read is not told here.
const ODD: [&[u8]; 10] = [
    b"loggerName",
    b"log.logger",
    b"_LoggerName",
    b"LoggerName",
    b"partial_message",
    b"partial_last",
    b"CONTAINER_PARTIAL_MESSAGE",
    b"CONTAINER_PARTIAL_LAST",
    b"_partial",
    b"_LINE_BREAK",
];

impl Way {
    fn clear(&mut self) {
        self.path.clear();
        self.outside.clear();
        self.holders.clear();
        self.inner = None;
        self.seen.clear();
    }

    /// Goes into an object: the way to it is the one at hand.
    fn enter(&mut self, role: Role) {
        match role {
            Role::Line(_) => self.holders.push(self.path.len()),
            Role::Inner => self.inner = Some((self.path.len(), self.outside.len(), false)),
            _ => {}
        }
        self.outside.push(self.path.len());
    }

    /// Goes out of an object.
    fn leave(&mut self) -> Option<()> {
        let length = self.outside.pop()?;
        self.holders.retain(|holder| *holder < length);
        if let Some((_, objects, is_over)) = &mut self.inner {
            *is_over |= self.outside.len() == *objects;
        }
        Some(())
    }

    /// Goes to a key; returns what that is to us. `None` where that is not told here.
    fn key(&mut self, key: &[u8]) -> Option<Told> {
        let outside = *self.outside.last()?;
        self.path.truncate(outside);
        if outside > 0 {
            self.path.push(b'.');
        }
        self.path.extend_from_slice(key);
        (self.seen.len() < KEYS && self.seen.insert(self.path.clone())).then_some(())?;
        let depth = u8::try_from(self.outside.len()).ok()?;
        let told = |role| Told { role, depth, goes_on: false };
        let begins = match self.inner {
            Some((length, _, false)) => length + 1,
            // what stands behind it is asked for where it says nothing itself
            Some(_) => {
                let is_nothing = matches!(self.role(0)?, Role::Not | Role::Line(_) | Role::Stream | Role::Source | Role::Part | Role::Event);
                return is_nothing.then(|| told(Role::Not));
            }
            None => 0,
        };
        for holder in self.holders.iter().filter(|holder| **holder >= begins) {
            // a line inside an object that holds one; the names of the object itself are others
            matches!(self.role(holder + 1)?, Role::Not | Role::Node(_) | Role::Time(_) | Role::Stream | Role::Source | Role::Part).then_some(())?;
        }
        let role = self.role(begins)?;
        // all that matters is inside an object of that name only where it stands outermost
        (role != Role::Inner || self.inner.is_none()).then(|| told(role))
    }

    /// Returns what the way from a place on is to us.
    fn role(&self, from: usize) -> Option<Role> {
        let way = &self.path[from..];
        if ODD.contains(&way) {
            return None;
        }
        let role = roles().get(way).copied().unwrap_or_default();
        let is_event = role == Role::Not && roles().iter().any(|(name, role)| *role == Role::Event && name.eq_ignore_ascii_case(way));
        Some(if is_event { Role::Event } else { role })
    }
}

impl Shapes {
    /// Reads a line that is one object.
    pub(super) fn read<'a>(&mut self, line: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Item<'a>> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() != Some(&b'{') {
            return None;
        }
        self.quotes.find(line)?;
        let found = match self.follow(line) {
            Ok(found) => found?,
            Err(NewShape) => self.learn(line)?,
        };
        self.item(&found, scratch)
    }

    /// Reads an object whose shape was met; `None` where what is in it is unusual.
    fn follow<'a>(&mut self, line: &'a [u8]) -> Result<Option<Found<'a>>, NewShape> {
        if self.patience < 0 {
            return Err(NewShape);
        }
        let mut found = Found::default();
        let mut cursor = self.quotes.cursor(line);
        let mut behind = course::FIRST;
        loop {
            let (key, told, length) = self.course.next(behind, &line[cursor.at..]).ok_or(NewShape)?;
            behind = key;
            if told.goes_on {
                cursor.at += length;
                continue;
            }
            cursor.pass(length);
            match value(&mut cursor, told.role, &mut found) {
                None => return Ok(None),
                Some(true) => {}
                Some(false) => {
                    let rest = &line[cursor.at..];
                    if rest.len() == usize::from(told.depth) && rest.iter().all(|c| *c == b'}') {
                        self.patience = (self.patience + 1).min(NEW);
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    /// Reads an object key by key, and keeps its shape.
    #[cold]
    fn learn<'a>(&mut self, line: &'a [u8]) -> Option<Found<'a>> {
        let keeps = self.patience >= 0;
        self.patience = match self.patience {
            ..0 => self.patience + 1,
            4.. => self.patience - 4,
            _ => -16 * NEW,
        };
        let mut met: Vec<(&[u8], Told)> = Vec::new();
        let mut found = Found::default();
        let mut cursor = self.quotes.cursor(line);
        let way = &mut self.way;
        way.clear();
        way.enter(Role::Not);
        let mut opens = true;
        loop {
            let begins = cursor.at;
            if opens {
                cursor.eat(b'{')?;
            } else {
                while cursor.eat(b'}').is_some() {
                    way.leave()?;
                }
                if way.outside.is_empty() {
                    (cursor.at == line.len()).then_some(())?;
                    break;
                }
                cursor.eat(b',')?;
                blanks(&mut cursor);
            }
            cursor.eat(b'"')?;
            let key = cursor.string().filter(|key| !has_escape(key))?;
            cursor.eat(b':')?;
            blanks(&mut cursor);
            let told = way.key(key)?;
            met.push((&line[begins..cursor.at], told));
            opens = value(&mut cursor, told.role, &mut found)?;
            if opens {
                (way.outside.len() < NESTED).then_some(())?;
                way.enter(told.role);
            }
        }
        if keeps {
            self.keep(&met);
        }
        Some(found)
    }

    /// Keeps the shape of an object that has nothing unusual.
    fn keep(&mut self, met: &[(&[u8], Told)]) {
        let mut behind = course::FIRST;
        for (separator, told) in met {
            let mut parts = separator.chunks(course::WIDTH).peekable();
            while let Some(part) = parts.next() {
                let told = Told { goes_on: parts.peek().is_some(), ..*told };
                let known = self.course.next(behind, part).map(|(key, ..)| key);
                let Some(key) = known.or_else(|| self.course.meet(behind, part, told)) else { return };
                behind = key;
            }
        }
    }

    /// Makes an item of what was found.
    fn item<'a>(&mut self, found: &Found<'a>, scratch: &'a mut Vec<u8>) -> Option<Item<'a>> {
        let raw = match found.lines.many {
            0 => return None,
            1 if !found.may_be_event => found.lines.list[0].1,
            _ => {
                let is_head = |raw: &&[u8]| docker::unescape(raw, scratch).is_some_and(head::is);
                let line = found.lines.all().find(is_head);
                // an event has no line: the object itself is it
                line.or_else(|| found.lines.all().next().filter(|_| !found.may_be_event))?
            }
        };
        let text = if has_escape(raw) { docker::unescape(raw, scratch)? } else { raw };
        let outer = found.outer.as_ref();
        let node = match found.origin.node.or_else(|| outer?.node) {
            Some((_, node)) if has_escape(node) => {
                let mut plain = Vec::new();
                let node = docker::unescape(node, &mut plain)?;
                Some(Cow::Owned(node.strip_prefix(b"/").unwrap_or(node).to_vec()))
            }
            node => node.map(|(_, node)| Cow::Borrowed(node.strip_prefix(b"/").unwrap_or(node))),
        };
        let mut time = None;
        for token in found.origin.times.all().chain(outer.into_iter().flat_map(|outer| outer.times.all())) {
            time = self.time(token).ok()?;
            if time.is_some() {
                break;
            }
        }
        Some(Item {
            node,
            stream: found.stream.or(found.source).unwrap_or(0),
            time,
            more: found.is_part,
            text: Cow::Borrowed(text.strip_suffix(b"\n").unwrap_or(text)),
            width: 0,
        })
    }

    /// Returns the time that a scalar gives, if it gives one.
    fn time(&mut self, token: Token<'_>) -> Result<Option<i64>, Unusual> {
        Ok(match token {
            Token::Text(raw) if has_escape(raw) => return Err(Unusual),
            Token::Text(raw) => object::time_of_text(std::str::from_utf8(raw).map_err(|_| Unusual)?, &mut self.stamps),
            Token::Number(digits) => object::time_of_number(&serde_json::from_slice(digits).map_err(|_| Unusual)?),
            Token::Other => None,
        })
    }
}

/// What a value means is left to the parser.
struct Unusual;

/// Steps over blanks.
fn blanks(cursor: &mut Cursor<'_, '_>) {
    while cursor.eat(b' ').is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tools write, a line of Keycloak's in each.
    const LINES: &[&str] = &[
        r#"{"_index":"filebeat-8.1-2026.03.01","_id":"abc0","_score":1.0,"_source":{"@timestamp":"2026-03-01T00:00:00.023Z","host":{"name":"worker-1"},"agent":{"type":"filebeat"},"kubernetes":{"pod":{"name":"keycloak-1","uid":"x"},"labels":{"app.kubernetes.io/managed-by-the-operator":"k"}},"message":"2026-03-01 00:00:00,023 WARN  [org.keycloak.events] (main) type=\"X\", a=\"b\"\n","log":{"offset":0,"file":{"path":"/var/log/kc.log"}}}}"#,
        r#"{"date":1772323200.023,"stream":"stdout","logtag":"P","log":"\tat a.b(C.java:1)","kubernetes":{"pod_name":"keycloak-1","labels":{},"host":"worker-1","container_name":"keycloak","container_hash":null}}"#,
        r#"{"file":"/var/log/pods/0.log","kubernetes":{"pod_name":"keycloak-0","pod_ips":["10.0.0.1"]},"message":"2026-03-01 00:00:00,023 INFO  [a] (b) c","source_type":"kubernetes_logs","stream":"stderr","timestamp":"2026-03-01T00:00:00.023Z"}"#,
        r#"{"__REALTIME_TIMESTAMP":"1772323200023000","_HOSTNAME":"kc-0","SYSLOG_IDENTIFIER":"kc.sh","_PID":"812","MESSAGE":"2026-03-01 00:00:00,023 INFO  [a] (b) c","PRIORITY":"6"}"#,
        r#"{"insertId":"x0","logName":"projects/p/logs/stdout","resource":{"type":"k8s_container","labels":{"pod_name":"keycloak-1"}},"textPayload":"line","timestamp":"2026-03-01T00:00:00Z","severity":"INFO"}"#,
        r#"{"preview":false,"host":"outer","time":1772323200,"result":{"_raw":"2026-03-01 00:00:00,023 INFO  [a] (b) c","host":"/kc-1","source":"stdout"},"lastrow":true,"source":{"kubernetes":{"pod_name":"another"}}}"#,
        r#"{"version":"1.1","host":"kc-1","short_message":"type=X","full_message":"2026-03-01 00:00:00,023 INFO  [a] (b) c","timestamp":1772323200.457,"level":6,"type":"UDP"}"#,
        r#"{"pod": "keycloak-0", "container": "keycloak", "message": "2026-03-01 00:00:00,023 INFO  [a] (b) c"}"#,
        r#"{"container_id":"0123","container_name":"/ecs-kc","source":"stdout","log":"a\\b\/c"}"#,
    ];

    /// What is put in the place of a byte.
    const BYTES: &[u8] = br#"{}[]",:\0P.u1n- a/"#;

    /// Objects that are left to the parser.
    const UNUSUAL: &[&str] = &[
        r#"{"message":"a","message":"b"}"#,
        r#"{"kubernetes":{"pod_name":"a"},"kubernetes.pod_name":"b","message":"c"}"#,
        r#"{"loggerName":"a","message":"b","stream":"stdout"}"#,
        r#"{"log":{"logger":"a"},"message":"b","kubernetes":{}}"#,
        r#"{"short_message":"a","_LoggerName":"b","_Thread":"c"}"#,
        r#"{"message":{"message":"a","LoggerName":"b","Thread":"c"}}"#,
        r#"{"json":{"message":"inside"},"message":"b"}"#,
        r#"{"event":{"type":"LOGIN","realmId":"r"},"message":"b"}"#,
        r#"{"type":"LOGIN","realmId":"r","text":"no line"}"#,
        r#"{"message":["a"]}"#,
        r#"{"pod":["a"],"message":"b"}"#,
        r#"{"message":"\u0009at"}"#,
        r#"{"message":"a","partial_message":"true"}"#,
        r#"{"message":"a","stream":{"pod":"x"}}"#,
        r#"{"message":"a"} "#,
        r#"{"message":"a","time":1e12}"#,
        r#"{"x":"no line"}"#,
        "{}",
        "",
    ];

    #[test]
    fn what_tools_write_is_read_here_and_what_is_unusual_is_not() {
        let mut shapes = Shapes::default();
        for line in LINES.iter().chain(LINES) {
            let mut scratch = Vec::new();
            let item = shapes.read(line.as_bytes(), &mut scratch);
            assert!(item.is_some(), "{line}");
            assert_eq!(item, object::from_line(line.as_bytes(), None), "{line}");
            // now it was met
            shapes.quotes.find(line.as_bytes());
            assert!(shapes.follow(line.as_bytes()).is_ok_and(|found| found.is_some()), "{line}");
        }
        for line in UNUSUAL {
            for shapes in [&mut Shapes::default(), &mut shapes] {
                assert_eq!(shapes.read(line.as_bytes(), &mut Vec::new()), None, "{line}");
            }
        }
    }

    #[test]
    fn keys_in_another_order_each_time_are_read_as_well() {
        let mut shapes = Shapes::default();
        for number in 0..5000 {
            let line = format!(r#"{{"x{number}":1,"MESSAGE":"line {number}","_HOSTNAME":"kc"}}"#);
            let mut scratch = Vec::new();
            let item = shapes.read(line.as_bytes(), &mut scratch);
            assert!(item.is_some() && item == object::from_line(line.as_bytes(), None), "{line}");
        }
        let mut scratch = Vec::new();
        assert!(shapes.read(LINES[0].as_bytes(), &mut scratch).is_some());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4096))]
        #[test]
        fn what_is_read_here_is_what_the_parser_reads(
            which in 0..LINES.len(), other in 0..LINES.len(), unusual in 0..2 * UNUSUAL.len(), places in proptest::collection::vec((0usize..1000, proptest::sample::select(BYTES.to_vec()), 0..3), 0..3), join in 0usize..4
        ) {
            let mut line = UNUSUAL.get(unusual).unwrap_or(&LINES[which]).as_bytes().to_vec();
            if join == 0 {
                // keys of another one behind them
                line.pop();
                line.push(b',');
                line.extend_from_slice(&LINES[other].as_bytes()[1..]);
            }
            for (at, to, how) in places {
                if line.is_empty() { break; }
                let at = at % line.len();
                match how {
                    0 => line[at] = to,
                    1 => line.insert(at, to),
                    _ => drop(line.remove(at)),
                }
            }
            let mut shapes = Shapes::default();
            // what is remembered of a line makes no other one right
            for known in LINES {
                shapes.read(known.as_bytes(), &mut Vec::new());
            }
            for mut shapes in [Shapes::default(), shapes] {
                for _ in 0..2 {
                    let mut scratch = Vec::new();
                    if let Some(item) = shapes.read(&line, &mut scratch) {
                        proptest::prop_assert_eq!(Some(item), object::from_line(&line, None), "{}", String::from_utf8_lossy(&line));
                    }
                }
            }
        }
    }
}

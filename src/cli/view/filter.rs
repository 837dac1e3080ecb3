//! What the stream is narrowed to: words that must all be found.
//!
//! A word is looked for in everything that is shown of a failure; `client:web` looks in one place only, and a single digit is the number of a cause.

use super::entry::{Entry, title};
use super::stream::Item;

/// A filter that was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    words: Vec<(Option<Place>, String)>,
}

/// Where a word is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Client,
    Realm,
    Cause,
    Sure,
    Address,
    Node,
    User,
    Session,
}

const PLACES: [(&str, Place); 9] = [
    ("client:", Place::Client),
    ("realm:", Place::Realm),
    ("cause:", Place::Cause),
    ("sure:", Place::Sure),
    ("ip:", Place::Address),
    ("address:", Place::Address),
    ("node:", Place::Node),
    ("user:", Place::User),
    ("session:", Place::Session),
];

impl Filter {
    /// Reads what was typed.
    pub fn read(text: &str) -> Self {
        let word = |word: &str| {
            let word = word.to_lowercase();
            let place = PLACES.iter().find_map(|(name, place)| word.strip_prefix(name).map(|rest| (*place, rest.to_owned())));
            match place {
                Some((place, rest)) => (Some(place), rest),
                None if word.len() == 1 && word.chars().all(|c| c.is_ascii_digit()) => (Some(Place::Cause), word),
                None => (None, word),
            }
        };
        Filter { text: text.trim().to_owned(), words: text.split_whitespace().map(word).collect() }
    }

    /// Returns a filter for a client by its name, which may hold blanks.
    pub fn of_client(name: &str) -> Self {
        Filter { text: format!("client:{name}"), words: vec![(Some(Place::Client), name.to_lowercase())] }
    }

    /// Returns what was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether an item passes; remarks pass where nothing is looked for in one place of a failure.
    pub fn matches(&self, item: &Item) -> bool {
        self.words.iter().all(|(place, word)| match (item, place) {
            (Item::Failure(entry), Some(place)) => has(entry, *place, word),
            (Item::Failure(entry), None) => anywhere(entry, word),
            (Item::Remark(remark), None) => holds(&remark.text, word),
            (Item::Remark(_), Some(_)) => false,
        })
    }
}

fn holds(text: &str, word: &str) -> bool {
    text.to_lowercase().contains(word)
}

fn has(entry: &Entry, place: Place, word: &str) -> bool {
    let part = |text: &Option<String>| text.as_deref().is_some_and(|t| holds(t, word));
    match place {
        Place::Client => holds(entry.name(), word),
        Place::Realm => part(&entry.realm),
        Place::Cause => match word.parse::<u8>() {
            Ok(number) => entry.cause.number() == Some(number),
            Err(_) => holds(entry.cause.slug(), word) || holds(entry.cause.title(), word),
        },
        Place::Sure => holds(entry.confidence.slug(), word),
        Place::Address => part(&entry.ip),
        Place::Node => holds(&entry.node, word),
        Place::User => part(&entry.user),
        Place::Session => part(&entry.session),
    }
}

fn anywhere(entry: &Entry, word: &str) -> bool {
    let texts = [&entry.realm, &entry.ip, &entry.user, &entry.session, &entry.error, &entry.reason, &entry.grant];
    let own = [entry.name(), &entry.node, &entry.why, &entry.event, entry.confidence.slug(), entry.cause.slug()];
    own.iter().any(|t| holds(t, word)) || texts.iter().any(|t| t.as_deref().is_some_and(|t| holds(t, word))) || holds(&title(entry.cause), word)
}

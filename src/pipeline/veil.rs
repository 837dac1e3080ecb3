//! Secrets are taken out before anything of a line is kept beyond the run: in a state, in a temporary file.
//!
//! Input: what was read of a chunk, or a failure. Output: the same, with stand-ins for what outputs mask, so that what is kept and what is read later agree
//! on who is who. Must not know what a secret looks like.

use hashbrown::HashMap;

use super::Options;
use crate::names::{Names, StandIn, stand_in};
use crate::realm::Realms;
use crate::report::escape::Untrusted;
use crate::signal::batch::Batch;
use crate::signal::{Admin, Failure, Id, Kind, Life, Signal, User, Word};
use crate::triage::question::form_of_session;

/// Words of one chunk that had to be looked at: reasons recur.
type Looked = HashMap<Box<str>, Option<Word>, foldhash::fast::RandomState>;

/// Whether a letter is one of those of UUIDs and addresses: hexadecimal digits, `-`, `.` and `:`.
#[inline]
fn is_of_ids(letter: u8) -> bool {
    let is_hex_letter = (letter | 0x20).wrapping_sub(b'a') < 6;
    // from the dash to the colon there is nothing else but the slash
    is_hex_letter | (letter.wrapping_sub(b'-') <= b':' - b'-' && letter != b'/')
}

/// Whether a text is an UUID or an address by its letters.
#[inline]
fn is_harmless(text: &[u8]) -> bool {
    // as many letters for every text, and not only up to the first other one: that can be asked of many at once
    let mut letters = [b'-'; 48];
    match letters.get_mut(..text.len()) {
        Some(place) if text.len() <= 45 => place.copy_from_slice(text),
        _ => return false,
    }
    letters.into_iter().fold(true, |all, letter| all & is_of_ids(letter))
}

/// Returns what stands for a text; `None` if it is kept as it is.
fn kept(text: &str) -> Option<String> {
    if is_harmless(text.as_bytes()) { None } else { Untrusted::new(text).kept() }
}

fn own(text: &mut Box<str>) {
    if let Some(kept) = kept(text) {
        *text = kept.into();
    }
}

fn id(id: &mut Option<Id>) {
    if let Some(text) = id
        && !is_harmless(text.bytes())
        && let Some(kept) = Untrusted::new(text).kept()
    {
        *text = Id::from(&*kept);
    }
}

fn word(word: &mut Word, looked: &mut Looked) {
    if word.is_known() {
        return;
    }
    if !looked.contains_key(&**word) {
        looked.insert((&**word).into(), kept(word).map(|k| Word::new(&k)));
    }
    if let Some(Some(kept)) = looked.get(&**word) {
        *word = kept.clone();
    }
}

fn texts(failure: &mut Failure, looked: &mut Looked) {
    let Failure { event, user, session, ip, error, reason, grant, .. } = failure;
    [user, ip].into_iter().for_each(id);
    if !session.as_ref().is_none_or(|session| is_harmless(session.bytes())) {
        // what it looks like matters
        let note = session.as_ref().map(form_of_session);
        id(session);
        if let Some(StandIn { at, key, note: None }) = session.as_deref().and_then(stand_in) {
            let text = session.as_deref().unwrap_or_default();
            *session = Some(Id::from(&*[&text[..at.start], &key.stand_in(note), &text[at.end..]].concat()));
        }
    }
    std::iter::once(event).chain([error, reason, grant].into_iter().flatten()).for_each(|w| word(w, looked));
}

/// Takes the secrets out of a failure; its names are the run's.
pub(super) fn failure(failure: &mut Failure) {
    texts(failure, &mut Looked::default());
}

fn kind(what: &mut Kind, looked: &mut Looked) {
    match what {
        Kind::User(User::Failure(failure), _) | Kind::Open(failure) => texts(failure, looked),
        Kind::Tail(failure, inner) => {
            texts(failure, looked);
            if let Some(inner) = inner {
                kind(inner, looked);
            }
        }
        Kind::CarrierEnd(inner) => inner.iter_mut().for_each(|inner| kind(inner, looked)),
        Kind::Admin(Admin::RealmChanged(realm)) => realm.iter_mut().for_each(own),
        Kind::Life(Life::Started { version }) => version.iter_mut().for_each(own),
        Kind::Access(access) | Kind::Proxied(access) => access.address.iter_mut().chain(&mut access.realm).for_each(own),
        Kind::Login(login) => [&mut login.address, &mut login.client].into_iter().for_each(own),
        Kind::User(User::Success(_) | User::Elsewhere, _) | Kind::Admin(_) | Kind::Companion(_) | Kind::Life(_) | Kind::Carrier { .. } => {}
    }
}

/// Whether an export names a realm or a client so: that is no secret, and is looked up by its name.
fn is_exported(name: &str, realms: &Realms) -> bool {
    realms.iter().any(|r| r.name == name || r.id.as_deref() == Some(name) || r.clients.contains_key(name))
}

/// Takes the secrets out of what was read of a chunk. Names that the run knows already are kept as they are.
pub(super) fn batch(batch: &mut Batch, known: &Names, realms: &Realms) {
    let renamed = batch.names.renamed(|name| {
        let text = String::from_utf8_lossy(name);
        if known.has(name) { None } else { kept(&text).filter(|_| !is_exported(&text, realms)).map(String::into_bytes) }
    });
    if let Some(renamed) = renamed {
        batch.names = renamed;
    }
    let mut looked = Looked::default();
    let signals = batch.signals.iter_mut().chain(&mut batch.proxied.signals);
    signals.for_each(|Signal { kind: what, .. }| kind(what, &mut looked));
    for books in [&mut batch.books, &mut batch.lead, &mut batch.proxied.books, &mut batch.proxied.lead] {
        for sample in &mut books.samples {
            if let Some(kept) = kept(&sample.text) {
                sample.text = kept;
            }
        }
    }
}

/// Lets a filter find what is kept with a stand-in.
pub(super) fn options(mut options: Options) -> Options {
    for names in [&mut options.filter.realms, &mut options.filter.clients, &mut options.filter.sessions] {
        let stand_ins: Vec<String> = names.iter().filter_map(|name| kept(name)).collect();
        names.extend(stand_ins);
    }
    options
}

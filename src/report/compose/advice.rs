//! What to do: the catalogue's sentences with the observed values filled in.

use super::Run;
use super::subject::Subject;
use crate::cause::{Catalogue, Cause, Detail};
use crate::report::model::{Logged, Prose};
use crate::report::terminal::figure::{range, span};
use crate::triage::question::DEFAULT_LIFE_MS;

/// Returns the first step for a cause.
pub(super) fn first_step(run: &Run<'_>, subject: &Subject, cause: Cause) -> Prose {
    let values = [
        ("{client}", subject.known(3)),
        ("{realm}", subject.realm.as_ref().map_or("the realm".into(), |r| Prose::new().name(r))),
        ("{delay}", Prose::new().say(subject.delays.min.zip(subject.delays.max).map_or("some time".to_owned(), |(a, b)| range(a, b)))),
        ("{lifespan}", Prose::new().say(lifespan(run, subject))),
        ("{since}", Prose::new().say(since(run, subject))),
        ("{addresses}", subject.places()),
    ];
    fill(of_detail(subject, cause).unwrap_or(&Catalogue::builtin().get(cause).first), &values)
}

/// Returns the first step where the log says more than the cause.
fn of_detail(subject: &Subject, cause: Cause) -> Option<&'static str> {
    if cause != subject.cause {
        return None;
    }
    if subject.outlived.is_some() {
        return Some(
            "Look who shortened the lifespan of codes in {realm} (Realm settings > Tokens > Client Login Timeout): codes of an age that had been accepted \
             are refused. If it was meant, make the callback of {client} quicker.",
        );
    }
    let most = subject.details.first().filter(|(_, n)| n * 2 > subject.count).map(|(detail, _)| *detail)?;
    match (cause, most) {
        (Cause::RefreshTokenInvalid, Detail::Malformed) => Some(
            "Look at what {client} sends as its refresh token: it is none of {realm} (cut off, an access token, one of another realm, or the server's name or \
             keys were changed).",
        ),
        (Cause::RefreshTokenInvalid, Detail::Rotated) => Some(
            "Find what in {client} uses one refresh token twice (tabs or threads that share it, a retry after a lost answer) and let all of them use the newest.",
        ),
        (Cause::RefreshTokenInvalid, Detail::Expired) => Some(
            "Let {client} send users to the login when their token has expired; if that comes too early, compare SSO Session Idle and Client Session Idle in {realm}.",
        ),
        (Cause::RefreshTokenInvalid, Detail::NotBefore) => {
            Some("Ask who revoked tokens in {realm} (a not-before was pushed); {client} has to send its users to the login, once.")
        }
        (Cause::RefreshTokenInvalid, Detail::WrongClient) => {
            Some("Find out how {client} came by refresh tokens of another client: two applications share a store, or one was given another's settings.")
        }
        _ => None,
    }
}

/// Returns steps with the client's and the realm's names in the places that are left for them, where there is one name and it is a plain word.
pub(super) fn steps(subject: &Subject, steps: &'static [String]) -> Vec<Prose> {
    let client = match subject.clients.as_slice() {
        [(Some(client), ..)] => Some(client),
        _ => None,
    };
    let values: Vec<(&str, Prose)> = [("CLIENT", client), ("REALM", subject.realm.as_ref())]
        .into_iter()
        .filter_map(|(place, name): (_, Option<&Logged>)| Some((place, Prose::new().name(name.filter(|n| n.is_word())?))))
        .collect();
    steps.iter().map(|step| fill(step, &values)).collect()
}

/// Puts values in the places of a sentence, in one pass, so that a client called "{since}" stays what it is.
fn fill(sentence: &'static str, values: &[(&str, Prose)]) -> Prose {
    let mut prose = Prose::new();
    let mut rest = sentence;
    while let Some((at, (place, value))) = values.iter().filter_map(|v| Some((find(rest, v.0)?, v))).min_by_key(|(at, _)| *at) {
        if at > 0 {
            prose = prose.say(&rest[..at]);
        }
        prose = prose.then(value.clone());
        rest = &rest[at + place.len()..];
    }
    if rest.is_empty() { prose } else { prose.say(rest) }
}

/// Finds a place; one that is a word must not be a part of another.
fn find(text: &str, place: &str) -> Option<usize> {
    let letter = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == b'_');
    let apart = |at: usize| {
        let bytes = text.as_bytes();
        place.starts_with('{') || !letter(at.checked_sub(1).map(|i| bytes[i])) && !letter(bytes.get(at + place.len()).copied())
    };
    text.match_indices(place).map(|(at, _)| at).find(|at| apart(*at))
}

fn since(run: &Run<'_>, subject: &Subject) -> String {
    match subject.since() {
        Some(ms) => run.moments.time(ms),
        None if subject.first.is_some() => "the log's beginning".to_owned(),
        None => "an unknown time".to_owned(),
    }
}

/// Says what is known of the lifespan of codes.
fn lifespan(run: &Run<'_>, subject: &Subject) -> String {
    match (run.settings.life_ms, subject.certain_min) {
        (Some(life), _) => span(life),
        (None, Some(least)) if least < DEFAULT_LIFE_MS => format!("{} at most", span(least)),
        _ => format!("{} (if it is the default)", span(DEFAULT_LIFE_MS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::Kind;

    #[test]
    fn places_are_filled_once_and_only_where_they_stand_apart() {
        let value = |text: &str| Prose::new().name(&Logged::new(Kind::Client, text));
        let values = [("CLIENT", value("REALM")), ("REALM", value("shop"))];
        let text = fill("kcadm.sh get clients -r REALM -q clientId=CLIENT; a CLIENT_LOGIN_ERROR of REALM", &values).text();
        assert_eq!(text, "kcadm.sh get clients -r shop -q clientId=REALM; a CLIENT_LOGIN_ERROR of shop");
        assert_eq!(fill("{client} since {since}", &[("{client}", value("{since}")), ("{since}", "now".into())]).text(), "“{since}” since now");
    }
}

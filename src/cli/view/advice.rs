//! What to do first: the catalogue's sentence with the observed values filled in.

use kctriage::cause::Catalogue;
use kctriage::triage::clock::Zone;
use kctriage::triage::question::DEFAULT_LIFE_MS;
use kctriage::triage::verdict::span;

use super::figure::moment;
use super::problem::Problem;

/// Clients that are named.
const NAMED: usize = 3;

/// Returns the first step for a problem.
pub fn first_step(problem: &Problem<'_>, zone: Zone, life_ms: Option<i64>, now: i64) -> String {
    let delays = problem.clients.iter().filter_map(|(_, e)| e.delays).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let all_certain = problem.clients.iter().all(|(_, e)| e.sure[0] == e.count);
    let life = match (life_ms, delays) {
        (Some(life), _) => span(life),
        (None, Some((least, _))) if least < DEFAULT_LIFE_MS && all_certain => format!("{} at most", span(least)),
        _ => format!("{} (if it is the default)", span(DEFAULT_LIFE_MS)),
    };
    let realm = problem.main().and_then(|(key, _)| key.0.clone()).unwrap_or_else(|| "the realm".to_owned());
    let delay = delays.map_or_else(|| "some time".to_owned(), |(a, b)| if a == b { span(a) } else { format!("{} to {}", span(a), span(b)) });
    let values = [
        ("{client}", clients(problem, NAMED)),
        ("{realm}", realm),
        ("{delay}", delay),
        ("{lifespan}", life.replace(".0 ", " ")),
        ("{since}", moment(zone, problem.since, now)),
        ("{addresses}", addresses(problem)),
    ];
    fill(&Catalogue::builtin().get(problem.cause).first, &values)
}

/// Fills placeholders in, in one pass, so that a client called `{since}` stays what it is.
fn fill(sentence: &str, values: &[(&str, String)]) -> String {
    let (mut rest, mut filled) = (sentence, String::new());
    while let Some(at) = rest.find('{') {
        filled += &rest[..at];
        rest = &rest[at..];
        let (text, length) = values.iter().find(|(key, _)| rest.starts_with(key)).map_or(("{", 1), |(key, value)| (value, key.len()));
        filled += text;
        rest = &rest[length..];
    }
    filled + rest
}

/// Names the clients of a problem: `a, b and 3 more`.
pub fn clients(problem: &Problem<'_>, most: usize) -> String {
    let names: Vec<&str> = problem.clients.iter().map(|(key, _)| key.1.as_deref().unwrap_or("(no client)")).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [some @ .., last] if names.len() <= most => format!("{} and {last}", some.join(", ")),
        all => format!("{} and {} more", all[..most.max(2) - 1].join(", "), all.len() + 1 - most.max(2)),
    }
}

/// Names the addresses where few came, else says how many.
pub fn addresses(problem: &Problem<'_>) -> String {
    let all: Vec<&str> = problem.clients.iter().flat_map(|(_, e)| e.addresses.iter().map(String::as_str)).collect();
    let has_more = problem.clients.iter().any(|(_, e)| e.has_more_addresses());
    match all.as_slice() {
        [] => "no address is logged".to_owned(),
        few if few.len() <= 3 && !has_more => few.join(", "),
        many => format!("{}{} addresses", if has_more { "at least " } else { "" }, many.len()),
    }
}

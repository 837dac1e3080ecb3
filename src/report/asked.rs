//! The filter that the counts of a page went through, as its options are typed.
//!
//! Input: a [`Filter`]. Output: each option with its values, which a person typed and a page masks, renames and escapes as it does names of a log. Must not know
//! how the page looks.

use super::model::Kind;
use super::terminal::moment::Moments;
use crate::tally::Filter;

/// Returns the options, each with its values.
pub(super) fn options(filter: &Filter, moments: Moments) -> Vec<(&'static str, Vec<(Kind, String)>)> {
    let texts = |kind, values: &[String]| values.iter().map(|v| (kind, v.clone())).collect();
    let moment = |ms: Option<i64>| ms.map(|ms| (Kind::Text, moments.typed_by_hand(ms))).into_iter().collect();
    let mut all = vec![
        ("--since", moment(filter.since)),
        ("--until", moment(filter.until)),
        ("--realm", texts(Kind::Realm, &filter.realms)),
        ("--client", texts(Kind::Client, &filter.clients)),
        ("--cause", filter.causes.iter().map(|c| (Kind::Text, c.slug().to_owned())).collect()),
        ("--session", texts(Kind::Session, &filter.sessions)),
        ("--min-confidence", filter.min_confidence.map(|c| (Kind::Text, c.slug().to_owned())).into_iter().collect::<Vec<_>>()),
    ];
    all.retain(|(_, values)| !values.is_empty());
    all
}

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::finding::{Evidence, SCHEMA, Trust};

fn finding(minute: i64, client: u8, cause: usize, ip: u8) -> Finding {
    let cause = Cause::ALL[cause % Cause::ALL.len()];
    Finding {
        schema: SCHEMA,
        id: String::new(),
        time: DateTime::from_timestamp_millis(minute * 60_000),
        realm: Some("shop".into()),
        client: Some(format!("client-{client}")),
        cause,
        number: cause.number(),
        detail: None,
        confidence: Confidence::Likely,
        candidates: vec![cause, Cause::Unclassified],
        event: "CODE_TO_TOKEN_ERROR".into(),
        error: None,
        reason: None,
        grant: None,
        session: None,
        user: None,
        ip: Some(format!("10.0.0.{ip}")),
        node: "n".into(),
        source: "s".into(),
        line: u64::from(ip),
        evidence: vec![Evidence { source: None, line: 1, what: "w".into() }],
        trust: Trust::Quoted,
        delay_ms: Some(minute),
    }
}

fn tally(of: &[(i64, u8, usize, u8)]) -> Tally {
    let mut t = Tally::new(300_000);
    for (m, c, k, i) in of {
        t.add(&finding(*m, *c, *k, *i));
    }
    t
}

fn merged(a: &Tally, b: &Tally) -> Tally {
    let mut out = a.clone();
    out.merge(b);
    out
}

proptest! {
    #[test]
    fn merging_is_a_commutative_monoid(
        a in prop::collection::vec((0i64..100, 0u8..5, 0usize..21, 0u8..200), 0..40),
        b in prop::collection::vec((0i64..100, 0u8..5, 0usize..21, 0u8..200), 0..40),
        c in prop::collection::vec((0i64..100, 0u8..5, 0usize..21, 0u8..200), 0..40),
    ) {
        let (x, y, z) = (tally(&a), tally(&b), tally(&c));
        prop_assert_eq!(merged(&merged(&x, &y), &z), merged(&x, &merged(&y, &z)));
        prop_assert_eq!(merged(&x, &y), merged(&y, &x));
        prop_assert_eq!(merged(&x, &Tally::new(300_000)), x.clone());
        let whole: Vec<_> = a.iter().chain(&b).copied().collect();
        prop_assert_eq!(merged(&x, &y), tally(&whole));
        prop_assert_eq!(x.rows(3).0.values().map(|c| c.count).sum::<u64>(), x.findings());
    }
}

#[test]
fn the_clients_beyond_the_cap_are_added_up_as_other() {
    let t = tally(&[(0, 1, 0, 1), (0, 1, 0, 2), (0, 2, 0, 3), (0, 3, 0, 4)]);
    let (rows, capped) = t.rows(1);
    let clients: Vec<_> = rows.keys().filter_map(|k| k.client.as_deref()).collect();
    assert_eq!((clients, capped), (vec!["client-1", "other"], true));
    assert!(!t.rows(3).1);
}

#[test]
fn distinct_counts_are_exact_below_64_and_close_above() {
    let mut d = Distinct::default();
    for i in 0..60 {
        d.add(&i.to_string());
    }
    assert_eq!(d.count(), (60, true));
    for i in 0..10_000 {
        d.add(&i.to_string());
    }
    let (count, exact) = d.count();
    assert!(!exact && (6_000..14_000).contains(&count), "{count}");
}

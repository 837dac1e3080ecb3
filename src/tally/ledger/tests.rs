use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::finding::{Evidence, SCHEMA, Trust};
use crate::signal::{Failure, Word};
use crate::triage::joined::{At, Companions, Failed};

/// A failure of a realm, a client and a time.
fn failure(names: &mut Names, (realm, client, time): (u16, u16, i64), line: u64) -> Waiting {
    let (realm, client) = (names.number(format!("realm-{realm}").as_bytes()), names.number(format!("client-{client}").as_bytes()));
    let failure = Failure {
        realm: Some(realm),
        realm_id: Some(realm),
        client: Some(client),
        ip: Some(format!("10.0.0.{}", line % 4).as_str().into()),
        error: Some(Word::new("invalid_code")),
        ..Failure::bare(Word::new("CODE_TO_TOKEN_ERROR"), Trust::Quoted, u128::from(line))
    };
    let failed = Failed { failure: Box::new(failure), with: Companions::default().into(), ordinal: 0, session: None, answers: Vec::new(), browser: None };
    let (realm, client) = (Some(realm), Some(client));
    Waiting { time: Some(time), node: 0, position: line, at: At::new(0, line, 0), failed, realm, client, facts: None }
}

fn finding(w: &Waiting, verdict: Verdict) -> Finding {
    Finding {
        schema: SCHEMA,
        id: w.failed.failure.digest.to_string(),
        time: w.time.and_then(DateTime::from_timestamp_millis),
        realm: None,
        client: None,
        cause: verdict.candidates[0],
        number: None,
        detail: None,
        confidence: verdict.confidence,
        candidates: verdict.candidates.into_vec(),
        event: w.failed.failure.event.to_string(),
        error: None,
        reason: None,
        grant: None,
        session: None,
        user: None,
        ip: w.failed.failure.ip.as_ref().map(|ip| ip.to_string()),
        node: String::new(),
        source: "s".into(),
        line: w.at.line.get(),
        evidence: verdict.evidence.into_iter().map(|(at, what)| Evidence { source: None, line: at.line.get(), what: what.to_string() }).collect(),
        trust: Trust::Quoted,
        delay_ms: None,
    }
}

fn verdict(w: &Waiting) -> Verdict {
    let causes = [Cause::CodeExpired, Cause::CodeReused];
    Verdict::certain(causes[usize::try_from(w.at.line.get() % 2).unwrap_or(0)]).because(w.at, "its own line")
}

fn counted<'a>(failures: impl IntoIterator<Item = &'a Waiting>, names: &Names, windows: Windows, most: usize) -> (Tally, bool) {
    let sources = ["s".to_owned()];
    let mut ledger = Ledger { most, ..Ledger::new(1000, windows, 1 << 14) };
    for w in failures {
        ledger.add(w, &verdict(w), &sources);
        assert!(windows == Windows::Apart || ledger.rows.len() <= most);
    }
    (ledger.tally(names, &sources, Some((0, 1_000_000)), finding), ledger.capped)
}

proptest! {
    #[test]
    fn a_page_is_bounded_and_the_order_does_not_matter(
        of in prop::collection::vec((0u16..12, 0u16..30, 0i64..1_000_000), 1..120),
        most in 4usize..60,
    ) {
        let mut names = Names::default();
        let failures: Vec<Waiting> = of.iter().zip(1..).map(|(of, line)| failure(&mut names, *of, line)).collect();
        let (forth, capped) = counted(&failures, &names, Windows::Together, most);
        let (back, _) = counted(failures.iter().rev(), &names, Windows::Together, most);
        prop_assert_eq!(&forth, &back);
        prop_assert!(forth.cells.len() <= most && forth.findings() == failures.len() as u64);
        let (apart, _) = counted(&failures, &names, Windows::Apart, most);
        prop_assert_eq!(apart.findings(), failures.len() as u64);
        let whole = counted(&failures, &names, Windows::Together, usize::MAX).0;
        prop_assert_eq!(capped, whole.cells.len() > most);
        // a page can show the first of each cause, and of no more than three addresses one for each
        let shown = |cause| whole.cells.iter().filter(|(key, _)| key.cause == cause).flat_map(|(_, cell)| &cell.samples).next();
        prop_assert!(whole.cells.keys().all(|key| shown(key.cause).is_some()));
    }
}

#[test]
fn windows_that_are_too_many_become_longer_whatever_their_order() {
    let mut names = Names::default();
    let one = failure(&mut names, (1, 1, 0), 2);
    let times = 1..=i64::try_from(SPREAD + 100).expect("a number");
    let tally = |times: &mut dyn Iterator<Item = i64>| {
        let mut ledger = Ledger { most: 1, ..Ledger::new(1000, Windows::Together, 1 << 14) };
        for n in times {
            ledger.add(&Waiting { time: Some(n * 1000), ..one.clone() }, &Verdict::certain(Cause::CodeExpired), &[]);
        }
        let tally = ledger.tally(&names, &[], None, finding);
        assert!(ledger.lengthened && tally.window_ms == 2000);
        tally
    };
    let forth = tally(&mut times.clone());
    let windows = forth.cells.values().map(|cell| cell.windows.len()).sum::<usize>();
    assert_eq!((windows, forth.findings()), (SPREAD / 2 + 51, SPREAD as u64 + 100));
    assert_eq!(forth, tally(&mut times.rev()));
}

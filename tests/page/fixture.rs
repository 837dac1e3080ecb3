//! An account and incidents in which every text is the one that is given.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use kctriage::books::Sample;
use kctriage::cause::{Cause, Detail};
use kctriage::finding::{Confidence, Evidence, Finding, SCHEMA, Trust};
use kctriage::report::model::{self, Instant, Kind, Logged, Prose};
use kctriage::tally::account::{NodeAccount, QuotedAccount, Served, SourceAccount, SuspectAccount};
use kctriage::tally::incident::{Change, Chronic, Habit, Incident, Incidents, Share, State, Trigger};
use kctriage::tally::{Account, Delays, Distinct};

/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000;

fn finding(text: &str, minute: i64, cause: Cause, confidence: Confidence) -> Finding {
    let own = || Some(text.to_owned());
    Finding {
        schema: SCHEMA,
        id: format!("id-{minute}"),
        time: DateTime::from_timestamp_millis(NOON + minute * 60_000),
        realm: own(),
        client: own(),
        cause,
        number: cause.number(),
        detail: (cause == Cause::RefreshTokenInvalid).then_some(Detail::Rotated),
        confidence,
        candidates: if confidence == Confidence::Certain { vec![cause] } else { vec![cause, Cause::CodeReused] },
        event: text.to_owned(),
        error: own(),
        reason: own(),
        grant: own(),
        session: own(),
        user: own(),
        ip: own(),
        node: text.to_owned(),
        source: text.to_owned(),
        line: 7,
        evidence: vec![
            Evidence { source: None, line: 6, what: text.to_owned() },
            Evidence { source: Some(text.to_owned()), line: 5, what: format!("reason={text}") },
        ],
        trust: Trust::Quoted,
        delay_ms: Some(61_000 + minute * 100),
    }
}

fn trigger(text: &str, minute: i64, what: Change) -> Trigger {
    let name = || Some(Arc::from(text));
    Trigger { time: NOON + minute * 60_000, what, realm: name(), client: name(), node: name(), place: Some((Arc::from(text), 88_120)) }
}

fn triggers(text: &str) -> Vec<Trigger> {
    let version = || Some(text.to_owned());
    let all = [
        Change::ServerStarted { version: version(), before: version() },
        Change::ServerStopped,
        Change::NodeJoined,
        Change::NodeLeft,
        Change::SecretRegenerated,
        Change::ClientUpdated,
        Change::RealmUpdated,
        Change::SessionsEnded,
        Change::NotBeforePushed,
        Change::ClockJumped { by_ms: -5000 },
        Change::DatabaseTrouble,
        Change::AddressesChanged,
    ];
    (20..).zip(all).map(|(minute, what)| trigger(text, minute, what)).collect()
}

fn delays() -> Delays {
    let mut delays = Delays::default();
    for ms in [300, 62_000, 71_000, 95_000] {
        delays.add(ms);
    }
    delays
}

fn distinct(text: &str) -> Distinct {
    let mut distinct = Distinct::default();
    distinct.add(text);
    distinct
}

fn incident(text: &str, cause: Cause, confidence: Confidence, state: State, triggers: Vec<Trigger>) -> Incident {
    let name = || Some(Arc::from(text));
    Incident {
        realm: name(),
        cause,
        cascade: vec![(Cause::RefreshTokenInvalid, 3)],
        clients: vec![Share { client: name(), count: 40, usual_per_minute: 0.2 }, Share { client: None, count: 2, usual_per_minute: 0.0 }],
        start: NOON + 21 * 60_000,
        peak: NOON + 25 * 60_000,
        peak_per_minute: 38.0,
        last: NOON + 40 * 60_000,
        state,
        count: 42,
        expected: 1.5,
        surprise: 12.0,
        sure: if confidence == Confidence::Certain { [42, 0, 0] } else { [0, 2, 40] },
        details: vec![],
        others: if confidence == Confidence::Certain { vec![] } else { vec![(Cause::CodeReused, 42)] },
        delays: delays(),
        usual_delays: delays(),
        addresses: distinct(text),
        users: distinct(text),
        windows: vec![(NOON + 21 * 60_000, 4), (NOON + 25 * 60_000, 38)],
        triggers,
        successes: Some(20),
        failures: Some(44),
        samples: vec![finding(text, 21, cause, confidence)],
    }
}

/// Returns an account with all that an account can hold, and incidents of it.
pub fn account(text: &str) -> (Account, Incidents) {
    let mut account = Account::new(60_000);
    let name = || Some(Arc::from(text));
    for minute in 0..60 {
        account.tally.add(&finding(text, minute, Cause::CodeExpired, if minute % 2 == 0 { Confidence::Certain } else { Confidence::Ambiguous }));
        account.tally.add(&finding(text, minute, Cause::RefreshTokenInvalid, Confidence::Certain));
        account.tally.add(&finding(text, minute, Cause::WrongClientSecret, Confidence::Likely));
        account.tally.add(&Finding { client: None, ..finding(text, minute, Cause::ClientNotFound, Confidence::Certain) });
    }
    account.span = Some((NOON, NOON + 3_600_000));
    account.books.parsed = 10_000;
    account.books.samples.push(Sample { source: text.to_owned(), line: 3, text: text.to_owned() });
    account.books.caps_hit.insert("timelines".to_owned());
    account.sources.insert((text.to_owned(), text.to_owned()), SourceAccount { recognised: false, ..SourceAccount::default() });
    let versions = [(NOON, text.to_owned())].into();
    account.nodes.insert(text.to_owned(), NodeAccount { versions, events: true, ..NodeAccount::default() });
    account.nodes.insert(format!("{text} 2"), NodeAccount { stopped: Some(NOON), ..NodeAccount::default() });
    account.members = Some(3);
    account.triggers = triggers(text).into_iter().collect();
    account.successes = Some([((Some(NOON), name(), name()), Served { exchanges: 5, ..Served::default() })].into());
    account.left_out = 4;
    account.suspects.insert(SuspectAccount {
        time: Some(NOON),
        source: text.to_owned(),
        line: 9,
        event: text.to_owned(),
        ip: Some(text.to_owned()),
        why: text.to_owned(),
    });
    account.quoted.insert(QuotedAccount { time: None, source: format!("{text} app"), line: 2, answer: 0 });
    account.quoted_count = 1;
    account.problems.insert(text.to_owned());
    account.assumed_dates.insert((text.to_owned(), NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day"), "its file's name".to_owned()));
    account.zone_assumed = true;
    let incidents = vec![
        incident(text, Cause::CodeExpired, Confidence::Ambiguous, State::Going, triggers(text)),
        incident(text, Cause::WrongClientSecret, Confidence::Certain, State::Over, vec![]),
        incident(text, Cause::SessionTerminated, Confidence::Certain, State::Unclear, vec![trigger(text, 20, Change::ServerStopped)]),
    ];
    let habits = [Habit::DoubleExchange, Habit::RefreshStorm, Habit::EarlyRefresh, Habit::Steady];
    let chronic = habits.map(|habit| Chronic {
        realm: name(),
        client: name(),
        habit,
        cause: Some(Cause::CodeReused),
        count: 9,
        per_hour: 4.5,
        delays: delays(),
        sample: None,
    });
    (account, Incidents { incidents, chronic: chronic.into() })
}

/// Returns before and after.
pub fn comparison(text: &str) -> model::Comparison {
    let name = |kind| Some(Logged::new(kind, text));
    model::Comparison {
        before: model::Range { from: Instant(NOON), to: Instant(NOON + 600_000) },
        after: model::Range { from: Instant(NOON + 600_000), to: Instant(NOON + 1_200_000) },
        what: Prose::new().say("before and after ").name(&Logged::new(Kind::Text, text)),
        headline: "more".into(),
        changes: vec![model::Change {
            realm: name(Kind::Realm),
            client: name(Kind::Client),
            cause: Cause::CodeExpired,
            title: Cause::CodeExpired.title(),
            before: 1,
            after: 20,
            before_per_hour: 6.0,
            after_per_hour: 120.0,
            ratio: Some([20.0, 3.1, 800.0]),
            chance: 0.000_02,
            verdict: "more",
        }],
    }
}

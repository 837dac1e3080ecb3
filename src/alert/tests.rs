//! What begins and ends, and when; that the order in which findings come does not matter, nor a restart; how often chance alone is taken for an alert.

#[path = "../../tests/dice/mod.rs"]
mod dice;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use dice::Dice;
use proptest::prelude::*;

use super::*;
use crate::cause::Cause;
use crate::finding::{Confidence, Finding, SCHEMA, Trust};
use crate::tally::incident::{Change, Trigger};
use crate::tally::live::{Gauges, Update};

/// A time to begin with, the start of a part of every window.
const BEGIN: i64 = 1_800_000_000_000;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn finding(id: usize, at: i64, client: &str, cause: Cause) -> Finding {
    Finding {
        schema: SCHEMA,
        id: format!("id-{id}"),
        time: DateTime::from_timestamp_millis(BEGIN + at),
        realm: Some("shop".into()),
        client: Some(client.into()),
        cause,
        number: cause.number(),
        detail: None,
        confidence: Confidence::Certain,
        candidates: vec![cause],
        event: "CODE_TO_TOKEN_ERROR".into(),
        error: Some("invalid_code".into()),
        reason: None,
        grant: None,
        session: None,
        user: None,
        ip: None,
        node: "kc-0".into(),
        source: "server.log".into(),
        line: 1,
        evidence: Vec::new(),
        trust: Trust::Quoted,
        delay_ms: None,
    }
}

fn found(finding: Finding) -> Update {
    Update::Found(Box::new(finding))
}

/// An engine and a clock of a log that is written now.
struct Run {
    engine: Engine,
    now: i64,
    said: Vec<Alert>,
    remarks: Vec<String>,
    failures: usize,
}

impl Run {
    fn new(rules: &[&str]) -> Self {
        let rules = rules.iter().map(|r| Rule::parse(r).expect("a rule")).collect();
        let mut run = Run { engine: Engine::new(rules), now: 0, said: Vec::new(), remarks: Vec::new(), failures: 0 };
        run.to(0);
        run
    }

    /// Lets time pass up to then, the log keeping up with the clock.
    fn to(&mut self, at: i64) {
        self.now = self.now.max(at);
        self.tick(&Gauges { lag_ms: Some(0), ..Gauges::default() });
    }

    fn tick(&mut self, gauges: &Gauges) {
        let word = self.engine.tick(BEGIN + self.now, gauges);
        self.said.extend(word.alerts);
        self.remarks.extend(word.remarks);
    }

    fn fail(&mut self, at: i64, client: &str, cause: Cause) {
        self.to(at);
        self.failures += 1;
        self.engine.update(&found(finding(self.failures, at, client, cause)));
    }

    /// What was said, in short.
    fn short(&self) -> Vec<(State, i64, Option<i64>, u64)> {
        self.said.iter().map(|a| (a.state, a.since - BEGIN, a.until.map(|u| u - BEGIN), a.count)).collect()
    }
}

#[test]
fn it_begins_with_one_too_many_and_ends_with_half_of_that() {
    let mut run = Run::new(&["cause=code-reused rate>4/1m by client"]);
    for i in 0..6 {
        run.fail(i * 1000, "web", Cause::CodeReused);
        run.fail(i * 1000, "spa", Cause::CodeExpired);
    }
    run.to(20_000);
    assert_eq!(run.short(), [(State::Firing, 4000, None, 5)]);
    // a part of the window is a second: two of six are left when the fourth has been gone for one
    run.to(2 * MINUTE);
    assert_eq!(run.short()[1..], [(State::Resolved, 4000, Some(MINUTE + 4000), 6)]);
    let (first, last) = (&run.said[0], &run.said[1]);
    assert_eq!((first.id.as_str(), first.id.len()), (last.id.as_str(), 32));
    assert_eq!((first.of(Field::Client), first.of(Field::Realm), first.cause()), (Some("web"), Some("shop"), Some(Cause::CodeReused)));
}

#[test]
fn what_must_hold_is_pending_first() {
    let mut run = Run::new(&["rate>1/1m for 90s"]);
    for at in [0, 1000] {
        run.fail(at, "web", Cause::CodeReused);
    }
    run.to(5 * MINUTE);
    assert!(run.said.is_empty(), "it did not hold: {:?}", run.said);
    for i in 0..20 {
        run.fail(5 * MINUTE + i * 10_000, "web", Cause::CodeReused);
    }
    assert_eq!((run.said.len(), run.said[0].since - BEGIN, run.said[0].at - BEGIN), (1, 5 * MINUTE + 10_000, 5 * MINUTE + 100_000));
}

#[test]
fn clients_are_counted_once() {
    let mut run = Run::new(&["cause=clock-skew clients>1/15m by node"]);
    for i in 0..20 {
        run.fail(i * 1000, "web", Cause::ClockSkew);
    }
    run.fail(30_000, "batch", Cause::ClockSkew);
    run.to(MINUTE);
    assert_eq!(run.short(), [(State::Firing, 30_000, None, 21)]);
    assert_eq!((run.said[0].clients.as_slice(), run.said[0].of(Field::Node)), (&["web".to_owned(), "batch".to_owned()][..], Some("kc-0")));
}

#[test]
fn a_correction_leaves_one_rule_and_enters_another() {
    let mut run = Run::new(&["cause=code-expired rate>1/5m name expired", "cause=code-reused rate>1/5m name reused"]);
    let first: Vec<Finding> = (0..2).map(|i| finding(i, 1000 + 10 * i64::try_from(i).expect("small"), "web", Cause::CodeExpired)).collect();
    for f in &first {
        run.to(1500);
        run.engine.update(&found(f.clone()));
    }
    run.to(10_000);
    assert_eq!(run.said.iter().map(|a| a.rule.as_str()).collect::<Vec<_>>(), ["expired"]);
    for f in first {
        let to = Finding { cause: Cause::CodeReused, candidates: vec![Cause::CodeReused], ..f };
        run.engine.update(&Update::Revised { finding: Box::new(to), from: Cause::CodeExpired, confidence: Confidence::Certain });
    }
    run.to(11_000);
    let words: Vec<(&str, State, bool, u64)> = run.said[1..].iter().map(|a| (a.rule.as_str(), a.state, a.corrected, a.count)).collect();
    assert_eq!(words, [("reused", State::Firing, false, 2), ("expired", State::Resolved, true, 0)]);
}

#[test]
fn a_new_cause_is_told_once_the_past_is_known() {
    let mut run = Run::new(&["new"]);
    run.fail(MINUTE, "web", Cause::CodeReused);
    run.fail(2 * HOUR, "web", Cause::CodeReused);
    run.fail(2 * HOUR + 1000, "web", Cause::CodeExpired);
    run.fail(2 * HOUR + 2000, "web", Cause::CodeExpired);
    run.to(3 * HOUR);
    assert_eq!(run.short(), [(State::Firing, 2 * HOUR + 1000, None, 1), (State::Resolved, 2 * HOUR + 1000, Some(2 * HOUR + 15 * MINUTE + 15_000), 2)]);
    // known by now
    run.fail(4 * HOUR, "web", Cause::CodeExpired);
    run.to(5 * HOUR);
    assert_eq!(run.said.len(), 2);
}

#[test]
fn an_old_secret_is_told_with_what_replaced_it() {
    let mut run = Run::new(&["secret-rotated"]);
    run.fail(0, "batch", Cause::WrongClientSecret);
    run.to(MINUTE);
    let trigger = Trigger { time: BEGIN + MINUTE, what: Change::SecretRegenerated, realm: None, client: Some("batch".into()), node: None, place: None };
    run.engine.update(&Update::Trigger(trigger.clone()));
    run.fail(10 * HOUR, "other", Cause::WrongClientSecret);
    run.fail(10 * HOUR, "batch", Cause::CodeReused);
    run.fail(10 * HOUR + 1000, "batch", Cause::WrongClientSecret);
    run.fail(10 * HOUR + 2000, "batch", Cause::WrongClientSecret);
    run.to(11 * HOUR);
    assert_eq!(
        run.said.iter().map(|a| (a.of(Field::Client), a.state, a.count)).collect::<Vec<_>>(),
        [(Some("batch"), State::Firing, 1), (Some("batch"), State::Resolved, 2)]
    );
    assert_eq!(run.said[0].trigger, Some(trigger));
}

#[test]
fn a_secret_that_worked_before_and_is_wrong_again_and_again_was_replaced() {
    let mut run = Run::new(&["secret-rotated"]);
    for i in 0..5 {
        let mut wrong = finding(i, 1000 + i64::try_from(i).expect("small") * 1000, "batch", Cause::WrongClientSecret);
        run.engine.update(&found(Finding { id: format!("other-{i}"), client: Some("other".into()), ..wrong.clone() }));
        wrong.evidence.push(crate::finding::Evidence { source: None, line: 7, what: "its credentials last worked 3.0 s earlier".into() });
        run.engine.update(&found(wrong));
    }
    run.to(MINUTE);
    assert_eq!(run.short(), [(State::Firing, 3000, None, 1)]);
    assert_eq!(run.said[0].of(Field::Client), Some("batch"));
}

#[test]
fn a_clock_that_jumps_is_told() {
    let mut run = Run::new(&["clock-jumped"]);
    run.to(MINUTE);
    let trigger =
        Trigger { time: BEGIN + MINUTE, what: Change::ClockJumped { by_ms: -5000 }, realm: None, client: None, node: Some("kc-1".into()), place: None };
    run.engine.update(&Update::Trigger(trigger));
    run.to(2 * MINUTE);
    assert_eq!((run.said.len(), run.said[0].of(Field::Node)), (1, Some("kc-1")));
}

#[test]
fn what_was_over_when_a_backlog_had_been_read_is_one_remark() {
    let mut run = Run::new(&["rate>2/1m by client"]);
    run.engine = Engine::new(vec![Rule::parse("rate>2/1m by client").expect("a rule")]);
    // two outages of yesterday, and one that goes on
    let mut id = 0;
    for begin in [-24 * HOUR, -12 * HOUR, -20_000] {
        for i in 0..8 {
            id += 1;
            run.engine.update(&found(finding(id, begin + i * 2000, "web", Cause::CodeReused)));
        }
        run.tick(&Gauges { lag_ms: Some(-begin), behind_bytes: 1 << 30, ..Gauges::default() });
        assert!(run.said.is_empty() && run.remarks.is_empty());
        run.now += 250;
    }
    run.to(1000);
    assert_eq!(run.remarks.len(), 1, "{:?}", run.remarks);
    assert!(run.remarks[0].starts_with("2 alerts that began and ended in what was written before 2027-01-"), "{:?}", run.remarks);
    assert_eq!(run.short(), [(State::Firing, -16_000, None, 3)]);
    run.to(5 * MINUTE);
    assert_eq!((run.said.len(), run.said[1].state, run.remarks.len()), (2, State::Resolved, 1));
}

#[test]
fn an_old_log_that_goes_on_is_told_with_what_comes() {
    let mut run = Run::new(&["rate>2/1m"]);
    run.engine = Engine::new(vec![Rule::parse("rate>2/1m").expect("a rule")]);
    let old = -48 * HOUR;
    for i in 0..8 {
        run.engine.update(&found(finding(i, old + i64::try_from(i).expect("small") * 1000, "web", Cause::CodeReused)));
    }
    let lag = |now: i64, end: i64| Gauges { lag_ms: Some(now - end), ..Gauges::default() };
    for now in (0..6000).step_by(250) {
        run.now = now;
        run.tick(&lag(now, old + 8000));
    }
    assert!(run.said.is_empty(), "nobody knows whether it goes on: {:?}", run.said);
    let last = Engine::restore(&run.engine.save(), vec![Rule::parse("rate>2/1m").expect("a rule")]).expect("a state").0.finish();
    assert_eq!((last.alerts.len(), last.remarks.len()), (0, 1), "nothing goes on from here: {:?}", last.remarks);
    assert!(last.remarks[0].starts_with("1 alert in what was written up to 2027-01-") && last.remarks[0].ends_with("Z was not sent: that is a backlog"));
    run.engine.update(&found(finding(100, old + 9000, "web", Cause::CodeReused)));
    for now in (6000..12_000).step_by(250) {
        run.now = now;
        run.tick(&lag(now, old + 9000));
    }
    assert_eq!((run.said.len(), run.said[0].state, run.said[0].count), (1, State::Firing, 9));
}

#[test]
fn a_rule_that_is_gone_ends_its_alerts() {
    let mut run = Run::new(&["rate>0/1m name any", "cause=code-reused rate>0/1m name reused"]);
    run.fail(1000, "web", Cause::CodeReused);
    run.to(10_000);
    assert_eq!(run.said.len(), 2);
    let left = vec![Rule::parse("cause=code-reused rate>0/1m name reused").expect("a rule")];
    let word = run.engine.reload(left.clone());
    assert_eq!(word.alerts.iter().map(|a| (a.rule.as_str(), a.state)).collect::<Vec<_>>(), [("any", State::Resolved)]);
    assert_eq!(run.engine.firing().len(), 1);
    let (engine, word) = Engine::restore(&run.engine.save(), Vec::new()).expect("a state");
    assert_eq!((word.alerts.len(), engine.firing().len()), (1, 0));
    assert!(Engine::restore(b"\x07nonsense", left).is_none());
}

#[test]
fn groups_beyond_the_limit_are_counted_as_one() {
    let mut run = Run::new(&["rate>100/1h by client"]);
    for i in 0..6000_i64 {
        run.fail(i, &format!("client-{i}"), Cause::CodeReused);
    }
    run.to(20_000);
    assert_eq!(run.said.iter().map(|a| a.of(Field::Client)).collect::<Vec<_>>(), [Some("other")]);
    assert!(run.remarks.iter().any(|r| r.starts_with("a rule has more groups")), "{:?}", run.remarks);
}

impl Dice {
    /// A number above 0 and up to 1.
    #[allow(clippy::cast_precision_loss)]
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Milliseconds to the next failure, where so many come in an hour.
    #[allow(clippy::cast_possible_truncation)]
    fn gap(&mut self, per_hour: f64) -> i64 {
        (-self.share().ln() * 3_600_000.0 / per_hour) as i64 + 1
    }
}

/// Feeds steady failures of some clients, each mishap with so many of them; returns the alerts.
fn steady(dice: &mut Dice, clients: usize, per_hour: impl Fn(usize, i64) -> f64, clump: u64, length: i64) -> Vec<Alert> {
    let mut all: Vec<(i64, usize)> = Vec::new();
    for client in 0..clients {
        let mut at = 0;
        while at < length {
            at += dice.gap(per_hour(client, at));
            all.extend((0..=dice.next() % clump).map(|i| (at + i64::try_from(i).expect("small") * 500, client)));
        }
    }
    all.sort_unstable();
    let mut engine = Engine::new(vec![Rule::parse("unusual").expect("a rule")]);
    let (mut said, mut next) = (Vec::new(), 0);
    for (id, (at, client)) in all.into_iter().enumerate() {
        while next <= at {
            said.extend(engine.tick(BEGIN + next, &Gauges { lag_ms: Some(0), ..Gauges::default() }).alerts);
            next += MINUTE;
        }
        engine.update(&found(finding(id, at, &format!("client-{client}"), Cause::CodeExpired)));
    }
    said
}

#[test]
fn chance_alone_is_nothing_unusual() {
    let week = 7 * 24 * HOUR;
    let rates = [0.05, 0.5, 3.0, 12.0, 40.0];
    let mut false_alarms = 0;
    for (seed, clump) in [(1, 1), (2, 3), (3, 5)] {
        false_alarms += steady(&mut Dice(seed), 10, |client, _| rates[client % rates.len()], clump, week).len();
    }
    // no more than 0.01 a week of log is to be expected: 0.03 here
    assert_eq!(false_alarms, 0);
}

#[test]
#[allow(clippy::cast_precision_loss)]
fn the_day_is_nothing_unusual() {
    // six times as many at noon as at midnight
    let by_day = |_: usize, at: i64| 14.0 - 10.0 * ((at.rem_euclid(24 * HOUR)) as f64 / (24 * HOUR) as f64 * std::f64::consts::TAU).cos();
    assert_eq!(steady(&mut Dice(4), 8, by_day, 1, 7 * 24 * HOUR).len(), 0);
}

#[test]
fn ten_times_the_usual_is_found_within_minutes_and_ends() {
    let begin = 36 * HOUR;
    for (usual, then) in [(2.0, 400.0), (30.0, 600.0), (200.0, 3000.0)] {
        let said = steady(&mut Dice(5), 1, |_, at| if (begin..begin + HOUR).contains(&at) { then } else { usual }, 1, 48 * HOUR);
        assert_eq!(said.len(), 2, "{usual}: {said:?}");
        let late = said[0].since - BEGIN - begin;
        // the first gap at the usual rate may reach into it
        assert!((0..HOUR / 2).contains(&late), "{usual}: {late} ms late");
        assert!(said[0].usual.is_some_and(|u| (u - usual / 12.0).abs() < usual / 12.0), "{usual}: {:?}", said[0].usual);
        let over = said[1].until.expect("an end") - BEGIN - begin - HOUR;
        assert!((0..10 * MINUTE).contains(&over), "{usual}: over after {over} ms");
    }
}

/// Findings in any number, spread over ten minutes.
fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let one = (0..600_000_i64, 0..3_usize, 0..3_usize);
    prop::collection::vec(one, 1..120).prop_map(|all| {
        let causes = [Cause::CodeReused, Cause::CodeExpired, Cause::ClockSkew];
        let mut all = all;
        all.sort_unstable();
        all.into_iter().enumerate().map(|(id, (at, client, cause))| finding(id, at, &format!("client-{client}"), causes[cause])).collect()
    })
}

const RULES: [&str; 4] = ["rate>3/1m by client", "cause=code-reused rate>5/3m for 20s", "clients>1/2m by cause", "cause!=clock-skew rate>8/5m by client,cause"];

/// Plays findings that come `late` by so many milliseconds each, the clock ticking; `restarts` says after which of them the engine is saved and taken up again.
fn play(all: &[Finding], late: &[i64], restarts: &BTreeSet<usize>) -> Vec<Alert> {
    let rules = || RULES.iter().map(|r| Rule::parse(r).expect("a rule")).collect::<Vec<_>>();
    let time = |f: &Finding| f.time.map_or(0, |t| t.timestamp_millis());
    let mut arrivals: Vec<(i64, &Finding)> = all.iter().zip(late.iter().cycle()).map(|(f, late)| (time(f) + late, f)).collect();
    arrivals.sort_by_key(|a| a.0);
    let mut engine = Engine::new(rules());
    let (mut said, mut now) = (Vec::new(), BEGIN);
    let mut tick = |engine: &mut Engine, now: i64| said.extend(engine.tick(now, &Gauges { lag_ms: Some(0), ..Gauges::default() }).alerts);
    tick(&mut engine, now);
    for (number, (at, f)) in arrivals.into_iter().enumerate() {
        while now + 250 < at {
            now += 250;
            tick(&mut engine, now);
        }
        engine.update(&found(f.clone()));
        if restarts.contains(&number) {
            engine = Engine::restore(&engine.save(), rules()).expect("a state").0;
        }
    }
    for _ in 0..1000 {
        now += 1000;
        tick(&mut engine, now);
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_order_in_which_findings_come_does_not_matter(all in findings(), late in prop::collection::vec(0..2500_i64, 1..40)) {
        let want = play(&all, &[0], &BTreeSet::new());
        prop_assert_eq!(play(&all, &late, &BTreeSet::new()), want);
    }

    #[test]
    fn a_restart_at_any_point_changes_nothing(all in findings(), late in prop::collection::vec(0..2500_i64, 1..40), at in prop::collection::btree_set(0..120_usize, 0..6)) {
        prop_assert_eq!(play(&all, &late, &at), play(&all, &late, &BTreeSet::new()));
    }

    #[test]
    fn every_alert_that_begins_ends_and_has_an_id_of_its_own(all in findings()) {
        let said = play(&all, &[0], &BTreeSet::new());
        let mut open = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for alert in &said {
            match alert.state {
                State::Firing => prop_assert!(open.insert(&alert.id) && seen.insert(&alert.id), "{} began twice", alert.id),
                State::Resolved => prop_assert!(open.remove(&alert.id), "{} ended and had not begun", alert.id),
            }
        }
        prop_assert!(open.is_empty());
    }

    #[test]
    fn what_is_read_again_after_a_kill_has_the_same_ids(all in findings(), cut in 0..120_usize) {
        // the state is that of the cut; all that came after it is read again, as fast as it can be
        let cut = cut.min(all.len() - 1);
        let want: BTreeSet<String> = play(&all, &[0], &BTreeSet::new()).into_iter().map(|a| a.id).collect();
        let rules = || RULES.iter().map(|r| Rule::parse(r).expect("a rule")).collect::<Vec<_>>();
        let mut engine = Engine::new(rules());
        let mut said = Vec::new();
        let gauges = Gauges { lag_ms: Some(0), ..Gauges::default() };
        for f in &all[..cut] {
            let now = f.time.map_or(BEGIN, |t| t.timestamp_millis());
            said.extend(engine.tick(now, &gauges).alerts);
            engine.update(&found(f.clone()));
        }
        engine = Engine::restore(&engine.save(), rules()).expect("a state").0;
        all[cut..].iter().for_each(|f| engine.update(&found(f.clone())));
        for i in 0..200 {
            said.extend(engine.tick(BEGIN + 601_000 + i * 5000, &gauges).alerts);
        }
        let got: BTreeSet<String> = said.into_iter().map(|a| a.id).collect();
        prop_assert_eq!(got, want);
    }
}

#[test]
fn an_alert_reads_back_from_its_bytes() {
    let mut run = Run::new(&["rate>0/1m"]);
    run.fail(1000, "web", Cause::CodeReused);
    run.to(10_000);
    let alert = Alert { sample: run.said[0].sample.as_ref().map(|f| Arc::new(Finding { delay_ms: None, ..(**f).clone() })), ..run.said[0].clone() };
    let bytes = postcard::to_stdvec(&alert).expect("bytes");
    assert_eq!(postcard::from_bytes::<Alert>(&bytes).expect("an alert"), alert);
}

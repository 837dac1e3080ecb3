//! What a run counted can be parted and joined as one likes, comes back from JSON as it was, and nothing that a file claims makes the program panic or grow.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use chrono::{DateTime, NaiveDate};
use kctriage::books::Books;
use kctriage::cause::{Cause, Detail};
use kctriage::finding::{Confidence, Evidence, Finding, SCHEMA, Trust};
use kctriage::report::json;
use kctriage::tally::account::{NodeAccount, QuotedAccount, Served, SourceAccount, SuspectAccount};
use kctriage::tally::incident::{Change, Settings, Trigger, find};
use kctriage::tally::{Account, Requests};
use kctriage::triage::verdict::Lack;
use proptest::prelude::*;

const WINDOW_MS: i64 = 60_000;

/// Something that a run takes note of; the numbers say which realm, client, cause and so on.
type Fact = (u8, i64, u8, u8, u8);

fn note(account: &mut Account, (kind, time, a, b, c): Fact) {
    let name = |prefix: &str, n: u8| Some(Arc::<str>::from(format!("{prefix}-{}", n % 4)));
    let count = u64::from(c) + 1;
    match kind % 12 {
        0..4 => account.tally.add(&finding(time, a, b, c)),
        4 => {
            let key = ((!b.is_multiple_of(9)).then_some(time / WINDOW_MS * WINDOW_MS), name("realm", a), name("client", b));
            let served = Served { exchanges: count, refreshes: u64::from(a), grants: u64::from(b) };
            account.successes.get_or_insert_default().entry(key).or_default().merge(served);
        }
        5 => account.refresh_ages.entry((name("realm", a), name("client", b))).or_default().add(i64::from(c) * 700),
        6 => {
            let what = [
                Change::ServerStarted { version: Some(format!("26.{a}")), before: None },
                Change::ClockJumped { by_ms: -i64::from(b) },
                Change::SecretRegenerated,
                Change::NotBeforePushed,
                Change::DatabaseTrouble,
                Change::RealmUpdated,
            ];
            let what = what[usize::from(c) % what.len()].clone();
            account.triggers.insert(Trigger {
                time,
                what,
                realm: name("realm", a),
                client: name("client", b),
                node: None,
                place: Some(("server.log".into(), 7)),
            });
        }
        7 => {
            let node = NodeAccount {
                versions: BTreeSet::from([(time, format!("26.{a}"))]),
                span: Some((time, time + i64::from(b))),
                events: a.is_multiple_of(2),
                successes: b.is_multiple_of(2),
                from_start: c.is_multiple_of(2),
                stopped: c.is_multiple_of(3).then_some(time),
                ..NodeAccount::default()
            };
            account.nodes.entry(format!("kc-{}", a % 2)).or_default().merge(&node);
            account.span = Some(account.span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        }
        8 => {
            let mut books = Books { parsed: count, records: 1, caps_hit: BTreeSet::from([format!("cap-{}", a % 3)]), ..Books::default() };
            books.unparsed(u64::from(b), u64::from(c), format!("line {b}").as_bytes());
            account.books.merge(&books);
            let source = SourceAccount { recognised: a.is_multiple_of(2), layouts: BTreeSet::from([format!("layout-{}", a % 3)]), ..SourceAccount::default() };
            account.sources.entry((format!("server.log.{}", b % 3), "kc".into())).or_default().merge(&source);
        }
        9 => {
            *account.lacks.entry(Lack::ALL[usize::from(a) % Lack::ALL.len()]).or_default() += count;
            let oldest = account.worked.entry(Some(format!("realm-{}", b % 3))).or_insert(time);
            *oldest = time.max(*oldest);
            account.left_out += u64::from(c);
            account.members = account.members.max(Some(u32::from(a)));
        }
        10 => {
            let requests = Requests { successes: count, failures: u64::from(b), waiting: 1 };
            account.access.realms.entry(Some(format!("realm-{}", a % 3))).or_default().merge(requests);
            account.access.unjoined += 1;
            account.problems.insert(format!("problem {}", a % 5));
        }
        _ => {
            let (source, line) = (format!("app-{}.log", a % 3), u64::from(b));
            account.suspects.insert(SuspectAccount {
                time: Some(time),
                source: source.clone(),
                line,
                event: "LOGIN".into(),
                ip: None,
                why: "it looks so".into(),
            });
            account.quoted.insert(QuotedAccount { time: DateTime::from_timestamp_millis(time), source, line, answer: 0 });
            account.quoted_count += 1;
            account.assumed_dates.insert(("kc".into(), NaiveDate::from_ymd_opt(2026, 11, 1 + u32::from(a % 28)).expect("a day"), "its name".into()));
            account.zone_assumed |= c.is_multiple_of(2);
        }
    }
}

fn finding(time: i64, a: u8, b: u8, c: u8) -> Finding {
    let cause = Cause::ALL[usize::from(b) % Cause::ALL.len()];
    let confidence = Confidence::ALL[usize::from(c) % 3];
    Finding {
        schema: SCHEMA,
        id: format!("{time}-{a}-{b}-{c}"),
        time: if c.is_multiple_of(13) { None } else { DateTime::from_timestamp_millis(time) },
        realm: Some(format!("realm-{}", a % 3)),
        client: (!a.is_multiple_of(7)).then(|| format!("client-{}", a % 5)),
        cause,
        number: cause.number(),
        detail: (cause == Cause::RefreshTokenInvalid).then_some(Detail::Rotated),
        confidence,
        candidates: if confidence == Confidence::Certain { vec![cause] } else { vec![cause, Cause::Unclassified] },
        event: "CODE_TO_TOKEN_ERROR".into(),
        error: Some("invalid_code".into()),
        reason: None,
        grant: None,
        session: None,
        user: Some(format!("user-{c}")),
        ip: Some(format!("10.0.{a}.{c}")),
        node: "kc".into(),
        source: "server.log".into(),
        line: u64::from(b),
        evidence: vec![Evidence { source: None, line: 1, what: "what it shows".into() }],
        trust: Trust::Quoted,
        delay_ms: Some(i64::from(c) * 1000 - 500),
    }
}

fn account<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> Account {
    let mut account = Account::new(WINDOW_MS);
    facts.into_iter().for_each(|fact| note(&mut account, *fact));
    account
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a Account>) -> Account {
    let mut all = Account::new(WINDOW_MS);
    for part in parts {
        all.merge(part).expect("windows of one length");
    }
    all
}

fn written(account: &Account) -> String {
    let mut out = Vec::new();
    json::write(account, &mut out).expect("a vector takes it");
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec((any::<u8>(), 0i64..7_200_000, any::<u8>(), any::<u8>(), any::<u8>()), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_parts_in_any_order_are_the_same_whole(facts in facts(), parts in prop::collection::vec(0usize..5, 120), turn in 0usize..5) {
        let whole = account(&facts);
        let part = |n: usize| account(facts.iter().zip(&parts).filter(|(_, p)| **p == n).map(|(f, _)| f));
        let all: Vec<Account> = (0..5).map(part).collect();
        // forwards, turned and backwards; and in a tree instead of a row
        prop_assert_eq!(&joined(&all), &whole);
        prop_assert_eq!(&joined(all[turn..].iter().chain(&all[..turn]).rev()), &whole);
        prop_assert_eq!(&joined([&joined(&all[..2]), &Account::new(WINDOW_MS), &joined(&all[2..])]), &whole);
        prop_assert_eq!(find(&joined(all.iter().rev()), &Settings::default()), find(&whole, &Settings::default()));
    }

    #[test]
    fn what_is_written_is_read_again(facts in facts(), split in 0usize..120) {
        let whole = account(&facts);
        let text = written(&whole);
        let read = json::read(text.as_bytes()).expect("what was written is read").account;
        prop_assert_eq!(&written(&read), &text);
        prop_assert_eq!(read.tally.findings(), whole.tally.findings());
        // and what was read merges as what was counted does
        let (a, b) = facts.split_at(split.min(facts.len()));
        let back = |facts: &[Fact]| json::read(written(&account(facts)).as_bytes()).expect("it is read").account;
        prop_assert_eq!(written(&joined([&back(b), &back(a)])), text);
    }
}

#[test]
fn clients_beyond_the_cap_are_added_up_and_that_is_said() {
    let mut many = Account::new(WINDOW_MS);
    for n in 0..10_050u32 {
        let mut one = finding(i64::from(n), 1, 0, 1);
        one.client = Some(format!("client-{n}"));
        many.tally.add(&one);
    }
    let text = written(&many);
    let read = json::read(text.as_bytes()).expect("it is read").account;
    assert!(read.books.caps_hit.contains("clients"));
    assert_eq!(read.tally.findings(), 10_050);
    let other: u64 = read.tally.cells.iter().filter(|(k, _)| k.client.as_deref() == Some("other")).map(|(_, c)| c.count).sum();
    assert_eq!(other, 50);
}

/// A saved tally, and a change of it that no log can have led to; the words of which the refusal has one.
fn damaged() -> Vec<(&'static str, String, &'static str)> {
    let facts: Vec<Fact> = (0..60u8).map(|n| (n, i64::from(n) * 40_000, n.wrapping_mul(7), n.wrapping_mul(13), n)).collect();
    let text = written(&account(&facts));
    let swap = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    vec![
        ("a count that no type holds", swap("\"count\":1", "\"count\":99999999999999999999999"), "expected u64"),
        ("the largest count", swap("\"count\":1", "\"count\":18446744073709551615"), "add up to more"),
        ("counts that are large together", text.replace("\"count\":1", "\"count\":4503599627370496"), "add up to more"),
        ("a negative count", swap("\"count\":1", "\"count\":-1"), "expected u64"),
        ("a part of a failure", swap("\"count\":1", "\"count\":1.5"), "expected u64"),
        ("a text for a count", swap("\"count\":1", "\"count\":\"1\""), "expected u64"),
        ("a sum that is not that of the rows", swap("\"findings\":", "\"findings\":1"), "rows hold"),
        ("no rows", swap("\"rows\":", "\"rose\":"), "missing field `rows`"),
        ("no schema", swap("\"schema\":1,", ""), "missing field `schema`"),
        ("a later schema", swap("\"schema\":1,", "\"schema\":7,"), "schema number is 7"),
        ("a cause that is none", swap("\"cause\":\"", "\"cause\":\"un"), "unknown variant"),
        ("a time that is none", swap("\"first\":\"1970", "\"first\":\"in 1970"), "is no time"),
        ("a delay of more than an age", swap("\"below_2_to_the\":{\"", "\"below_2_to_the\":{\"200\":1,\""), "below 2 to the 200"),
        ("windows of no length", swap("\"window_seconds\":60", "\"window_seconds\":0"), "window_seconds is 0"),
        ("windows of all time", swap("\"window_seconds\":60", "\"window_seconds\":1e300"), "window_seconds is 1e"),
        ("deep nesting", swap("\"rows\":", &format!("\"more\":{}{},\"rows\":", "[".repeat(100_000), "]".repeat(100_000))), "recursion limit"),
        ("half of it", text[..text.len() / 2].to_owned(), "no saved tally"),
        ("nothing", String::new(), "no saved tally"),
        ("no object", "[1,2,3]".to_owned(), "no saved tally"),
        ("no UTF-8", String::from("\u{0}\u{1}"), "no saved tally"),
    ]
}

#[test]
fn a_file_that_cannot_be_is_refused_in_plain_words() {
    for (what, text, word) in damaged() {
        let error = json::read(text.as_bytes()).expect_err(what).to_string();
        assert!(error.contains(word) && error.len() < 600, "{what}: {error}");
    }
}

#[test]
fn the_program_says_so_and_renders_the_strangest_file_that_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        path
    };
    let run = |args: &[&str], path: &Path| {
        let mut command = Command::cargo_bin("kctriage").expect("the program");
        command.args(args).arg(path).timeout(std::time::Duration::from_secs(120)).output().expect("it runs")
    };
    for (what, text, _) in damaged().into_iter().take(3) {
        let path = file("damaged.json", &text);
        for args in [&["report", "--format", "json", "--from"][..], &["merge", "--format", "json"][..]] {
            let output = run(args, &path);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code().is_some_and(|c| (2..=4).contains(&c)), "{what}: {:?} {told}", output.status);
            assert!(told.contains("damaged.json") && !told.contains("panicked"), "{what}: {told}");
        }
    }
    // two failures, nine thousand years apart, in windows of a millisecond
    let mut far = account(&[(0, 1_000, 1, 0, 1), (0, 2_000, 2, 0, 1)]);
    far.span = Some((1_000, 2_000));
    let text = written(&far).replace("\"window_seconds\":60", "\"window_seconds\":0.001");
    let text = text.replace("1970-01-01T00:00:02", "9998-01-01T00:00:02");
    let path = file("far.json", &text);
    for format in ["json", "markdown", "html"] {
        let output = run(&["report", "--format", format, "--from"], &path);
        assert!(output.status.success(), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.len() < 4_000_000, "{format}: {} bytes", output.stdout.len());
    }
}

//! Incidents in a recording of a real server: a client's secret was regenerated, the server restarted, and the life of codes shortened.

use std::path::Path;

use kctriage::cause::Cause;
use kctriage::pipeline::{self, Lines, Options};
use kctriage::report::json;
use kctriage::source::{Find, discover};
use kctriage::tally::incident::{Change, Settings, State, find};
use kctriage::tally::{Account, Windows};
use kctriage::triage::rules::Rules;

fn account(recording: &str, window_ms: i64) -> Account {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(recording).join("server.log");
    let found = discover(&[path], &Find::default(), &Lines::default());
    let options = Options { window_ms, successes: true, ..Options::default() };
    pipeline::count(&found, &Rules::builtin(), &options, Windows::Apart, &|_| {}).expect("no temporary file is needed").account()
}

fn written(account: &Account) -> String {
    let mut out = Vec::new();
    json::write(account, &mut out).expect("a vector takes it");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn a_regenerated_secret_is_named_with_the_first_failure_after_it() {
    let found = find(&account("2673-outage", 10_000), &Settings::default());
    let incident = found.incidents.iter().find(|i| i.cause == Cause::WrongClientSecret).expect("the secret's incident");
    let trigger = incident.triggers.first().expect("what set it off");
    assert_eq!((&trigger.what, incident.state), (&Change::SecretRegenerated, State::Going));
    assert!((0..5000).contains(&(incident.start - trigger.time)), "{} {}", incident.start, trigger.time);
    assert_eq!(incident.clients.iter().filter_map(|c| c.client.as_deref()).collect::<Vec<_>>(), ["nightly-batch"]);
}

#[test]
fn requests_meanwhile_are_those_of_the_clients_while_it_went_on() {
    let account = account("2673-load", 10_000);
    let incident = find(&account, &Settings::default()).incidents.remove(0);
    let during = |window: Option<i64>| window.is_some_and(|w| w + 10_000 > incident.start && w <= incident.last);
    let of_them = |client: &Option<std::sync::Arc<str>>| incident.clients.iter().any(|share| share.client == *client);
    let served = account.successes.iter().flatten().filter(|((window, _, client), _)| during(*window) && of_them(client));
    let failed = account.tally.cells.iter().filter(|(key, _)| during(key.window) && of_them(&key.client));
    assert_eq!(incident.successes, Some(served.map(|(_, served)| served.total()).sum()));
    assert_eq!(incident.failures, Some(failed.map(|(_, cell)| cell.count).sum()));
    assert!(incident.failures > Some(incident.count), "whatever the cause");
    assert!(incident.successes < Some(account.successes.iter().flatten().map(|(_, served)| served.total()).sum()), "not before it");
}

#[test]
fn a_tally_is_the_same_after_it_was_written_and_read() {
    for recording in ["2673-outage", "2506-hostile", "2673-access", "1611-wildfly", "2673-cluster"] {
        let account = account(recording, 60_000);
        let text = written(&account);
        let saved = json::read(text.as_bytes()).expect("what was written is read");
        assert!(saved.lacking.is_empty(), "{recording}: {:?}", saved.lacking);
        assert_eq!(written(&saved.account), text, "{recording}");
        let mut twice = saved.account.clone();
        twice.merge(&account).expect("windows of one length");
        assert_eq!(twice.tally.findings(), 2 * account.tally.findings(), "{recording}");
        let mut same = Account::new(60_000);
        same.merge(&saved.account).expect("windows of one length");
        assert_eq!(written(&same), text, "{recording}: the empty account changes nothing");
    }
}

#[test]
fn a_later_form_other_windows_and_what_is_no_tally_are_refused() {
    let mut account = account("2673-plain", 60_000);
    let text = written(&account);
    for (wrong, word) in
        [(text.replacen("\"schema\":1", "\"schema\":2", 1), "schema number is 2"), ("{}".into(), "no saved tally"), ("[".into(), "no saved tally")]
    {
        let error = json::read(wrong.as_bytes()).expect_err("refused").to_string();
        assert!(error.contains(word), "{error}");
    }
    let error = account.merge(&Account::new(300_000)).expect_err("refused").to_string();
    assert_eq!(error, "its windows are 5m long, those of the others 1m");
}

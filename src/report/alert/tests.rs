use super::*;
use crate::alert::{Rule, Severity};
use crate::cause::Cause;
use crate::tally::incident::{Change, Trigger};

const SINCE: i64 = 1_795_445_323_000;

fn alert(rule: &str) -> Alert {
    let measure = Rule::parse(rule).expect("a rule").measure;
    Alert {
        id: "0123456789abcdef0123456789abcdef".into(),
        rule: "a-rule".into(),
        severity: Severity::Warning,
        builtin: false,
        description: None,
        runbook: None,
        measure,
        group: vec![(Field::Realm, Some("shop".into())), (Field::Client, Some("web".into()))],
        state: State::Firing,
        since: SINCE,
        at: SINCE,
        until: None,
        count: 21,
        causes: vec![(Cause::CodeReused, 20), (Cause::CodeExpired, 1)],
        clients: vec!["web".into()],
        more_clients: false,
        usual: None,
        trigger: None,
        sample: None,
        corrected: false,
    }
}

fn said(alert: &Alert) -> String {
    summary(alert, &|name| name.to_owned())
}

#[test]
fn a_summary_says_whose_what_and_how_much() {
    let over = |a: Alert| Alert { state: State::Resolved, until: Some(SINCE + 60_000), ..a };
    let trigger = |what| Some(Trigger { time: SINCE, what, realm: None, client: None, node: None, place: None });
    let clients: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
    let table = [
        (alert("rate>20/5m"), "web: code reused, 21 failures in 5 min (limit 20)"),
        (over(alert("rate>20/5m")), "web: code reused, 21 failures"),
        (Alert { group: vec![], clients: clients.clone(), ..alert("rate>20/60s") }, "a, b, c and others: code reused, 21 failures in 60 s (limit 20)"),
        (
            Alert { group: vec![(Field::Node, Some("kc-0".into()))], clients, ..alert("clients>1/15m") },
            "a, b, c and others, node kc-0: code reused, 4 clients in 15 min (limit 1), 21 failures",
        ),
        (Alert { count: 1, ..alert("new") }, "web: code reused, never before, 1 failure"),
        (Alert { usual: Some(0.21), ..alert("unusual") }, "web: code reused, 21 failures in 5 min (usual 0.2)"),
        (Alert { usual: Some(0.0), ..alert("unusual") }, "web: code reused, 21 failures in 5 min (usual hardly any)"),
        (
            Alert { causes: vec![(Cause::WrongClientSecret, 21)], trigger: trigger(Change::SecretRegenerated), ..alert("secret-rotated") },
            "web: wrong client secret, it uses its old secret since 2026-11-23T14:48:43Z, 21 failures",
        ),
        (
            Alert {
                causes: vec![],
                clients: vec![],
                count: 0,
                group: vec![(Field::Node, Some("kc-1".into()))],
                trigger: trigger(Change::ClockJumped { by_ms: -5000 }),
                ..alert("clock-jumped")
            },
            "node kc-1: the server's clock went back by 5.0 s",
        ),
        (Alert { corrected: true, count: 0, causes: vec![], ..over(alert("rate>20/5m")) }, "web: 0 failures (later lines changed the verdicts)"),
        (Alert { group: vec![], clients: vec![], causes: vec![], ..alert("rate>0/1m") }, "all clients: 21 failures in 60 s (limit 0)"),
    ];
    for (alert, want) in table {
        assert_eq!(said(&alert), want);
    }
}

#[test]
fn every_payload_is_as_documented() {
    let alert = Alert { description: Some("what it is".into()), runbook: Some("https://wiki.example/x".into()), ..alert("rate>20/5m") };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    insta::assert_snapshot!("ndjson", text(ndjson(&alert)));
    insta::assert_snapshot!("slack", text(slack(&alert)));
    insta::assert_snapshot!("alertmanager", text(alertmanager([&alert], SINCE + 1000)));
    // a log whose clock is ahead: nothing that is over ends in the future
    let over = Alert { state: State::Resolved, until: Some(SINCE + 60_000), ..alert };
    insta::assert_snapshot!("alertmanager_over", text(alertmanager([&over], SINCE - 1000)));
}

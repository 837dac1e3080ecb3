//! Access lines beside events, in small logs whose truth is plain: which line belongs to which event, and what counts once.

use std::fs;
use std::path::PathBuf;

use kctriage::cause::Cause;
use kctriage::finding::{Confidence, Finding, Trust};
use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Find, discover};
use kctriage::tally::Outcome;
use kctriage::triage::rules::Rules;

/// Scans files of that name and content.
fn scan(files: &[(&str, String)]) -> (Vec<Finding>, Outcome) {
    let dir = tempfile::tempdir().expect("a folder");
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, text)| {
            let path = dir.path().join(name);
            fs::write(&path, text).expect("a file");
            path
        })
        .collect();
    let found = discover(&paths, &Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let outcome = pipeline::run(&found, &Rules::builtin(), &Options::default(), &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    })
    .expect("a run");
    (findings, outcome)
}

/// A record at `14:48:SS,mmm` of a thread.
fn record(time: &str, logger: &str, thread: u8, message: &str) -> String {
    format!("2026-11-23 14:48:{time} INFO  [{logger}] (executor-thread-{thread}) {message}\n")
}

/// The server's first word, so that no line can be missing.
fn started(version: &str) -> String {
    record("00,000", "io.quarkus", 9, &format!("Keycloak {version} on JVM (powered by Quarkus 3.33.3.1) started in 4.4s. Listening on: http://0.0.0.0:8080"))
}

/// A client whose credentials were refused.
fn refused(time: &str, thread: u8, ip: &str) -> String {
    let event = format!(
        "type=\"CLIENT_LOGIN_ERROR\", realmId=\"r\", realmName=\"shop\", clientId=\"batch\", userId=\"null\", ipAddress=\"{ip}\", error=\"invalid_client_credentials\", grant_type=\"client_credentials\""
    );
    record(time, "org.keycloak.events", thread, &event)
}

/// A line of an access log at `14:48:SS`.
fn line(second: &str, ip: &str, status: u16, bytes: u64) -> String {
    format!("{ip} - - [23/Nov/2026:14:48:{second} +0000] \"POST /realms/shop/protocol/openid-connect/token HTTP/1.1\" {status} {bytes}")
}

fn own(time: &str, thread: u8, ip: &str, status: u16, bytes: u64) -> String {
    record(time, "org.keycloak.http.access-log", thread, &line(&time[..2], ip, status, bytes))
}

fn verdicts(findings: &[Finding]) -> Vec<(&str, &[Cause], bool)> {
    findings.iter().map(|f| (f.ip.as_deref().unwrap_or("-"), &f.candidates[..], f.confidence == Confidence::Certain)).collect()
}

const SKEW: &[Cause] = &[Cause::ClockSkew];
const METHOD: &[Cause] = &[Cause::ClientAuthMethod];
const OPEN: &[Cause] = &[Cause::WrongClientSecret, Cause::ClientAuthMethod];

/// A request before all others, so that the stream is known to have access lines.
fn first() -> String {
    own("01,000", 1, "10.0.0.1", 200, 1400)
}

#[test]
fn an_answer_belongs_to_the_event_before_it_on_its_thread_and_address() {
    let log = started("26.7.3")
        + &first()
        // two threads at once: each has its own answer
        + &refused("10,000", 1, "10.0.0.4")
        + &refused("10,001", 2, "10.0.0.5")
        + &own("10,002", 2, "10.0.0.5", 400, 91)
        + &own("10,003", 1, "10.0.0.4", 400, 68)
        // a size that no such event has changes nothing
        + &refused("20,000", 1, "10.0.0.6")
        + &own("20,001", 1, "10.0.0.6", 400, 62)
        // nor does a line that never comes
        + &refused("30,000", 1, "10.0.0.7");
    let (findings, outcome) = scan(&[("server.log", log)]);
    assert_eq!(verdicts(&findings), [("10.0.0.4", SKEW, true), ("10.0.0.5", METHOD, true), ("10.0.0.6", OPEN, false), ("10.0.0.7", OPEN, false)]);
    assert_eq!(outcome.books.records, 9);
    assert!(
        findings[0].evidence.iter().any(|e| e.what.contains("answered 400 with 68 bytes: invalid_client, \"Token is not active\"")),
        "{:?}",
        findings[0].evidence
    );
}

#[test]
fn a_refusal_without_an_event_is_found_and_a_poll_that_waits_is_counted() {
    let log =
        started("26.7.3") + &first() + &own("10,000", 1, "10.0.0.4", 403, 64) + &own("11,000", 1, "10.0.0.5", 400, 98) + &own("12,000", 1, "10.0.0.6", 413, 0);
    let (findings, outcome) = scan(&[("server.log", log)]);
    assert_eq!(verdicts(&findings), [("10.0.0.4", &[Cause::Unlogged][..], true), ("10.0.0.6", &[Cause::Unlogged, Cause::Unclassified][..], false)]);
    assert!(findings.iter().all(|f| f.trust == Trust::Access && f.client.is_none() && f.event == "ACCESS" && f.realm.as_deref() == Some("shop")));
    let requests = outcome.access.realms[&Some("shop".to_owned())];
    assert_eq!((requests.successes, requests.failures, requests.waiting, outcome.access.own), (1, 2, 1, true));
}

#[test]
fn where_a_log_begins_an_event_may_be_missing() {
    let log = own("10,000", 1, "10.0.0.4", 403, 64) + &own("10,100", 1, "10.0.0.5", 403, 64);
    let (findings, _) = scan(&[("server.log", log)]);
    assert_eq!(findings.iter().map(|f| f.confidence == Confidence::Certain).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn lines_of_a_proxy_are_joined_by_address_and_time_and_count_once() {
    let server = started("26.7.3") + &refused("10,900", 1, "10.0.0.4") + &refused("20,000", 2, "10.0.0.5") + &refused("59,000", 2, "10.0.0.9");
    let proxy = [
        line("11", "10.0.0.4", 400, 68),
        // two requests of one address at once, one of them without an event
        line("20", "10.0.0.5", 403, 64),
        line("20", "10.0.0.5", 400, 91),
        line("59", "10.0.0.9", 401, 98),
    ];
    let (findings, outcome) = scan(&[("server.log", server), ("access.log", proxy.join("\n") + "\n")]);
    let want = [
        // the event says nothing of an assertion, and the line is not the server's own
        ("10.0.0.4", &[Cause::ClockSkew, Cause::WrongClientSecret, Cause::ClientAuthMethod][..], false),
        ("10.0.0.5", METHOD, true),
        ("10.0.0.5", &[Cause::Unlogged][..], true),
        ("10.0.0.9", OPEN, false),
    ];
    let mut got = verdicts(&findings);
    got.sort();
    assert_eq!(got, want);
    assert_eq!(outcome.books.unparsed_lines, 0);
}

#[test]
fn several_answers_that_can_be_an_events_own_exclude_only_what_all_of_them_do() {
    let server = started("26.7.3") + &refused("20,000", 1, "10.0.0.5") + &refused("20,500", 2, "10.0.0.5") + &refused("59,000", 2, "10.0.0.9");
    let with = |second: [u64; 2]| {
        let proxy = [line("20", "10.0.0.5", 400, second[0]), line("20", "10.0.0.5", 400, second[1]), line("59", "10.0.0.9", 401, 98)];
        let (findings, _) = scan(&[("server.log", server.clone()), ("access.log", proxy.join("\n") + "\n")]);
        findings[0].candidates.clone()
    };
    assert_eq!(with([91, 91]), METHOD);
    assert_ne!(with([68, 91]), METHOD);
}

#[test]
fn a_server_that_sees_only_its_proxy_counts_nothing_twice() {
    let server = started("26.7.3") + &refused("10,000", 1, "10.9.9.9") + &refused("20,000", 2, "10.9.9.9") + &refused("30,000", 2, "10.9.9.9");
    let proxy = [line("10", "10.0.0.4", 400, 68), line("20", "10.0.0.5", 400, 91), line("30", "10.0.0.6", 400, 91)].join("\n") + "\n";
    let (findings, outcome) = scan(&[("server.log", server), ("access.log", proxy)]);
    assert_eq!(verdicts(&findings), [("10.9.9.9", OPEN, false); 3]);
    assert_eq!(outcome.access.unjoined, 3);
}

#[test]
fn sizes_of_compressed_answers_are_not_believed() {
    let server = started("16.1.1") + &refused("10,000", 1, "10.0.0.4") + &refused("20,000", 1, "10.0.0.5") + &refused("30,000", 1, "10.0.0.6");
    // the second happens to be as long as "Client secret not provided in request"
    let proxy = [line("10", "10.0.0.4", 401, 105), line("20", "10.0.0.5", 401, 91), line("30", "10.0.0.6", 401, 107)].join("\n") + "\n";
    let (findings, _) = scan(&[("server.log", server), ("access.log", proxy)]);
    assert_eq!(findings.len(), 3);
    assert!(findings.iter().all(|f| f.confidence != Confidence::Certain), "{:?}", verdicts(&findings));
}

#[test]
fn an_access_log_alone_is_never_certain_and_never_names_one_cause_only() {
    let mut proxy = String::new();
    for (i, answer) in kctriage::signal::answers::ANSWERS.iter().enumerate() {
        proxy += &(line("10", &format!("10.0.1.{i}"), answer.status, answer.bytes()) + "\n");
    }
    let (findings, _) = scan(&[("access.log", proxy)]);
    assert!(findings.len() > 100, "{}", findings.len());
    for f in &findings {
        let several = (2..=4).contains(&f.candidates.len()) || f.cause == Cause::Unclassified;
        assert!(f.confidence != Confidence::Certain && several, "{f:?}");
    }
}

#[test]
fn an_access_line_inside_a_servers_record_is_somebodys_words() {
    let log = started("26.7.3")
        + &record("10,000", "org.acme", 1, "a message of two lines")
        + &line("10", "10.0.0.4", 403, 64)
        + "\n"
        + &record("11,000", "org.acme", 1, "m");
    let (findings, outcome) = scan(&[("server.log", log.clone())]);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((outcome.books.records, outcome.books.bytes()), (3, log.len() as u64));
    // nor does it count under another logger's name
    let (findings, _) = scan(&[("server.log", started("26.7.3") + &record("10,000", "org.acme", 1, &line("10", "10.0.0.4", 403, 64)))]);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_browsers_login_orders_what_its_refused_code_leaves() {
    let login = |time: &str| {
        let page = "\"POST /realms/shop/login-actions/authenticate?session_code=x&client_id=spa&tab_id=t HTTP/1.1\" 302 -";
        record(time, "org.keycloak.http.access-log", 1, &format!("10.0.0.4 - - [23/Nov/2026:14:48:{} +0000] {page}", &time[..2]))
    };
    let gone = |time: &str, code: &str| {
        let event = "type=\"CODE_TO_TOKEN_ERROR\", realmId=\"r\", realmName=\"shop\", clientId=\"spa\", userId=\"null\", sessionId=\"8BR2w40pXq1mVx7TdKc4WyZa\", ipAddress=\"10.0.0.4\", error=\"invalid_code\", grant_type=\"authorization_code\"";
        record(
            time,
            "org.keycloak.protocol.oidc.utils.OAuth2CodeParser",
            1,
            &format!("Code '{code}' already used for userSession '8BR2w40pXq1mVx7TdKc4WyZa' and client '41ac5afa'."),
        ) + &record(time, "org.keycloak.events", 1, event)
            + &own(time, 1, "10.0.0.4", 400, 62)
    };
    let log = started("26.7.3") + &login("10,000") + &own("10,500", 1, "10.0.0.4", 200, 3000) + &gone("12,000", "a") + &login("20,000") + &gone("50,000", "b");
    let (findings, _) = scan(&[("server.log", log)]);
    let want = [("10.0.0.4", &[Cause::CodeReused, Cause::CodeExpired][..], false), ("10.0.0.4", &[Cause::CodeExpired, Cause::CodeReused][..], false)];
    assert_eq!(verdicts(&findings), want);
    assert!(findings.iter().all(|f| f.confidence == Confidence::Likely));
}

//! A realm export beside the logs: what it makes certain, what it must not, and that its secrets go nowhere.
//!
//! The export is that of `2673-stored`. The clients of all recordings are set up alike, so it fits them all by the realm's name, and with a run's own realm
//! id put in, by its id. The lifespans of its codes fit none of them: they were changed in every run, and the export is of its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

fn export() -> Value {
    serde_json::from_slice(&fs::read(recordings().join("2673-stored/realm.json")).expect("a recording")).expect("JSON")
}

fn kctriage(args: &[&str], paths: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kctriage")).args(args).args(paths).output().expect("kctriage starts")
}

/// What `score.py` says of a scan.
fn score(folder: &Path, run: &str, log: &Path, args: &[&str]) -> Value {
    let output = kctriage(&[&["scan", "--format", "ndjson"], args].concat(), &[log.to_owned()]);
    assert!(output.status.success(), "{run}: {}", String::from_utf8_lossy(&output.stderr));
    let findings = folder.join("findings.ndjson");
    fs::write(&findings, output.stdout).expect("a temporary file");
    let output = Command::new("python3")
        .arg(recordings().join("score.py"))
        .args([log, &recordings().join(run).join("truth.jsonl"), &findings])
        .output()
        .expect("python3 starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{run}: {e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn faults(score: &Value) -> Vec<String> {
    ["doubled", "false_alarms", "stray", "certain_wrong", "malformed", "client_wrong", "detail_wrong", "no_evidence"]
        .iter()
        .filter(|k| score[**k] != 0)
        .map(|k| format!("{k} is {}", score[*k]))
        .collect()
}

/// The id of the realm whose token requests failed.
fn realm_id(log: &str) -> String {
    let line = log.lines().find(|l| l.contains("CODE_TO_TOKEN_ERROR") && l.contains("realmId=")).expect("a failure");
    let from = &line[line.find("realmId=").expect("an id") + "realmId=".len()..];
    from.trim_start_matches(['\\', '"']).chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

#[test]
fn an_export_makes_more_certain_and_nothing_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut more, mut wrong) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(recordings()).expect("the recordings").flatten() {
        let (run, log) = (entry.file_name().to_string_lossy().into_owned(), entry.path().join("server.log"));
        let Ok(text) = fs::read(&log) else { continue };
        let alone = score(folder.path(), &run, &log, &[]);
        let mut realm = export();
        realm["id"] = Value::from(realm_id(&String::from_utf8_lossy(&text)));
        // the last one is as far from what counted as one can be
        for lifespan in [60, 1, 3600] {
            realm["accessCodeLifespan"] = Value::from(lifespan);
            let path = folder.path().join("realm.json");
            fs::write(&path, realm.to_string()).expect("a temporary file");
            let with = score(folder.path(), &run, &log, &["--realm-export", path.to_str().expect("a path")]);
            wrong.extend(faults(&with).into_iter().map(|f| format!("{run} with {lifespan} s: {f}")));
            let covered = |s: &Value| s["covered"].as_u64();
            if covered(&with) != covered(&alone) {
                wrong.push(format!("{run} with {lifespan} s: {with}"));
            }
            match with["certain"].as_u64().cmp(&alone["certain"].as_u64()) {
                std::cmp::Ordering::Greater => more.push(run.clone()),
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Less => wrong.push(format!("{run} with {lifespan} s: less is certain")),
            }
        }
    }
    more.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for run in ["2673-plain", "2634-plain", "2673-mdc"] {
        assert!(more.iter().any(|m| m == run), "{run} is not among {more:?}");
    }
}

#[test]
fn an_export_names_the_realm_that_a_server_knows_by_its_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = recordings().join("2405-plain/server.log");
    let mut realm = export();
    realm["id"] = Value::from(realm_id(&fs::read_to_string(&log).expect("a recording")));
    let path = folder.path().join("realm.json");
    fs::write(&path, Value::Array(vec![realm]).to_string()).expect("a temporary file");
    let output = kctriage(&["scan", "--format", "ndjson", "--realm-export", path.to_str().expect("a path")], &[log]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.lines().count() > 50 && text.lines().all(|l| l.contains(r#""realm":"shop""#)));
}

/// Puts a canary wherever an export has a secret, and where it has none.
fn with_canaries(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                with_canaries(value, key);
            }
            if map.contains_key("clientId") {
                map.insert("secret".into(), "CANARY-secret".into());
                map.insert("registrationAccessToken".into(), "CANARY-registration".into());
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| with_canaries(v, key)),
        Value::String(text) if ["secret", "privateKey", "password", "value", "client.secret.rotated"].contains(&key) => *text = format!("CANARY-{key}"),
        _ => {}
    }
}

#[test]
fn a_secret_in_an_export_is_in_no_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut realm = export();
    with_canaries(&mut realm, "");
    realm["users"] = serde_json::json!([{"username": "CANARY-user", "credentials": [{"secretData": "CANARY-hash"}]}]);
    realm["smtpServer"] = serde_json::json!({"password": "CANARY-smtp"});
    realm["components"] = serde_json::json!({"org.keycloak.keys.KeyProvider": [{"config": {"privateKey": ["CANARY-key"]}}]});
    assert!(realm.to_string().matches("CANARY").count() > 20);
    let good = folder.path().join("realm.json");
    fs::write(&good, realm.to_string()).expect("a temporary file");
    // exports that end early, or have a secret where a number or a list belongs
    let text = realm.to_string();
    let cut = folder.path().join("cut.json");
    fs::write(&cut, &text[..text.rfind("CANARY").expect("a canary") + 8]).expect("a temporary file");
    let odd = folder.path().join("odd.json");
    fs::write(&odd, r#"{"realm":"shop","accessCodeLifespan":"CANARY","clients":"CANARY"}"#).expect("a temporary file");
    let log = recordings().join("2673-success/server.log");
    let mut said = Vec::new();
    for export in [&good, &cut, &odd] {
        for args in [
            &["scan", "--format", "text", "-v"][..],
            &["scan", "--format", "json"],
            &["scan", "--format", "ndjson", "-v"],
            &["scan", "--format", "csv"],
            &["doctor", "-v"],
            &["scan", "--help"],
        ] {
            let output = kctriage(&[args, &["--realm-export", export.to_str().expect("a path")]].concat(), std::slice::from_ref(&log));
            said.extend_from_slice(&output.stdout);
            said.extend_from_slice(&output.stderr);
            let is_good = *export == good || args.contains(&"--help");
            assert_eq!(output.status.code(), Some(if is_good { 0 } else { 2 }), "{args:?} {}", export.display());
        }
    }
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("is no realm export: line 1, column") && said.len() > 10_000);
    assert!(!said.contains("CANARY"), "{}", said.lines().filter(|l| l.contains("CANARY")).collect::<Vec<_>>().join("\n"));
}

/// Two codes of one session and client, one of them exchanged; then one is refused. `more` stands at the end of the log.
fn two_tabs(more: &str) -> String {
    let event = |time: &str, level: &str, list: &str| format!("2026-11-23 14:{time} {level} [org.keycloak.events] (executor-thread-1) {list}\n");
    let user = |kind: &str, user: &str, rest: &str| {
        format!(
            r#"type="{kind}", realmId="251ff520-2eb3-4fcc-88b8-14678a94044b", realmName="shop", clientId="web-portal", userId="{user}", sessionId="0e4a1c64-6c1c-4f6c-9a53-1d2f5c1c0a11", ipAddress="10.0.0.4"{rest}"#
        )
    };
    let code = r#", grant_type="authorization_code", code_id="0e4a1c64-6c1c-4f6c-9a53-1d2f5c1c0a11", client_auth_method="client-secret""#;
    [
        "2026-11-23 14:00:00,000 INFO  [io.quarkus] (main) Keycloak 26.7.3 on JVM (powered by Quarkus 3.33.3) started in 5.1s. Listening on: http://0.0.0.0:8080\n".to_owned(),
        event("48:00,000", "DEBUG", &user("LOGIN", "u", r#", response_type="code""#)),
        event("48:20,000", "DEBUG", &user("LOGIN", "u", r#", response_type="code""#)),
        event("48:20,200", "DEBUG", &user("CODE_TO_TOKEN", "u", code)),
        "2026-11-23 14:48:21,000 WARN  [org.keycloak.protocol.oidc.utils.OAuth2CodeParser] (executor-thread-1) Code 'c-1' already used for userSession '0e4a1c64-6c1c-4f6c-9a53-1d2f5c1c0a11' and client 'u-1'.\n".to_owned(),
        event("48:21,001", "WARN ", &user("CODE_TO_TOKEN_ERROR", "null", &format!(r#", error="invalid_code"{code}"#))),
        event("58:00,000", "DEBUG", &user("REFRESH_TOKEN", "u", "").replace("0e4a1c64", "ffffffff")),
        more.to_owned(),
    ]
    .concat()
}

#[test]
fn a_code_younger_than_the_lifespan_was_used_unless_the_realm_was_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (log, export) = (folder.path().join("server.log"), folder.path().join("realm.json"));
    let changed = "2026-11-23 14:59:00,000 DEBUG [org.keycloak.events] (executor-thread-1) operationType=\"UPDATE\", realmId=\"m\", realmName=\"master\", clientId=\"c\", userId=\"a\", ipAddress=\"127.0.0.1\", resourceType=\"REALM\", resourcePath=\"shop\"\n";
    let table = [
        (None, "", "likely"),
        (Some(60), "", "certain"),
        // the first code was 21 s old: it can have expired
        (Some(21), "", "likely"),
        (Some(60), changed, "likely"),
        // nothing inherits a code's lifespan
        (Some(0), "", "likely"),
    ];
    for (lifespan, more, want) in table {
        fs::write(&log, two_tabs(more)).expect("a temporary file");
        fs::write(&export, serde_json::json!({"realm": "shop", "accessCodeLifespan": lifespan}).to_string()).expect("a temporary file");
        let output = kctriage(&["scan", "--format", "ndjson", "--realm-export", export.to_str().expect("a path")], std::slice::from_ref(&log));
        let finding: Value = serde_json::from_slice(&output.stdout).expect("one finding");
        assert_eq!(finding["confidence"], want, "{lifespan:?} {more}: {finding}");
        assert!(want == "likely" || finding["cause"] == "code-reused", "{finding}");
    }
}

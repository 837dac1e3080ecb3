//! Alerts of the built program: what receivers get, whatever they do, and what is left after a kill.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::Value;
use tempfile::TempDir;
use tiny_http::{Header, Response, Server};

/// Long enough for a slow machine; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// A name that wants to be more than one.
const HOSTILE: &str = "web <!here> @channel <https://evil.example|x> `b` *c* &amp;";

/// A log that is written now.
struct Log {
    folder: TempDir,
}

impl Log {
    fn new() -> Self {
        let log = Log { folder: tempfile::tempdir().expect("a folder") };
        log.write("");
        log
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn write(&self, text: &str) {
        OpenOptions::new().create(true).append(true).open(self.path()).and_then(|mut f| f.write_all(text.as_bytes())).expect("a write");
    }

    /// Writes failures as Keycloak 26 does.
    fn fail(&self, client: &str, times: usize) {
        for _ in 0..times {
            let time = Utc::now().format("%Y-%m-%d %H:%M:%S,%3f");
            self.write(&format!(
                "{time} WARN  [org.keycloak.events] (executor-thread-1) type=\"REFRESH_TOKEN_ERROR\", realmId=\"shop\", realmName=\"shop\", clientId=\"{client}\", \
                 userId=\"null\", ipAddress=\"10.0.0.4\", error=\"invalid_token\", reason=\"Token is not active\", grant_type=\"refresh_token\"\n"
            ));
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A run of the program.
struct Run {
    child: Child,
}

impl Run {
    fn start(log: &Log, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kctriage"));
        command.env_remove("KCTRIAGE_ALERT_WEBHOOK").stdin(Stdio::null());
        let out = File::create(log.folder.path().join("out")).expect("a file");
        let err = OpenOptions::new().create(true).append(true).open(log.folder.path().join("err")).expect("a file");
        let child = command.arg("tail").args(args).arg(log.path()).stdout(out).stderr(err).spawn().expect("a tail");
        Run { child }
    }

    fn end(&mut self, signal: &str) {
        let status = Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status().expect("kill");
        assert!(status.success());
        self.child.wait().expect("an end");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is there.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come");
        thread::sleep(Duration::from_millis(50));
    }
}

fn alerts_in(path: &str) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON")["alert"].clone()).collect()
}

/// What a receiver was sent: when, to which path, with which head, and the body.
struct Sent {
    at: Instant,
    path: String,
    authorization: Option<String>,
    body: Value,
}

/// What a receiver does with a message.
#[derive(Clone, Copy)]
enum Does {
    Answer(u16),
    Later(u16, &'static str),
    /// Says nothing, and keeps the connection.
    Hangs,
}

/// Starts a receiver that does one after the other, the last for good; returns its address and what it is sent.
fn receiver(does: Vec<Does>) -> (String, Receiver<Sent>) {
    let server = Server::http("127.0.0.1:0").expect("a server");
    let url = format!("http://{}", server.server_addr());
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut held = Vec::new();
        let mut steps = does.into_iter();
        let mut step = steps.next().expect("something to do");
        for mut request in server.incoming_requests() {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).expect("a body");
            let head = |name: &'static str| request.headers().iter().find(|h| h.field.equiv(name)).map(|h| h.value.to_string());
            let sent = Sent {
                at: Instant::now(),
                path: request.url().to_owned(),
                authorization: head("Authorization"),
                body: serde_json::from_str(&body).expect("JSON"),
            };
            match step {
                Does::Answer(status) => request.respond(Response::empty(status)).unwrap_or_default(),
                Does::Later(status, when) => {
                    let header = Header::from_bytes("Retry-After", when).expect("a header");
                    request.respond(Response::empty(status).with_header(header)).unwrap_or_default();
                }
                Does::Hangs => held.push(request),
            }
            step = steps.next().unwrap_or(step);
            if send.send(sent).is_err() {
                return;
            }
        }
    });
    (url, receive)
}

const RULE: &str = "name refreshes rate>2/8s by client";

#[test]
fn a_receiver_that_fails_hangs_and_is_busy_hears_of_it_in_the_end() {
    let log = Log::new();
    let (url, sent) = receiver(vec![Does::Answer(500), Does::Hangs, Does::Later(429, "3"), Does::Answer(204)]);
    let url = url.replace("http://", "http://kc:pa%24s@") + "/hook/s3cr3t-path";
    fs::write(log.folder.path().join("url"), &url).expect("a write");
    let mut run = Run::start(&log, &["--format", "ndjson", "--alert", RULE, "--alert-webhook-file", &log.file("url")]);
    thread::sleep(Duration::from_millis(1500));
    log.fail(HOSTILE, 5);
    let tries: Vec<Sent> = (0..4).map(|i| sent.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("try {i} did not come"))).collect();
    assert_eq!(tries.iter().map(|t| &t.body).collect::<Vec<_>>(), vec![&tries[0].body; 4], "it is one message");
    assert!(tries[3].at - tries[2].at >= Duration::from_secs(3), "it asked to be left alone");
    assert_eq!(tries[0].path, "/hook/s3cr3t-path");
    assert_eq!(tries[0].authorization.as_deref(), Some("Basic a2M6cGEkcw=="));
    let alert = &tries[0].body["alert"];
    assert_eq!((&alert["state"], &alert["rule"], &alert["group"]["client"]), (&"firing".into(), &"refreshes".into(), &HOSTILE.into()));
    // the end comes with the same id
    let over = sent.recv_timeout(PATIENCE).expect("an end");
    assert_eq!((&over.body["alert"]["state"], &over.body["alert"]["id"]), (&"resolved".into(), &alert["id"]));
    run.end("TERM");
    let (out, err) = (fs::read_to_string(log.file("out")).expect("text"), fs::read_to_string(log.file("err")).expect("text"));
    assert!(err.contains("it answered 500; it is tried again") && err.contains("it works again"), "{err}");
    assert!(!(out.clone() + &err).contains("s3cr3t") && !(out.clone() + &err).contains("pa%24s"), "{out}{err}");
    let lines: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let told: Vec<&Value> = lines.iter().filter(|l| l.get("alert").is_some()).collect();
    assert_eq!((told.len(), lines.len()), (2, 7), "the same is on standard output, beside the findings");
    assert!(lines.iter().all(|l| l.get("alert").is_some() != l.get("cause").is_some()), "findings and alerts can be told apart");
}

#[test]
fn a_receiver_that_hangs_does_not_hold_up_the_end_and_what_it_missed_comes_later() {
    let log = Log::new();
    let (hanging, heard) = receiver(vec![Does::Hangs]);
    let (state, file) = (log.file("state"), log.file("alerts.ndjson"));
    let args = ["--format", "ndjson", "--state", &state, "--alert", RULE];
    let mut run = Run::start(&log, &[&args[..], &["--alert-webhook", &hanging]].concat());
    thread::sleep(Duration::from_millis(1500));
    log.fail("web", 5);
    let first = heard.recv_timeout(PATIENCE).expect("a message");
    let began = Instant::now();
    run.end("TERM");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let err = fs::read_to_string(log.file("err")).expect("text");
    assert!(err.contains("1 alert was not delivered by the end, and kept for the run that goes on"), "{err}");
    let mut run = Run::start(&log, &[&args[..], &["--alert-file", &file]].concat());
    let told = until("the alert", || Some(alerts_in(&file)).filter(|a| a.len() >= 2));
    assert_eq!((&told[0]["id"], &told[0]["state"]), (&first.body["alert"]["id"], &"firing".into()));
    assert_eq!((&told[1]["id"], &told[1]["state"]), (&first.body["alert"]["id"], &"resolved".into()));
    run.end("TERM");
}

#[test]
fn after_a_kill_alerts_may_repeat_with_the_same_id() {
    let log = Log::new();
    let (state, file) = (log.file("state"), log.file("alerts.ndjson"));
    let args = ["--format", "ndjson", "--state", &state, "--alert", RULE, "--alert-file", &file];
    let mut ids: Vec<BTreeSet<String>> = Vec::new();
    for round in 0..3 {
        let mut run = Run::start(&log, &[&args[..], if round == 0 { &["--start", "beginning"] } else { &[] }].concat());
        if round == 0 {
            thread::sleep(Duration::from_millis(1500));
            for client in ["web", "spa", "app"] {
                log.fail(client, 4);
            }
        }
        let told = until("three alerts", || Some(alerts_in(&file)).filter(|a| a.len() >= 3));
        // a kill before the first save and one at any time after it
        thread::sleep(Duration::from_millis(700 * round));
        run.end("KILL");
        ids.push(told.iter().map(|a| a["id"].as_str().expect("an id").to_owned()).collect());
    }
    let mut run = Run::start(&log, &[&args[..], if Path::new(&state).join("state").exists() { &[] } else { &["--start", "beginning"] }].concat());
    let ended = |alerts: &[Value]| alerts.iter().filter(|a| a["state"] == "resolved").map(|a| a["id"].to_string()).collect::<BTreeSet<_>>().len();
    let told = until("three ends", || Some(alerts_in(&file)).filter(|a| ended(a) == 3));
    run.end("TERM");
    let all: BTreeSet<String> = told.iter().map(|a| a["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!((all.len(), &ids[2]), (3, &all), "each alert has one id, however often it was told: {told:#?}");
}

#[test]
fn slack_gets_a_message_that_calls_nobody() {
    let log = Log::new();
    let (url, sent) = receiver(vec![Does::Answer(200)]);
    let mut run = Run::start(&log, &["--plain", "--alert", RULE, "--alert-webhook", &url, "--alert-webhook-format", "slack"]);
    thread::sleep(Duration::from_millis(1500));
    log.fail(HOSTILE, 4);
    let body = sent.recv_timeout(PATIENCE).expect("a message").body;
    let text = body["text"].as_str().expect("text");
    assert!(text.contains("`web &lt;!here&gt; ＠channel &lt;https://evil.example|x&gt; 'b' *c* &amp;amp;`: refresh token invalid, "), "{text}");
    assert!(!text.contains('<') && !text.contains('>') && !text.contains('@'), "{text}");
    assert_eq!((&body["link_names"], &body["unfurl_links"]), (&false.into(), &false.into()));
    run.end("TERM");
    let out = fs::read_to_string(log.file("out")).expect("text");
    assert!(out.contains("▲ alert") && out.contains("[refreshes]"), "{out}");
}

#[test]
fn alertmanager_is_told_of_the_beginning_and_the_end() {
    let log = Log::new();
    let (url, sent) = receiver(vec![Does::Answer(200)]);
    let mut run = Run::start(&log, &["--alert", RULE, "--plain", "--alert-webhook", &url, "--alert-webhook-format", "alertmanager"]);
    thread::sleep(Duration::from_millis(1500));
    log.fail("web", 4);
    let first = sent.recv_timeout(PATIENCE).expect("a message");
    assert_eq!(first.path, "/api/v2/alerts");
    let time = |entry: &Value, key: &str| chrono::DateTime::parse_from_rfc3339(entry[key].as_str().expect("a time")).expect("a time").timestamp_millis();
    let entry = &first.body[0];
    let want = serde_json::json!({"alertname": "refreshes", "client": "web", "realm": "shop", "service": "kctriage", "severity": "warning"});
    assert_eq!(entry["labels"], want);
    let now = Utc::now().timestamp_millis();
    assert!(time(entry, "startsAt") <= now && time(entry, "endsAt") > now, "{entry}");
    let over = sent.recv_timeout(PATIENCE).expect("an end").body[0].clone();
    assert_eq!((&over["labels"], &over["startsAt"], &over["annotations"]["kctriage_id"]), (&want, &entry["startsAt"], &entry["annotations"]["kctriage_id"]));
    assert!(time(&over, "endsAt") <= Utc::now().timestamp_millis());
    run.end("TERM");
}

#[test]
fn a_command_reads_each_alert_and_one_that_hangs_is_ended() {
    let log = Log::new();
    let heard = log.file("heard");
    // the first time it hangs with a child of its own, later it takes what comes
    let command = format!("if [ ! -e '{heard}.once' ]; then touch '{heard}.once'; sleep 600; fi; cat >> '{heard}'");
    let mut run = Run::start(&log, &["--plain", "--alert", RULE, "--alert-command", &command]);
    thread::sleep(Duration::from_millis(1500));
    log.fail("$(touch pwned); `touch pwned`", 4);
    let told = until("two alerts", || Some(alerts_in(&heard)).filter(|a| a.len() >= 2));
    assert_eq!(told[0]["group"]["client"], "$(touch pwned); `touch pwned`");
    run.end("TERM");
    assert!(!Path::new("pwned").exists() && !log.folder.path().join("pwned").exists());
}

#[test]
fn with_redact_alerts_have_pseudonyms() {
    let log = Log::new();
    let file = log.file("alerts.ndjson");
    let mut run = Run::start(&log, &["--format", "ndjson", "--redact", "--alert", "rate>2/8s by client,node", "--alert-file", &file]);
    thread::sleep(Duration::from_millis(1500));
    log.fail("jane.doe@example.com", 4);
    let told = until("an alert", || Some(alerts_in(&file)).filter(|a| !a.is_empty()));
    run.end("TERM");
    let shown = serde_json::to_string(&told).expect("JSON") + &fs::read_to_string(log.file("out")).expect("text");
    assert!(shown.contains("user-") && !shown.contains("jane.doe") && !shown.contains("10.0.0.4"), "{shown}");
}

#[test]
fn what_cannot_be_used_is_said_at_the_start() {
    let log = Log::new();
    let secret = "https://hooks.example.com:99999/s3cr3t";
    let file = log.file("rules.toml");
    fs::write(&file, "[[alert]]\nname = 'a'\nwhen = 'rate>1/5'\n").expect("a write");
    let table: [(&[&str], &str); 8] = [
        (&["--alert", "cause=code-reused rate>20"], "column 26: \"/\" and a duration are expected"),
        (&["--alert", "new", "--alert", "new"], "two alerts are named \"new\""),
        (&["--alert-webhook", "ftp://hooks.example.com/x"], "it begins with neither https:// nor http://"),
        (&["--alert-webhook", secret], "its port is no number"),
        (&["--alert-webhook-file", "/nowhere/url"], "it cannot be read"),
        (&["--alert-file", "/nowhere/alerts"], "its folder is not there"),
        (&["--alert-command", " "], "it is empty"),
        (&["--rules", &file], "alert a: when: column 9: a unit is expected"),
    ];
    for (args, want) in table {
        // standard input ends at once: a run that was not stopped would end, too
        let output = Command::new(env!("CARGO_BIN_EXE_kctriage")).arg("tail").args(args).arg("-").stdin(Stdio::null()).output().expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && err.contains(want) && !err.contains("s3cr3t"), "{args:?}: {err}");
    }
}

#[test]
fn a_receiver_that_is_not_there_is_no_reason_to_stop() {
    let log = Log::new();
    // a port that nobody listens at
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let mut run = Run::start(&log, &["--plain", "--alert", RULE, "--alert-webhook", &format!("http://127.0.0.1:{port}/x")]);
    thread::sleep(Duration::from_millis(1500));
    log.fail("web", 4);
    until("the trouble", || fs::read_to_string(log.file("out")).ok().filter(|t| t.contains("the connection was refused; it is tried again")));
    run.end("TERM");
    let out = fs::read_to_string(log.file("out")).expect("text");
    assert!(out.contains("not delivered by the end, and lost") && out.contains("4 token requests failed"), "{out}");
}

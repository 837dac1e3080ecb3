//! Secrets are planted wherever a client, an attacker or a server can put one into a log, in the clear and encoded, whole and cut; none may come out of any
//! command in any format.

mod dice;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use aho_corasick::AhoCorasick;
use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dice::Dice;
use kctriage::alert::{Engine, Rule};
use kctriage::finding::Finding;
use kctriage::pipeline::live::{Live, Piece};
use kctriage::pipeline::{self, Lines, Options};
use kctriage::tally::live::{Gauges, Update};
use kctriage::{report, source, triage};
use tempfile::TempDir;

impl Dice {
    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    /// Letters and digits, as Keycloak makes a client's secret.
    fn letters(&mut self, n: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..n).map(|_| char::from(LETTERS[usize::try_from(self.next() % 62).expect("small")])).collect()
    }

    fn base64url(&mut self, bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(bytes))
    }

    fn uuid(&mut self) -> String {
        let hex = format!("{:032x}", u128::from_be_bytes(self.bytes(16).try_into().expect("sixteen bytes")));
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    fn jwt(&mut self) -> (String, String, String) {
        let body = format!(r#"{{"jti":"{}","sub":"{}"}}"#, self.uuid(), self.letters(20));
        (URL_SAFE_NO_PAD.encode(br#"{"alg":"RS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(body), self.base64url(64))
    }
}

/// A kind of secret: its name, and how one is made.
type Kind = (&'static str, fn(&mut Dice) -> String);

/// Secrets that can be told from other text by their shape or by the name before them.
const KINDS: [Kind; 22] = [
    ("code of new servers", |d| format!("{}.{}.{}", d.base64url(18), d.base64url(18), d.uuid())),
    ("code of old servers", |d| format!("{}.{}.{}", d.uuid(), d.uuid(), d.uuid())),
    ("code, cut", |d| {
        let code = format!("{}.{}.{}", d.uuid(), d.base64url(18), d.uuid());
        code[..48 + usize::try_from(d.next() % 40).expect("small")].to_owned()
    }),
    ("JWT", |d| {
        let (head, body, sign) = d.jwt();
        format!("{head}.{body}.{sign}")
    }),
    ("a JWT's claims", |d| d.jwt().1),
    ("a JWT's signature", |d| d.jwt().2),
    ("JWT, cut", |d| {
        let (head, body, _) = d.jwt();
        let cut = body.len() - usize::try_from(d.next() % 40).expect("small");
        format!("{head}.{}", &body[..cut])
    }),
    ("JWT in a parameter", |d| {
        let (head, body, sign) = d.jwt();
        format!("refresh_token={head}.{body}.{sign}&x=1")
    }),
    ("identity cookie", |d| {
        let (head, body, sign) = d.jwt();
        format!("KEYCLOAK_IDENTITY={head}.{body}.{sign}; Version=1")
    }),
    ("session cookie", |d| format!("AUTH_SESSION_ID={}.{}.node-1; Path=/realms/shop/", d.base64url(18), d.base64url(32))),
    ("cookie header", |d| format!("Cookie: {}={}", "KC_RESTART", d.letters(30))),
    ("Basic", |d| format!("Basic {}", STANDARD.encode(format!("svc-{}:{}", d.letters(6), d.letters(18))))),
    ("Basic in a header", |d| format!("Authorization: Basic {}", STANDARD.encode(format!("svc:{}", d.letters(24))))),
    ("user and password in base64", |d| STANDARD.encode(format!("svc:{}", d.letters(24)))),
    ("Bearer", |d| format!("Bearer {}", d.letters(40))),
    ("action token", |d| {
        let (head, body, sign) = d.jwt();
        format!("/realms/shop/login-actions/action-token?key={head}.{body}.{sign}&client_id=account")
    }),
    ("action token without a shape", |d| format!("/realms/shop/login-actions/action-token?key={}&client_id=account", d.letters(20))),
    ("a client's secret", |d| d.letters(32)),
    ("a client's secret in a parameter", |d| format!("grant_type=client_credentials&client_secret={}&scope=x", d.letters(14))),
    ("password in a form", |d| format!("username=bob&password={}&credentialId=", d.letters(14))),
    ("password in JSON", |d| format!(r#"{{"user":"bob","password":"{}"}}"#, d.letters(14))),
    ("user and password in a URL", |d| format!("https://bob:{}@idp.example/auth", d.letters(14))),
];

/// A way to write a secret, and its name.
type Writing = (&'static str, fn(&str) -> String);

/// How a secret is written.
const WRITINGS: [Writing; 5] = [
    ("as it is", |s| s.to_owned()),
    ("percent-encoded", |s| percent_encoding::utf8_percent_encode(s, percent_encoding::NON_ALPHANUMERIC).to_string()),
    ("percent-encoded to the last letter", |s| {
        s.bytes().fold(String::new(), |mut t, b| {
            let _ = write!(t, "%{b:02X}");
            t
        })
    }),
    ("in base64", |s| STANDARD.encode(s)),
    ("escaped for JSON", |s| {
        s.chars().fold(String::new(), |mut t, c| {
            let _ = write!(t, "\\u{:04x}", u32::from(c));
            t
        })
    }),
];

/// The keys of an event, in their order; each is planted in.
const FIELDS: [&str; 20] = [
    "type",
    "realmId",
    "realmName",
    "clientId",
    "userId",
    "sessionId",
    "ipAddress",
    "error",
    "reason",
    "grant_type",
    "code_id",
    "redirect_uri",
    "username",
    "client_auth_method",
    "refresh_token_id",
    "refresh_token_type",
    "client_assertion_id",
    "client_assertion_issuer",
    "client_assertion_sub",
    "scope",
];

/// Lines beside events; `@` is where the secret stands.
const BESIDE: [&str; 14] = [
    "WARN  [org.keycloak.protocol.oidc.utils.OAuth2CodeParser] (executor-thread-1) Code '@' already used for userSession '@' and client '@'.",
    "WARN  [org.keycloak.protocol.oidc.utils.OAuth2CodeParser] (executor-thread-1) Invalid format of the code: @",
    "WARN  [org.keycloak.protocol.oidc.utils.PkceUtils] (executor-thread-1) PKCE verification failed: @",
    "DEBUG [org.keycloak.protocol.oidc.utils.PkceUtils] (executor-thread-1) PKCE codeVerifier = @",
    "ERROR [org.keycloak.services] (executor-thread-1) KC-SERVICES0025: Error when validating client assertion: java.lang.RuntimeException: @",
    "ERROR [org.keycloak.services] (executor-thread-1) KC-SERVICES0015: Unexpected error when authenticating client: @",
    "DEBUG [org.keycloak.authentication.ClientAuthenticationFlow] (executor-thread-1) client authenticator: @",
    "DEBUG [org.keycloak.events] (executor-thread-1) operationType=\"UPDATE\", realmId=\"master\", clientId=\"@\", userId=\"@\", ipAddress=\"10.0.0.9\", resourceType=\"CLIENT\", resourcePath=\"clients/@\"",
    "INFO  [org.keycloak.http.access-log] (executor-thread-1) @ - - [23/Nov/2026:14:48:22 +0000] \"POST /realms/shop/protocol/openid-connect/token?@ HTTP/1.1\" 400 68",
    "INFO  [org.keycloak.http.access-log] (executor-thread-1) 10.0.0.9 - @ [23/Nov/2026:14:48:22 +0000] \"POST /realms/@/protocol/openid-connect/token HTTP/1.1\" 400 62 \"@\" \"@\"",
    "ERROR [org.keycloak.services.error.KeycloakErrorHandler] (executor-thread-1) Uncaught server error: @",
    "INFO  [io.quarkus] (main) Keycloak @ on JVM (powered by Quarkus 3.33.3.1) started in 4.2s. Listening on: http://@:8080",
    "INFO  [org.infinispan.CLUSTER] (jgroups-1) ISPN000094: Received new cluster view for channel ISPN: [@|2] (2) [@, node-b]",
    "INFO  [@] (@) @",
];

/// Lines that no layout fits.
const FOREIGN: [&str; 5] = [
    "@",
    "level=error msg=\"token request failed\" body=\"@\"",
    "2026-11-23T10:00:01Z error token request failed {\"error\":\"invalid_grant\",\"error_description\":\"Code not valid\",\"sent\":\"@\"}",
    "curl -d '@' https://idp.example/token",
    "\tat @",
];

/// What was planted: the pieces to look for, and what each is a piece of.
#[derive(Default)]
struct Planted {
    pieces: BTreeMap<String, String>,
    /// Pieces of more than one secret: the names before them, `{"alg":…`, a port.
    common: BTreeSet<String>,
    count: usize,
}

/// Letters of a piece. Shorter ones would be found by chance.
const PIECE: usize = 12;

impl Planted {
    /// Takes note of a secret and of how it is written.
    fn note(&mut self, what: &str, texts: &[&str]) {
        self.count += 1;
        let what = format!("{}: {what}: {}", self.count, texts[0]);
        for text in texts {
            let letters: Vec<char> = text.chars().collect();
            for piece in letters.windows(PIECE).step_by(3).map(|w| w.iter().collect::<String>()) {
                if self.pieces.get(&piece).is_some_and(|other| *other != what) {
                    self.common.insert(piece);
                } else {
                    self.pieces.insert(piece, what.clone());
                }
            }
        }
    }

    /// Returns a secret in the clear and as it is written.
    fn plant(&mut self, dice: &mut Dice, kind: &Kind, writing: &(&str, fn(&str) -> String), place: &str) -> String {
        let plain = kind.1(dice);
        let written = writing.1(&plain);
        self.note(&format!("{} {} in {place}", kind.0, writing.0), &[&plain, &written]);
        written
    }

    fn search(&self) -> Search<'_> {
        let pieces: Vec<&String> = self.pieces.keys().filter(|p| !self.common.contains(*p)).collect();
        Search { automaton: AhoCorasick::new(&pieces).expect("few enough"), pieces, planted: self }
    }
}

struct Search<'a> {
    automaton: AhoCorasick,
    pieces: Vec<&'a String>,
    planted: &'a Planted,
}

impl Search<'_> {
    /// Adds which secrets are in a text.
    fn look(&self, text: &[u8], whose: &str, found: &mut BTreeSet<String>) {
        found.extend(self.automaton.find_iter(text).map(|hit| {
            let piece = self.pieces[hit.pattern().as_usize()];
            format!("{whose} shows {piece:?} of {}", self.planted.pieces[piece])
        }));
    }
}

/// Returns an event's message with one value in place of its own.
fn event(field: &str, value: &str, quote: &str) -> String {
    let own = |key: &str| match key {
        "type" => "CODE_TO_TOKEN_ERROR",
        "realmId" | "realmName" => "shop",
        "clientId" => "web-portal",
        "userId" => "null",
        "sessionId" | "code_id" => "7b0a6c1e-1f0e-4b8e-9d55-0a6a3b1c2d3e",
        "ipAddress" => "10.0.0.4",
        "error" => "invalid_code",
        "reason" => "Code not valid",
        "grant_type" => "authorization_code",
        "redirect_uri" => "https://app.example/cb",
        "username" => "bob",
        _ => "x",
    };
    // the type stays one that counts as a token request: what else stands there is no failure
    let pair = |key: &&str| {
        let value = if **key == *field { value } else { own(key) };
        let suffix = if *key == "type" && field == "type" { "_ERROR" } else { "" };
        format!("{key}={quote}{value}{suffix}{quote}")
    };
    FIELDS.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// Returns a time of the log.
fn time(line: usize) -> String {
    format!("2026-11-23 14:{:02}:{:02},{:03}", line / 60 % 60, line % 60, line % 1000)
}

/// The logs: a file for each way to write a record.
struct Logs {
    folder: TempDir,
    planted: Planted,
}

fn logs() -> Logs {
    let (mut dice, mut planted) = (Dice(7), Planted::default());
    let [mut text, mut bare, mut json, mut foreign] = [const { String::new() }; 4];
    let mut line = 0;
    let mut head = || {
        line += 1;
        time(line)
    };
    for (at, field) in FIELDS.iter().enumerate() {
        for (turn, writing) in WRITINGS.iter().enumerate() {
            for kind in KINDS.iter().skip((at + turn) % 2).step_by(2) {
                let place = format!("the event's {field}");
                let value = planted.plant(&mut dice, kind, writing, &place).replace('"', "\\\"");
                let _ = writeln!(text, "{} WARN  [org.keycloak.events] (executor-thread-1) {}", head(), event(field, &value, "\""));
                if kind.0.len() % 3 == 0 {
                    let value = planted.plant(&mut dice, kind, writing, &place);
                    let _ = writeln!(bare, "{} WARN  [org.keycloak.events] (executor-thread-1) {}", head(), event(field, &value, ""));
                } else {
                    let value = planted.plant(&mut dice, kind, writing, &place).replace('"', "\\\"");
                    let message = serde_json::to_string(&event(field, &value, "\"")).expect("JSON");
                    let stamp = head().replace(' ', "T").replace(',', ".");
                    let _ = writeln!(
                        json,
                        r#"{{"timestamp":"{stamp}Z","loggerName":"org.keycloak.events","level":"WARN","message":{message},"threadName":"t-1","mdc":{{"kc.clientId":"x"}}}}"#
                    );
                }
            }
        }
    }
    for template in BESIDE {
        for (turn, kind) in KINDS.iter().enumerate() {
            let value = planted.plant(&mut dice, kind, &WRITINGS[turn % WRITINGS.len()], template);
            let _ = writeln!(text, "{} {}", head(), template.replace('@', &value));
            let _ = writeln!(text, "{} WARN  [org.keycloak.events] (executor-thread-1) {}", head(), event("", "", "\""));
        }
    }
    for template in FOREIGN {
        for (turn, kind) in KINDS.iter().enumerate() {
            let _ = writeln!(foreign, "{}", template.replace('@', &planted.plant(&mut dice, kind, &WRITINGS[turn % WRITINGS.len()], template)));
        }
    }
    // what a person typed into the wrong field has no shape and no name: it may not be shown at all
    for _ in 0..40 {
        let password = format!("{}!{}", dice.letters(7), dice.letters(8));
        planted.note("password typed as username", &[&password]);
        for message in [
            event("username", &password, "\""),
            event("username", &password, "\"").replace("CODE_TO_TOKEN_ERROR", "LOGIN_ERROR").replace("authorization_code", "password"),
        ] {
            let _ = writeln!(text, "{} WARN  [org.keycloak.events] (executor-thread-1) {message}", head());
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("text.log", text), ("bare.log", bare), ("json.log", json), ("foreign.log", foreign)] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    Logs { folder, planted }
}

/// Runs a command in a folder of its own for temporary files, and returns all that it prints.
fn shown(arguments: &[&str], folder: &Path, stdin: Vec<u8>) -> Vec<u8> {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut command = Command::cargo_bin("kctriage").expect("the program");
    let output = command.current_dir(folder).env("TMPDIR", temporary.path()).args(arguments).write_stdin(stdin).output().expect("it runs");
    assert_ne!(output.status.code(), None, "{arguments:?} was killed");
    assert_ne!(output.status.code(), Some(101), "{arguments:?} panicked: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(temporary.path()).expect("a folder").count(), 0, "{arguments:?} left temporary files");
    [output.stdout, output.stderr].concat()
}

/// All ways to read logs and to print what they say.
const READERS: [&[&str]; 20] = [
    &["scan", "--verbose", "--format", "text", "--top", "1000"],
    &["scan", "--verbose", "--format", "json"],
    &["scan", "--verbose", "--format", "ndjson"],
    &["scan", "--verbose", "--format", "csv"],
    &["scan", "--redact", "--format", "json"],
    &["scan", "--redact", "--format", "ndjson"],
    &["scan", "--max-line", "1KiB", "--format", "json"],
    &["scan", "--verbose", "--format", "ecs"],
    &["scan", "--verbose", "--format", "ocsf"],
    &["report", "--no-redact", "--format", "html"],
    &["report", "--no-redact", "--format", "markdown"],
    &["report", "--no-redact", "--format", "jira"],
    &["report", "--no-redact", "--format", "json"],
    &["report", "--no-redact", "--format", "text"],
    &["report", "--format", "html"],
    &["report", "--no-redact", "--format", "ecs"],
    &["report", "--no-redact", "--format", "ocsf"],
    &["doctor"],
    &["doctor", "--verbose"],
    &["explain"],
];

const FILES: [&str; 4] = ["text.log", "bare.log", "json.log", "foreign.log"];

fn complain(found: &BTreeSet<String>, planted: usize) {
    let first: Vec<&String> = found.iter().take(40).collect();
    assert!(found.is_empty(), "{} pieces of {planted} secrets were found: {first:#?}", found.len());
}

#[test]
fn no_command_shows_a_secret() {
    let Logs { folder, planted } = logs();
    assert!(planted.count > 1000, "{}", planted.count);
    let (search, mut found) = (planted.search(), BTreeSet::new());
    let mut bytes = 0;
    for file in FILES {
        for reader in READERS {
            let (arguments, stdin) = match reader {
                ["explain"] => (reader.to_vec(), fs::read(folder.path().join(file)).expect("a log")),
                _ => ([reader, &[file]].concat(), Vec::new()),
            };
            let output = shown(&arguments, folder.path(), stdin);
            bytes += output.len();
            search.look(&output, &format!("{} of {file}", reader.join(" ")), &mut found);
        }
    }
    assert!(bytes > 1_000_000, "only {bytes} bytes were looked at");
    complain(&found, planted.count);
}

/// Names of realms and clients become labels, and requests can put anything into them.
#[test]
fn no_metric_shows_a_secret() {
    let Logs { folder, planted } = logs();
    let (search, mut found) = (planted.search(), BTreeSet::new());
    let mut series = 0;
    for file in FILES {
        for more in [&[][..], &["--redact"]] {
            let arguments = [&["tail", "--format", "ndjson", "--metrics-file", "metrics.prom", "--metrics-clients", "100000", "-"], more].concat();
            let output = shown(&arguments, folder.path(), fs::read(folder.path().join(file)).expect("a log"));
            let page = fs::read(folder.path().join("metrics.prom")).expect("a page");
            series += String::from_utf8_lossy(&page).matches("kctriage_token_failures_total{").count();
            search.look(&output, &format!("tail of {file}"), &mut found);
            search.look(&page, &format!("metrics of {file}"), &mut found);
        }
    }
    assert!(series > 100, "only {series} series were looked at");
    complain(&found, planted.count);
}

#[test]
fn no_saved_tally_shows_a_secret() {
    let Logs { folder, planted } = logs();
    let (search, mut found) = (planted.search(), BTreeSet::new());
    let mut tallies = Vec::new();
    for file in FILES {
        let tally = format!("{file}.json");
        // what stands on standard error is no part of it
        let mut scan = Command::cargo_bin("kctriage").expect("the program");
        let scan = scan.current_dir(folder.path()).args(["scan", "--format", "json", "--window", "5m", file]).output().expect("it runs");
        search.look(&scan.stdout, &format!("the tally of {file}"), &mut found);
        fs::write(folder.path().join(&tally), scan.stdout).expect("a file");
        tallies.push(tally);
    }
    let names: Vec<&str> = tallies.iter().map(String::as_str).collect();
    for format in ["json", "text"] {
        search.look(&shown(&[&["merge", "--format", format], &names[..]].concat(), folder.path(), Vec::new()), &format!("merge as {format}"), &mut found);
    }
    let from: Vec<&str> = names.iter().flat_map(|name| ["--from", name]).collect();
    let mut bytes = 0;
    for format in ["html", "markdown", "jira", "json", "text"] {
        let page = shown(&[&["report", "--no-redact", "--format", format], &from[..]].concat(), folder.path(), Vec::new());
        bytes += page.len();
        search.look(&page, &format!("report --from as {format}"), &mut found);
    }
    assert!(bytes > 100_000, "only {bytes} bytes were looked at");
    complain(&found, planted.count);
}

/// Follows a file until a scan's failures have all been told and a state was written, and ends it; returns what it printed.
#[cfg(unix)]
fn followed(file: &str, state: &Path, folder: &Path) -> Vec<u8> {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kctriage"));
        command.current_dir(folder).stdin(Stdio::null());
        command
    };
    let scanned = program().args(["scan", "--format", "ndjson", file]).output().expect("a scan").stdout;
    let want = scanned.split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
    let mut tail = program();
    tail.args(["tail", "--plain", "--start", "beginning", "--format", "ndjson", "--state"]).arg(state).arg(file).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tail.spawn().expect("a tail");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut told, mut ids) = (Vec::new(), BTreeSet::new());
    while ids.len() < want {
        let from = told.len();
        assert!(out.read_until(b'\n', &mut told).expect("a line") > 0, "it ended early: {} of {want}", ids.len());
        let finding: serde_json::Value = serde_json::from_slice(&told[from..]).expect("JSON");
        ids.insert(finding["id"].to_string());
    }
    while !state.join("state").exists() {
        assert_eq!(child.try_wait().expect("a child"), None, "it ended before it wrote a state");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let killed = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    out.read_to_end(&mut told).expect("the rest");
    child.stderr.take().expect("a pipe").read_to_end(&mut told).expect("notes");
    child.wait().expect("an end");
    told
}

#[cfg(unix)]
#[test]
fn no_live_run_shows_a_secret_and_its_state_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let Logs { folder, planted } = logs();
    let (search, mut found) = (planted.search(), BTreeSet::new());
    for file in FILES {
        let state = folder.path().join(format!("{file}.state"));
        let state_arg = state.to_string_lossy().into_owned();
        search.look(&followed(file, &state, folder.path()), &format!("tail of {file}"), &mut found);
        let mut kept = 0;
        for entry in fs::read_dir(&state).expect("a state").flatten() {
            let bytes = fs::read(entry.path()).expect("a file");
            kept += bytes.len();
            search.look(&bytes, &format!("{} of {file}", entry.file_name().display()), &mut found);
            assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o077, 0, "{} is its owner's alone", entry.path().display());
        }
        // nothing is known in a foreign log; of the others there are more than a thousand failures
        assert!(file == "foreign.log" || kept > 100_000, "only {kept} bytes of a state were looked at");
        let page = shown(&["report", "--no-redact", "--format", "markdown", "--from", &state_arg], folder.path(), Vec::new());
        assert!(page.len() > 500, "{}", String::from_utf8_lossy(&page));
        search.look(&page, &format!("the report of the state of {file}"), &mut found);
    }
    for file in FILES {
        for format in ["text", "ndjson"] {
            let log = fs::read(folder.path().join(file)).expect("a log");
            let output = shown(&["tail", "--plain", "--format", format, "-"], folder.path(), log);
            search.look(&output, &format!("tail of a pipe of {file} as {format}"), &mut found);
        }
    }
    complain(&found, planted.count);
}

/// What is said of each failure at last, as an output shows it.
type Said = BTreeMap<String, (Vec<kctriage::cause::Cause>, kctriage::finding::Confidence, Vec<Option<String>>)>;

fn note(said: &mut Said, f: &Finding) {
    let texts = [&f.realm, &f.client, &f.error, &f.reason, &f.grant, &f.session, &f.user, &f.ip];
    let shown = texts.map(|t| t.as_deref().map(|t| report::escape::Untrusted::new(t).masked().into_owned()));
    said.insert(f.id.clone(), (f.candidates.clone(), f.confidence, shown.to_vec()));
}

#[test]
fn a_run_that_is_taken_up_again_and_again_knows_what_it_masked() {
    let Logs { folder, .. } = logs();
    for file in ["text.log", "json.log"] {
        let path = folder.path().join(file);
        let found = source::discover(std::slice::from_ref(&path), &source::Find::default(), &Lines::default());
        let (mut scanned, mut clients) = (Said::new(), BTreeSet::new());
        let outcome = pipeline::run(&found, &triage::rules::Rules::builtin(), &Options::default(), &|_| {}, &mut |f| {
            note(&mut scanned, &f);
            clients.insert((f.realm.clone(), f.client.clone()));
            Ok(())
        });
        outcome.expect("a run");
        let (mut followed, mut kept) = (Said::new(), BTreeMap::new());
        let mut hear = |updates: Vec<Update>| {
            for update in updates {
                if let Update::Found(f) | Update::Revised { finding: f, .. } = update {
                    note(&mut followed, &f);
                    kept.insert(f.id.clone(), (f.realm.clone(), f.client.clone()));
                }
            }
        };
        let (node, source) = (found.streams[0].node.as_str().into(), path.to_string_lossy().into());
        let text = fs::read(&path).expect("a log");
        let lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
        let fresh = || Live::new(triage::rules::Rules::builtin(), Options::default());
        let (mut live, mut now) = (fresh(), 1_795_445_000_000);
        for (number, lines) in lines.chunks(16).enumerate() {
            let piece = Piece {
                node: std::sync::Arc::clone(&node),
                source: std::sync::Arc::clone(&source),
                line: 16 * number as u64,
                bytes: lines.concat(),
                dropped: source::Dropped::default(),
                breaks: 0,
            };
            live.feed(vec![piece], now);
            now += 2000;
            hear(live.advance(now, false));
            let state = live.snapshot().expect("a state");
            live = Live::restore(&state, triage::rules::Rules::builtin(), Options::default()).expect("a run");
        }
        hear(live.finish(now).expect("an end").0);
        assert!(scanned.len() > 500, "only {} failures", scanned.len());
        for (id, said) in &scanned {
            assert_eq!(followed.get(id), Some(said), "{file}: {id}");
        }
        assert_eq!(followed.len(), scanned.len());
        // who was two clients is two clients still
        assert_eq!(kept.values().collect::<BTreeSet<_>>().len(), clients.len());
    }
}

#[test]
fn no_error_shows_a_secret() {
    let (mut dice, mut planted) = (Dice(11), Planted::default());
    let folder = tempfile::tempdir().expect("a folder");
    let mut outputs = Vec::new();
    for kind in &KINDS {
        let mut secret = |place: &str| planted.plant(&mut dice, kind, &WRITINGS[0], place);
        let (argument, path, rule, export) = (secret("an argument"), secret("a path"), secret("a rule"), secret("a realm export"));
        fs::write(folder.path().join("rules.toml"), format!("[[rule]]\nid = '{export}'\n{rule}")).expect("a file");
        fs::write(folder.path().join("realm.json"), format!("{{\"realm\": \"shop\", \"clients\": [{{\"secret\": \"{rule}\", \"{export}\": {export}"))
            .expect("a file");
        for arguments in [
            vec!["explain", &argument],
            vec!["scan", &path],
            vec!["scan", "--rules", "rules.toml", "x.log"],
            vec!["scan", "--realm-export", "realm.json", "x.log"],
            vec!["rules", "check", "rules.toml"],
        ] {
            outputs.push((arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "), shown(&arguments, folder.path(), Vec::new())));
        }
    }
    let (search, mut found) = (planted.search(), BTreeSet::new());
    for (whose, output) in outputs {
        search.look(&output, whose.split(' ').next().unwrap_or_default(), &mut found);
    }
    complain(&found, planted.count);
}

/// What every receiver is sent for each failure of a run.
fn alerts(logs: &[std::path::PathBuf]) -> Vec<u8> {
    let found = source::discover(logs, &source::Find::default(), &Lines::default());
    let mut findings = Vec::new();
    let outcome = pipeline::run(&found, &triage::rules::Rules::builtin(), &Options::default(), &|_| {}, &mut |f| {
        findings.push(f);
        Ok(())
    });
    outcome.expect("a run");
    let rules = ["rate>0/1s by realm,client,node", "clients>0/1s by cause", "new", "unusual"].map(|r| Rule::parse(r).expect("a rule")).to_vec();
    let mut engine = Engine::new(rules);
    let (mut shown, mut lines) = (Vec::new(), Vec::new());
    let mut print = report::Lines::new(&mut lines, report::lines::Settings::default());
    for (finding, now) in findings.into_iter().zip((1_795_445_000_000_i64..).step_by(5000)) {
        let finding = Finding { time: chrono::DateTime::from_timestamp_millis(now), ..finding };
        engine.update(&Update::Found(Box::new(finding)));
        for alert in engine.tick(now + 4000, &Gauges { lag_ms: Some(0), ..Gauges::default() }).alerts {
            print.alert(&alert).expect("a vector takes it");
            shown.extend([report::alert::ndjson(&alert), report::alert::slack(&alert), report::alert::alertmanager([&alert], now)].concat());
        }
    }
    drop(print);
    [shown, lines].concat()
}

#[test]
fn no_alert_shows_a_secret() {
    let Logs { folder, planted } = logs();
    let (search, mut found) = (planted.search(), BTreeSet::new());
    let all = alerts(&FILES.map(|f| folder.path().join(f)));
    assert!(all.len() > 500_000, "only {} bytes were looked at", all.len());
    search.look(&all, "an alert", &mut found);
    complain(&found, planted.count);
}

#[test]
fn a_cut_line_shows_no_part_of_a_secret() {
    let (mut dice, mut planted) = (Dice(13), Planted::default());
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = String::new();
    // the secret is moved over the place where the line is cut, letter by letter
    for (number, kind) in KINDS.iter().enumerate() {
        for shift in (0..160).step_by(7) {
            for field in ["clientId", "reason", "redirect_uri"] {
                let secret = planted.plant(&mut dice, kind, &WRITINGS[0], field).replace('"', "\\\"");
                let before = 1024 - shift - 60;
                let _ = writeln!(
                    text,
                    "{} WARN  [org.keycloak.events] (executor-thread-1) {}",
                    time(number),
                    event(field, &format!("{} {secret}", "x ".repeat(before / 2)), "\"")
                );
                let _ = writeln!(text, "{}{secret} and more", "y ".repeat((1024 - shift) / 2));
                let _ = writeln!(text, "{}{secret} and more", "y ".repeat((160 - shift) / 2));
            }
        }
    }
    fs::write(folder.path().join("long.log"), text).expect("a file");
    let (search, mut found) = (planted.search(), BTreeSet::new());
    for format in ["text", "json", "ndjson", "csv"] {
        let output = shown(&["scan", "--verbose", "--max-line", "1KiB", "--format", format, "long.log"], folder.path(), Vec::new());
        search.look(&output, format, &mut found);
    }
    complain(&found, planted.count);
}

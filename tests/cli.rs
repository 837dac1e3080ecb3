//! The program as scripts and people use it: exit codes, what goes to which stream, what never goes to a terminal.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const DONE: i32 = 0;
const FOUND: i32 = 1;
const USAGE: i32 = 2;
const INPUT: i32 = 3;

/// A log of another layout that is Keycloak's all the same.
const CUSTOM: &str = "\
2026-11-23 15:01:38 | INFO | shop.web | started in 4.2s
2026-11-23 15:01:39 | WARN | shop.web | the login server refused a code
";

/// An application's log that quotes what it was told.
const APPLICATION: &str = "\
2026-03-01T10:00:00Z info serving
2026-03-01T10:00:01Z error token request failed {\"error\":\"invalid_grant\",\"error_description\":\"Code not valid\"}
";

/// What a run did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program in the repository's root.
fn run(args: &[&str]) -> Ran {
    run_with(args, Path::new("."), &[], "")
}

fn run_with(args: &[&str], dir: &Path, env: &[(&str, &str)], stdin: &str) -> Ran {
    let mut command = assert_cmd::Command::cargo_bin("kctriage").expect("the binary is built");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "RAYON_NUM_THREADS"] {
        command.env_remove(name);
    }
    let output = command.args(args).current_dir(dir).envs(env.iter().copied()).write_stdin(stdin).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with a file of each kind.
fn inputs() -> TempDir {
    let dir = TempDir::new().expect("a temporary folder");
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    };
    let good = fs::read("sample-logs/quarkus-text/server.log").expect("a sample");
    put("good.log", &good);
    put("custom.log", CUSTOM.as_bytes());
    put("app.log", APPLICATION.as_bytes());
    put("words.txt", b"hello\nworld\n");
    put("empty.log", b"");
    put("packed.log.gz", b"\x1f\x8b\x08\0\0\0\0\0");
    put("mixed/server.log", &good);
    put("mixed/notes.txt", b"hello\nworld\n");
    put("strange/custom.log", CUSTOM.as_bytes());
    put("none/readme.md", b"nothing");
    put("quiet.log", b"2026-11-23 14:48:22,304 INFO  [org.infinispan.CLUSTER] (main) ISPN000078: Starting\n");
    let mut long = good;
    long.extend_from_slice(b"2026-11-23 18:22:00,000 INFO  [a.b] (main) ");
    long.extend(std::iter::repeat_n(b'x', 5 << 20));
    long.push(b'\n');
    put("long.log", &long);
    dir
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let dir = inputs();
    let table: &[(&[&str], i32)] = &[
        (&["scan", "good.log"], DONE),
        (&["scan", "good.log", "--fail-on", "never"], DONE),
        (&["scan", "good.log", "--fail-on", "any"], FOUND),
        (&["scan", "good.log", "--fail-on", "likely"], FOUND),
        (&["scan", "good.log", "--fail-on", "certain"], FOUND),
        (&["scan", "good.log", "--fail-on", "any", "--client", "nobody"], DONE),
        (&["scan", "good.log", "--fail-on", "certain", "--cause", "pkce-mismatch"], DONE),
        (&["scan", "quiet.log", "--fail-on", "any"], DONE),
        (&["scan", "empty.log"], DONE),
        (&["scan", "app.log"], DONE),
        (&["scan", "mixed"], DONE),
        (&["scan", "custom.log"], INPUT),
        (&["scan", "strange"], INPUT),
        (&["scan", "words.txt"], INPUT),
        (&["scan", "none"], INPUT),
        (&["scan", "nowhere.log"], INPUT),
        (&["scan", "packed.log.gz"], INPUT),
        (&["scan", "long.log"], INPUT),
        (&["scan", "good.log", "words.txt"], INPUT),
        (&["scan", "good.log", "nowhere.log", "--fail-on", "any"], INPUT),
        (&["doctor", "good.log"], DONE),
        (&["doctor", "custom.log"], INPUT),
        (&["explain", "code-expired"], DONE),
        (&["explain"], DONE),
        (&["explain", "code-expird"], USAGE),
        (&["rules", "list"], DONE),
        (&["rules", "check"], DONE),
        (&["rules", "check", "nowhere.toml"], USAGE),
        (&["completions", "bash"], DONE),
        (&["man"], DONE),
        (&["--help"], DONE),
        (&["--version"], DONE),
        (&[], USAGE),
        (&["good.log"], USAGE),
        (&["scan", "--nonsense"], USAGE),
    ];
    for (args, want) in table {
        let ran = run_with(args, dir.path(), &[], "");
        assert_eq!(ran.code, *want, "{args:?}\n{}\n{}", ran.out, ran.err);
    }
    for format in ["json", "ndjson", "csv"] {
        assert_eq!(run_with(&["scan", "--format", format, "good.log", "words.txt"], dir.path(), &[], "").code, INPUT, "{format}");
        assert_eq!(run_with(&["scan", "--format", format, "good.log", "--fail-on", "any"], dir.path(), &[], "").code, FOUND, "{format}");
    }
}

#[test]
fn usage_errors_say_where_and_what_to_do() {
    let table: &[(&[&str], &str)] = &[
        (
            &["--window", "99999999999999999d"],
            "error: --window \"99999999999999999d\": it is too long to count\n  write a number and a unit (ms, s, m, h, d, w)",
        ),
        (&["--window", "0s"], "error: --window \"0s\": it is shorter than 1s"),
        (&["--window", "500d"], "error: --window \"500d\": it is longer than a year"),
        (&["--window", "5"], "error: --window \"5\": it has no unit"),
        (&["--code-lifespan", "60"], "error: --code-lifespan \"60\": it has no unit"),
        (&["--since", "yesterday"], "error: --since \"yesterday\": it is no time\n  write 2026-11-23T14:00:00Z"),
        (&["--since", "2026-11-23", "--until", "2026-11-22"], "error: --until \"2026-11-22\": it is not after --since"),
        (&["--cause", "code-expird"], "error: --cause \"code-expird\": no such cause is known\n  did you mean code-expired?"),
        (&["--cause", "10"], "error: --cause \"10\": no such cause is known\n  use one of: code-expired, "),
        (&["--timezone", "Berlin"], "error: --timezone \"Berlin\": no such time zone is known\n  did you mean Europe/Berlin?"),
        (&["--date", "23.11.2026"], "error: --date \"23.11.2026\": it is no date\n  write it as 2026-11-23"),
        (&["--rules", "nowhere.toml"], "error: nowhere.toml: cannot be read: "),
        (&["--threads", "0"], "error: invalid value '0' for '--threads <N>'"),
        (&["--top", "0"], "error: invalid value '0' for '--top <N>'"),
        (&["--format", "xml"], "error: invalid value 'xml' for '--format <FORMAT>'"),
        (&["--fail-on", "\u{1b}[31m"], "error: invalid value "),
    ];
    for (args, want) in table {
        let ran = run(&[&["scan", "sample-logs/json"], *args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (USAGE, ""), "{args:?}");
        assert!(ran.err.starts_with(want), "{args:?}: {}", ran.err);
    }
    let ran = run(&["sample-logs"]);
    assert_eq!((ran.code, ran.err.as_str()), (USAGE, "error: \"sample-logs\" is no command\n  kctriage scan sample-logs\n"));
    let ran = run(&["explain", "README"]);
    assert!(ran.err.starts_with("error: \"README\" is no cause, no answer of the token endpoint and no log line\n  use one of: "), "{}", ran.err);
}

#[test]
fn help_is_as_it_was() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("cli/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (name, args) in [
            ("help", &["--help"] as &[&str]),
            ("help-scan", &["scan", "--help"]),
            ("help-explain", &["explain", "--help"]),
            ("help-rules", &["rules", "check", "--help"]),
            ("help-doctor", &["doctor", "-h"]),
        ] {
            insta::assert_snapshot!(name, run_with(args, Path::new("."), &[("COLUMNS", "100")], "").out);
        }
    });
}

#[test]
fn what_is_left_is_printed_when_an_input_fails() {
    let dir = inputs();
    let alone = run_with(&["scan", "--format", "ndjson", "good.log"], dir.path(), &[], "");
    assert!(alone.err.is_empty(), "{}", alone.err);
    let table = [
        ("nowhere.log", "error: nowhere.log: cannot be read: "),
        #[cfg(not(feature = "cloud"))]
        ("s3://logs/a.log", "error: s3://logs/a.log: this kctriage was built without object stores: cargo install --path . --features cloud\n"),
        ("packed.log.gz", "error: packed.log.gz: damaged after 0 bytes of text: it is cut off (gzip)\n"),
        (
            "custom.log",
            "error: custom.log: not a layout that is known here; nearest is text, \"2026-11-23 14:48:22,304 WARN  [logger] (thread) message\": line 1 lacks a level after the time stamp; line 1 begins: 2026-11-23 15:01:38 | INFO",
        ),
        (
            "words.txt",
            "error: words.txt: not a layout that is known here; nearest is text, \"2026-11-23 14:48:22,304 WARN  [logger] (thread) message\": no line has a time stamp at its start; line 1 begins: hello\n",
        ),
    ];
    for (other, note) in table {
        let both = run_with(&["scan", "--format", "ndjson", "good.log", other], dir.path(), &[], "");
        assert_eq!((both.code, both.out.as_str()), (INPUT, alone.out.as_str()), "{other}");
        assert!(both.err.starts_with(note), "{other}: {}", both.err);
    }
}

#[test]
fn an_unknown_layout_is_said_first_with_the_nearest_one_and_a_sample() {
    let ran = run_with(&["scan", "custom.log"], inputs().path(), &[], "");
    let first = ran.out.lines().take(4).map(str::trim).collect::<Vec<_>>().join(" ");
    for part in ["not recognised: custom.log", "nearest is text", "lacks a level after the time stamp", "line 1: 2026-11-23 15:01:38 | INFO"] {
        assert!(first.contains(part), "{part:?} in {first}");
    }
    assert_eq!(ran.code, INPUT);
}

#[test]
fn what_is_no_keycloak_log_but_quotes_one_is_no_failure() {
    let dir = inputs();
    let text = run_with(&["scan", "app.log"], dir.path(), &[], "");
    assert!(text.out.contains("no Keycloak log") && text.out.contains("Code not valid"), "{}", text.out);
    let lines = run_with(&["scan", "--format", "ndjson", "app.log"], dir.path(), &[], "");
    assert_eq!((lines.code, lines.out.as_str()), (DONE, ""));
    assert!(lines.err.starts_with("note: no Keycloak log, but one that quotes 1 answer of a token endpoint"), "{}", lines.err);
}

#[test]
fn nothing_to_read_is_said() {
    let dir = inputs();
    for (args, stdin, want) in
        [(["scan", "empty.log"], "", "note: nothing to read: empty.log is empty\n"), (["scan", "-"], "", "note: nothing to read: stdin is empty\n")]
    {
        let ran = run_with(&args, dir.path(), &[], stdin);
        assert_eq!((ran.code, ran.err.as_str()), (DONE, want));
    }
    let ran = run_with(&["scan", "none"], dir.path(), &[], "");
    assert!(ran.out.contains("holds no file that is named like a log"), "{}", ran.out);
}

#[test]
fn filters_that_let_nothing_through_are_named() {
    let log = "sample-logs/quarkus-text/server.log";
    let table: &[(&[&str], &str)] = &[
        (&["--client", "nobody", "--cause", "2"], "note: no finding passes --client and --cause\n"),
        (&["--since", "2026-12-01"], "note: the log runs from 2026-11-23T18:19:18Z to 2026-11-23T18:21:09Z: none of it is after --since\n"),
        (&["--until", "2026-11-23 18:19"], "note: the log runs from 2026-11-23T18:19:18Z to 2026-11-23T18:21:09Z: none of it is before --until\n"),
    ];
    for (args, want) in table {
        let ran = run(&[&["scan", log, "--format", "ndjson"], *args].concat());
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (DONE, "", *want), "{args:?}");
    }
}

/// Returns the findings that `scan` prints.
fn findings(args: &[&str]) -> Vec<serde_json::Value> {
    let ran = run(&[&["scan", "--format", "ndjson", "sample-logs"], args].concat());
    assert_eq!(ran.code, DONE, "{}", ran.err);
    ran.out.lines().map(|l| serde_json::from_str(l).expect("a JSON object")).collect()
}

#[test]
fn filters_choose_what_is_printed_and_change_nothing_else() {
    type Keeps<'a> = &'a dyn Fn(&serde_json::Value) -> bool;
    let all = findings(&[]);
    let is = |key: &'static str, value: &'static str| move |f: &serde_json::Value| f[key] == value;
    let begins = |f: &serde_json::Value| f["session"].as_str().is_some_and(|s| s.starts_with("xI4L4uAz"));
    let table: &[(&[&str], Keeps<'_>)] = &[
        (&["--client", "web-portal"], &is("client", "web-portal")),
        (&["--client", "web-portal", "--client", "spa-app"], &|f| f["client"] == "web-portal" || f["client"] == "spa-app"),
        (&["--realm", "shop"], &is("realm", "shop")),
        (&["--cause", "code-reused"], &is("cause", "code-reused")),
        (&["--cause", "2"], &is("cause", "code-reused")),
        (&["--cause", "PKCE mismatch"], &is("cause", "pkce-mismatch")),
        (&["--min-confidence", "certain"], &is("confidence", "certain")),
        (&["--min-confidence", "likely"], &|f| f["confidence"] != "ambiguous"),
        (&["--min-confidence", "ambiguous"], &|_| true),
        (&["--session", "xI4L4uAz"], &begins),
        (&["--since", "2026-11-23 18:00"], &|f| f["time"].as_str() >= Some("2026-11-23T18:00")),
        (&["--since", "18:00", "--date", "2026-11-23"], &|f| f["time"].as_str() >= Some("2026-11-23T18:00")),
        (&["--until", "2026-11-23T17:09:00Z"], &|f| f["time"].as_str() < Some("2026-11-23T17:09:00")),
    ];
    for (args, keeps) in table {
        let want: Vec<_> = all.iter().filter(|f| keeps(f)).cloned().collect();
        assert!(!want.is_empty(), "{args:?} chooses nothing");
        assert_eq!(findings(args), want, "{args:?}");
    }
}

#[test]
fn a_zone_moves_times_that_name_none_and_those_of_the_filter() {
    let log = "sample-logs/quarkus-text/server.log";
    let first = |args: &[&str]| {
        let ran = run(&[&["scan", "--format", "ndjson", log], args].concat());
        let line: serde_json::Value = serde_json::from_str(ran.out.lines().next().expect("a finding")).expect("JSON");
        line["time"].as_str().expect("a time").to_owned()
    };
    assert_eq!(first(&[]), "2026-11-23T18:19:34.670Z");
    assert_eq!(first(&["--timezone", "Europe/Berlin"]), "2026-11-23T17:19:34.670Z");
    assert_eq!(first(&["--timezone", "-05:00"]), "2026-11-23T23:19:34.670Z");
    assert_eq!(first(&["--timezone", "Europe/Berlin", "--since", "2026-11-23 18:19:35"]), "2026-11-23T17:19:43.893Z");
}

#[test]
fn every_format_has_the_same_findings() {
    let lines = findings(&[]);
    let json: serde_json::Value = serde_json::from_str(&run(&["scan", "--format", "json", "sample-logs"]).out).expect("JSON");
    assert_eq!(json["findings"], lines.len());
    let table = run(&["scan", "--format", "csv", "sample-logs"]).out;
    let rows: Vec<_> = csv::Reader::from_reader(table.as_bytes()).records().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), lines.len());
    let text = run(&["scan", "sample-logs"]).out;
    assert!(text.starts_with(&format!("{} token requests failed", lines.len())), "{text}");
}

#[test]
fn output_is_the_same_whatever_the_threads_and_the_chunks() {
    for format in ["text", "json", "ndjson", "csv"] {
        let scan = |more: &[&str]| run(&[&["scan", "sample-logs", "--format", format], more].concat()).out;
        let want = scan(&["--threads", "1"]);
        for more in [["--threads", "2"], ["--threads", "8"], ["--chunk-size", "1"], ["--chunk-size", "4096"]] {
            assert_eq!(scan(&more), want, "{format} {more:?}");
        }
    }
}

#[test]
fn pipes_and_no_color_get_no_escape_codes() {
    let hostile = ["scan", "sample-logs/hostile"];
    let acts = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    for args in [
        &hostile as &[&str],
        &["doctor", "sample-logs/hostile"],
        &["explain", "4"],
        &["explain"],
        &["rules", "list"],
        &["scan", "sample-logs/hostile", "--format", "csv"],
    ] {
        let plain = run(args);
        let all = plain.out + &plain.err;
        assert!(!all.contains(acts), "{args:?}: {:?}", all.chars().find(|c| acts(*c)));
    }
    let forced = [("CLICOLOR_FORCE", "1")];
    let dot = Path::new(".");
    assert!(run_with(&hostile, dot, &forced, "").out.contains('\u{1b}'));
    assert!(!run_with(&hostile, dot, &[forced[0], ("NO_COLOR", "1")], "").out.contains('\u{1b}'));
    assert!(!run_with(&["scan", "sample-logs/hostile", "--color", "never"], dot, &forced, "").out.contains('\u{1b}'));
    assert!(run_with(&["explain", "4", "--color=always"], dot, &[("NO_COLOR", "1")], "").out.contains('\u{1b}'));
}

#[test]
#[cfg(unix)]
fn hostile_file_names_and_arguments_are_shown_not_obeyed() {
    let dir = TempDir::new().expect("a temporary folder");
    let evil = "a\u{1b}[31mb\nerror: all is lost\u{202e}.log";
    fs::write(dir.path().join(evil), "hello\n").expect("written");
    fs::copy("sample-logs/quarkus-text/server.log", dir.path().join("good.log")).expect("copied");
    for args in [
        &["scan", evil] as &[&str],
        &["scan", "."],
        &["scan", "-v", "."],
        &["scan", "--format", "ndjson", "."],
        &["scan", "--format", "json", evil],
        &["scan", "--format", "csv", evil, "missing\u{1b}[2J.log"],
        &["doctor", evil],
        &["explain", evil],
        &["rules", "check", evil],
        &["scan", "good.log", "--rules", evil],
        &["scan", "good.log", "--cause", evil],
        &[evil],
    ] {
        let ran = run_with(args, dir.path(), &[], "");
        let all = ran.out + &ran.err;
        assert!(!all.contains('\u{1b}') && !all.contains('\u{202e}'), "{args:?}: {all}");
        assert!(!all.lines().any(|l| l.starts_with("error: all is lost")), "{args:?}: {all}");
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_quiet_success() {
    // each output is far longer than what a pipe holds
    let log = "tests/recordings/2673-load/server.log";
    for args in [&["scan", "--format", "ndjson"] as &[&str], &["scan", "--format", "csv"], &["scan", "--format", "json"]] {
        let mut child =
            Command::new(assert_cmd::cargo::cargo_bin("kctriage")).args(args).arg(log).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut first = String::new();
        let mut out = BufReader::with_capacity(64, child.stdout.take().expect("a pipe"));
        out.read_line(&mut first).expect("a line");
        assert!(!first.is_empty());
        drop(out);
        let mut err = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        assert_eq!((child.wait().expect("it ends").code(), err.as_str()), (Some(DONE), ""), "{args:?}");
    }
}

#[test]
fn standard_input_is_read_where_nothing_is_named() {
    let log = fs::read_to_string("sample-logs/quarkus-text/server.log").expect("a sample");
    let dot = Path::new(".");
    let named = run_with(&["scan", "--format", "ndjson", "-"], dot, &[], &log);
    let piped = run_with(&["scan", "--format", "ndjson"], dot, &[], &log);
    assert_eq!((piped.code, piped.out.lines().count()), (DONE, 25));
    assert_eq!(piped.out, named.out);
    assert!(piped.out.contains("\"source\":\"stdin\""));
    assert_eq!(run_with(&["scan", "--format", "ndjson", "-", "-"], dot, &[], &log).out, named.out);
}

#[test]
fn explain_walks_the_flowchart_for_lines() {
    let log = fs::read_to_string("sample-logs/quarkus-text/server.log").expect("a sample");
    let lines: Vec<&str> = log.lines().skip(34).take(2).collect();
    let ran = run_with(&["explain"], Path::new("."), &[], &lines.join("\n"));
    assert_eq!(ran.code, DONE);
    for part in [
        "CODE_TO_TOKEN_ERROR invalid_code, client web-portal",
        "Could the code be read?",
        "kctriage scan server.log --session",
        "So: code expired or code reused",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let argument = run(&["explain", lines[1]]);
    assert!(argument.code == DONE && argument.out.contains("Was it a refresh?"), "{}", argument.out);
    let strange = run_with(&["explain"], Path::new("."), &[], "hello\n");
    assert!(strange.code == INPUT && strange.out.contains("no log line of Keycloak's"), "{}", strange.out);
}

#[test]
fn explain_knows_every_cause_and_what_clients_are_told() {
    let list = run(&["explain"]).out;
    for cause in kctriage::cause::Cause::ALL {
        assert!(list.contains(cause.slug()), "{cause}");
        let ran = run(&["explain", cause.slug()]);
        for heading in ["What happens", "Why", "How to verify", "How to fix", "What the client is told", "How sure", "Read on"] {
            assert!(ran.code == DONE && ran.out.lines().any(|l| l == heading), "{cause}: {heading}");
        }
        assert_eq!(run(&["explain", cause.title()]).out, ran.out, "{cause}");
    }
    let told = run(&["explain", "Code not valid"]).out;
    assert!(told.contains("code-expired") && told.contains("code-reused"), "{told}");
}

#[test]
fn rules_of_a_file_are_tried_first_and_checked() {
    let dir = TempDir::new().expect("a temporary folder");
    let rule = r#"
[[rule]]
id = "mine"
title = "my own"
error = ["invalid_code"]
cause = "unclassified"
confidence = "ambiguous"
why = "because"
"#;
    fs::write(dir.path().join("mine.toml"), rule).expect("written");
    fs::write(dir.path().join("broken.toml"), "[[rule]]\nid = 1\n").expect("written");
    fs::copy("sample-logs/quarkus-text/server.log", dir.path().join("server.log")).expect("copied");
    let run = |args: &[&str]| run_with(args, dir.path(), &[], "");
    let scan = run(&["scan", "server.log", "--rules", "mine.toml", "--format", "ndjson", "--cause", "unclassified"]);
    assert!(scan.code == DONE && scan.out.lines().count() > 10, "{}", scan.out);
    let list = run(&["rules", "list", "--rules", "mine.toml", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list.out).expect("JSON");
    assert_eq!(list[0]["id"], "mine");
    let check = run(&["rules", "check", "mine.toml"]);
    assert!(check.code == FOUND && check.out.contains("mine.toml: rule mine: has 0 examples"), "{}", check.out);
    let broken = run(&["scan", "server.log", "--rules", "broken.toml"]);
    assert!(broken.code == USAGE && broken.err.starts_with("error: broken.toml: the rules cannot be read: "), "{}", broken.err);
    assert!(broken.err.ends_with("  kctriage rules check broken.toml\n"), "{}", broken.err);
}

#[test]
fn doctor_spells_options_for_the_version_of_the_log() {
    let table = [
        ("sample-logs/bare-values", "Keycloak 22.0.5", "--spi-events-listener-jboss-logging-success-level=info"),
        ("tests/recordings/2673-plain/server.log", "Keycloak 26.7.3", "--spi-events-listener--jboss-logging--success-level=info"),
        ("sample-logs/wildfly-console", "Keycloak 16.1.1", "/subsystem=keycloak-server/spi=eventsListener:add"),
        ("tests/recordings/2673-cluster/node0.log", "Keycloak 26.7.3", "The cluster had 2 nodes (ISPN000094)"),
        ("sample-logs/quarkus-mdc", "✓ errors", "✗ success events"),
        ("sample-logs/json", "kc-0 (server.log), 2026-11-23 17:06:48", "✓ success events"),
    ];
    for (path, one, other) in table {
        let ran = run(&["doctor", path]);
        assert_eq!(ran.code, DONE, "{path}");
        assert!(ran.out.contains(one) && ran.out.contains(other), "{path}: {}", ran.out);
    }
}

#[test]
fn what_is_logged_is_not_asked_for_again() {
    let log = "tests/recordings/2673-flow/server.log";
    let (doctor, scan) = (run(&["doctor", log]).out, run(&["scan", log]).out);
    let report = run(&["report", "--format", "json", log]).out;
    for page in [&doctor, &scan, &report] {
        assert!(!page.contains("ClientAuthenticationFlow:DEBUG") && page.contains("--http-access-log-enabled=true"), "{page}");
    }
    assert!(doctor.contains("5  want the HTTP access log") && !doctor.contains("want the lines of ClientAuthenticationFlow"), "{doctor}");
}

#[test]
fn an_option_to_copy_is_never_broken() {
    let page = run(&["scan", "sample-logs"]).out;
    let option = "--log-level=INFO,org.keycloak.events:DEBUG,org.keycloak.authentication.ClientAuthenticationFlow:DEBUG";
    assert!(page.lines().any(|line| line.trim() == option), "{page}");
    assert!(page.contains("(10 nodes, "), "the same as the report says");
    let nodes = run(&["report", "--format", "json", "sample-logs"]).out;
    let nodes: serde_json::Value = serde_json::from_str(&nodes).expect("JSON");
    assert_eq!(nodes["nodes"].as_array().map(Vec::len), Some(10));
}

#[test]
fn a_log_of_which_only_the_start_names_no_zone_is_not_said_to_name_none() {
    for (log, times) in [("2673-json", "some of the log's times"), ("2673-plain", "the log's times")] {
        let log = format!("tests/recordings/{log}/server.log");
        for page in [run(&["scan", &log]).out, run(&["report", "--format", "markdown", &log]).out] {
            let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(page.contains(&format!("(assumed: {times} name no zone")), "{log}: {page}");
        }
    }
}

#[test]
fn a_file_whose_name_is_that_of_a_secret_is_told_with_the_programs_words() {
    let dir = TempDir::new().expect("a temporary folder");
    let page = run_with(&["scan", "x/password"], dir.path(), &[], "");
    assert!(page.out.starts_with("not read: x/password: cannot be read: "), "{}", page.out);
    let json = run_with(&["scan", "--format", "json", "x/password"], dir.path(), &[], "");
    assert!(json.err.starts_with("error: x/password: cannot be read: "), "{}", json.err);
}

#[test]
fn completions_and_manual_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(&["completions", shell]).out.contains("doctor"), "{shell}");
    }
    let man = run(&["man"]).out;
    for part in [".TH kctriage 1", "fail\\-on", "explain"] {
        assert!(man.contains(part), "{part}");
    }
}

#[test]
fn verbose_says_what_each_file_was_taken_for() {
    let ran = run(&["scan", "-v", "--format", "ndjson", "sample-logs/bare-values", "sample-logs/json"]);
    let want = ["server.log.1: node bare-values/server.log, text, ", "json/server.log: node json/server.log, "];
    for part in want {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[test]
fn merged_tallies_are_the_tally_of_all_their_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    let save = |name: &str, args: &[&str]| {
        let path = folder.path().join(name);
        std::fs::write(&path, run(&[&["scan", "--format", "json"], args].concat()).out).expect("a file");
        path.display().to_string()
    };
    let logs = ["tests/recordings/2673-outage/server.log", "tests/recordings/2405-plain/server.log"];
    let (one, other) = (save("one.json", &logs[..1]), save("other.json", &logs[1..]));
    let rows = |text: &str| {
        let tally: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let row = |r: &serde_json::Value| ["window", "realm", "client", "cause", "confidence", "count"].map(|k| r[k].to_string()).join(" ");
        (tally["findings"].as_u64(), tally["records"].as_u64(), tally["rows"].as_array().expect("rows").iter().map(row).collect::<Vec<_>>())
    };
    let (merged, turned) = (run(&["merge", &one, &other]), run(&["merge", &other, &one]));
    assert_eq!((merged.code, merged.err.as_str()), (DONE, ""));
    assert_eq!(merged.out, turned.out);
    let both: Vec<_> = [&one, &other].map(|path| rows(&std::fs::read_to_string(path).expect("a tally"))).into();
    let (findings, records, all) = rows(&merged.out);
    assert_eq!(findings, both.iter().map(|b| b.0).sum());
    assert_eq!(records, both.iter().map(|b| b.1).sum());
    assert!(both.iter().flat_map(|b| &b.2).all(|row| all.contains(row)));
    let text = run(&["merge", "--format", "text", &one, &other]).out;
    assert!(text.starts_with(&format!("{} failed token requests", findings.expect("a number"))) && text.contains("--from "), "{text}");
    assert!(run(&["merge", "--format", "text", &one]).out.contains(" of 1 tally, "));
    let twice = run(&["merge", &one, &other, &one]);
    assert_eq!((twice.code, twice.err.as_str()), (DONE, format!("note: {one}: server.log was counted before: what failed in it is counted twice\n").as_str()));
    let beside = run(&["report", "--window", "5m", "--from", &one, logs[0]]).err;
    assert!(beside.contains("was counted before"), "{beside}");
    let hours = save("hours.json", &["--window", "1h", logs[0]]);
    let refused = run(&["merge", &one, &hours]);
    assert!(refused.code == USAGE && refused.err.contains("its windows are 1h long, those of the others 5m"), "{}", refused.err);
    let foreign = run(&["merge", "Cargo.toml"]);
    assert!(foreign.code == USAGE && foreign.err.contains("it is no saved tally"), "{}", foreign.err);
}

//! `kctriage report` as people use it: what it writes where, what it refuses, what it compares.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

const OUTAGE: &str = "tests/recordings/2673-outage/server.log";

fn run(args: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("kctriage").expect("the program").arg("report").arg("--no-progress").args(args).output().expect("it runs")
}

fn json(args: &[&str]) -> Value {
    let out = run(&[&["--format", "json"], args].concat());
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[test]
fn the_name_tells_the_format_and_standard_output_stays_empty() {
    let dir = TempDir::new().expect("a folder");
    let table = [("a.html", "<!DOCTYPE html>"), ("a.md", "# "), ("a.jira", "h1. "), ("a.json", "{"), ("a.txt", "Failed token requests")];
    for (name, begins) in table {
        let path = dir.path().join(name);
        let out = run(&["-o", path.to_str().expect("a name"), OUTAGE]);
        assert!(out.status.success() && out.stdout.is_empty(), "{name}");
        assert!(fs::read_to_string(&path).expect("a file").trim_start().starts_with(begins), "{name}");
    }
    let refused = run(&["-o", dir.path().join("a.pdf").to_str().expect("a name"), OUTAGE]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!dir.path().join("a.pdf").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let dir = TempDir::new().expect("a folder");
    let (victim, link) = (dir.path().join("victim"), dir.path().join("page.html"));
    fs::write(&victim, "mine").expect("a file");
    std::os::unix::fs::symlink(&victim, &link).expect("a link");
    let out = run(&["-o", link.to_str().expect("a name"), OUTAGE]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("symbolic link"));
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "mine");
}

#[test]
fn addresses_are_pseudonyms_unless_that_is_refused() {
    let log = fs::read_to_string(OUTAGE).expect("a recording");
    let found = regex::Regex::new(r#"ipAddress="([0-9.]+)""#).expect("a pattern");
    let logged: Vec<&str> = found.captures_iter(&log).map(|c| c.get(1).expect("a group").as_str()).collect();
    for format in ["html", "markdown", "jira", "json", "text"] {
        let hidden = run(&["--format", format, OUTAGE]).stdout;
        let hidden = String::from_utf8(hidden).expect("text");
        let told: Vec<&&str> = logged.iter().filter(|ip| hidden.contains(**ip)).collect();
        assert!(told.is_empty(), "{format}: {told:?}");
    }
    let open = String::from_utf8(run(&["--no-redact", "--format", "markdown", OUTAGE]).stdout).expect("text");
    assert!(open.contains("Not redacted"), "the page says so");
    let address = json(&["--no-redact", OUTAGE]);
    assert_eq!(address["redaction"]["applied"], false);
    assert_eq!(json(&[OUTAGE])["redaction"]["applied"], true);
}

#[test]
fn a_restart_divides_the_log() {
    let report = json(&["--since-restart", OUTAGE]);
    let comparison = &report["comparison"];
    assert!(comparison.is_object(), "there is one");
    let sum = |side: &str| comparison["changes"].as_array().expect("changes").iter().filter_map(|c| c[side].as_u64()).sum::<u64>();
    assert_eq!(sum("before") + sum("after"), report["totals"]["failures"].as_u64().expect("a count"), "no failure is lost");
    assert!(sum("before") > 0 && sum("after") > 0);
}

#[test]
fn times_that_the_log_does_not_cover_are_no_improvement() {
    // the log is of 18:06:12 to 18:08:29
    let compare = |before: &str, after: &str| json(&["--window", "10s", "--compare", &format!("2026-11-23T{before}"), &format!("2026-11-23T{after}"), OUTAGE]);
    let apart = compare("18:00Z..2026-11-23T18:07Z", "18:07Z..2026-11-23T19:00Z");
    let comparison = &apart["comparison"];
    assert!(comparison["what"].as_str().is_some_and(|what| what.contains("does not cover")), "{comparison}");
    assert_eq!(comparison["before"]["from"], "2026-11-23T18:06:10.000Z");
    assert!(comparison["changes"].to_string().contains("too few to tell"));
    let nothing = compare("18:06Z..2026-11-23T18:08Z", "20:00Z..2026-11-23T21:00Z");
    assert!(nothing["comparison"].is_null() && nothing["remarks"].to_string().contains("covers nothing of one"), "{}", nothing["remarks"]);
}

#[test]
fn ranges_that_are_none_are_refused() {
    for args in [["--compare", "10:00", "11:00..12:00"], ["--compare", "10:00..09:00", "11:00..12:00"]] {
        let out = run(&[&args[..], &[OUTAGE]].concat());
        assert_eq!(out.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_saved_tally_gives_the_same_figures_and_says_what_it_is() {
    let dir = TempDir::new().expect("a folder");
    let saved = dir.path().join("tally.json");
    let scan =
        assert_cmd::Command::cargo_bin("kctriage").expect("the program").args(["scan", "--no-progress", "--format", "json", OUTAGE]).output().expect("it runs");
    fs::write(&saved, scan.stdout).expect("written");
    let (from_logs, from_tally) = (json(&[OUTAGE]), json(&["--from", saved.to_str().expect("a name")]));
    for key in ["failures", "certain", "likely", "ambiguous", "clients", "records"] {
        assert_eq!(from_logs["totals"][key], from_tally["totals"][key], "{key}");
    }
    assert!(from_tally["remarks"].to_string().contains("saved tally"));
    let folder = json(&["--from", dir.path().to_str().expect("a name")]);
    assert_eq!(folder["totals"], from_tally["totals"]);
    let nothing = TempDir::new().expect("a folder");
    let refused = run(&["--from", nothing.path().to_str().expect("a name")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("neither a tally nor the state"), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(run(&["--from", "Cargo.toml"]).status.code(), Some(2));
    assert!(!Path::new("incident.html").exists());
}

#[test]
fn events_for_collectors_are_those_of_scan() {
    for format in ["ecs", "ocsf"] {
        let scan = |args: &[&str]| assert_cmd::Command::cargo_bin("kctriage").expect("the program").args(args).output().expect("it runs").stdout;
        let (scanned, reported) = (scan(&["scan", "--format", format, OUTAGE]), run(&["--no-redact", "--format", format, OUTAGE]).stdout);
        assert!(scanned.len() > 10_000 && scanned == reported, "{format}");
        let hidden = String::from_utf8(run(&["--format", format, OUTAGE]).stdout).expect("UTF-8");
        assert!(hidden.contains("ip-") && !hidden.contains("10.0.0."), "{format}: pseudonyms unless that is refused");
        let (dir, refused) = (TempDir::new().expect("a folder"), run(&["--format", format, "--from", "tally.json"]));
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("single failures"));
        assert_eq!(run(&["--format", format, "--since-restart", OUTAGE]).status.code(), Some(2));
        let path = dir.path().join("events.ndjson");
        assert!(run(&["--no-redact", "--format", format, "-o", path.to_str().expect("a name"), OUTAGE]).status.success());
        assert_eq!(fs::read(&path).expect("a file"), scanned);
    }
}

#[test]
fn the_command_of_an_incident_lists_its_failures() {
    for log in [OUTAGE, "tests/recordings/2673-incidents/server.log", "tests/recordings/2673-load/server.log"] {
        for matter in json(&[log])["incidents"].as_array().expect("a list") {
            let text = matter["lines"].as_str().expect("a text");
            let (_, command) = text.split_once("kctriage ").expect("a command");
            let out = assert_cmd::Command::cargo_bin("kctriage").expect("the program").args(command.split(' ')).output().expect("it runs");
            let (listed, count) = (String::from_utf8_lossy(&out.stdout).lines().count() as u64, matter["count"].as_u64().expect("a count"));
            assert_eq!(listed, count, "{log}: {command}");
        }
    }
}

/// A token is refused every 20 seconds for 4 hours.
fn steady_log(dir: &Path) -> String {
    let mut log = String::from("2026-11-23 07:59:50,000 INFO  [io.quarkus] (main) Keycloak 26.7.3 on JVM started in 5.000s.\n");
    for at in 0..720 {
        let (h, m, s) = (8 + at / 180, at / 3 % 60, at % 3 * 20);
        writeln!(
            log,
            "2026-11-23 {h:02}:{m:02}:{s:02},000 WARN  [org.keycloak.events] (executor-thread-1) type=\"REFRESH_TOKEN_ERROR\", realmId=\"0f3a\", \
             realmName=\"shop\", clientId=\"web-portal\", userId=\"null\", ipAddress=\"10.0.0.4\", error=\"invalid_token\", \
             reason=\"Token is not active\", grant_type=\"refresh_token\", client_auth_method=\"client-secret\""
        )
        .expect("a text takes it");
    }
    let path = dir.join("steady.log");
    fs::write(&path, log).expect("written");
    path.to_str().expect("a name").to_owned()
}

#[test]
fn a_part_of_a_log_is_judged_as_a_log_of_its_own() {
    let dir = TempDir::new().expect("a folder");
    let log = steady_log(dir.path());
    for (since, until, failures, ends) in [("11:30", "12:30", 90, "2026-11-23T11:59:40.000Z"), ("08:05", "08:30", 75, "2026-11-23T08:29:59.999Z")] {
        let (since, until) = (format!("2026-11-23 {since}"), format!("2026-11-23 {until}"));
        let page = json(&["--since", &since, "--until", &until, &log]);
        assert_eq!((&page["incidents"], &page["totals"]["failures"]), (&Value::Array(Vec::new()), &failures.into()), "{since}");
        assert_eq!((page["span"]["from"].as_str(), page["span"]["to"].as_str()), (Some(format!("{}:00.000Z", since.replace(' ', "T")).as_str()), Some(ends)));
        let headline = page["headline"].as_str().expect("a sentence");
        assert!(headline.contains(&format!("counting only --since {since}:00 and --until {until}:00")), "{headline}");
        assert_eq!(page["timeline"]["events"], Value::Array(Vec::new()), "the server started before");
        let (_, command) = page["steady"][0]["lines"].as_str().expect("a text").split_once("kctriage ").expect("a command");
        let out = assert_cmd::Command::cargo_bin("kctriage").expect("the program").args(command.split(' ')).output().expect("it runs");
        assert_eq!(String::from_utf8_lossy(&out.stdout).lines().count(), failures, "{command}");
    }
}

#[test]
fn shares_are_those_of_the_requests_that_pass_the_filter() {
    const LOAD: &str = "tests/recordings/2673-load/server.log";
    let (all, one) = (json(&[LOAD]), json(&["--client", "web-portal", LOAD]));
    let row = all["clients"].as_array().expect("rows").iter().find(|row| row["client"] == "web-portal").expect("a row");
    for (of_row, of_total) in [("count", "failures"), ("successes", "successes"), ("failure_percent", "failure_percent")] {
        assert_eq!(row[of_row], one["totals"][of_total], "{of_row}");
    }
    let part = json(&["--since", "2026-11-23 16:30", LOAD]);
    let before = json(&["--until", "2026-11-23 16:30", LOAD]);
    let sum = |key: &str| part["totals"][key].as_u64().expect("a count") + before["totals"][key].as_u64().expect("a count");
    assert_eq!((sum("successes"), sum("failures")), (all["totals"]["successes"].as_u64().expect("a count"), all["totals"]["failures"].as_u64().expect("one")));
    // a success has no cause: the failures of one are no share of anything
    let cause = json(&["--cause", "code-expired", LOAD]);
    assert!(cause["totals"]["successes"].is_null() && cause["totals"]["failure_percent"].is_null(), "{}", cause["totals"]);
}

#[test]
fn failures_apart_from_the_incidents_are_held_against_all_that_succeeded() {
    let page = json(&["tests/recordings/2673-load/server.log"]);
    let count = |key: &str| page["totals"][key].as_u64().expect("a count");
    let outside = count("failures") - count("in_incidents");
    let all = outside + count("successes");
    let tenths = (outside * 1000 + all / 2) / all;
    let usual = page["usual"].as_str().expect("a sentence");
    assert!(usual.contains(&format!("{}.{} % of the other requests", tenths / 10, tenths % 10)), "{usual}");
}

#[test]
fn advice_names_clients_that_are_known_and_no_others() {
    let program = || assert_cmd::Command::cargo_bin("kctriage").expect("the program");
    for log in ["2205-plain", "2673-plain", "2673-json"].map(|name| format!("tests/recordings/{name}/server.log")) {
        let scan = program().args(["scan", "--no-progress", "--top", "99", &log]).output().expect("it runs").stdout;
        let report = run(&["--format", "markdown", &log]).stdout;
        for page in [scan, report].map(|bytes| String::from_utf8(bytes).expect("text").split_whitespace().collect::<Vec<_>>().join(" ")) {
            for wrong in ["of requests of", "> requests of", "and requests of an unknown client carry"] {
                assert!(!page.contains(wrong), "{log}: {wrong}");
            }
        }
    }
}

#[test]
fn a_log_of_failures_alone_says_nothing_of_what_is_usual() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().join("server.log");
    let log = fs::read_to_string("sample-logs/secret-regenerated/server.log").expect("a sample");
    fs::write(&path, log.split_inclusive('\n').skip(26).collect::<String>()).expect("written");
    let page = json(&[path.to_str().expect("a name")]);
    let headline = page["headline"].as_str().expect("a sentence");
    assert_eq!(page["level"], "steady");
    assert!(headline.ends_with("with no rise in it: no incident, unless one began before it."), "{headline}");
    let hostile = json(&["tests/recordings/2506-hostile/server.log"]);
    let headline = hostile["headline"].as_str().expect("a sentence");
    assert!(headline.contains(&format!(", {} % of all requests, with no rise", hostile["totals"]["failure_percent"])), "{headline}");
}

#[test]
fn what_begins_in_the_log_is_not_told_from_its_beginning() {
    let program = assert_cmd::Command::cargo_bin("kctriage").expect("the program").args(["scan", "--no-progress", "sample-logs"]).output().expect("it runs");
    let page = String::from_utf8(program.stdout).expect("text").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("a sudden start at 18:06:49 means") && !page.contains("sudden start at the log's beginning"), "{page}");
}

#[test]
fn the_command_of_other_failures_lists_all_of_them_or_says_that_it_lists_more() {
    let program = || assert_cmd::Command::cargo_bin("kctriage").expect("the program");
    let mut more = 0;
    for log in ["sample-logs", "tests/recordings/2673-load/server.log", "tests/recordings/2205-plain/server.log"] {
        for matter in json(&[log])["steady"].as_array().expect("a list") {
            let (what, command) = matter["lines"].as_str().expect("a text").split_once(": kctriage ").expect("a command");
            let listed = program().args(command.split(' ')).output().expect("it runs").stdout;
            let (listed, count) = (String::from_utf8_lossy(&listed).lines().count() as u64, matter["count"].as_u64().expect("a count"));
            match what {
                "All of its lines" => assert_eq!(listed, count, "{log}: {command}"),
                _ => assert!(what == "Its lines, and others of the cause" && listed > count, "{log}: {what}: {command}"),
            }
            more += u64::from(listed > count);
        }
    }
    assert!(more > 0, "some requests name no client");
}

#[cfg(unix)]
mod places {
    //! Where a page goes: whole or not at all, for its owner alone, and through nothing.

    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    /// Runs a line of a shell in a folder; `$K` is the command with its log.
    fn shell(dir: &Path, line: &str) -> Output {
        let program = format!("{} report --no-progress {}", env!("CARGO_BIN_EXE_kctriage"), Path::new(env!("CARGO_MANIFEST_DIR")).join(OUTAGE).display());
        Command::new("sh").args(["-c", line]).env("K", program).current_dir(dir).output().expect("a shell")
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir).expect("a folder").flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_its_owner_reads_it_whatever_the_mask_and_whatever_was_there() {
        for mask in ["000", "022", "077"] {
            let dir = TempDir::new().expect("a folder");
            fs::write(dir.path().join("old.md"), "old").expect("a file");
            fs::set_permissions(dir.path().join("old.md"), fs::Permissions::from_mode(0o666)).expect("a mode");
            for name in ["new.html", "old.md", "events.json"] {
                let format = if name == "events.json" { "--format ecs" } else { "" };
                let out = shell(dir.path(), &format!("umask {mask}; $K {format} -o {name}"));
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                let mode = fs::metadata(dir.path().join(name)).expect("a file").permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{name} with a mask of {mask}");
            }
        }
    }

    #[test]
    fn where_there_is_no_room_the_old_page_stays() {
        let dir = TempDir::new().expect("a folder");
        fs::write(dir.path().join("page.html"), "old").expect("a file");
        // no file may grow beyond 4 KiB at most: the page is larger
        let out = shell(dir.path(), "trap '' XFSZ; ulimit -f 4; $K -o page.html");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains("page.html"), "{said}");
        assert_eq!((fs::read_to_string(dir.path().join("page.html")).expect("a file").as_str(), names(dir.path())), ("old", vec!["page.html".to_owned()]));
        if Path::new("/dev/full").exists() {
            let out = shell(dir.path(), "$K --format html >/dev/full");
            assert_eq!(out.status.code(), Some(2));
            assert!(String::from_utf8_lossy(&out.stderr).contains("standard output cannot be written"));
        }
    }

    #[test]
    fn places_that_are_no_files_are_refused() {
        let dir = TempDir::new().expect("a folder");
        fs::create_dir(dir.path().join("page.html")).expect("a folder");
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling.html")).expect("a link");
        std::os::unix::fs::symlink("page.html", dir.path().join("to-folder.html")).expect("a link");
        let before = names(dir.path());
        for place in ["page.html", "dangling.html", "to-folder.html", "no/page.html", "/dev/full --format html", "/proc/page.html"] {
            let out = shell(dir.path(), &format!("$K -o {place}"));
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(2), "{place}: {said}");
            assert!(said.lines().count() >= 2, "{place}: what is wrong, and what to do: {said}");
        }
        assert_eq!(names(dir.path()), before);
    }

    #[test]
    fn two_that_write_one_page_leave_a_whole_one() {
        let dir = TempDir::new().expect("a folder");
        let out = shell(dir.path(), "$K -o page.json & $K --title other -o page.json & wait");
        assert!(out.status.success());
        assert_eq!(names(dir.path()), ["page.json"]);
        let page: Value = serde_json::from_slice(&fs::read(dir.path().join("page.json")).expect("a file")).expect("a whole page");
        assert!(page["totals"]["failures"].as_u64() > Some(0));
    }
}

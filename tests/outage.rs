//! The report on a real outage names each trigger and its minute, what failed and for whom, and nothing else as an incident.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

fn recording(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/2673-incidents").join(file)
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|entry| entry[key].as_str().or(entry.as_str()).map(String::from)).collect()
}

#[test]
fn the_report_names_each_trigger_and_minute_and_nothing_else() {
    let mut command = Command::cargo_bin("kctriage").expect("the program");
    let output = command.args(["report", "--format", "json"]).arg(recording("server.log")).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let truth: Value = serde_json::from_slice(&fs::read(recording("incidents.json")).expect("the truth")).expect("JSON");
    let truth = truth.as_array().expect("a list");
    let mut told: Vec<&Value> = report["incidents"].as_array().expect("incidents").iter().collect();
    told.sort_by_key(|incident| time(&incident["start"]));
    let causes = |all: &[&Value]| all.iter().map(|i| i["cause"].as_str().map(String::from)).collect::<Vec<_>>();
    assert_eq!(causes(&told), causes(&truth.iter().collect::<Vec<_>>()));
    for (told, happened) in told.iter().zip(truth) {
        let what = &happened["what"];
        let (start, began) = (time(&told["start"]), time(&happened["start"]));
        assert!((began..began + TimeDelta::seconds(60)).contains(&start), "{what} at {began}, told as {start}");
        // what the change led to ends when it was undone, but for requests that were under way
        if let Some(until) = happened["until"].as_str() {
            let until: DateTime<Utc> = until.parse().expect("a time");
            assert!(time(&told["last"]) < until + TimeDelta::seconds(60), "{what} until {until}, told until {}", told["last"]);
        }
        let clients = texts(&told["clients"], "client");
        assert!(texts(&happened["clients"], "client").iter().all(|c| clients.contains(c)), "{what}: {clients:?}");
        let cascade = texts(&told["burst"]["cascade"], "cause");
        assert!(texts(&happened["cascade"], "cause").iter().all(|c| cascade.contains(c)), "{what}: {cascade:?}");
        let trigger = &told["burst"]["triggers"][0];
        match happened["trigger"].as_str() {
            Some(kind) => {
                assert_eq!(trigger["kind"], kind, "{what}");
                assert!((time(&trigger["time"]) - time(&happened["end"])).abs() < TimeDelta::seconds(60), "{what}: {trigger}");
            }
            // the log shows nothing of it
            None => assert!(trigger.is_null() || time(&trigger["time"]) < began - TimeDelta::seconds(60), "{what}: {trigger}"),
        }
    }
}

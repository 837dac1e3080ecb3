//! Incidents in recordings of real servers.

use std::path::Path;

use kctriage::pipeline::{self, Lines, Options};
use kctriage::source::{Find, discover};
use kctriage::tally::incident::{Incidents, Settings, find};
use kctriage::tally::{Account, Windows};
use kctriage::triage::rules::Rules;

fn account(recording: &str, window_ms: i64) -> Account {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(recording).join("server.log");
    let found = discover(&[path], &Find::default(), &Lines::default());
    let options = Options { window_ms, successes: true, ..Options::default() };
    pipeline::count(&found, &Rules::builtin(), &options, Windows::Apart, &|_| {}).expect("no temporary file is needed").account()
}

fn incidents(recording: &str, window_ms: i64) -> Incidents {
    find(&account(recording, window_ms), &Settings::default())
}

#[test]
fn debug() {
    let rec = std::env::var("REC").unwrap_or("2673-outage".into());
    let w = std::env::var("WIN").ok().and_then(|w| w.parse().ok()).unwrap_or(10_000);
    let found = incidents(&rec, w);
    let t = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).unwrap().format("%H:%M:%S%.3f").to_string();
    let a = account(&rec, w);
    let mut s: std::collections::BTreeMap<_, Vec<_>> = Default::default();
    for (k, c) in &a.tally.cells {
        s.entry((k.client.clone(), k.cause.slug())).or_default().push((k.window.map(t), c.count));
    }
    for (k, v) in &mut s {
        v.sort();
        println!("{k:?} {v:?}");
    }
    for tr in &a.triggers {
        println!("{} {:?} {:?} {:?}", t(tr.time), tr.what, tr.realm, tr.client);
    }
    println!("ages {:?}", a.refresh_ages);
    for i in &found.incidents {
        println!(
            "INCIDENT {:?} {} start {} peak {} {:.1}/min last {} {:?} count {} expected {:.1} surprise {:.1} cascade {:?} succ {:?} {:?}",
            i.realm,
            i.cause,
            t(i.start),
            t(i.peak),
            i.peak_per_minute,
            t(i.last),
            i.state,
            i.count,
            i.expected,
            i.surprise,
            i.cascade,
            i.successes,
            i.details
        );
        for s in &i.clients {
            println!("    {:?} {} {:.2}", s.client, s.count, s.usual_per_minute);
        }
        for s in &i.triggers {
            println!("    T {} {:?} {:?}", t(s.time), s.what, s.client);
        }
    }
    for c in &found.chronic {
        println!("CHRONIC {:?} {:?} {:?} {} {:.1}", c.client, c.habit, c.cause, c.count, c.per_hour);
    }
}

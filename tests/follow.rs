//! Every way that a log is rotated, and a follower that loses no line and gives none twice. The names of the tests begin with the row of the catalogue
//! of faults that they are of.

#[path = "follow/trial.rs"]
mod trial;

use std::time::{Duration, Instant};

use kctriage::source::follow::{Settings, Start, What};
use trial::{Trial, lines, quick};

/// Whether the lines are all from 0 in order.
fn exact(trial: &Trial) {
    let want: Vec<String> = lines(0..trial.lines.len()).lines().map(str::to_owned).collect();
    assert_eq!(trial.lines, want);
}

#[test]
fn lines_come_as_they_are_written_and_half_ones_are_waited_for() {
    let mut t = Trial::new(&["server.log"], quick());
    t.until_said(|w| *w == What::Gone);
    t.write("server.log", lines(0..3));
    t.until(3);
    let next = lines(3..4);
    t.write("server.log", &next[..20]);
    t.rest();
    assert_eq!(t.lines.len(), 3);
    t.write("server.log", &next[20..]);
    t.until(4);
    exact(&t);
}

#[test]
fn a_line_arrives_within_fifty_milliseconds() {
    let mut t = Trial::new(&["server.log"], Settings::default());
    t.write("server.log", lines(0..1));
    t.poll();
    t.rest();
    let mut late = Vec::new();
    for n in 0..10 {
        t.write("server.log", lines(n..n + 1));
        let begun = Instant::now();
        while t.lines.len() <= n {
            t.poll();
        }
        late.push(begun.elapsed());
        std::thread::sleep(Duration::from_millis(30));
    }
    late.sort();
    assert!(late[5] < Duration::from_millis(50), "{late:?}");
}

#[test]
fn r1_a_renamed_file_is_read_while_its_writer_goes_on() {
    let mut t = Trial::new(&["server.log"], quick());
    t.write("server.log", "");
    t.rest();
    t.write("server.log", lines(0..10));
    t.until(10);
    t.rename("server.log", "server.log.1");
    t.write("server.log.1", lines(10..20));
    t.rest();
    t.write("server.log.1", lines(20..30));
    t.write("server.log", lines(30..40));
    t.until(40);
    exact(&t);
    t.until_said(|w| *w == What::Finished);
    assert_eq!(t.follower.files(), 1);
}

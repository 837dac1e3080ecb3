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
    t.until_said(|w| *w == What::Absent);
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

#[test]
fn r2_a_rotation_while_stopped() {
    let mut t = Trial::new(&["server.log"], quick());
    t.write("server.log", lines(0..10));
    t.rest();
    t.lines.clear();
    t.write("server.log", lines(0..10));
    t.until(10);
    t.restart(|t| {
        t.write("server.log", lines(10..20));
        t.rename("server.log", "server.log.1");
        t.write("server.log", lines(20..30));
    });
    t.until(30);
    exact(&t);
    assert!(!t.words.iter().any(|(_, w)| w.is_loss()), "{:?}", t.words);
}

/// A trial whose file was read up to line `n`.
fn begun(n: usize) -> Trial {
    let mut t = Trial::new(&["server.log"], quick());
    t.write("server.log", "");
    t.rest();
    t.write("server.log", lines(0..n));
    t.until(n);
    t
}

/// Rotates as a chain: `server.log.1` becomes `.2`, and so on.
fn rotate(t: &Trial, keep: usize) {
    for n in (1..keep).rev() {
        let from = format!("server.log.{n}");
        if t.path(&from).exists() {
            t.rename(&from, &format!("server.log.{}", n + 1));
        }
    }
    t.rename("server.log", "server.log.1");
}

#[test]
fn r3_five_rotations_while_stopped() {
    let mut t = begun(10);
    t.restart(|t| {
        for n in 1..=5 {
            t.write("server.log", lines(n * 10..n * 10 + 10));
            rotate(t, 9);
        }
        t.write("server.log", lines(60..70));
    });
    t.until(70);
    exact(&t);
    assert!(!t.words.iter().any(|(_, w)| w.is_loss()), "{:?}", t.words);
}

#[test]
fn r3_a_file_that_is_gone_is_a_gap() {
    let mut t = begun(10);
    t.restart(|t| {
        for n in 1..=3 {
            t.write("server.log", lines(n * 10..n * 10 + 10));
            rotate(t, 9);
        }
        t.write("server.log", lines(40..50));
        std::fs::remove_file(t.path("server.log.3")).expect("removed");
    });
    t.until(40);
    assert_eq!(t.lines[10..], lines(20..50).lines().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(t.words.iter().filter(|(_, w)| w.is_loss()).count(), 1);
}

#[test]
fn r4_three_rotations_between_two_looks() {
    let mut t = begun(10);
    for n in 1..=3 {
        t.write("server.log", lines(n * 10..n * 10 + 10));
        rotate(&t, 9);
    }
    t.write("server.log", lines(40..50));
    t.until(50);
    exact(&t);
}

#[test]
fn r5_a_rotation_inside_a_line() {
    let mut t = begun(10);
    let line = lines(10..11);
    t.write("server.log", &line[..30]);
    t.rest();
    t.rename("server.log", "server.log.1");
    t.write("server.log", lines(11..20));
    t.rest();
    t.write("server.log.1", &line[30..]);
    t.until(20);
    exact(&t);
}

#[test]
fn r5_a_last_line_without_an_end_is_handed_over_once() {
    let mut t = begun(10);
    let line = lines(10..11);
    t.write("server.log", line.trim_end());
    t.rest();
    t.rename("server.log", "server.log.1");
    t.write("server.log", lines(11..20));
    t.until(20);
    exact(&t);
    t.restart(|_| {});
    t.rest();
    assert_eq!(t.lines.len(), 20);
}

#[test]
fn r6_copytruncate_when_all_was_read() {
    let mut t = begun(10);
    t.copy_and_truncate("server.log", "server.log.1");
    t.rest();
    t.write("server.log", lines(10..12));
    t.until(12);
    exact(&t);
    assert_eq!(t.until_said(|w| matches!(w, What::Truncated { .. })).lost(), Some(0));
}

#[test]
fn r7_copytruncate_while_behind_is_read_from_the_copy() {
    let mut t = begun(10);
    t.write("server.log", lines(10..20));
    t.copy_and_truncate("server.log", "server.log.1");
    t.write("server.log", lines(20..22));
    t.until(22);
    exact(&t);
    assert!(!t.words.iter().any(|(_, w)| w.is_loss()), "{:?}", t.words);
}

#[test]
fn r7_what_a_truncation_took_is_reported() {
    let mut t = begun(10);
    let half = &lines(10..11)[..33];
    t.write("server.log", half);
    t.rest();
    t.truncate("server.log");
    t.write("server.log", lines(11..12));
    t.until(12);
    assert_eq!(t.lines[10], half, "what was read of a line is handed over");
    assert_eq!(t.lines[11], lines(11..12).trim_end());
    assert_eq!(t.until_said(|w| matches!(w, What::Truncated { .. })).lost(), Some(0));
}

#[test]
fn r7_the_end_alone_is_cut_off() {
    let mut t = begun(10);
    let whole = std::fs::metadata(t.path("server.log")).expect("there").len();
    t.write("server.log", &lines(10..11)[..33]);
    t.settings.chunk_bytes = 1;
    std::fs::OpenOptions::new().write(true).open(t.path("server.log")).expect("there").set_len(whole).expect("cut");
    t.rest();
    t.write("server.log", lines(10..20));
    t.until(20);
    exact(&t);
}

#[test]
fn r8_a_truncated_file_that_grew_past_the_old_place() {
    let mut t = begun(10);
    t.copy_and_truncate("server.log", "server.log.1");
    t.write("server.log", lines(10..40));
    t.until(40);
    exact(&t);
}

#[test]
fn r8_a_truncated_file_of_the_same_size() {
    let mut t = begun(10);
    t.truncate("server.log");
    std::thread::sleep(Duration::from_millis(10));
    t.write("server.log", lines(10..20).replace("04:00", "05:00"));
    t.until(20);
    assert_eq!(t.lines[10], lines(10..11).replace("04:00", "05:00").trim_end());
}

#[test]
fn r9_truncated_and_grown_while_stopped() {
    for copied in [true, false] {
        let mut t = begun(10);
        t.restart(|t| {
            t.write("server.log", lines(10..15));
            if copied {
                t.copy_and_truncate("server.log", "server.log.1");
            } else {
                t.truncate("server.log");
            }
            t.write("server.log", lines(15..40));
        });
        if copied {
            t.until(40);
            exact(&t);
            assert!(!t.words.iter().any(|(_, w)| w.is_loss()), "{:?}", t.words);
        } else {
            t.until(35);
            assert_eq!(t.lines[10..], lines(15..40).lines().map(str::to_owned).collect::<Vec<_>>());
            assert!(t.has_said(|w| *w == What::Truncated { lost: None }), "{:?}", t.words);
        }
    }
}

#[test]
#[cfg(unix)]
fn r10_a_hole_is_skipped_and_counted() {
    use std::os::unix::fs::FileExt as _;
    let mut t = begun(10);
    let hole = 100 << 20;
    t.copy_and_truncate("server.log", "server.log.1");
    let file = std::fs::OpenOptions::new().write(true).open(t.path("server.log")).expect("there");
    file.write_all_at(lines(10..20).as_bytes(), hole).expect("written");
    let begun = Instant::now();
    t.until(20);
    exact(&t);
    assert_eq!(t.holes, hole);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn r11_a_file_made_anew_is_read_from_its_beginning_whatever_its_number() {
    let mut t = begun(10);
    for stopped in [false, true] {
        let n = t.lines.len();
        let renew = |t: &Trial| {
            std::fs::remove_file(t.path("server.log")).expect("removed");
            t.write("server.log", lines(n..n + 20));
        };
        if stopped {
            t.restart(renew);
        } else {
            renew(&t);
        }
        t.until(n + 20);
        exact(&t);
        t.until_said(|w| *w == What::Finished);
    }
}

#[test]
fn r12_the_live_file_and_its_predecessor_change_places() {
    let mut t = Trial::new(&["server.log"], quick());
    t.write("server.log.1", lines(90..95));
    t.write("server.log", "");
    t.rest();
    t.write("server.log", lines(0..5));
    t.until(5);
    t.rename("server.log", "tmp");
    t.rename("server.log.1", "server.log");
    t.rename("tmp", "server.log.1");
    t.rest();
    t.write("server.log", lines(5..10));
    t.until(10);
    exact(&t);
    t.rename("server.log", "tmp");
    t.rename("server.log.1", "server.log");
    t.rename("tmp", "server.log.1");
    t.rest();
    t.write("server.log", lines(10..15));
    t.until(15);
    exact(&t);
}

#[test]
fn r13_two_files_with_the_same_beginning() {
    let banner = "the same banner, again and again\n".repeat(200);
    for stopped in [false, true] {
        let mut t = Trial::new(&["server.log"], quick());
        t.write("server.log", "");
        t.rest();
        t.write("server.log", format!("{banner}{}", lines(0..10)));
        t.until(210);
        let turn = |t: &Trial| {
            t.write("server.log", lines(10..20));
            t.rename("server.log", "server.log.1");
            t.write("server.log", format!("{banner}{}", lines(20..30)));
        };
        if stopped {
            t.restart(turn);
        } else {
            turn(&t);
        }
        t.until(430);
        t.lines.retain(|l| l.contains("WARN"));
        exact(&t);
    }
}

#[test]
fn r14_tiny_files_are_read_at_once() {
    let mut t = begun(1);
    for n in 1..6 {
        rotate(&t, 9);
        t.write("server.log", "");
        t.rest();
        t.write("server.log", lines(n..n + 1));
        t.until(n + 1);
    }
    exact(&t);
}

#[test]
#[cfg(unix)]
fn r15_a_link_that_is_pointed_elsewhere() {
    use std::os::unix::fs::symlink;
    let mut t = Trial::new(&["current"], quick());
    t.write("a.log", lines(0..5));
    symlink(t.path("a.log"), t.path("current")).expect("linked");
    t.rest();
    assert!(t.lines.is_empty(), "what was there is not read");
    t.write("a.log", lines(0..5));
    t.until(5);
    t.write("a.log", lines(5..10));
    std::fs::remove_file(t.path("current")).expect("removed");
    symlink(t.path("b.log"), t.path("current")).expect("linked");
    t.until(10);
    t.until_said(|w| *w == What::Gone);
    t.write("b.log", lines(10..20));
    t.until(20);
    exact(&t);
}

#[test]
fn r16_the_kubelet_renames_and_packs_later() {
    let folder = "iam_keycloak-0_0f6d2c1e-0000-4000-8000-000000000000/keycloak";
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(dir.path().join(folder)).expect("made");
    let mut t = Trial::of(dir, &["*_keycloak-*/keycloak"], quick());
    let at = |name: &str| format!("{folder}/{name}");
    t.write(&at("0.log"), "");
    t.settings.start = Start::End;
    t.rest();
    t.write(&at("0.log"), lines(0..10));
    t.until(10);
    t.write(&at("0.log"), lines(10..20));
    t.rename(&at("0.log"), &at("0.log.20261125-040000"));
    t.write(&at("0.log"), lines(20..30));
    t.until(30);
    t.gzip(&at("0.log.20261125-040000"), &at("0.log.20261125-040000.gz"));
    t.rename(&at("0.log"), &at("0.log.20261125-041000"));
    t.write(&at("0.log"), lines(30..40));
    t.until(40);
    // the container is started again
    t.write(&at("1.log"), lines(40..50));
    t.until(50);
    exact(&t);
    t.restart(|t| {
        t.gzip(&at("0.log.20261125-041000"), &at("0.log.20261125-041000.gz"));
        t.write(&at("1.log"), lines(50..60));
    });
    t.until(60);
    exact(&t);
}

#[test]
fn r17_the_file_is_packed_at_once_while_it_is_behind() {
    for stopped in [false, true] {
        let mut t = begun(10);
        let turn = |t: &Trial| {
            t.write("server.log", lines(10..200));
            t.gzip("server.log", "server.log.1.gz");
            t.write("server.log", lines(200..210));
        };
        if stopped {
            t.restart(turn);
        } else {
            turn(&t);
        }
        t.until(210);
        exact(&t);
    }
}

#[test]
fn r16_a_container_that_was_started_again_and_rotated_between_two_looks() {
    let folder = "iam_keycloak-0_0f6d2c1e-0000-4000-8000-000000000000/keycloak";
    let at = |name: &str| format!("{folder}/{name}");
    for stopped in [false, true] {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(dir.path().join(folder)).expect("made");
        let mut t = Trial::of(dir, &["*_keycloak-*/keycloak"], quick());
        t.write(&at("0.log.20261125-030000"), lines(90..95));
        t.write(&at("0.log"), "");
        t.rest();
        t.write(&at("0.log"), lines(0..10));
        t.until(10);
        let again = |t: &Trial| {
            t.write(&at("1.log"), lines(10..20));
            t.rename(&at("1.log"), &at("1.log.20261125-040000"));
            t.write(&at("1.log"), lines(20..30));
        };
        if stopped {
            t.restart(again);
        } else {
            again(&t);
        }
        t.until(30);
        exact(&t);
        // what the kubelet removes of the container before takes nothing with it
        std::fs::remove_file(t.path(&at("0.log"))).expect("removed");
        t.write(&at("1.log"), lines(30..40));
        t.until(40);
        exact(&t);
    }
}

#[test]
fn r17_a_file_is_packed_before_any_of_it_was_read() {
    for stopped in [false, true] {
        let mut t = Trial::new(&["server.log"], Settings { budget_bytes: 600, ..quick() });
        t.write("server.log", "");
        t.rest();
        t.write("server.log", lines(0..200));
        t.rename("server.log", "server.log.1");
        t.write("server.log", lines(200..300));
        // it is met while the one before is still read
        t.poll();
        assert!(t.lines.len() < 200);
        let pack = |t: &Trial| {
            t.rename("server.log.1", "server.log.2");
            t.gzip("server.log", "server.log.1.gz");
            t.write("server.log", lines(300..310));
        };
        if stopped {
            t.restart(pack);
        } else {
            pack(&t);
        }
        t.until(310);
        exact(&t);
        assert!(!t.words.iter().any(|(_, w)| w.is_loss()), "{:?}", t.words);
    }
}

#[test]
fn r4_a_file_that_came_and_went_between_two_looks_is_read_though_none_follows() {
    let mut t = begun(10);
    rotate(&t, 9);
    t.write("server.log", lines(10..20));
    rotate(&t, 9);
    t.until(20);
    exact(&t);
}

#[test]
fn r19_a_file_that_is_deleted_is_let_go_and_waited_for() {
    let mut t = begun(10);
    t.write("server.log", lines(10..20));
    std::fs::remove_file(t.path("server.log")).expect("removed");
    t.until(20);
    t.until_said(|w| *w == What::Finished);
    assert_eq!(t.follower.files(), 0);
    t.write("server.log", lines(20..30));
    t.until(30);
    exact(&t);
}

#[test]
#[cfg(unix)]
fn r20_what_cannot_be_followed_is_refused_with_a_word() {
    use std::os::unix::fs::symlink;
    let mut t = begun(10);
    let away = |t: &Trial| std::fs::remove_file(t.path("server.log")).expect("removed");
    let refused = |t: &mut Trial, why: &str| {
        let said = t.until_said(|w| matches!(w, What::Refused(_)));
        assert!(said.to_string().contains(why), "{said}");
        assert_eq!(t.words.iter().filter(|(_, w)| matches!(w, What::Refused(_))).count(), 1);
        t.words.clear();
        t.rest();
        assert!(!t.has_said(|w| matches!(w, What::Refused(_))), "it is said once");
        t.words.clear();
    };
    away(&t);
    std::fs::create_dir(t.path("server.log")).expect("made");
    refused(&mut t, "folder");
    std::fs::remove_dir(t.path("server.log")).expect("removed");
    t.until_said(|w| *w == What::Gone);
    rustix::fs::mkfifoat(rustix::fs::CWD, t.path("server.log"), rustix::fs::Mode::from_raw_mode(0o600)).expect("a pipe");
    refused(&mut t, "pipe");
    away(&t);
    t.until_said(|w| *w == What::Gone);
    symlink(t.path("server.log"), t.path("server.log")).expect("linked");
    refused(&mut t, "circle");
    away(&t);
    t.write("server.log", lines(10..20));
    t.until(20);
    exact(&t);
}

#[test]
fn r21_without_the_systems_word_files_are_looked_at_in_turn() {
    let mut t = Trial::new(&["*.log"], Settings { watch: false, interval: Duration::from_millis(200), ..quick() });
    t.rest();
    assert!(t.follower.is_polling());
    t.write("server.log", lines(0..10));
    t.until(10);
    let begun = Instant::now();
    t.write("server.log", lines(10..11));
    while t.lines.len() < 11 {
        t.poll();
    }
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    rotate(&t, 9);
    t.write("server.log", lines(11..20));
    t.until(20);
    exact(&t);
}

#[test]
#[cfg(unix)]
fn r22_a_folder_that_goes_away_and_comes_back() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("logs")).expect("made");
    let mut t = Trial::of(dir, &["logs/server.log"], quick());
    t.write("logs/server.log", "");
    t.rest();
    t.write("logs/server.log", lines(0..10));
    t.until(10);
    t.rename("logs", "away");
    t.until_said(|w| *w == What::Finished);
    t.write("away/server.log", lines(10..20));
    t.rename("away", "logs");
    t.until(20);
    t.write("logs/server.log", lines(20..30));
    t.until(30);
    exact(&t);
}

#[test]
fn everything_is_read_from_the_beginning_oldest_file_first() {
    let dir = tempfile::tempdir().expect("a folder");
    trial::append(&dir.path().join("x"), lines(0..10).as_bytes());
    trial::pack(&dir.path().join("x"), &dir.path().join("server.log.2.gz"));
    trial::append(&dir.path().join("server.log.1"), lines(10..20).as_bytes());
    trial::append(&dir.path().join("server.log"), lines(20..30).as_bytes());
    let mut t = Trial::of(dir, &["server.log*"], Settings { start: Start::Beginning, ..quick() });
    t.until(30);
    exact(&t);
    rotate(&t, 9);
    t.write("server.log", lines(30..40));
    t.until(40);
    exact(&t);
    t.restart(|t| t.write("server.log", lines(40..50)));
    t.until(50);
    exact(&t);
}

#[test]
fn some_lines_before_the_end_are_read_with_their_numbers() {
    let dir = tempfile::tempdir().expect("a folder");
    trial::append(&dir.path().join("server.log"), lines(0..1000).as_bytes());
    let mut t = Trial::of(dir, &["server.log"], Settings { start: Start::Lines(3), ..quick() });
    t.until(3);
    assert_eq!(t.lines, lines(997..1000).lines().collect::<Vec<_>>());
    assert_eq!(t.first_line, Some(997));
}

#[test]
fn new_files_that_match_are_followed() {
    let mut t = Trial::new(&["*.log"], quick());
    t.rest();
    t.write("a.log", lines(0..5));
    t.until(5);
    t.write("b.log", lines(5..10));
    t.write("c.txt", "no\n");
    t.until(10);
    exact(&t);
}

#[test]
#[cfg(unix)]
fn a_command_is_started_again_and_what_it_says_twice_is_taken_once() {
    let mut t = Trial::new(&[], quick());
    t.write("log", lines(0..10));
    t.command(&["sh", "-c", &format!("cat {}; echo oh >&2; exit 3", t.path("log").display())]);
    t.until(10);
    t.until_said(|w| *w == What::Said("oh".into()));
    t.until_said(|w| matches!(w, What::Ended(why) if why.contains("exit status: 3")));
    t.write("log", lines(10..20));
    t.until(20);
    t.restart(|t| t.write("log", lines(20..30)));
    t.until(30);
    exact(&t);
    // a log that begins anew after it was rotated
    std::fs::write(t.path("log"), lines(25..40)).expect("written");
    t.until(40);
    exact(&t);
}

#[test]
#[cfg(unix)]
fn a_command_and_all_that_it_started_end_with_the_follower() {
    let mut t = Trial::new(&[], quick());
    t.command(&["sh", "-c", "echo $$; sleep 1000 & echo $!; wait"]);
    t.until(2);
    let pids = t.lines.clone();
    t.follower = kctriage::source::follow::Follower::new(Vec::new(), quick(), &t.positions);
    for pid in pids {
        let end = Instant::now() + Duration::from_secs(5);
        let is_there = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "));
        while is_there() {
            assert!(Instant::now() < end, "{pid} is still there");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn s4_renamed_again_and_again_while_it_is_started() {
    let mut t = Trial::new(&["server.log"], Settings { start: Start::Beginning, ..quick() });
    t.write("server.log", lines(0..10));
    t.until(10);
    let live = t.path("server.log");
    let writer = std::thread::spawn(move || {
        for n in 0..150 {
            std::fs::rename(&live, live.with_file_name(format!("server.log-20261128-{n:06}"))).expect("renamed");
            trial::append(&live, lines(10 + n..11 + n).as_bytes());
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    while !writer.is_finished() {
        t.restart(|_| {});
        t.poll();
    }
    writer.join().expect("it wrote");
    t.until(160);
    exact(&t);
}

#[test]
fn r19_one_of_a_patterns_files_that_is_gone_for_long_is_let_go_and_known_should_it_come_back() {
    let settings = Settings { start: Start::Beginning, gone_wait: Duration::from_millis(100), ..quick() };
    let mut t = Trial::new(&["*.log", "typed.log"], settings);
    t.write("typed.log", lines(0..5));
    t.until(5);
    t.write("some.log", lines(5..10));
    t.until(10);
    assert_eq!(t.follower.followed(), 2);
    let end = Instant::now() + Duration::from_secs(10);
    t.rename("some.log", "put aside");
    std::fs::remove_file(t.path("typed.log")).expect("removed");
    while t.follower.followed() > 1 && Instant::now() < end {
        t.poll();
    }
    // what was named itself is waited for
    t.rest();
    assert_eq!(t.follower.followed(), 1);
    t.rename("put aside", "some.log");
    t.write("some.log", lines(10..15));
    t.until(15);
    exact(&t);
}

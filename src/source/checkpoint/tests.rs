//! What interrupts, damages or forges a state.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;

/// Files by their names.
type Files = BTreeMap<String, Vec<u8>>;

/// A disk that forgets what was not waited for, and fails when it is told to.
#[derive(Debug, Clone, Default)]
struct Memory {
    now: Rc<RefCell<Files>>,
    /// What the disk holds after each step: a power loss there leaves one of them.
    steps: Rc<RefCell<Vec<Files>>>,
    /// Fails from this operation on.
    fails_at: Rc<RefCell<Option<usize>>>,
}

impl Memory {
    fn step(&self, change: impl FnOnce(&mut Files)) -> io::Result<()> {
        if let Some(left) = self.fails_at.borrow_mut().as_mut() {
            if *left == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *left -= 1;
        }
        change(&mut self.now.borrow_mut());
        self.steps.borrow_mut().push(self.now.borrow().clone());
        Ok(())
    }
}

impl Disk for Memory {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.now.borrow().get(name).cloned())
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        // the bytes reach the disk one after the other until they are waited for
        for n in [0, 1, content.len() / 2, content.len()] {
            self.step(|files| {
                files.insert(name.to_owned(), content[..n].to_vec());
            })?;
        }
        // some file systems give a file its size before its bytes
        let mut nuls = self.now.borrow().clone();
        nuls.insert(name.to_owned(), vec![0; content.len()]);
        self.steps.borrow_mut().push(nuls);
        self.step(|_| ())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step(|files| {
            if let Some(content) = files.remove(from) {
                files.insert(to.to_owned(), content);
            }
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.now.borrow_mut().remove(name);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.step(|_| ())
    }
}

fn state(disk: Memory) -> State<Memory> {
    State { disk, dir: "memory".into(), fingerprint: 7, number: 0, _lock: None }
}

fn over(files: &Files) -> State<Memory> {
    state(Memory { now: Rc::new(RefCell::new(files.clone())), ..Memory::default() })
}

fn loaded(files: &Files) -> Loaded {
    over(files).load().expect("a state of this host")
}

fn valid(bytes: &[u8]) -> Loaded {
    Loaded::Valid { bytes: bytes.to_vec(), damaged: Vec::new() }
}

#[test]
fn whatever_a_power_loss_leaves_is_the_save_before_or_the_one_at_hand() {
    let disk = Memory::default();
    let mut state = state(disk.clone());
    for n in 0..4_u8 {
        let first = disk.steps.borrow().len();
        state.save(&[n; 100]).expect("saved");
        for left in &disk.steps.borrow()[first..] {
            match loaded(left) {
                Loaded::Valid { bytes, damaged } => {
                    assert!(damaged.is_empty(), "an interrupted save is no damage: {left:?}");
                    assert!(bytes == vec![n; 100] || n > 0 && bytes == vec![n - 1; 100], "save {n}");
                }
                other => assert!(n == 0 && other == Loaded::Nothing, "save {n}: {other:?} of {left:?}"),
            }
            // and it goes on from there
            let mut next = over(left);
            if next.load().is_ok() {
                next.save(b"next").expect("saved");
                assert_eq!(loaded(&next.disk.now.borrow()), valid(b"next"));
            }
        }
    }
}

#[test]
fn a_save_that_fails_leaves_the_one_before() {
    for fails_at in 0.. {
        let disk = Memory::default();
        let mut state = state(disk.clone());
        state.save(b"first").expect("saved");
        state.save(b"second").expect("saved");
        *disk.fails_at.borrow_mut() = Some(fails_at);
        let saved = state.save(b"third").is_ok();
        let left = disk.now.borrow().clone();
        assert!(loaded(&left) == valid(b"second") || loaded(&left) == valid(b"third"), "{fails_at}");
        *disk.fails_at.borrow_mut() = None;
        state.save(b"fourth").expect("the disk has room again");
        let left = disk.now.borrow().clone();
        assert_eq!(loaded(&left), valid(b"fourth"), "{fails_at}");
        assert!(!left.contains_key(TMP), "nothing is left lying: {fails_at}");
        if saved {
            assert!(fails_at > 5);
            return;
        }
    }
}

/// A folder after two saves.
fn twice() -> Files {
    let disk = Memory::default();
    let mut state = state(disk.clone());
    state.save(b"the first save").expect("saved");
    state.save(b"the second save").expect("saved");

    disk.now.borrow().clone()
}

#[test]
fn a_state_cut_at_any_length_is_found_out() {
    let files = twice();
    for n in 0..files[MAIN].len() {
        let mut cut = files.clone();
        cut.insert(MAIN.to_owned(), files[MAIN][..n].to_vec());
        let Loaded::Valid { bytes, damaged } = loaded(&cut) else { panic!("{n}") };
        assert_eq!((bytes.as_slice(), damaged.len()), (b"the first save".as_slice(), 1), "{n}");
        cut.insert(BAK.to_owned(), files[BAK][..n.min(files[BAK].len() - 1)].to_vec());
        assert!(matches!(loaded(&cut), Loaded::Bad { damaged } if damaged.len() == 2), "{n}");
    }
}

#[test]
fn a_state_with_any_bit_turned_is_found_out() {
    let files = twice();
    for bit in 0..files[MAIN].len() * 8 {
        let mut turned = files.clone();
        turned.get_mut(MAIN).expect("there")[bit / 8] ^= 1 << (bit % 8);
        let Loaded::Valid { bytes, damaged } = loaded(&turned) else { panic!("{bit}") };
        assert_eq!((bytes.as_slice(), damaged.len()), (b"the first save".as_slice(), 1), "{bit}");
    }
    let mut nuls = files;
    for content in nuls.values_mut() {
        content.fill(0);
    }
    let mut state = over(&nuls);
    let names = |state: &State<Memory>| state.disk.now.borrow().keys().cloned().collect::<Vec<_>>();
    for _ in 0..2 {
        assert!(matches!(state.load().expect("read"), Loaded::Bad { .. }));
        assert_eq!(names(&state), [MAIN, BAK], "nothing is changed before it is known what to do");
    }
    state.put_aside().expect("put aside");
    assert_eq!(names(&state), ["state.bad.1", "state.bak.bad.1"], "the bytes are kept");
    assert_eq!(state.load().expect("read"), Loaded::Nothing);
}

#[test]
fn a_save_that_was_interrupted_counts_if_it_is_whole_and_newer() {
    let files = twice();
    let third = Frame { schema: SCHEMA, fingerprint: 7, number: 3, bytes: Vec::new() }.write(b"the third save");
    let mut newer = files.clone();
    newer.insert(TMP.to_owned(), third.clone());
    assert_eq!(loaded(&newer), valid(b"the third save"));
    newer.insert(TMP.to_owned(), third[..third.len() - 1].to_vec());
    assert_eq!(loaded(&newer), valid(b"the second save"));
    let old = Frame { schema: SCHEMA, fingerprint: 7, number: 1, bytes: Vec::new() }.write(b"an old one");
    newer.insert(TMP.to_owned(), old);
    let mut state = over(&newer);
    assert_eq!(state.load().expect("read"), valid(b"the second save"));
    assert!(!state.disk.now.borrow().contains_key(TMP));
}

#[test]
fn a_state_of_a_later_version_or_of_others_is_left_alone() {
    for (schema, fingerprint) in [(SCHEMA + 1, 7), (SCHEMA, 8)] {
        let mut files = Files::new();
        files.insert(MAIN.to_owned(), Frame { schema, fingerprint, number: 3, bytes: Vec::new() }.write(b"other"));
        files.insert(BAK.to_owned(), b"damaged".to_vec());
        let mut state = over(&files);
        match state.load() {
            Err(Refused::Newer { schema: 2, .. }) if schema > SCHEMA => {}
            Err(Refused::Other { .. }) if schema == SCHEMA => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(*state.disk.now.borrow(), files, "nothing was touched");
    }
}

#[test]
fn a_fingerprint_knows_hosts_and_paths_in_any_order() {
    let path = |p: &str| Target::Path(p.into());
    let own = fingerprint("a", &[path("/x"), path("/y")]);
    assert_eq!(own, fingerprint("a", &[path("/y"), path("/x"), path("/x")]));
    assert_ne!(own, fingerprint("b", &[path("/x"), path("/y")]));
    assert_ne!(own, fingerprint("a", &[path("/x")]));
    assert_ne!(fingerprint("a", &[Target::Stdin]), fingerprint("a", &[path("stdin")]));
}

#[test]
#[cfg(unix)]
fn one_process_holds_a_folder_and_its_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("state-of-it");
    let mut first = State::open(&path, 1).expect("taken");
    assert_eq!(first.load().expect("read"), Loaded::Nothing);
    first.save(b"one").expect("saved");
    first.save(b"two").expect("saved");
    let mode = |p: &Path| std::fs::metadata(p).expect("there").permissions().mode() & 0o777;
    assert_eq!([mode(&path), mode(&path.join(MAIN)), mode(&path.join(BAK)), mode(&path.join(LOCK))], [0o700, 0o600, 0o600, 0o600]);
    let refused = State::open(&path, 1).expect_err("held");
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    assert_eq!(peek(&path).expect("read"), Some(b"two".to_vec()));
    drop(first);
    // the lock of a process that is gone says nothing
    std::fs::write(path.join(LOCK), "1\n").expect("written");
    assert_eq!(State::open(&path, 1).expect("taken").load().expect("read"), valid(b"two"));
    assert!(matches!(State::open(&path, 2).expect("taken").load(), Err(Refused::Other { .. })));
}

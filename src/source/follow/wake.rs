//! What ends a wait: the system's word that something changed, or bytes of a pipe.
//!
//! Input: folders to be watched. Output: [`Wake`]s in a channel of bounded length. The system's word is never trusted alone: it only says when to look.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::mark::Inode;

/// Wakes that wait to be taken.
const WAITING: usize = 32;

/// What ends a wait.
#[derive(Debug)]
pub(super) enum Wake {
    /// Something changed; `names` says that files came or went.
    Changed {
        /// Files came, went or were renamed.
        names: bool,
    },
    /// Bytes of a pipe, by its number.
    Bytes(usize, Vec<u8>),
    /// What a command said on its standard error.
    Said(usize, String),
    /// A pipe ended.
    Ended(usize, io::Result<()>),
}

/// Watches folders, and holds the channel's both ends.
#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) send: SyncSender<Wake>,
    pub(super) receive: Receiver<Wake>,
    watcher: Option<RecommendedWatcher>,
    /// What is watched: a folder that was made anew has to be watched anew.
    folders: HashMap<PathBuf, Option<Inode>>,
    /// Why the system does not tell.
    pub(super) trouble: Option<String>,
}

impl Alarm {
    /// Prepares to watch.
    pub(super) fn new(watch: bool) -> Self {
        let (send, receive) = sync_channel(WAITING);
        let to = send.clone();
        let told = move |event: notify::Result<notify::Event>| {
            let names = match event {
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
                Ok(event) => !matches!(event.kind, EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_))),
                Err(_) => true,
            };
            // when it is full, somebody is about to look anyway
            let _ = to.try_send(Wake::Changed { names });
        };
        let mut alarm = Alarm { send, receive, watcher: None, folders: HashMap::new(), trouble: None };
        if watch {
            match notify::recommended_watcher(told) {
                Ok(watcher) => alarm.watcher = Some(watcher),
                Err(error) => alarm.trouble = Some(error.to_string()),
            }
        } else {
            alarm.trouble = Some("not asked to".into());
        }
        alarm
    }

    /// Watches these folders and no others.
    pub(super) fn watch(&mut self, folders: Vec<PathBuf>) {
        let Some(watcher) = &mut self.watcher else { return };
        let wanted: HashMap<PathBuf, Option<Inode>> = folders.into_iter().map(|f| (f.clone(), identity(&f))).collect();
        self.folders.retain(|folder, inode| {
            let keep = wanted.get(folder) == Some(inode) && inode.is_some();
            if !keep {
                let _ = watcher.unwatch(folder);
            }
            keep
        });
        for (folder, inode) in wanted.into_iter().filter(|(_, inode)| inode.is_some()) {
            if self.folders.contains_key(&folder) {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder, inode);
                }
                Err(error) => {
                    if self.trouble.is_none() {
                        self.trouble = Some(error.to_string());
                    }
                }
            }
        }
    }
}

fn identity(folder: &Path) -> Option<Inode> {
    fs::metadata(folder).ok().filter(fs::Metadata::is_dir).map(|m| Inode::of(&m))
}

//! An object's bytes, piece by piece, one ahead of the reading.
//!
//! Input: an [`Object`]. Output: a reader of its bytes as they lie there. Most objects that are opened are only looked at: the first piece is small,
//! and a thread is started when more is wanted. It holds one piece ready and ends when the reader is dropped.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Object;
use super::store::{Body, Piece, Store};

/// Bytes of the first piece: what a source is looked at for fits.
const FIRST_BYTES: u64 = 128 * 1024;

/// Bytes of a later piece: so many that the way to the store and back matters little.
const PIECE_BYTES: u64 = 8 * 1024 * 1024;

/// Reads an object.
pub(super) struct Fetched {
    ready: Cursor<Vec<u8>>,
    rest: Rest,
}

/// What comes after the bytes that are there.
enum Rest {
    /// It was not asked for.
    Unasked(Box<Fetcher>),
    /// A thread fetches it.
    Coming(Receiver<io::Result<Vec<u8>>>),
    /// Nothing.
    Nothing,
}

/// What fetches the rest.
struct Fetcher {
    store: Store,
    key: String,
    way: Way,
}

/// How an object comes.
enum Way {
    /// In pieces, from here on.
    Pieces { at: u64, size: u64, tag: Option<String> },
    /// As a whole, from a server that has no pieces.
    Whole(Body),
}

impl Fetched {
    /// Opens an object.
    pub(super) fn open(object: &Object) -> io::Result<Self> {
        if object.size == Some(0) {
            return Ok(Fetched { ready: Cursor::default(), rest: Rest::Nothing });
        }
        let store = Store::connect(&object.root)?;
        let key = object.key.clone();
        let (first, way) = match store.piece(&key, &(0..FIRST_BYTES)) {
            Ok(Piece { bytes, size, tag }) => {
                let at = bytes.len() as u64;
                (bytes, Way::Pieces { at, size, tag })
            }
            Err(error) if store.is_web() && error.kind() == io::ErrorKind::Other => (Vec::new(), Way::Whole(store.whole(&key)?)),
            Err(error) => return Err(error),
        };
        let rest = match way {
            Way::Pieces { at, size, .. } if at >= size => Rest::Nothing,
            way => Rest::Unasked(Box::new(Fetcher { store, key, way })),
        };
        Ok(Fetched { ready: Cursor::new(first), rest })
    }

    /// Makes the next bytes ready; returns whether there are any.
    fn advance(&mut self) -> io::Result<bool> {
        let coming = match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => return Ok(false),
            Rest::Coming(coming) => coming,
            Rest::Unasked(fetcher) => {
                // without room: the piece in the thread's hand is the one that is ahead
                let (send, coming) = sync_channel(0);
                thread::Builder::new().name("fetch".into()).spawn(move || fetcher.run(&send))?;
                coming
            }
        };
        let bytes = coming.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that fetched it is gone")))?;
        let ended = bytes.is_empty();
        self.ready = Cursor::new(bytes);
        if !ended {
            self.rest = Rest::Coming(coming);
        }
        Ok(!ended)
    }
}

impl Fetcher {
    /// Sends bytes until the object ends, which an empty buffer says, or fails, or nobody wants more.
    fn run(mut self, send: &SyncSender<io::Result<Vec<u8>>>) {
        loop {
            let next = self.next().unwrap_or_else(|| Ok(Vec::new()));
            let is_last = next.as_ref().map_or(true, Vec::is_empty);
            if send.send(next).is_err() || is_last {
                return;
            }
        }
    }

    fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        match &mut self.way {
            Way::Whole(body) => self.store.next(body),
            Way::Pieces { at, size, .. } if *at >= *size => None,
            Way::Pieces { at, size, tag } => {
                let range = *at..(*size).min(at.saturating_add(PIECE_BYTES));
                let next = self.store.piece(&self.key, &range).and_then(|piece| {
                    if piece.size != *size || piece.tag != *tag {
                        return Err(io::Error::other("it was changed while it was read"));
                    }
                    *at = range.end;
                    Ok(piece.bytes)
                });
                Some(next)
            }
        }
    }
}

impl Read for Fetched {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.ready.read(buf)?;
            if n > 0 || buf.is_empty() || !self.advance()? {
                return Ok(n);
            }
        }
    }
}

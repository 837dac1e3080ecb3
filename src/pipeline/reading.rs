//! The reading of all streams.
//!
//! Input: what feeds each strand, and which of them have nothing left to merge. Output: lots of chunks. Must not know what is in them.

use std::io;

use super::feed::Feed;
use super::lot::{Lot, Scanned};
use super::store::Store;

/// Chunks that are read at once, for each thread where there are several: one is woken for them, which takes as long as to scan a chunk.
pub(super) const CHUNKS: usize = 4;

/// Where the batches of all strands come from.
pub(super) struct Reading<'a> {
    /// One for each strand; none where all of it is read.
    feeds: Vec<Option<Feed<'a>>>,
    /// Batches that were read before they could be joined.
    pub store: Store,
}

impl<'a> Reading<'a> {
    pub fn new(store: Store) -> Self {
        Reading { feeds: Vec::new(), store }
    }

    /// Begins the next strand.
    pub fn start(&mut self, feed: Feed<'a>) {
        self.feeds.push(Some(feed));
    }

    /// Reads chunks of the strands that ask for them.
    pub fn read(&mut self, hungry: &[bool]) -> io::Result<Lot> {
        let waiting = self.feeds.iter().zip(hungry).filter(|(feed, hungry)| feed.is_some() && **hungry).count();
        let threads = rayon::current_num_threads();
        // what one thread reads it scans at once, while it is in the processor's caches
        let chunks = if threads == 1 { 1 } else { threads * CHUNKS };
        let each = chunks.div_ceil(waiting.max(1));
        let mut lot = Lot::default();
        for (strand, place) in self.feeds.iter_mut().enumerate().filter(|(strand, _)| hungry[*strand]) {
            let Some(feed) = place else { continue };
            for _ in 0..each {
                if let Some(next) = feed.next(&mut self.store)? {
                    lot.fed.push((strand, next));
                } else {
                    *place = None;
                    lot.ended.push(strand);
                    break;
                }
            }
        }
        Ok(lot)
    }

    /// Takes back the buffers of chunks that were scanned.
    pub fn recycle(&mut self, scanned: &mut Scanned) {
        for piece in &mut scanned.pieces {
            if let Some(feed) = &mut self.feeds[piece.strand] {
                feed.recycle(std::mem::take(&mut piece.bytes));
            }
        }
    }
}

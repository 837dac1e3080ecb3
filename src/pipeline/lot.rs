//! Chunks that are read together, and what was scanned of them.
//!
//! Input: chunks and kept batches. Output: batches, in the order of the reading. Must not know where they come from, nor what becomes of them.

use rayon::prelude::*;

use super::feed::{Arrived, Fed};
use crate::signal::batch::{self, Batch, Spare};

/// What was read at once.
#[derive(Default)]
pub(super) struct Lot {
    /// Chunks, by the numbers of their strands.
    pub fed: Vec<(usize, Fed)>,
    /// Strands that this was the last of.
    pub ended: Vec<usize>,
}

/// A lot that was scanned.
#[derive(Default)]
pub(super) struct Scanned {
    pub pieces: Vec<Piece>,
    pub ended: Vec<usize>,
}

/// What was scanned of one chunk, with its place.
pub(super) struct Piece {
    pub strand: usize,
    pub arrived: Arrived,
    pub batch: Batch,
    /// The chunk's buffer.
    pub bytes: Vec<u8>,
    pub spare: Spare,
}

impl Lot {
    /// Scans the chunks in parallel; what was kept is read already. Each takes over what a chunk before left: a list of signals that grows anew for each chunk costs
    /// more than what is put into it.
    pub fn scan(self, mut spares: Vec<Spare>, progress: &(dyn Fn(u64) + Sync)) -> Scanned {
        let scan = |((strand, fed), mut spare)| match fed {
            Fed::Raw(arrived, bytes) => {
                let batch = batch::scan_next(&bytes, &mut spare);
                progress(u64::try_from(bytes.len() as i128 + i128::from(arrived.wrapper_bytes)).unwrap_or(0));
                Piece { strand, arrived, batch, bytes, spare }
            }
            Fed::Kept(arrived, batch) => Piece { strand, arrived, batch: *batch, bytes: Vec::new(), spare },
        };
        spares.resize_with(self.fed.len(), Spare::default);
        Scanned { pieces: self.fed.into_par_iter().zip(spares).map(scan).collect(), ended: self.ended }
    }
}

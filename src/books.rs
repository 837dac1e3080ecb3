//! The books: where every byte went.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Longest piece of a line that is kept as a sample, in bytes: more than is shown, since a secret that is cut may not be known as one.
const SAMPLE_BYTES: usize = 1024;

/// How many samples are kept.
const SAMPLES: usize = 3;

/// A line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample {
    /// The file; empty inside a chunk, where only the line is known.
    pub source: String,
    /// The line, from 1 (inside a chunk: from 0).
    pub line: u64,
    /// How it begins.
    pub text: String,
}

/// Bytes read = parsed + skipped + damaged; the writer adds the sum as `bytes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Bytes of recognised records, looked into or not, with the lines that follow their first.
    pub parsed: u64,
    /// Bytes of lines that are blank, of a banner, or not recognised.
    pub skipped: u64,
    /// Bytes that could not be read as text at all, or were beyond the longest line.
    pub damaged: u64,
    /// Recognised heads of records.
    pub records: u64,
    /// Lines that are neither blank nor part of a recognised record.
    pub unparsed_lines: u64,
    /// The first of them.
    pub samples: Vec<Sample>,
    /// Times that went back in a node's stream by more than threads do.
    pub time_went_back: u64,
    /// Caps that bit, by name.
    pub caps_hit: BTreeSet<String>,
}

impl Books {
    /// Returns the bytes read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parsed + self.skipped + self.damaged
    }

    /// Counts a line that was not understood.
    pub fn unparsed(&mut self, size: u64, line: u64, text: &[u8]) {
        self.skipped += size;
        self.unparsed_lines += 1;
        if self.samples.len() < SAMPLES {
            let text = &text[..text.len().min(SAMPLE_BYTES)];
            self.samples.push(Sample { source: String::new(), line, text: String::from_utf8_lossy(text).into_owned() });
        }
    }

    /// Adds other books to these; the earliest samples stay.
    pub fn merge(&mut self, other: &Books) {
        self.parsed += other.parsed;
        self.skipped += other.skipped;
        self.damaged += other.damaged;
        self.records += other.records;
        self.unparsed_lines += other.unparsed_lines;
        self.time_went_back += other.time_went_back;
        self.samples.extend(other.samples.iter().cloned());
        self.samples.sort();
        self.samples.truncate(SAMPLES);
        self.caps_hit.extend(other.caps_hit.iter().cloned());
    }
}

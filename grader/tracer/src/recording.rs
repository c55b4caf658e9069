//! What a run leaves behind.

use grader_trace::sorted::SortedMap;
use grader_trace::{Snapshot, Stamp, Trace};
use std::time::Duration;

/// A finished run.
#[derive(Debug)]
pub struct Recording {
    /// What the kernel saw.
    pub trace: Trace,
    /// What came out of the terminal or pipe behind descriptor 1.
    pub stdout: Captured,
    /// What came out of the pipe behind descriptor 2.
    pub stderr: Captured,
    /// For the events that have one, by their `begin`: how to find their source line.
    pub snapshots: SortedMap<Stamp, Snapshot>,
    /// Events that were not kept, for there were too many. Births, execs, ends and reaps always are.
    pub dropped: u64,
    /// From start to end.
    pub wall: Duration,
}

/// The bytes of one stream, bounded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The first bytes, up to the limit.
    pub kept: Vec<u8>,
    /// How many there were in all.
    pub total: u64,
}

impl Captured {
    /// Whether some were dropped.
    pub fn truncated(&self) -> bool {
        self.total > self.kept.len() as u64
    }
}

//! The machine that a report was made on.

use crate::report::model::Machine;
use std::num::NonZero;

/// What there is to say about this machine.
pub fn machine() -> Machine {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        kernel: kernel.trim().to_string(),
        architecture: std::env::consts::ARCH.to_string(),
        processors: std::thread::available_parallelism().map_or(1, NonZero::get),
    }
}

//! What tells a file from its older self without reading it.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file's identity, size and times. The time of its last *status* change cannot be set back by a program, so
/// a file that was copied over this one with its old time is noticed too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of what is at `path`; `None` if nothing is.
    pub fn of(path: &Path) -> Option<Stamp> {
        std::fs::metadata(path).ok().map(|found| Stamp::from(&found))
    }

    /// Whether the file was last touched well before `moment`, so that whoever read it after `moment` saw
    /// it as it is. The kernel's own clock for files ticks every few milliseconds only.
    pub fn settled_before(&self, moment: SystemTime) -> bool {
        const TICK: Duration = Duration::from_millis(20);
        let (seconds, nanoseconds) = self.modified.max(self.changed);
        let touched = u64::try_from(seconds).ok().zip(u32::try_from(nanoseconds).ok());
        touched.is_some_and(|(seconds, nanoseconds)| {
            UNIX_EPOCH + Duration::new(seconds, nanoseconds) + TICK < moment
        })
    }
}

impl From<&Metadata> for Stamp {
    fn from(found: &Metadata) -> Stamp {
        Stamp {
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

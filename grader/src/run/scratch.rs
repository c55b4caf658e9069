//! A folder that is gone when we are done with it: by our own hand, or by that of the next grader.
//!
//! Whoever uses a folder holds a lock on it (see flock(2)), and the kernel lets go of that when the process ends,
//! however it ends. A folder of ours that nobody has locked was left behind by a grader that was killed.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

/// How the names of our folders begin.
const PREFIX: &str = "forklings-run-";

/// A new, empty folder that only its owner may enter. It is removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// The folder itself, opened: the lock hangs on it.
    _lock: Option<File>,
}

impl Scratch {
    /// Makes one in the folder for temporary files. The first time, removes what others have left there.
    pub fn new() -> io::Result<Scratch> {
        static SWEPT: Once = Once::new();
        let parent = std::env::temp_dir();
        SWEPT.call_once(|| sweep(&parent));
        Self::below(&parent)
    }

    fn below(parent: &Path) -> io::Result<Scratch> {
        loop {
            // RandomState is seeded anew by the system each time.
            let number = RandomState::new().build_hasher().finish();
            let path = parent.join(format!("{PREFIX}{number:016x}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                result => result?,
            }
            // Another grader may take it for a folder left behind before it is locked, and remove it.
            match lock(&path) {
                Ok(None) => continue,
                // A file system without locks: no grader can tell there what was left behind.
                lock => return Ok(Scratch { path, _lock: lock.ok().flatten() }),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that cannot be removed takes up room, and does no harm otherwise.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Opens a folder and locks it; nothing, if somebody else has it, or it is not there any more.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let folder = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
        Ok(()) => {}
    }
    let (opened, there) = (folder.metadata()?, fs::symlink_metadata(path));
    let same = |there: fs::Metadata| (there.dev(), there.ino()) == (opened.dev(), opened.ino());
    Ok(there.is_ok_and(same).then_some(folder))
}

/// Removes the folders of graders that are gone. What cannot be removed stays: somebody else may come by.
fn sweep(parent: &Path) {
    // Whoever this process is: what it makes belongs to the same user.
    let Ok(user) = fs::metadata("/proc/self").map(|own| own.uid()) else { return };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        // The metadata of the entry itself: a symbolic link is not followed, and never ours.
        let ours = |found: fs::Metadata| found.is_dir() && found.uid() == user;
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if named && entry.metadata().is_ok_and(ours) {
            let path = entry.path();
            if let Ok(Some(_lock)) = lock(&path) {
                let _ = fs::remove_dir_all(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_scratch_folder_is_private_and_goes_away_with_its_contents() {
        let scratch = Scratch::new().expect("a folder");
        let path = scratch.path().to_path_buf();
        assert_eq!(fs::metadata(&path).expect("just made").permissions().mode() & 0o777, 0o700);
        fs::write(path.join("file"), "x").expect("writable");
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn what_nobody_holds_is_swept_away_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| parent.path().join(name);
        let left = path("forklings-run-0000000000000001");
        fs::create_dir_all(left.join("inner")).expect("writable");
        fs::write(left.join("inner/file"), "x").expect("writable");
        let held = Scratch::below(parent.path()).expect("a folder");
        fs::create_dir(path("somebody-elses")).expect("writable");
        fs::write(path("forklings-run-file"), "x").expect("writable");
        symlink(path("somebody-elses"), path("forklings-run-link")).expect("writable");
        sweep(parent.path());
        assert!(!left.exists());
        assert!(held.path().is_dir());
        assert!(path("somebody-elses").is_dir() && path("forklings-run-link").is_symlink());
        assert!(path("forklings-run-file").is_file());
    }

    #[test]
    fn a_folder_that_is_taken_away_before_it_is_locked_is_not_used() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let path = parent.path().join("forklings-run-1");
        assert!(lock(&path).expect("no trouble").is_none());
        fs::create_dir(&path).expect("writable");
        let first = lock(&path).expect("no trouble");
        assert!(first.is_some() && lock(&path).expect("no trouble").is_none());
    }
}

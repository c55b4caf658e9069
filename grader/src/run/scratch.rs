//! A folder that is gone when we are done with it.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A new, empty folder that only its owner may enter. It is removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in the folder for temporary files.
    pub fn new() -> io::Result<Scratch> {
        let parent = std::env::temp_dir();
        loop {
            // RandomState is seeded anew by the system each time.
            let number = RandomState::new().build_hasher().finish();
            let path = parent.join(format!("forklings-{number:016x}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                result => return result.map(|()| Scratch(path)),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that cannot be removed takes up room, and does no harm otherwise.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_scratch_folder_is_private_and_goes_away_with_its_contents() {
        let scratch = Scratch::new().expect("a folder");
        let path = scratch.path().to_path_buf();
        assert_eq!(fs::metadata(&path).expect("just made").permissions().mode() & 0o777, 0o700);
        fs::write(path.join("file"), "x").expect("writable");
        drop(scratch);
        assert!(!path.exists());
    }
}

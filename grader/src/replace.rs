//! Writing a file so that whoever reads it sees the old one or the new one, never half of either.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the new bytes have to outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// The machine: they are on the disk before the old ones go. That can take a while.
    Machine,
    /// This process.
    Process,
}

/// Puts `bytes` in place of whatever is at `path`. If it cannot, what was there stays.
pub fn replace(path: &Path, bytes: &[u8], lasting: Lasting) -> io::Result<()> {
    let (temporary, mut file) = beside(path)?;
    let written = file.write_all(bytes).and_then(|()| match lasting {
        Lasting::Machine => file.sync_data(),
        Lasting::Process => Ok(()),
    });
    let done = written.and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // What could not be finished is of no use to anybody.
        let _ = fs::remove_file(&temporary);
    }
    done
}

/// A new file in the same folder, under a name that nobody uses.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut number = 0;
    loop {
        let temporary = path.with_file_name(format!(".{name}.{}-{number}.new", std::process::id()));
        match File::create_new(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            result => return result.map(|file| (temporary, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left_in_its_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("report.json");
        replace(&path, b"old", Lasting::Machine).expect("writable");
        replace(&path, b"new", Lasting::Process).expect("writable");
        assert_eq!(fs::read(&path).expect("just written"), b"new");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_cannot_be_replaced_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("folder");
        fs::create_dir(&path).expect("writable");
        assert!(replace(&path, b"new", Lasting::Machine).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}

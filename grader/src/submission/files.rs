//! The files of a submission, before they are built.

use crate::problem::plain;
use grader_program::other_than_file;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Sources longer than this are refused: nobody writes them by hand.
const LONGEST: u64 = 4 << 20;

/// Why a file cannot be handed to the compiler.
#[derive(Debug)]
pub enum Unfit {
    /// It is not there.
    Missing(PathBuf),
    /// It is something else than a file.
    NotAFile {
        /// Which.
        path: PathBuf,
        /// What it is: `a FIFO`.
        kind: &'static str,
    },
    /// It is not text.
    NotText {
        /// Which.
        path: PathBuf,
        /// The line of the first byte that is not UTF-8, from 1.
        line: usize,
        /// That byte.
        byte: u8,
    },
    /// It is longer than any source should be, in bytes.
    TooLong(PathBuf, u64),
    /// The system does not let us read it.
    Unreadable(PathBuf, io::Error),
}

impl Unfit {
    /// The file in question.
    pub fn path(&self) -> &Path {
        match self {
            Unfit::Missing(path) | Unfit::TooLong(path, _) | Unfit::Unreadable(path, _) => path,
            Unfit::NotAFile { path, .. } | Unfit::NotText { path, .. } => path,
        }
    }

    /// What is wrong with it, to follow its name.
    pub fn reason(&self) -> String {
        match self {
            Unfit::Missing(_) => "is missing".to_string(),
            Unfit::NotAFile { kind, .. } => format!("is {kind}, not a file"),
            Unfit::NotText { line, byte, .. } => {
                format!("is not UTF-8 text (line {line} has the byte 0x{byte:02x}); save it as UTF-8")
            }
            Unfit::TooLong(_, bytes) => format!("is {bytes} bytes long; more than {LONGEST} are not read"),
            Unfit::Unreadable(_, error) => format!("cannot be read: {}", plain(error)),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path().display(), self.reason())
    }
}

/// Looks at a file without opening what could make us wait.
pub fn inspect_file(path: &Path) -> Result<fs::Metadata, Unfit> {
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unfit::Missing(path.into()),
        _ => Unfit::Unreadable(path.into(), error),
    })?;
    match other_than_file(found.file_type()) {
        Some(kind) => Err(Unfit::NotAFile { path: path.into(), kind }),
        None => Ok(found),
    }
}

/// Looks at a text file.
pub fn inspect_text(path: &Path) -> Result<(), Unfit> {
    let length = inspect_file(path)?.len();
    if length > LONGEST {
        return Err(Unfit::TooLong(path.into(), length));
    }
    let bytes = fs::read(path).map_err(|error| Unfit::Unreadable(path.into(), error))?;
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(()),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            Err(Unfit::NotText { path: path.into(), line, byte: bytes[error.valid_up_to()] })
        }
    }
}

/// Looks at all Rust files of a folder and of those in it: each must be a file.
pub fn inspect_folder(folder: &Path) -> Result<(), Unfit> {
    let unreadable = |error| Unfit::Unreadable(folder.into(), error);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if path.extension().is_some_and(|extension| extension == "rs") {
            inspect_file(&path)?;
        } else if folder {
            inspect_folder(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_text_are_named_with_their_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("main.rs");
        fs::write(&path, b"fn main() {}\n// caf\xe9\n").expect("writable");
        let unfit = inspect_text(&path).expect_err("Latin-1");
        assert!(matches!(unfit, Unfit::NotText { line: 2, byte: 0xe9, .. }), "{unfit}");
    }

    #[test]
    fn a_socket_among_the_modules_is_noticed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("helper.rs");
        let _socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let unfit = inspect_folder(folder.path()).expect_err("a socket");
        assert!(matches!(&unfit, Unfit::NotAFile { kind: "a socket", .. }), "{unfit}");
    }
}

//! Where executions take place: a folder for temporary files and a copy of the caller's folder, as new for each one.
//!
//! `open(O_CREAT|O_EXCL)` must succeed in every execution, not in the first alone. So a program does not run in the
//! caller's folder but in a copy of it, below the folders of the same names:
//!
//! ```text
//! forklings-run-…/tmp              empty; TMPDIR
//! forklings-run-…/here/home/me     the copy of /home/me: small files are copied, all else are links to the originals
//! ```
//!
//! Invariant: [`Surroundings::renew`] leaves exactly what [`Surroundings::new`] laid out, and touches only what is not as it was.
//! What a link leads to is none of its business: the machine notices what is changed there. Nor are /tmp and /dev/shm
//! themselves: of these the machine gives a program its own.

use crate::problem::Problem;
use crate::run::Scratch;
use grader_trace::sorted::SortedMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// So much of the caller's folder is copied, in bytes, and so many entries are there at all. Of a larger folder there
/// is what the arguments name.
const COPIED: u64 = 1 << 20;
const ENTRIES: usize = 1_000;

/// What a program finds around it, the same each time.
#[derive(Debug)]
pub struct Surroundings {
    scratch: Scratch,
    folder: PathBuf,
    temporary: PathBuf,
    /// All folders that are made anew, with what belongs there; outer ones first.
    wanted: Vec<(PathBuf, SortedMap<OsString, Entry>)>,
    /// How what was laid out looked then.
    laid: Mutex<SortedMap<PathBuf, Looks>>,
}

/// What belongs in a folder.
#[derive(Debug)]
enum Entry {
    /// A folder that is made anew itself.
    Folder,
    File {
        bytes: Vec<u8>,
        mode: u32,
    },
    Link(PathBuf),
}

/// What is another one when anything about a file was changed. See inode(7): nobody can set the time of the change.
type Looks = (u64, i64, i64, u32);

fn looks(found: &Metadata) -> Looks {
    (found.ino(), found.ctime(), found.ctime_nsec(), found.mode())
}

impl Surroundings {
    /// A copy of the working directory, for a program with these arguments.
    ///
    /// # Errors
    /// Folders that cannot be read or made.
    pub fn new(command: &[OsString]) -> Result<Surroundings, Problem> {
        let origin = std::env::current_dir().and_then(|folder| folder.canonicalize());
        let origin = origin.map_err(|error| Problem::file("enter", Path::new("."), &error))?;
        Surroundings::copy_of(&origin, command).map_err(|error| {
            let parent = std::env::temp_dir();
            Problem::file("make a copy of the working directory in", &parent, &error)
        })
    }

    fn copy_of(origin: &Path, command: &[OsString]) -> io::Result<Surroundings> {
        let scratch = Scratch::new()?;
        let root = scratch.path().canonicalize()?;
        let here = root.join("here");
        let mut wanted = SortedMap::from([
            (root.clone(), SortedMap::from([("here".into(), Entry::Folder), ("tmp".into(), Entry::Folder)])),
            (root.join("tmp"), SortedMap::new()),
        ]);
        let folder = folder_of(&mut wanted, &here, origin);
        let arguments: Vec<PathBuf> = command.iter().map(|word| plain(origin, Path::new(word))).collect();
        let named = |path: &Path| arguments.iter().any(|argument| argument.starts_with(path));
        let mut all = fs::read_dir(origin)?.collect::<io::Result<Vec<_>>>()?;
        if all.len() > ENTRIES {
            all.retain(|entry| named(&entry.path()));
        }
        // The same files are copied each time.
        all.sort_by_key(|entry| (!named(&entry.path()), entry.file_name()));
        let mut room = COPIED;
        for entry in all {
            let belongs = copied(&entry.path(), &mut room).unwrap_or_else(|| Entry::Link(entry.path()));
            wanted.entry(folder.clone()).or_default().insert(entry.file_name(), belongs);
        }
        // What is named by way of the folder above.
        for path in arguments.iter().filter(|path| !path.starts_with(origin) && path.exists()) {
            if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
                let parent = folder_of(&mut wanted, &here, parent);
                let there = wanted.entry(parent).or_default();
                there.entry(name.into()).or_insert_with(|| Entry::Link(path.clone()));
            }
        }
        let temporary = root.join("tmp");
        let wanted = wanted.into_iter().collect();
        Ok(Surroundings { scratch, folder, temporary, wanted, laid: Mutex::default() })
    }

    /// The working directory.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder for temporary files.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// The folder with all of it: what is changed elsewhere stays changed.
    pub fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// Makes everything as it was.
    ///
    /// # Errors
    /// What cannot be removed or made.
    pub fn renew(&self) -> io::Result<()> {
        let mut laid = self.laid.lock().unwrap_or_else(PoisonError::into_inner);
        for (folder, wanted) in &self.wanted {
            if fs::symlink_metadata(folder)?.mode() & 0o777 != 0o700 {
                fs::set_permissions(folder, Permissions::from_mode(0o700))?;
            }
            let mut there = 0;
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let belongs = path.file_name().and_then(|name| wanted.get(name));
                let found = fs::symlink_metadata(&path)?;
                let as_it_was = match belongs {
                    Some(Entry::Folder) => found.is_dir(),
                    Some(_) => laid.get(&path) == Some(&looks(&found)),
                    None => false,
                };
                if as_it_was {
                    there += 1;
                } else {
                    remove(&path, &found)?;
                }
            }
            if there == wanted.len() {
                continue;
            }
            for (name, entry) in wanted {
                let path = folder.join(name);
                if fs::symlink_metadata(&path).is_err() {
                    entry.lay(&path)?;
                    laid.insert(path.clone(), looks(&fs::symlink_metadata(&path)?));
                }
            }
        }
        Ok(())
    }
}

impl Entry {
    fn lay(&self, path: &Path) -> io::Result<()> {
        match self {
            Entry::Folder => {
                fs::create_dir(path)?;
                fs::set_permissions(path, Permissions::from_mode(0o700))
            }
            Entry::File { bytes, mode } => {
                fs::write(path, bytes)?;
                fs::set_permissions(path, Permissions::from_mode(*mode))
            }
            Entry::Link(to) => symlink(to, path),
        }
    }
}

/// The folder below `here` that stands for `origin`, with all folders above it.
fn folder_of(
    wanted: &mut SortedMap<PathBuf, SortedMap<OsString, Entry>>,
    here: &Path,
    origin: &Path,
) -> PathBuf {
    let mut folder = here.to_path_buf();
    for name in origin.components().filter_map(named) {
        wanted.entry(folder.clone()).or_default().insert(name.into(), Entry::Folder);
        folder.push(name);
    }
    wanted.entry(folder.clone()).or_default();
    folder
}

fn named(component: Component<'_>) -> Option<&OsStr> {
    match component {
        Component::Normal(name) => Some(name),
        _ => None,
    }
}

/// A path as seen from `folder`, without `.` and `..`.
fn plain(folder: &Path, path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in folder.join(path).components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// A small file that can be read, or a link that does not leave its folder.
fn copied(path: &Path, room: &mut u64) -> Option<Entry> {
    let found = fs::symlink_metadata(path).ok()?;
    if found.is_symlink() {
        let to = fs::read_link(path).ok()?;
        return (to.components().count() == 1
            && to.is_relative()
            && named(to.components().next()?).is_some())
        .then_some(Entry::Link(to));
    }
    if !found.is_file() || found.len() > *room {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    *room = room.saturating_sub(bytes.len() as u64);
    Some(Entry::File { bytes, mode: found.mode() & 0o7777 })
}

/// Removes whatever this is, even a folder whose owner may not enter it.
fn remove(path: &Path, found: &Metadata) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    };
    if !found.is_dir() {
        return gone(fs::remove_file(path));
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        remove(&path, &fs::symlink_metadata(&path)?)?;
    }
    gone(fs::remove_dir(path))
}

#[cfg(test)]
mod tests;

//! The dynamic loader's own calls: what it opens and reads to put another program together.
//!
//! `wc` or `true` needs seven calls for that, more than many a program makes itself. They tell nothing of the
//! run, so that in programs other than the submission they are neither recorded nor stopped for a second time
//! at their return. Such a call comes from the loader's code, before any traced call that comes from elsewhere;
//! the submission's own are recorded whoever makes them.
//!
//! Where the loader lies is looked up once a program, and remembered as a distance from where it begins to run:
//! that is the same each time, while its address is not. A loader that is the C library at the same time
//! (musl's) is left alone, and so is one that the submission brings along.

use super::snapshot;
use crate::arch;
use crate::sys::ptrace;
use grader_trace::Module;
use libc::pid_t;
use std::collections::HashMap;
use std::ops::Range;

/// A program file, as far as one can tell it from another: device, inode, size and time of its last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Image {
    /// The program that a task runs.
    pub(crate) fn of(pid: pid_t) -> Option<Image> {
        Image::at(&format!("/proc/{pid}/exe"))
    }

    fn at(path: &str) -> Option<Image> {
        use std::os::unix::fs::MetadataExt;
        let data = std::fs::metadata(path).ok()?;
        let changed = (data.mtime(), data.mtime_nsec());
        Some(Image { device: data.dev(), inode: data.ino(), size: data.size(), changed })
    }

    /// Whether it is the same file, whatever was written to it meanwhile.
    pub(crate) fn is(self, other: Image) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// Where the loaders of programs lie, as far as they were looked up.
#[derive(Debug, Default)]
pub(crate) struct Loaders(HashMap<Image, Option<Place>>);

/// A loader's code, by its distance from where it begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    before: u64,
    after: u64,
}

impl Loaders {
    /// The program that an exec of this path starts, if it is one of the system's and the run has started it before. To
    /// look there costs a fraction of a look into /proc, which has to be made for each new process.
    pub(crate) fn known(&self, path: &str) -> Option<Image> {
        let system = ["/usr/", "/bin/"].iter().any(|folder| path.starts_with(folder));
        let image = system.then(|| Image::at(path))??;
        self.0.contains_key(&image).then_some(image)
    }

    /// The addresses of the loader's code in a task that has just made an exec: the loader is about to begin.
    pub(crate) fn find(&mut self, pid: pid_t, image: Image) -> Option<Range<u64>> {
        let begin = arch::instruction(&ptrace::registers(pid).ok()?);
        let place = (*self.0.entry(image).or_insert_with(|| place(&snapshot::modules(pid), begin)))?;
        Some(begin.checked_sub(place.before)?..begin.checked_add(place.after)?)
    }
}

/// Where the GNU loader lies, if it is the one that begins.
fn place(modules: &[Module], begin: u64) -> Option<Place> {
    let code = loader(modules, begin)?;
    Some(Place { before: begin - code.start, after: code.end - begin })
}

/// The system's GNU loader, if its code is at this address.
fn loader(modules: &[Module], address: u64) -> Option<&Module> {
    let code =
        modules.iter().find(|module| module.executable && (module.start..module.end).contains(&address))?;
    let name = code.path.file_name()?.to_str()?;
    let system =
        code.path.to_str().is_some_and(|path| path.starts_with("/lib") || path.starts_with("/usr/lib"));
    (system && name.starts_with("ld-linux")).then_some(code)
}

/// Whether a task has the code of the system's GNU loader at this address.
#[cfg(feature = "controlled")]
pub(crate) fn is_loader(pid: pid_t, address: u64) -> bool {
    loader(&snapshot::modules(pid), address).is_some()
}

/// Whether this is a call with which a loader finds and reads files.
pub(crate) fn is_loading(number: i64) -> bool {
    matches!(number, libc::SYS_open | libc::SYS_openat | libc::SYS_read | libc::SYS_pread64 | libc::SYS_close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loader(path: &str) -> Option<Place> {
        let code = Module { path: path.into(), start: 0x7000, end: 0x9000, offset: 0x1000, executable: true };
        place(&[code], 0x7400)
    }

    #[test]
    fn the_system_s_gnu_loader_is_known_and_no_other() {
        let found =
            loader("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2").map(|place| (place.before, place.after));
        assert_eq!(found, Some((0x400, 0x1c00)));
        assert!(loader("/lib64/ld-linux-x86-64.so.2").is_some());
        for other in ["/lib/ld-musl-x86_64.so.1", "/tmp/ld-linux-x86-64.so.2", "/usr/bin/true"] {
            assert!(loader(other).is_none(), "{other}");
        }
    }
}

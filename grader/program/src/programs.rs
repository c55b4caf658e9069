//! The files already read, and the questions one can ask of a stopped task.

use crate::cfi::{CallFrames, Caller, NoCaller};
use crate::elf::{Elf, MACHINE_X86_64};
pub use crate::lines::Source;
use crate::registers::{Memory, Registers};
use crate::units::{Location, Units};
use crate::walk::{Place, walk};
use grader_trace::{Module, Site, Snapshot};
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

/// Files are kept while all of them together take no more bytes than this.
const MOST_KEPT_BYTES: usize = 12 << 20;

/// One function on the stack of a stopped task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The address of the instruction that comes next in it.
    pub address: u64,
    /// The file that holds its code.
    pub module: Option<PathBuf>,
    /// Its name, demangled and without hash.
    pub function: Option<String>,
    /// The line that it is at.
    pub source: Option<Source>,
    /// It has no frame of its own: its code is part of the next function in the list.
    pub inlined: bool,
}

impl Frame {
    /// The place in the source, if file and line are known.
    ///
    /// Where no name is known, the function is the empty string.
    pub fn site(&self) -> Option<Site> {
        let source = self.source.as_ref()?;
        Some(Site {
            file: source.file.clone(),
            line: source.line?,
            function: self.function.clone().unwrap_or_default(),
        })
    }
}

/// Finds source lines. Keeps what it has read of the files that were mapped; can be shared between threads.
///
/// ```
/// # use grader_program::Programs;
/// # use grader_trace::{Site, Snapshot};
/// # use std::path::Path;
/// fn line_of(programs: &Programs, snapshot: &Snapshot, exercise: &Path) -> Option<Site> {
///     programs.site_under(snapshot, exercise)
/// }
/// ```
#[derive(Debug, Default)]
pub struct Programs {
    kept: Mutex<Kept>,
}

impl Programs {
    /// Nothing has been read yet.
    pub fn new() -> Programs {
        Programs::default()
    }

    /// All functions on the stack of a task, the innermost first, as far as the copied stack reaches.
    ///
    /// A frame in a file without debug information has a module and nothing else. Where the stack
    /// cannot be followed further, the list ends.
    pub fn stack(&self, snapshot: &Snapshot) -> Vec<Frame> {
        self.frames(snapshot, &|_| true)
    }

    /// The innermost line of the learner's own source on the stack of a task.
    ///
    /// `own` says of a file, as the compiler recorded it, whether it is the learner's. Reads only what
    /// was compiled from at least one such file, which is what makes it quick.
    pub fn site(&self, snapshot: &Snapshot, own: &dyn Fn(&Path) -> bool) -> Option<Site> {
        let frames = self.frames(snapshot, own);
        let mut sites = frames.iter().filter_map(Frame::site);
        sites.find(|site| own(Path::new(&site.file)))
    }

    /// [`Programs::site`] for the files below a directory.
    ///
    /// Compilers record where they really are: give the directory without symbolic links.
    pub fn site_under(&self, snapshot: &Snapshot, directory: &Path) -> Option<Site> {
        self.site(snapshot, &|file| file.starts_with(directory))
    }

    fn frames(&self, snapshot: &Snapshot, wanted: &dyn Fn(&Path) -> bool) -> Vec<Frame> {
        let places = walk(self, snapshot);
        let located = locate(&places, wanted);
        places.iter().flat_map(|place| frames_at(place, &snapshot.modules, &located)).collect()
    }

    /// What is known of a file; read now, if it was not yet or has changed since.
    pub(crate) fn program(&self, path: &Path) -> Option<Arc<Program>> {
        // What is mapped and no file, such as the vDSO, has a name in brackets.
        let version = Version::of(path).filter(|_| path.is_absolute())?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = kept.get(path, &version) {
            return program;
        }
        let program = Program::open(path).map(Arc::new);
        kept.insert(path.to_owned(), version, program.clone());
        program
    }
}

type Located = HashMap<*const Program, HashMap<u64, Arc<[Location]>>>;

/// What is at these places, file by file.
fn locate(places: &[Place], wanted: &dyn Fn(&Path) -> bool) -> Located {
    let mut addresses: HashMap<*const Program, (&Program, Vec<u64>)> = HashMap::new();
    for (program, address) in places.iter().filter_map(|place| place.code.as_ref()) {
        addresses.entry(Arc::as_ptr(program)).or_insert((program, Vec::new())).1.push(*address);
    }
    let located = addresses
        .into_iter()
        .filter_map(|(file, (program, addresses))| Some((file, program.units()?.locate(&addresses, wanted))));
    located.collect()
}

/// The frames at a place, the innermost first: one, and those inlined into it.
fn frames_at(place: &Place, modules: &[Module], located: &Located) -> Vec<Frame> {
    let bare = Frame {
        address: place.address,
        module: place.module.and_then(|index| modules.get(index)).map(|module| module.path.clone()),
        function: None,
        source: None,
        inlined: false,
    };
    let locations = place.code.as_ref().and_then(|(program, address)| {
        located.get(&Arc::as_ptr(program))?.get(address).filter(|locations| !locations.is_empty())
    });
    match locations {
        None => vec![bare],
        Some(locations) => locations
            .iter()
            .map(|location| Frame {
                function: location.function.clone(),
                source: location.source.clone(),
                inlined: location.inlined,
                ..bare.clone()
            })
            .collect(),
    }
}

/// One file: a program or a library.
#[derive(Debug)]
pub(crate) struct Program {
    elf: Elf,
    frames: Option<CallFrames>,
    units: OnceLock<Option<Units>>,
}

impl Program {
    fn open(path: &Path) -> Option<Program> {
        let elf = Elf::read(File::open(path).ok()?).ok()?;
        if elf.identity.machine != MACHINE_X86_64 {
            return None;
        }
        let frames = CallFrames::load(&elf);
        Some(Program { elf, frames, units: OnceLock::new() })
    }

    /// The address as linked of a byte of code, by its place in the file.
    pub fn linked(&self, offset: u64) -> Option<u64> {
        self.elf.address_of(offset)
    }

    /// The caller of a frame of this file. See [`CallFrames::caller`].
    pub fn caller(
        &self,
        address: u64,
        bias: u64,
        registers: &Registers,
        memory: Memory,
    ) -> Result<Caller, NoCaller> {
        match &self.frames {
            Some(frames) => frames.caller(address, bias, registers, memory),
            None => Err(NoCaller::Unlisted),
        }
    }

    /// The few bytes of code before an address.
    pub fn code_before(&self, address: u64) -> Option<Vec<u8>> {
        self.elf.code_before(address)
    }

    fn units(&self) -> Option<&Units> {
        self.units.get_or_init(|| Units::load(&self.elf)).as_ref()
    }

    fn size(&self) -> usize {
        let frames = self.frames.as_ref().map_or(0, CallFrames::size);
        let lines = self.units.get().and_then(Option::as_ref).map_or(0, Units::size);
        frames + lines
    }
}

/// Which version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Version {
    fn of(path: &Path) -> Option<Version> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Version { modified: metadata.modified().ok(), bytes: metadata.len() })
    }
}

/// The files that are kept, the one asked for last at the end.
#[derive(Debug, Default)]
struct Kept(Vec<(PathBuf, Version, Option<Arc<Program>>)>);

impl Kept {
    fn get(&mut self, path: &Path, version: &Version) -> Option<Option<Arc<Program>>> {
        let index = self.0.iter().position(|(kept, ..)| kept == path)?;
        let entry = self.0.remove(index);
        if entry.1 != *version {
            return None;
        }
        let program = entry.2.clone();
        self.0.push(entry);
        Some(program)
    }

    /// Keeps a file, and lets those go that were not asked for longest, if all take too much.
    fn insert(&mut self, path: PathBuf, version: Version, program: Option<Arc<Program>>) {
        self.0.push((path, version, program));
        let size =
            |(.., program): &(_, _, Option<Arc<Program>>)| program.as_ref().map_or(0, |file| file.size());
        let mut total: usize = self.0.iter().map(size).sum();
        while total > MOST_KEPT_BYTES && self.0.len() > 1 {
            total -= size(&self.0.remove(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_not_asked_for_longest_are_let_go() {
        let folder = tempfile::tempdir().expect("make a folder");
        let own = std::env::current_exe().expect("the path of this test");
        let programs = Programs::new();
        let mut total = 0;
        let mut last = PathBuf::new();
        while total <= 2 * MOST_KEPT_BYTES {
            last = folder.path().join(total.to_string());
            fs::copy(&own, &last).expect("copy this test");
            let program = programs.program(&last).expect("a program");
            assert!(program.units().is_some());
            total += program.size();
        }
        let kept = programs.kept.into_inner().expect("no panic");
        let others: usize =
            kept.0.iter().rev().skip(1).flat_map(|(.., program)| program).map(|p| p.size()).sum();
        assert_eq!(kept.0.last().map(|(path, ..)| path), Some(&last));
        assert!(kept.0.len() > 1 && others <= MOST_KEPT_BYTES, "{others}");
    }
}

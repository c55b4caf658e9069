//! Running: a program and a scenario go in, a [`Run`] comes out.
//!
//! Invariant: each run starts in the same world: a fresh working directory with the scenario's files and
//! nothing else, a clean environment, nothing on standard input.

mod pool;
mod proof;
mod scratch;

pub use pool::{Job, Runs, run_all};
pub use proof::{PLAIN, Proof, SCHEDULE, prove};
pub use scratch::Scratch;

use crate::course::{FileAfter, Run, Scenario};
use crate::interrupt;
use grader_trace::sorted::SortedMap;
use grader_tracer::{Launch, Limits, Stdin, Stdout, Trouble};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// The environment of a graded program: enough to find the classic commands, and nothing of ours.
pub const ENVIRONMENT: [(&str, &str); 1] = [("PATH", "/usr/local/bin:/usr/bin:/bin")];

/// How much of each stream is kept, in bytes: the trace has what was written, and by whom; only what was moved inside
/// the kernel (sendfile) has to be read where it came out, and no exercise asks for more than a few lines.
const OUTPUT_BYTES: usize = 1 << 12;

/// How many events are kept: far more than any exercise asks for, and few enough that a program that goes on
/// without end does not take the machine's memory along.
const EVENTS: usize = 16_000;

/// How much of a file is looked at after a run, in bytes.
const FILE_BYTES: u64 = 1 << 18;

/// How much a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// All that a program may need.
    Full,
    /// Little: the program has run out of time in another scenario already, and that is its verdict.
    Little,
}

/// Runs a program once, as `scenario` says.
pub fn run(job: &Job, scenario: &Scenario, effort: Effort) -> Result<Run, Trouble> {
    let folder = Scratch::new().map_err(trouble("make a working folder for the run"))?;
    lay_out(folder.path(), scenario).map_err(trouble("write a file of the scenario"))?;
    let recording = grader_tracer::run(&launch(job, scenario, effort, folder.path()), interrupt::runs())?;
    let mut files = SortedMap::new();
    collect(folder.path(), "", &mut files).map_err(trouble("read the files that the run left"))?;
    Ok(Run { scenario: scenario.clone(), recording, files, schedule: None })
}

/// Writes the files of a scenario.
fn lay_out(folder: &Path, scenario: &Scenario) -> io::Result<()> {
    for (name, bytes) in &scenario.files {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, bytes)?;
    }
    Ok(())
}

fn launch(job: &Job, scenario: &Scenario, effort: Effort, folder: &Path) -> Launch {
    let Job { program, watch, .. } = job;
    let name = program.file_name().unwrap_or(program.as_os_str()).to_os_string();
    let wall = match effort {
        Effort::Full => Limits::default().wall,
        Effort::Little => Duration::from_secs(2),
    };
    let arguments = scenario.args.iter().map(OsString::from);
    Launch {
        program: program.clone(),
        argv: std::iter::once(name).chain(arguments).collect(),
        env: ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        dir: Some(folder.to_path_buf()),
        umask: Some(scenario.umask),
        stdin: Stdin::Null,
        stdout: Stdout::Terminal,
        limits: Limits { wall, output_bytes: OUTPUT_BYTES, events: EVENTS, ..Limits::default() },
        watch: *watch,
        plan: scenario.plan.clone(),
        snapshots: job.lines && effort == Effort::Full,
    }
}

fn trouble(operation: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |error| Trouble::System { operation, error }
}

/// The regular files below `folder`, by their names relative to where the collection began.
///
/// Everything is made readable to its owner on the way, after a file's own permissions have been noted.
fn collect(folder: &Path, prefix: &str, files: &mut SortedMap<String, FileAfter>) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() {
            let mode = entry.metadata()?.permissions().mode() & 0o7777;
            files.insert(name, FileAfter { bytes: beginning(&entry.path())?, mode });
        }
    }
    Ok(())
}

/// The first bytes of a file, whatever its permissions say.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o400))?;
            fs::File::open(path)?
        }
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_folders_are_found_with_their_permissions() {
        let folder = Scratch::new().expect("a folder");
        fs::create_dir(folder.path().join("inner")).expect("writable");
        let path = folder.path().join("inner/target");
        fs::write(&path, "bytes").expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("our own file");
        let mut files = SortedMap::new();
        collect(folder.path(), "", &mut files).expect("readable");
        assert_eq!(files["inner/target"], FileAfter { bytes: b"bytes".to_vec(), mode: 0o640 });
    }

    /// Root may read them anyway; whoever else runs this sees that they are made readable.
    #[test]
    fn files_that_forbid_their_owner_to_read_are_read_all_the_same() {
        let folder = Scratch::new().expect("a folder");
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).expect("writable");
        fs::write(inner.join("target"), "bytes").expect("writable");
        fs::set_permissions(inner.join("target"), fs::Permissions::from_mode(0o204)).expect("our own file");
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o000)).expect("our own folder");
        let mut files = SortedMap::new();
        collect(folder.path(), "", &mut files).expect("made readable");
        assert_eq!(files["inner/target"], FileAfter { bytes: b"bytes".to_vec(), mode: 0o204 });
    }
}

//! From events to the learner's own source lines.

use crate::course::Run;
use crate::report::model::SourceLine;
use crate::workspace::Workspace;
use grader_program::Programs;
use grader_trace::{Event, Site};
use grader_tracer::Recording;
use std::env;
use std::path::{Path, PathBuf};

/// Finds source lines, and names files as the learner knows them: from the workspace, or from where the
/// grader was started.
pub struct Sites {
    programs: Programs,
    base: PathBuf,
    /// Where cargo keeps other people's crates.
    crates: Option<PathBuf>,
}

/// Where the sources of compilers, libraries and systems say that they are.
const FOREIGN: [&str; 5] = ["/rustc", "/rust", "/usr", "/build", "/lib"];

impl Sites {
    /// For programs of this workspace, if there is one.
    pub fn new(workspace: Option<&Workspace>) -> Sites {
        let base = match workspace {
            Some(workspace) => workspace.root().to_path_buf(),
            None => env::current_dir().unwrap_or_default(),
        };
        let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
        let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
        Sites { programs: Programs::new(), base, crates: cargo.map(|cargo| cargo.join("registry")) }
    }

    /// The line that caused an event of a run.
    pub fn of(&self, run: &Run, event: &Event) -> Option<SourceLine> {
        let Site { file, line, function } = self.site(&run.recording, event)?;
        Some(SourceLine { file, line, function })
    }

    /// The same, of any recording.
    pub fn site(&self, recording: &Recording, event: &Event) -> Option<Site> {
        let site = self.programs.site(recording.snapshots.get(&event.begin)?, &|file| self.own(file))?;
        let file = Path::new(&site.file);
        let file = file.strip_prefix(&self.base).unwrap_or(file).display().to_string();
        Some(Site { file, ..site })
    }

    fn own(&self, file: &Path) -> bool {
        let foreign = FOREIGN.iter().map(Path::new).chain(self.crates.as_deref());
        !foreign.into_iter().any(|folder| file.starts_with(folder))
    }
}

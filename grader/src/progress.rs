//! How far the learner is: one small file, by exercise id.
//!
//! Invariant: what was known is never lost silently. The file is replaced as a whole; one that cannot be
//! understood is set aside under another name, and the learner is told so.

use crate::output::remark;
use crate::problem::{Problem, plain};
use crate::replace::Lasting;
use crate::report::model::{CheckVerdict, Graded, Verdict};
use crate::workspace::Workspace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const SCHEMA: &str = "grader/progress/v1";
const FILE: &str = "progress.json";

/// What is known of a learner in one workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    schema: String,
    /// The exercise that was passed most recently.
    #[serde(default)]
    last: Option<String>,
    exercises: BTreeMap<String, Standing>,
}

/// What is known of one exercise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// It has been passed, now or earlier.
    pub passed: bool,
    /// The checks that failed the last time, in their order.
    pub failing: Vec<String>,
    /// How many hints have been shown, by check.
    pub hints: BTreeMap<String, usize>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { schema: SCHEMA.to_string(), last: None, exercises: BTreeMap::new() }
    }
}

impl Progress {
    /// What is known so far. A file that cannot be understood is set aside first.
    pub fn load(workspace: &Workspace) -> Result<Progress, Problem> {
        let path = file(workspace);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Progress::default()),
            Err(error) => return Err(Problem::file("read", &path, &error)),
        };
        let reason = match serde_json::from_slice::<Progress>(&text) {
            Ok(progress) if progress.schema == SCHEMA => return Ok(progress),
            Ok(progress) => format!("its format is {:?}, not {SCHEMA:?}", progress.schema),
            Err(error) => error.to_string(),
        };
        let aside =
            set_aside(&path).map_err(|error| Problem::file("set aside the damaged file", &path, &error))?;
        remark(&format!(
            "the file with your progress is damaged ({reason}); it is kept as {}, and a new one begins",
            workspace.shown(&aside)
        ));
        Ok(Progress::default())
    }

    /// What is known of an exercise.
    pub fn of(&self, id: &str) -> Standing {
        self.exercises.get(id).cloned().unwrap_or_default()
    }

    /// The exercise that was passed most recently, by its id.
    pub fn last_passed(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Takes in what a check has found. What could not be determined changes nothing.
    pub fn take(&mut self, graded: &Graded) {
        let standing = self.exercises.entry(graded.id.clone()).or_default();
        match graded.verdict {
            Verdict::Passed => {
                *standing = Standing { passed: true, ..Standing::default() };
                self.last = Some(graded.id.clone());
            }
            Verdict::CannotTell => {}
            Verdict::Failed | Verdict::BuildFailed | Verdict::TimedOut | Verdict::Crashed => {
                let failed = graded.checks.iter().filter(|check| check.verdict == CheckVerdict::Failed);
                standing.failing = failed.map(|check| check.id.clone()).collect();
            }
        }
    }

    /// Counts one more hint for a check; returns how many had been shown before.
    pub fn another_hint(&mut self, id: &str, check: &str) -> usize {
        let shown =
            self.exercises.entry(id.to_string()).or_default().hints.entry(check.to_string()).or_default();
        *shown += 1;
        *shown - 1
    }

    /// Keeps it, if it differs from what was known `before`.
    pub fn keep(&self, before: &Progress, workspace: &Workspace) -> Result<(), Problem> {
        if self == before {
            return Ok(());
        }
        let path = file(workspace);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Problem::file("write", &path, &io::Error::from(error)))?;
        text.push(b'\n');
        workspace.memory().keep(FILE, &text, Lasting::Machine).map_err(|error| {
            Problem::Environment(format!(
                "cannot write {}: {}; your progress up to now is kept, only the last step is missing",
                workspace.shown(&path),
                plain(&error)
            ))
        })
    }
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.memory().file(FILE)
}

/// Moves a file to the first name `…corrupt-N` that is free.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let free = (1..).map(|number| path.with_file_name(format!("{FILE}.corrupt-{number}")));
    let aside = free.into_iter().find(|name| name.symlink_metadata().is_err()).unwrap_or_default();
    fs::rename(path, &aside).map(|()| aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("Cargo.toml"), "").expect("writable");
        fs::create_dir(folder.path().join("exercises")).expect("writable");
        let workspace = Workspace::find(Some(folder.path())).expect("complete");
        (folder, workspace)
    }

    #[test]
    fn what_is_kept_is_known_again() {
        let (_folder, workspace) = workspace();
        let mut progress = Progress::default();
        assert_eq!(progress.another_hint("wait", "reaped"), 0);
        assert_eq!(progress.another_hint("wait", "reaped"), 1);
        progress.keep(&Progress::default(), &workspace).expect("writable");
        assert_eq!(Progress::load(&workspace).expect("readable"), progress);
    }

    #[test]
    fn damaged_files_are_all_kept_under_names_of_their_own() {
        let (_folder, workspace) = workspace();
        let path = file(&workspace);
        for damage in ["{", r#"{"schema":"grader/progress/v9","exercises":{}}"#] {
            workspace.memory().keep(FILE, damage.as_bytes(), Lasting::Process).expect("writable");
            assert_eq!(Progress::load(&workspace).expect("set aside"), Progress::default());
        }
        let kept =
            |number| fs::read_to_string(path.with_file_name(format!("progress.json.corrupt-{number}")));
        assert_eq!(kept(1).expect("the first"), "{");
        assert!(kept(2).expect("the second").contains("v9"));
        assert!(!path.exists());
    }
}

//! Why a run could not be made or measured. Never the fault of the program that was run.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The grader's own trouble: the environment, not the program.
#[derive(Debug)]
pub enum Trouble {
    /// The file is not there, or is not something that can be run.
    Program {
        /// Which.
        path: PathBuf,
        /// What the kernel says.
        error: io::Error,
    },
    /// The working directory cannot be entered.
    Directory {
        /// Which.
        path: PathBuf,
        /// What the kernel says.
        error: io::Error,
    },
    /// This machine does not allow tracing.
    PtraceForbidden {
        /// What was tried.
        operation: &'static str,
        /// What the kernel says.
        error: io::Error,
    },
    /// The time was up, and the machine had been too busy to let the program run: it may well have ended.
    Starved {
        /// How much time there was.
        wall: Duration,
    },
    /// Any other system call of the grader that failed.
    System {
        /// What was tried.
        operation: &'static str,
        /// What the kernel says.
        error: io::Error,
    },
}

impl Trouble {
    /// The trouble of a call that has just failed and left its reason in errno.
    pub fn last(operation: &'static str) -> Trouble {
        Trouble::System { operation, error: io::Error::last_os_error() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Program { path, error } => write!(f, "cannot run {}: {error}", path.display()),
            Trouble::Directory { path, error } => {
                write!(f, "cannot enter the working directory {}: {error}", path.display())
            }
            Trouble::PtraceForbidden { operation, error } => write!(
                f,
                "this machine does not allow tracing ({operation}: {error}); in a container, start it with \
                 --cap-add=SYS_PTRACE or a newer default profile; elsewhere see kernel.yama.ptrace_scope"
            ),
            Trouble::Starved { wall } => write!(
                f,
                "the machine was too busy: in {} s the program got hardly any time of a processor; try again when \
                 less is running",
                wall.as_secs()
            ),
            Trouble::System { operation, error } => write!(f, "{operation}: {error}"),
        }
    }
}

impl std::error::Error for Trouble {}

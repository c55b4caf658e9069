//! The command line, as clap reads it.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Judges small Linux programs by what the kernel saw of them.
///
/// Without a command: at a terminal, checks the next unfinished exercise and says
/// what to do; elsewhere, checks the whole course once and prints a summary.
#[derive(Debug, Parser)]
#[command(name = "grader", version, verbatim_doc_comment, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

const EXIT_STATUS: &str = "Exit status: 0 passed; 1 something failed; 2 the command line makes no sense;\n\
                           3 could not be determined (environment, machine).";

const EXPLORE: &str = "One process at a time goes on, up to its next call that others could notice. Schedules that\n\
                       no process could tell apart are one kind; one execution of each kind is run. What sleeps\n\
                       takes no time: a sleep orders nothing. Standard input is empty.\n\n\
                       Every execution begins in a new copy of the current folder: small files are copied, all else\n\
                       are links to your own. TMPDIR is as new. What a program changes in /tmp and /dev/shm is as\n\
                       it was in the next execution, and outside, where the machine allows namespaces. A program\n\
                       that changes anything elsewhere is run once, and told so.\n\n\
                       Exit status: 0 explored, completely or as far as the budget went; 2 the command line makes\n\
                       no sense; 3 no claim can be made, and the reason is told.";

/// Where the course is.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// The clone of the course [default: the one around the current folder]
    #[arg(long, value_name = "DIR", global = true)]
    pub workspace: Option<PathBuf>,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build exercises, run them under the tracer, and judge them
    Check(Check),
    /// The exercises, and how far you are
    List,
    /// The statement of an exercise
    Show(One),
    /// A hint for what failed last; ask again for a stronger one
    Hint(Hint),
    /// Put an exercise back as it was shipped; keeps a copy of yours
    Reset(One),
    /// The reference solution, once you have passed
    Solution(Solution),
    /// Run any program under the tracer, and draw what it did
    Trace(Trace),
    /// Run any program in every schedule: its outputs, deadlocks and zombies
    #[command(after_help = EXPLORE)]
    Explore(Explore),
    /// Run one schedule of a program again, and draw what it did
    Replay(Replay),
    /// Check the course: every program in it gets the verdict it must
    Verify(Verify),
    /// What this machine allows, and what that means for verdicts
    Doctor,
    /// What `doctor` runs under the tracer
    #[command(hide = true)]
    Patient,
}

/// `grader check`.
#[derive(Debug, Default, Args)]
pub struct Check {
    /// Which exercises [default: the one of this folder, or the next]
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// All exercises
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// The reference solutions instead of your own files
    #[arg(long, conflicts_with = "program")]
    pub solutions: bool,
    /// An executable built by you, in any language; needs one ID
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Where to write the report [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A format of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text with pictures
    #[default]
    Human,
    /// grader/report/v1
    Json,
}

/// An exercise.
#[derive(Debug, Args)]
pub struct One {
    /// Which exercise [default: the one of this folder, or the next]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

/// `grader hint`.
#[derive(Debug, Args)]
pub struct Hint {
    /// Which exercise [default: the one of this folder, or the next]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Which of its checks [default: the first that failed the last time]
    #[arg(value_name = "CHECK")]
    pub check: Option<String>,
}

/// `grader solution`.
#[derive(Debug, Args)]
pub struct Solution {
    /// Which exercise [default: the one of this folder, or the one passed last]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Show it although you have not passed yet
    #[arg(long)]
    pub force: bool,
}

/// `grader trace`.
#[derive(Debug, Args)]
pub struct Trace {
    /// Write the trace as JSON lines (grader/trace/v1) instead of drawing it
    #[arg(long)]
    pub json: bool,
    /// Draw a trace that was written with --json
    #[arg(long, value_name = "FILE", conflicts_with = "program")]
    pub from: Option<PathBuf>,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The program, and its arguments
    #[arg(last = true, value_name = "PROGRAM ARG", required_unless_present = "from")]
    pub program: Vec<OsString>,
}

/// `grader explore`.
#[derive(Debug, Args)]
pub struct Explore {
    /// Write the findings as JSON (grader/exploration/v1)
    #[arg(long)]
    pub json: bool,
    /// What the program's standard output is: C programs buffer by the line on a terminal, by the block in a pipe
    #[arg(long, value_enum, default_value_t)]
    pub stdout: Stdout,
    /// Also let calls fail, be interrupted or come up short that could: one an execution, each in turn
    #[arg(long)]
    pub faults: bool,
    /// How many seconds it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub budget: u64,
    /// Where to write the findings [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The program, and its arguments
    #[arg(last = true, value_name = "PROGRAM ARG", required = true)]
    pub program: Vec<OsString>,
}

/// `grader replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Write the trace as JSON lines (grader/trace/v1) instead of drawing it
    #[arg(long)]
    pub json: bool,
    /// What the program's standard output is: as it was when the schedule was found
    #[arg(long, value_enum, default_value_t)]
    pub stdout: Stdout,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A schedule as `explore` writes it, such as '0*2 0.0*2 0', or a file that holds one
    #[arg(value_name = "SCHEDULE", required = true)]
    pub schedule: OsString,
    /// The program, and its arguments
    #[arg(last = true, value_name = "PROGRAM ARG", required = true)]
    pub program: Vec<OsString>,
}

/// What a program's standard output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Stdout {
    /// A raw pseudo-terminal
    #[default]
    Tty,
    /// A pipe
    Pipe,
}

impl From<Stdout> for grader_tracer::Stdout {
    fn from(wanted: Stdout) -> grader_tracer::Stdout {
        match wanted {
            Stdout::Tty => grader_tracer::Stdout::Terminal,
            Stdout::Pipe => grader_tracer::Stdout::Pipe,
        }
    }
}

/// `grader verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Which exercises [default: all]
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
}

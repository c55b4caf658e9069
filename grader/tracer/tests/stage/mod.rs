//! A stage for one run: what to start on it, and what must hold of every run once it is over.
//!
//! Every recording that comes from here has been looked over (see `audit`), and
//! nothing of the run was alive or a zombie of this process when it came back.

mod audit;
mod dice;
mod folder;
mod outsider;
mod questions;
mod survivors;
mod traced;

pub use audit::{audit, listing};
pub use dice::Dice;
pub use folder::Folder;
pub use outsider::{Outsider, send, try_to_kill};
pub use questions::*;
pub use survivors::{assert_nothing_left, descendants, survivors};
pub use traced::Traced;

use grader_tracer::{
    Cancel, Fault, KillAt, Launch, Limits, Pace, Plan, Recording, Stdin, Stdout, Trouble, Watch, run,
};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The program that does everything a traced program may do.
pub fn specimen() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_specimen"))
}

/// A run to be.
pub struct Stage {
    pub launch: Launch,
    /// A variable in the environment of every task of the run, by which they are found.
    mark: String,
}

impl Stage {
    /// The specimen, in one of its modes.
    pub fn of(mode: &str, args: &[&str]) -> Stage {
        let argv: Vec<&str> = [&["specimen", mode], args].concat();
        Stage::program(specimen(), &argv)
    }

    /// Any program. Everything is recorded; the limits are far beyond what a right run takes.
    pub fn program(program: &Path, argv: &[&str]) -> Stage {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let env = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("STAGE", &mark)];
        Stage {
            launch: Launch {
                program: program.to_owned(),
                argv: argv.iter().map(OsString::from).collect(),
                env: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
                dir: None,
                umask: None,
                stdin: Stdin::Null,
                stdout: Stdout::Terminal,
                limits: Limits {
                    wall: Duration::from_secs(120),
                    linger: Duration::from_secs(60),
                    ..Limits::default()
                },
                watch: Watch::ALL,
                plan: Plan::default(),
                snapshots: false,
            },
            mark,
        }
    }

    pub fn watch(mut self, watch: Watch) -> Stage {
        self.launch.watch = watch;
        self
    }

    pub fn stdout(mut self, stdout: Stdout) -> Stage {
        self.launch.stdout = stdout;
        self
    }

    pub fn pace(mut self, pace: Pace) -> Stage {
        self.launch.plan.pace = pace;
        self
    }

    pub fn fault(mut self, fault: Fault) -> Stage {
        self.launch.plan.faults.push(fault);
        self
    }

    pub fn kill(mut self, kill: KillAt) -> Stage {
        self.launch.plan.kill = Some(kill);
        self
    }

    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Stage {
        change(&mut self.launch.limits);
        self
    }

    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Stage {
        self.launch.dir = Some(dir.into());
        self
    }

    /// Runs it. The recording has been looked over, and nothing of the run is left.
    pub fn run(&self) -> Recording {
        match self.attempt(&Cancel::default()) {
            Ok(recording) => recording,
            Err(trouble) => panic!("{:?}: {trouble}", self.launch.argv),
        }
    }

    /// Runs it, and it must not come to a run.
    pub fn trouble(&self) -> Trouble {
        match self.attempt(&Cancel::default()) {
            Ok(recording) => panic!("{:?} ran: {:?}", self.launch.argv, recording.trace.ending()),
            Err(trouble) => trouble,
        }
    }

    /// Runs it; nothing is left in either case.
    pub fn attempt(&self, cancel: &Cancel) -> Result<Recording, Trouble> {
        let result = run(&self.launch, cancel);
        let pids: Vec<i32> = match &result {
            Ok(recording) => recording.trace.tasks().iter().map(|task| task.pid.0).collect(),
            Err(_) => Vec::new(),
        };
        assert_nothing_left(&self.mark, &pids);
        if let Ok(recording) = &result {
            audit(&recording.trace);
        }
        result
    }

    /// Whoever has this in the environment belongs to the run.
    pub fn mark(&self) -> &str {
        &self.mark
    }
}

//! The circumstances under which programs are run.
//!
//! Each is one that the kernel could bring about on any day: whoever it lets run first, a call that fails
//! because a limit is reached, a file that is not there, a process that the out-of-memory killer picks. One
//! is not the kernel's: a child whose own exit status is 0 hands in another one.

use crate::course::Scenario;
use grader_trace::{Errno, Signal};
use grader_tracer::{ExitAs, Fault, FaultCall, KillAt, Pace, Plan, Whose};

/// The file mode creation mask of every run, which is what most systems have.
const UMASK: u32 = 0o022;

/// As it comes.
pub fn plain() -> Scenario {
    scenario("plain", "as it comes", Plan::default())
}

/// The child does not run before everybody else sleeps.
pub fn slow_child() -> Scenario {
    let plan = Plan { pace: Pace::SlowChildren, ..Plan::default() };
    scenario("slow-child", "with a child that is slow to start", plan)
}

/// The parent does not run on before everybody else sleeps or has ended.
pub fn slow_parent() -> Scenario {
    let plan = Plan { pace: Pace::SlowParents, ..Plan::default() };
    scenario("slow-parent", "with a parent that is slow to go on", plan)
}

/// The first fork answers EAGAIN.
pub fn fork_fails() -> Scenario {
    scenario(
        "fork-fails",
        "when fork answers EAGAIN",
        failing(FaultCall::Fork, Whose::Root, 1, 1, Errno::EAGAIN),
    )
}

/// A thread does not run before everybody else sleeps.
pub fn slow_thread() -> Scenario {
    let plan = Plan { pace: Pace::SlowThreads, ..Plan::default() };
    scenario("slow-thread", "with threads that are slow to start", plan)
}

/// Whoever makes a thread does not run on before everybody else sleeps or has ended.
pub fn slow_creator() -> Scenario {
    let plan = Plan { pace: Pace::SlowCreators, ..Plan::default() };
    scenario("slow-creator", "with threads that are done before clone returns", plan)
}

/// The first sleep in futex ends for no reason, and the threads have not run yet.
pub fn wakes_early() -> Scenario {
    let plan = failing(FaultCall::FutexWait, Whose::Root, 1, 1, Errno::EINTR);
    scenario("wakes-early", "when futex returns early", Plan { pace: Pace::SlowThreads, ..plan })
}

/// The first clone that makes a thread answers EAGAIN.
pub fn thread_fails() -> Scenario {
    scenario(
        "thread-fails",
        "when clone answers EAGAIN",
        failing(FaultCall::Thread, Whose::Root, 1, 1, Errno::EAGAIN),
    )
}

/// The second fork answers EAGAIN.
pub fn second_fork_fails() -> Scenario {
    let plan = failing(FaultCall::Fork, Whose::Root, 2, 1, Errno::EAGAIN);
    scenario("second-fork-fails", "when the second fork answers EAGAIN", plan)
}

/// The fork after so many answers EAGAIN.
pub fn later_fork_fails(after: u32) -> Scenario {
    let plan = failing(FaultCall::Fork, Whose::Root, after + 1, 1, Errno::EAGAIN);
    scenario("later-fork-fails", "when a later fork answers EAGAIN", plan)
}

/// The first pipe answers EMFILE.
pub fn pipe_fails() -> Scenario {
    let plan = failing(FaultCall::Pipe, Whose::Root, 1, 1, Errno::EMFILE);
    scenario("pipe-fails", "when pipe answers EMFILE", plan)
}

/// No program can be found.
pub fn exec_fails() -> Scenario {
    let plan = failing(FaultCall::Exec, Whose::Descendants, 1, u32::MAX, Errno::ENOENT);
    scenario("exec-fails", "when exec answers ENOENT", plan)
}

/// The only child is killed as it is born.
pub fn child_killed() -> Scenario {
    scenario("child-killed", "when the child is killed", killing(1))
}

/// What the only child ends with in [`child_fails`]; nothing else here ends with it.
pub const CHILD_FAILS_WITH: u8 = 3;

/// The only child hands in another exit status than its program asks for.
pub fn child_fails() -> Scenario {
    let plan = Plan { exit: Some(ExitAs { task: 1, code: CHILD_FAILS_WITH }), ..Plan::default() };
    scenario("child-fails", "when the child ends with 3", plan)
}

/// The second of two children is killed as it is born, and ends before the first one has begun.
pub fn second_child_killed() -> Scenario {
    let plan = Plan { pace: Pace::SlowChildren, ..killing(2) };
    scenario("child-killed", "when the second child is killed, and the first one is slow", plan)
}

/// The first of two children is killed as it is born.
pub fn first_child_killed() -> Scenario {
    scenario("first-child-killed", "when the first child is killed", killing(1))
}

/// Circumstances that only their arguments and files make special.
pub fn natural(id: &'static str, title: &'static str) -> Scenario {
    scenario(id, title, Plan::default())
}

impl Scenario {
    /// The same with these arguments.
    pub fn with_args(mut self, args: &[&str]) -> Scenario {
        self.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self
    }

    /// The same with this file in the working directory.
    pub fn with_file(mut self, name: &'static str, bytes: &[u8]) -> Scenario {
        self.files.push((name, bytes.to_vec()));
        self
    }
}

fn scenario(id: &'static str, title: &'static str, plan: Plan) -> Scenario {
    Scenario { id, title, args: Vec::new(), files: Vec::new(), umask: UMASK, plan }
}

fn failing(call: FaultCall, whose: Whose, from: u32, times: u32, errno: Errno) -> Plan {
    Plan { faults: vec![Fault { call, whose, from, times, errno }], ..Plan::default() }
}

fn killing(task: u32) -> Plan {
    Plan { kill: Some(KillAt { task, signal: Signal::KILL }), ..Plan::default() }
}

//! What it costs to be traced: a program that makes 300 processes, each of which becomes `/bin/true`, and waits
//! for each.
//!
//! ```text
//! cargo bench -p grader --bench trace_overhead
//! ```
//!
//! All ways in turn, on one processor: bare; under the grader's tracer with the filter of the exercise that has such
//! a program, `exec`; under `strace -f --seccomp-bpf` for the same calls, its output thrown away; and both again for
//! every call that any check may ask about. Stacks are copied for source lines, as checks need them. `ratio` is
//! against bare. Target: 1.10 where strace takes 1.145. What a stop costs is the machine's doing, so the last line
//! says which part of strace's overhead is left; the target's is 69 %.
//!
//! The program that is traced is this one with an argument.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;
#[path = "../tests/strace/mod.rs"]
#[allow(dead_code, unused_imports, reason = "only the names of the calls are used")]
mod strace;

use grader::run::ENVIRONMENT;
use grader_trace::Ending;
use grader_tracer::{Cancel, Launch, Limits, Plan, Stdin, Stdout, Watch};
use measure::{Measured, Times, Way};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const PROCESSES: usize = 300;
const ROUNDS: usize = 21;

/// What `exec` does not ask about, as strace is told: a name that it need not know.
const READS: [&str; 5] = ["?read", "?pread64", "?readv", "?preadv", "?preadv2"];

/// What the traced program is told.
const ROLE: &str = "parent";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(ROLE) {
        return parent();
    }
    measure::main(benchmark)
}

/// fork, exec and wait, again and again.
fn parent() -> ExitCode {
    let argv = [c"true".as_ptr(), std::ptr::null()];
    for _ in 0..PROCESSES {
        // SAFETY: this process has one thread, and the child only makes async-signal-safe calls.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: path and vector are constants, and the vector ends with a null pointer.
            unsafe { libc::execv(c"/bin/true".as_ptr(), argv.as_ptr()) };
            // SAFETY: _exit takes a number and does not return.
            unsafe { libc::_exit(127) };
        }
        let mut status = 0;
        // SAFETY: `status` is alive, and waitpid writes nothing else.
        if unsafe { libc::waitpid(child, &raw mut status, 0) } != child || status != 0 {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn benchmark() -> Measured<()> {
    measure::stay_on_processors(1)?;
    let program = std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let strace = strace::both::strace();
    let exec = grader::course::processes::exec::EXERCISE.watch;
    let mut ways = vec![
        Way::new("bare", || succeed(Command::new(&program).arg(ROLE))),
        Way::new("traced, as for `exec`", || traced(&program, exec)),
        Way::new("traced, all calls", || traced(&program, Watch::ALL)),
    ];
    match &strace {
        Some(strace) => {
            let all = strace::calls::traced();
            let without_reads: Vec<&str> = all.split(',').filter(|name| !READS.contains(name)).collect();
            let without_reads = without_reads.join(",");
            let under = |calls: String| {
                let program = &program;
                move || {
                    let options = ["-f", "-q", "--seccomp-bpf", "-o", "/dev/null", "-e"];
                    let mut command = Command::new(strace);
                    succeed(command.args(options).arg(format!("trace={calls}")).arg(program).arg(ROLE))
                }
            };
            ways.push(Way::new("strace, as for `exec`", under(without_reads)));
            ways.push(Way::new("strace, all calls", under(all)));
        }
        None => println!("strace is not installed: no comparison with it"),
    }
    let times = measure::in_turn(ROUNDS, &mut ways)?;
    let title = format!("{PROCESSES} × fork, exec of /bin/true, wait; {ROUNDS} rounds on one processor");
    measure::table(&title, &times);
    if let [bare, exec, all, strace_exec, strace_all] = times.as_slice() {
        let share = |ours: &Times, theirs: &Times| {
            let added = |way: &Times| way.median().as_secs_f64() - bare.median().as_secs_f64();
            added(ours) / added(theirs) * 100.0
        };
        println!(
            "of what strace adds, ours adds {:.0} % (as for `exec`) and {:.0} % (all calls)",
            share(exec, strace_exec),
            share(all, strace_all)
        );
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Measured<()> {
    let status = command.env_clear().envs(ENVIRONMENT).stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// As the command runs a submission.
fn traced(program: &Path, watch: Watch) -> Measured<()> {
    let launch = Launch {
        program: program.to_path_buf(),
        argv: vec![program.into(), ROLE.into()],
        env: ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout: Stdout::Terminal,
        limits: Limits::default(),
        watch,
        plan: Plan::default(),
        snapshots: true,
    };
    let recording = grader_tracer::run(&launch, &Cancel::default()).map_err(|trouble| trouble.to_string())?;
    let children = recording.trace.tasks().len() - 1;
    if *recording.trace.ending() != Ending::Finished || children != PROCESSES {
        return Err(format!("{:?} after {children} processes", recording.trace.ending()));
    }
    Ok(())
}

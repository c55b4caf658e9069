//! What a schedule costs: a program of 4 and of 8 processes, run once under control from its first fork to its last end.
//!
//! ```text
//! cargo bench -p grader --bench schedules
//! ```
//!
//! Two ways in turn, all on one processor: the same forks untraced, from a snapshot (a process that has started forks a
//! copy of itself, the copy makes the processes and waits for them); one task at a time, from a template. `ratio` is
//! against untraced. Target: at most 1.5.
//!
//! The program is this one with an argument.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use grader::run::ENVIRONMENT;
use grader_explorer::End;
use grader_explorer::execution::execute;
use grader_tracer::controlled::Controlled;
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use measure::{Measured, Way};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

const ROUNDS: usize = 21;
const SCHEDULES: usize = 50;

/// What the program is told: how many processes it is to be.
const ROLE: &str = "processes";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some(ROLE) {
        return match args.next().and_then(|count| count.parse().ok()) {
            Some(processes) => become_processes(processes),
            None => ExitCode::FAILURE,
        };
    }
    measure::main(|| {
        measure::stay_on_processors(1)?;
        let program = std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
        benchmark(&program, 4)?;
        benchmark(&program, 8)
    })
}

/// All but this one are its children; each ends at once, and is waited for.
fn become_processes(processes: usize) -> ! {
    for _ in 1..processes {
        // SAFETY: this process has one thread, and the child only ends.
        if unsafe { libc::fork() } == 0 {
            // SAFETY: _exit takes a number and does not return.
            unsafe { libc::_exit(0) };
        }
    }
    for _ in 1..processes {
        // SAFETY: the status is not asked for.
        unsafe { libc::wait(std::ptr::null_mut()) };
    }
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(0) }
}

fn benchmark(program: &Path, processes: usize) -> Measured<()> {
    let launch = launch(program, processes);
    let machine = Controlled::new(&launch, Box::new(|| Ok(()))).map_err(|trouble| trouble.to_string())?;
    let machine = Mutex::new(machine);
    let mut ways = vec![
        Way::new("untraced, from a snapshot", || (0..SCHEDULES).try_for_each(|_| untraced(processes))),
        Way::new("one task at a time", || {
            let mut machine = machine.lock().map_err(|_| "a round before this one failed".to_string())?;
            (0..SCHEDULES).try_for_each(|_| controlled(&mut machine))
        }),
    ];
    let times = measure::in_turn(ROUNDS, &mut ways)?;
    let title = format!("{SCHEDULES} schedules of {processes} processes; {ROUNDS} rounds on one processor");
    measure::table(&title, &times);
    Ok(())
}

/// A copy of this process makes the processes.
fn untraced(processes: usize) -> Measured<()> {
    // SAFETY: the copy makes async-signal-safe calls only.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        become_processes(processes);
    }
    let mut status = 0;
    loop {
        // SAFETY: `status` is alive, and waitpid writes nothing else.
        match unsafe { libc::waitpid(copy, &raw mut status, 0) } {
            pid if pid == copy && status == 0 => return Ok(()),
            // The machine's tick.
            -1 if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            _ => return Err(format!("the untraced program ended with {status}")),
        }
    }
}

fn controlled(machine: &mut Controlled<'_>) -> Measured<()> {
    let execution = execute(machine, 1_000, |path| {
        Ok(path.frontier().enabled().next().map(|pending| pending.choice.clone()))
    });
    match execution {
        Ok(execution) if execution.end == End::Finished && machine.has_template() => Ok(()),
        Ok(execution) => Err(format!("the schedule ended with {:?}", execution.end)),
        Err(trouble) => Err(trouble.to_string()),
    }
}

fn launch(program: &Path, processes: usize) -> Launch {
    Launch {
        program: program.to_path_buf(),
        argv: vec![program.into(), ROLE.into(), processes.to_string().into()],
        env: ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout: Stdout::Terminal,
        limits: Limits::default(),
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: false,
    }
}

//! What a schedule costs: a program of 4 and of 8 processes, run once under control from its first fork to its last end; and
//! one of two threads that both add to a counter.
//!
//! ```text
//! cargo bench -p grader --bench schedules
//! ```
//!
//! Two ways in turn, all on one processor: the same forks untraced, from a snapshot (a process that has started forks a
//! copy of itself, the copy makes the processes and waits for them); one task at a time, from a template. `ratio` is
//! against untraced. Target: at most 1.5; 3 000 schedules of two threads in a second.
//!
//! The program is this one with an argument; that of two threads is compiled as a learner's would be, once.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use grader::run::ENVIRONMENT;
use grader_explorer::execution::execute;
use grader_explorer::{Budget, Dpor, End, Judgement, explore};
use grader_tracer::controlled::Controlled;
use grader_tracer::{Launch, Limits, Plan, Stdin, Stdout, Watch};
use measure::{Measured, Way};
use std::convert::Infallible;
use std::path::Path;
use std::process::{Command, ExitCode};
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
        benchmark(&program, 8)?;
        threads()
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

/// Two threads of the standard library: all that they share is watched.
fn threads() -> Measured<()> {
    const PROGRAM: &str = "static mut X: u32 = 0; fn main() { \
        let all = [(), ()].map(|_| std::thread::spawn(|| unsafe { X += 1 })); \
        for one in all { one.join().unwrap(); } }";
    let folder = tempfile::tempdir().map_err(|error| format!("making a folder: {error}"))?;
    let (source, program) = (folder.path().join("threads.rs"), folder.path().join("threads"));
    std::fs::write(&source, PROGRAM).map_err(|error| format!("writing {}: {error}", source.display()))?;
    let status =
        Command::new("rustc").args(["-g", "--edition=2024", "-o"]).arg(&program).arg(&source).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the program of two threads could not be compiled".into());
    }
    let launch = launch(&program, 2);
    let machine = Controlled::new(&launch, Box::new(|| Ok(()))).map_err(|trouble| trouble.to_string())?;
    let mut machine = machine.with_threads();
    loop {
        let report = explore(&mut machine, &mut Dpor::default(), &Budget::default(), |_, _| Judgement::Holds);
        report.map_err(|trouble| trouble.to_string())?;
        if !machine.finds_more() {
            break;
        }
    }
    let machine = Mutex::new(machine);
    let mut ways = vec![
        Way::new("untraced, from a snapshot", || {
            (0..SCHEDULES).try_for_each(|_| ended(copy(become_threads)))
        }),
        Way::new("one task at a time", || {
            let mut machine = machine.lock().map_err(|_| "a round before this one failed".to_string())?;
            (0..SCHEDULES).try_for_each(|_| controlled(&mut machine))
        }),
    ];
    let times = measure::in_turn(ROUNDS, &mut ways)?;
    measure::table(
        &format!("{SCHEDULES} schedules of two threads; {ROUNDS} rounds on one processor"),
        &times,
    );
    Ok(())
}

fn become_threads() -> Infallible {
    let all = [(), ()].map(|()| std::thread::spawn(|| ()));
    let all_ended = all.map(|one| one.join().is_ok()).iter().all(|ended| *ended);
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(i32::from(!all_ended)) }
}

/// A copy of this process, which does this.
fn copy(does: impl FnOnce() -> Infallible) -> libc::pid_t {
    // SAFETY: glibc keeps its allocator whole in a copy; the other threads of this process only wait for output.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        does();
    }
    copy
}

/// A copy of this process makes the processes.
fn untraced(processes: usize) -> Measured<()> {
    ended(copy(|| become_processes(processes)))
}

fn ended(copy: libc::pid_t) -> Measured<()> {
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

//! How much memory the grader takes: for a program that prints 400 MB, judged as each of the exercises; and to look at
//! every schedule.
//!
//! ```text
//! cargo bench -p grader --bench memory
//! ```
//!
//! The program is built before; the grader, built as `cargo run` builds it, is given it with `--program`. What is
//! shown is the most that was resident at once (`ru_maxrss`, see getrusage(2)): of the grader, not of it and the
//! programs that it runs together; each of them alone takes less. Each scenario of an exercise is a run, in which the program prints until it is done or its
//! time is up. Target: at most 30 MiB for each exercise; at most 50 MiB where every schedule is looked at.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use grader::course;
use measure::checkout::{ends, workspace, write};
use measure::{Measured, shown};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// What a learner could have written: 4,000 blocks of 100,000 bytes, in lines of 100.
const FLOOD: &str = r#"
use std::io::Write;

fn main() {
    let block = format!("{:099}\n", 0).repeat(1000);
    let mut out = std::io::stdout().lock();
    for _ in 0..4000 {
        if out.write_all(block.as_bytes()).is_err() {
            return;
        }
    }
}
"#;

/// 11969760319978270261269 outputs from one execution of 32 processes.
const FORKS: &str = r#"
unsafe extern "C" {
    fn fork() -> i32;
    fn write(fd: i32, bytes: *const u8, count: usize) -> isize;
}

fn main() {
    for number in b'0'..b'5' {
        // SAFETY: this process has one thread.
        unsafe { fork() };
        // SAFETY: one byte is there.
        unsafe { write(1, &number, 1) };
    }
}
"#;

/// 1296 executions.
const WAITS: &str = r#"
unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn _exit(status: i32) -> !;
}

fn main() {
    for _ in 0..5 {
        // SAFETY: this process has one thread.
        if unsafe { fork() } == 0 {
            // SAFETY: nothing is waiting to be printed.
            unsafe { _exit(0) };
        }
    }
    for _ in 0..5 {
        // SAFETY: a null pointer asks for no status.
        unsafe { wait(std::ptr::null_mut()) };
    }
}
"#;

const MEBIBYTE: f64 = 1024.0;

fn main() -> ExitCode {
    measure::main(benchmark)
}

fn benchmark() -> Measured<()> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let grader = grader()?;
    let [flood, forks, waits] = [("flood", FLOOD), ("forks", FORKS), ("waits", WAITS)]
        .map(|(name, source)| compiled(folder.path(), name, source));
    let (flood, forks, waits) = (flood?, forks?, waits?);
    let mut table = Table::new("a program that prints 400 MB, judged as each exercise");
    for exercise in course::exercises() {
        let arguments =
            [OsStr::new("check"), OsStr::new(exercise.id), OsStr::new("--program"), flood.as_os_str()];
        table.row(exercise.id, peak(&grader, &arguments, 1)?);
    }
    table.end();
    let mut table = Table::new("every schedule");
    let explore = |program| [OsStr::new("explore"), OsStr::new("--"), program];
    table.row("explore: 5 × fork, write", peak(&grader, &explore(forks.as_os_str()), 0)?);
    table.row("explore: 5 children, 5 waits", peak(&grader, &explore(waits.as_os_str()), 0)?);
    let course = ["check", "--all", "--solutions"].map(OsStr::new);
    // What has to be built is built now: compilers take more than the grader.
    peak(&grader, &course, 0)?;
    table.row("check --all --solutions", peak(&grader, &course, 0)?);
    table.end();
    Ok(())
}

struct Table(f64);

impl Table {
    fn new(title: &str) -> Table {
        println!("{title}");
        println!("  {:<28} {:>10}  {:>10}", "", "memory", "time");
        Table(0.0)
    }

    fn row(&mut self, name: &str, (kibibytes, time): (i64, Duration)) {
        let mebibytes = kibibytes as f64 / MEBIBYTE;
        println!("  {name:<28} {mebibytes:>6.1} MiB  {:>10}", shown(time));
        self.0 = self.0.max(mebibytes);
    }

    fn end(self) {
        println!("  {:<28} {:>6.1} MiB", "most", self.0);
    }
}

/// Compiles a program, with debug information as cargo does for learners.
fn compiled(folder: &Path, name: &str, text: &str) -> Measured<PathBuf> {
    let (source, program) = (folder.join(name).with_extension("rs"), folder.join(name));
    write(&source, text)?;
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    ends(Command::new(compiler).args(["--edition=2024", "-g", "-o"]).arg(&program).arg(&source), |code| {
        code == 0
    })?;
    Ok(program)
}

/// The grader that `cargo run` would run.
fn grader() -> Measured<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "-p", "grader", "--bin", "grader", "--message-format=json"])
        .current_dir(workspace());
    let said = ends(&mut build, |code| code == 0)?;
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    built.ok_or_else(|| "cargo does not say where it put the grader".into())
}

/// The most memory that the grader took, in KiB, and how long it took, if it ends with this status.
fn peak(grader: &Path, arguments: &[&OsStr], code: i32) -> Measured<(i64, Duration)> {
    let start = Instant::now();
    let child = Command::new(grader)
        .args(arguments)
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", grader.display()))?;
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    // SAFETY: all-zero bytes are a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places are alive; `child` is ours, and nobody else waits for it.
    if unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) } != pid {
        return Err(format!("wait4: {}", std::io::Error::last_os_error()));
    }
    match libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == code {
        true => Ok((usage.ru_maxrss, start.elapsed())),
        false => Err(format!("grader {arguments:?}: wait status {status:#x}, not exit status {code}")),
    }
}

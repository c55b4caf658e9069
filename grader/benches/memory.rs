//! How much memory the grader takes for a program that prints 400 MB, judged as each of the exercises.
//!
//! ```text
//! cargo bench -p grader --bench memory
//! ```
//!
//! The program is built before; the grader, built as `cargo run` builds it, is given it with `--program`. What is
//! shown is the most that was resident at once (`ru_maxrss`, see getrusage(2)): of the grader, not of it and the
//! programs that it runs together; each of them alone takes less. Each scenario of an exercise is a run, in which the program prints until it is done or its
//! time is up. Target: at most 30 MiB for each exercise.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use grader::course;
use measure::checkout::{ends, workspace, write};
use measure::{Measured, shown};
use serde_json::Value;
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

const MEBIBYTE: f64 = 1024.0;

fn main() -> ExitCode {
    measure::main(benchmark)
}

fn benchmark() -> Measured<()> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let flood = flood(folder.path())?;
    let grader = grader()?;
    println!("a program that prints 400 MB, judged as each exercise");
    println!("  {:<28} {:>10}  {:>6}  {:>10}", "", "memory", "runs", "time");
    let mut most = 0.0_f64;
    for exercise in course::exercises() {
        let (kibibytes, time) = peak(&grader, exercise.id, &flood)?;
        let mebibytes = kibibytes as f64 / MEBIBYTE;
        let runs = (exercise.scenarios)().len();
        println!("  {:<28} {mebibytes:>6.1} MiB  {runs:>6}  {:>10}", exercise.id, shown(time));
        most = most.max(mebibytes);
    }
    println!("  {:<28} {most:>6.1} MiB", "most");
    Ok(())
}

/// Compiles the program, with debug information as cargo does for learners.
fn flood(folder: &Path) -> Measured<PathBuf> {
    let (source, program) = (folder.join("flood.rs"), folder.join("flood"));
    write(&source, FLOOD)?;
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

/// The most memory that the grader took, in KiB, and how long it took.
fn peak(grader: &Path, id: &str, program: &Path) -> Measured<(i64, Duration)> {
    let start = Instant::now();
    let child = Command::new(grader)
        .args(["check", id, "--program"])
        .arg(program)
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
    match libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 1 {
        true => Ok((usage.ru_maxrss, start.elapsed())),
        false => {
            Err(format!("grader check {id}: wait status {status:#x}, not the failure that this program is"))
        }
    }
}

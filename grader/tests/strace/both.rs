//! Runs a case under the tracer and under strace, in the same surroundings.

use super::calls;
use super::case::{Case, ENVIRONMENT};
use super::compare::{self, Run};
use super::log;
use grader_trace::Ending;
use grader_tracer::{Cancel, Launch, Limits, Plan, Stdin, Stdout, Watch};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio, id};
use std::time::Duration;

/// Where strace is, if it is anywhere.
pub fn strace() -> Option<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').map(|folder| format!("{folder}/strace")).find(|file| Path::new(file).is_file())
}

/// How often a pair of runs is made until the two can be compared.
const ATTEMPTS: usize = 20;

/// Runs a case under both, and tells what differs; nothing, if they agree.
///
/// A text with a PID in it is longer when the PID is: runs are compared when all their PIDs have the same
/// length, and the numbers pass such a border once in many thousand births. And who acts upon the answer to a
/// WNOHANG, upon an EINTR or an EPIPE, goes one way or another: such a pair is run again until both went the
/// same way.
pub fn run(case: &Case, strace: &str) -> Result<(), String> {
    let mut told = format!("{}: in {ATTEMPTS} runs PIDs never had the same length", case.name);
    for _ in 0..ATTEMPTS {
        let (ours, theirs) = (under_tracer(case)?, under_strace(case, strace)?);
        if ours.digits().is_none() || ours.digits() != theirs.digits() {
            continue;
        }
        let differences = compare::differences(&ours, &theirs);
        if differences.is_empty() {
            return fs::remove_dir_all(case.folder()).map_err(|error| format!("{}: {error}", case.name));
        }
        let note = keep(case, &ours, &theirs);
        told = format!("{}: {}\n({note})", case.name, differences.join("\n"));
        if !ours.may_go_another_way() && !theirs.may_go_another_way() {
            break;
        }
    }
    Err(told)
}

/// Keeps both runs in words, for whoever looks into a difference.
fn keep(case: &Case, ours: &Run, theirs: &Run) -> String {
    let folder = case.folder();
    let written = fs::write(folder.join("tracer"), compare::shown(&ours.trace))
        .and_then(|()| fs::write(folder.join("strace"), compare::shown(&theirs.trace)));
    match written {
        Ok(()) => format!("both are in {}", folder.display()),
        Err(error) => format!("they cannot be kept in {}: {error}", folder.display()),
    }
}

fn under_tracer(case: &Case) -> Result<Run, String> {
    let told = |why: String| format!("{} under the tracer: {why}", case.name);
    let world = case.fresh_world().map_err(|error| told(error.to_string()))?;
    let launch = Launch {
        program: case.program.clone(),
        argv: case.argv().iter().map(Into::into).collect(),
        env: ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        dir: Some(world),
        umask: None,
        stdin: Stdin::Null,
        stdout: Stdout::Pipe,
        limits: Limits {
            wall: Duration::from_secs(60),
            linger: Duration::from_secs(60),
            ..Limits::default()
        },
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: true,
    };
    let recording =
        grader_tracer::run(&launch, &Cancel::default()).map_err(|trouble| told(trouble.to_string()))?;
    if *recording.trace.ending() != Ending::Finished {
        return Err(told(format!("it did not end by itself: {:?}", recording.trace.ending())));
    }
    if recording.dropped > 0 {
        return Err(told(format!("it did too much: {} events were dropped", recording.dropped)));
    }
    Ok(Run { trace: recording.trace, parent: id() as i32 })
}

fn under_strace(case: &Case, strace: &str) -> Result<Run, String> {
    let told = |why: String| format!("{} under strace: {why}", case.name);
    let said = |error: std::io::Error| told(error.to_string());
    let world = case.fresh_world().map_err(said)?;
    let log = case.folder().join("log");
    let mut command = Command::new(strace);
    command
        // -D: the program is this process's child, as it is under the tracer, and strace its grandchild.
        .args(["-D", "-f", "-q", "-X", "raw", "-xx", "-s", calls::DATA_BYTES, "-e", "abbrev=none"])
        .args(["-e", "signal=all", "-e", &format!("trace={}", calls::traced()), "-o"])
        .arg(&log)
        .args(case.argv())
        .env_clear()
        .envs(ENVIRONMENT)
        .current_dir(world)
        .stdin(File::open("/dev/null").map_err(said)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: `alone` makes two system calls, which are async-signal-safe, and nothing else.
    unsafe { command.pre_exec(alone) };
    // strace holds both pipes, too: when they are at their end, the log is complete.
    let output = command.output().map_err(said)?;
    let text = fs::read_to_string(&log).map_err(|error| {
        told(format!("no log: {error}; it said: {}", String::from_utf8_lossy(&output.stderr)))
    })?;
    let trace = log::read(&text, &case.argv()).map_err(told)?;
    Ok(Run { trace, parent: id() as i32 })
}

/// As the tracer starts its programs: in a session of their own, without a terminal and without descriptors
/// that whoever started the test had open.
fn alone() -> io::Result<()> {
    const FIRST: libc::c_uint = 3;
    // SAFETY: setsid takes nothing.
    let session = unsafe { libc::setsid() };
    let marked = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: close_range takes numbers, and only marks descriptors for the exec that follows.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, marked) };
    if session < 0 || closed < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

//! Does tracing work, and in which way?

use super::{Sign, State};
use crate::run::ENVIRONMENT;
use grader_trace::{Ending, Fate, Operation, Trace};
use grader_tracer::{Cancel, Launch, Limits, Plan, Recording, Stdin, Stdout, Trouble, Watch};
use std::env;
use std::fs;
use std::path::Path;

/// The command line word that makes the grader the patient.
pub const PATIENT: &str = "patient";

/// What a traced run of ourselves shows.
pub fn signs() -> Vec<Sign> {
    let recording = match env::current_exe() {
        Ok(program) => record(&program, &["grader", PATIENT]),
        Err(error) => Err(Trouble::System { operation: "finding the grader's own file", error }),
    };
    let mut signs = match recording {
        Ok(recording) => seen(&recording),
        Err(trouble) => vec![untraceable(&trouble)],
    };
    signs.push(randomisation());
    signs
}

fn record(program: &Path, argv: &[&str]) -> Result<Recording, Trouble> {
    let launch = Launch {
        program: program.to_path_buf(),
        argv: argv.iter().map(Into::into).collect(),
        env: ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout: Stdout::Terminal,
        limits: Limits::default(),
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: false,
    };
    grader_tracer::run(&launch, &Cancel::default())
}

fn untraceable(trouble: &Trouble) -> Sign {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let scope = match scope.trim() {
        "" | "0" | "1" => String::new(),
        scope => format!(" (kernel.yama.ptrace_scope is {scope})"),
    };
    Sign::new("tracing", State::Missing, format!("{trouble}{scope}; every verdict would be `cannot tell`"))
}

/// What the run of the patient shows.
fn seen(recording: &Recording) -> Vec<Sign> {
    let trace = &recording.trace;
    let threads = trace.tasks().iter().filter(|task| task.is_thread()).count();
    let children: Vec<_> = trace.processes().filter(|task| task.parent.is_some()).collect();
    let reaped = children.iter().filter(|child| matches!(child.fate, Fate::Reaped { .. })).count();
    let whole = *trace.ending() == Ending::Finished
        && trace.root().end.is_some_and(|(_, status)| status.success())
        && (threads, children.len(), reaped) == (1, 1, 1)
        && trace.lines().len() == 1;
    let tracing = match whole {
        true => Sign::new(
            "tracing",
            State::Well,
            "a program with a thread and a child was followed to its end: ptrace, the seccomp filter and the \
             pseudo-terminal work",
        ),
        false => Sign::new(
            "tracing",
            State::Missing,
            format!(
                "a program with a thread and a child was followed, and {threads} threads, {} children, {reaped} of \
                 them reaped, {} lines of output were seen; verdicts here are not to be trusted",
                children.len(),
                trace.lines().len()
            ),
        ),
    };
    vec![tracing, clone3(trace), memory()]
}

/// glibc makes threads with clone3, and with clone where that is denied.
fn clone3(trace: &Trace) -> Sign {
    let calls = trace.events().iter().filter_map(|event| match &event.op {
        Operation::Fork(fork) => Some((fork.call.as_str(), fork.child.done().is_some())),
        _ => None,
    });
    match calls.into_iter().any(|call| call == ("clone3", true)) {
        true => Sign::new("clone3", State::Well, "allowed; libc makes threads with it"),
        false => Sign::new(
            "clone3",
            State::Noted,
            "denied or unused here; libc uses clone instead, verdicts are the same",
        ),
    }
}

fn memory() -> Sign {
    match grader_tracer::reads_memory_in_bulk() {
        true => Sign::new("memory", State::Well, "read with process_vm_readv"),
        false => Sign::new(
            "memory",
            State::Noted,
            "process_vm_readv is denied; read word by word with PTRACE_PEEKDATA: slower, verdicts are the same",
        ),
    }
}

/// Free runs do not need it; runs that are to be repeated exactly will.
fn randomisation() -> Sign {
    const NAME: &str = "addresses";
    let setarch = ["/usr/bin/setarch", "/bin/setarch"].into_iter().map(Path::new).find(|file| file.is_file());
    let Some(setarch) = setarch else {
        return Sign::new(
            NAME,
            State::Noted,
            "not asked whether randomisation can be switched off (no setarch here)",
        );
    };
    let argv = ["setarch", env::consts::ARCH, "-R", "true"];
    let allowed = record(setarch, &argv)
        .is_ok_and(|recording| recording.trace.root().end.is_some_and(|(_, status)| status.success()));
    match allowed {
        true => Sign::new(NAME, State::Well, "randomisation can be switched off (ADDR_NO_RANDOMIZE)"),
        false => Sign::new(
            NAME,
            State::Noted,
            "randomisation cannot be switched off (ADDR_NO_RANDOMIZE is denied); verdicts are the same",
        ),
    }
}

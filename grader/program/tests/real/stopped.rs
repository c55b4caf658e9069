//! Snapshots of real tasks: runs a program and stops it at the entry of its system calls.
//!
//! The smallest tracer that does for a test. It follows every task that the
//! program makes, one at a time as they stop.

use grader_trace::{Module, Snapshot};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io, mem, ptr};

/// What the real tracer copies, too.
const STACK_BYTES: usize = 16 << 10;

/// Stands for the number of a call where a task ends.
pub const END: i64 = -1;

/// A task at the entry of a system call.
pub struct Stop {
    /// The number of the call, or [`END`].
    pub call: i64,
    /// What it would write, if it is a write(2).
    pub text: String,
    /// Where it came from.
    pub snapshot: Snapshot,
}

/// Runs a program to its end; all its tasks' stops at calls that are asked for.
#[expect(clippy::zombie_processes, reason = "it is reaped by wait_for, with all its tasks")]
pub fn stops(mut command: Command, calls: &[i64]) -> Vec<Stop> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: between fork and exec only ptrace(2) is called, which is a plain system call.
    unsafe { command.pre_exec(trace_me) };
    let child = command.spawn().expect("start the program");
    let root = child.id() as i32;
    assert_eq!(wait_for(root), Some((root, Status::Stopped(libc::SIGTRAP))));
    let options = libc::PTRACE_O_EXITKILL
        | libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXIT;
    request(libc::PTRACE_SETOPTIONS, root, 0, options as usize).expect("set options");
    resume(root, 0);
    let mut stops = Vec::new();
    while let Some((task, status)) = wait_for(-1) {
        let signal = match status {
            Status::Ended => continue,
            Status::Call => {
                stops.extend(entered(task, calls));
                0
            }
            Status::Event(libc::PTRACE_EVENT_EXIT) if calls.contains(&END) => {
                stops.extend(registers(task).map(|registers| stop(task, END, &registers)));
                0
            }
            Status::Event(_) => 0,
            // What a new task stops with, and what each other signal is: its own.
            Status::Stopped(libc::SIGSTOP) => 0,
            Status::Stopped(signal) => signal,
        };
        resume(task, signal);
    }
    stops
}

fn trace_me() -> io::Result<()> {
    request(libc::PTRACE_TRACEME, 0, 0, 0)
}

#[derive(Debug, PartialEq)]
enum Status {
    Ended,
    Call,
    Event(i32),
    Stopped(i32),
}

/// The next news of a task; none, when there are no tasks left.
fn wait_for(task: i32) -> Option<(i32, Status)> {
    let mut status = 0;
    // Only this thread's own: other tests run beside it.
    // SAFETY: `status` is a valid place for the result.
    let task = unsafe { libc::waitpid(task, &mut status, libc::__WALL | libc::__WNOTHREAD) };
    if task < 0 {
        assert_eq!(io::Error::last_os_error().raw_os_error(), Some(libc::ECHILD));
        return None;
    }
    let status = if !libc::WIFSTOPPED(status) {
        Status::Ended
    } else if status >> 16 != 0 {
        Status::Event(status >> 16)
    } else if libc::WSTOPSIG(status) == libc::SIGTRAP | 0x80 {
        Status::Call
    } else {
        Status::Stopped(libc::WSTOPSIG(status))
    };
    Some((task, status))
}

fn resume(task: i32, signal: i32) {
    // A task may be gone by now: another one ended them all.
    let _ = request(libc::PTRACE_SYSCALL, task, 0, signal as usize);
}

fn request(request: libc::c_uint, task: i32, address: usize, data: usize) -> io::Result<()> {
    // SAFETY: the requests used here take numbers, or a place that the caller keeps alive.
    match unsafe { libc::ptrace(request, task, address, data) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn registers(task: i32) -> Option<libc::user_regs_struct> {
    // SAFETY: all bits zero is a valid value of this C struct of numbers.
    let mut registers: libc::user_regs_struct = unsafe { mem::zeroed() };
    request(libc::PTRACE_GETREGS, task, 0, ptr::from_mut(&mut registers).addr()).ok()?;
    Some(registers)
}

fn entered(task: i32, calls: &[i64]) -> Option<Stop> {
    let registers = registers(task)?;
    // At the entry of a call rax holds -ENOSYS; no call here returns that.
    let call = registers.orig_rax as i64;
    let entry = registers.rax as i64 == -i64::from(libc::ENOSYS);
    (entry && calls.contains(&call)).then(|| stop(task, call, &registers))
}

fn stop(task: i32, call: i64, registers: &libc::user_regs_struct) -> Stop {
    let memory = File::open(format!("/proc/{task}/mem")).expect("open the memory");
    let text = if call == libc::SYS_write {
        String::from_utf8_lossy(&copy(&memory, registers.rsi, registers.rdx as usize)).trim_end().to_owned()
    } else {
        String::new()
    };
    let r = registers;
    let snapshot = Snapshot {
        registers: vec![
            r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
            r.r14, r.r15, r.rip,
        ],
        stack_start: r.rsp,
        stack: copy(&memory, r.rsp, STACK_BYTES).into(),
        modules: modules(task).into(),
    };
    Stop { call, text, snapshot }
}

/// Up to so many bytes, as far as the memory is mapped.
fn copy(memory: &File, from: u64, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while let Ok(count @ 1..) = memory.read_at(&mut bytes[filled..], from + filled as u64) {
        filled += count;
    }
    bytes.truncate(filled);
    bytes
}

fn modules(task: i32) -> Vec<Module> {
    let maps = fs::read_to_string(format!("/proc/{task}/maps")).expect("read the mappings");
    maps.lines().filter_map(module).collect()
}

fn module(line: &str) -> Option<Module> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let executable = fields.next()?.contains('x');
    let offset = fields.next()?;
    let path = PathBuf::from(fields.nth(2)?);
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some(Module { path, start: number(start)?, end: number(end)?, offset: number(offset)?, executable })
}

/// Builds a test program with a compiler, in a folder that lives as long as the result.
pub struct Built {
    pub folder: tempfile::TempDir,
    pub source: PathBuf,
}

impl Built {
    /// Builds `programs/NAME` with the compiler and options given.
    fn new(compiler: &str, name: &str, options: &[&str]) -> Built {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/programs").join(name);
        let folder = tempfile::tempdir().expect("make a folder");
        let mut command = Command::new(compiler);
        command.args(options).arg(&source).arg("-o").arg(folder.path().join("program"));
        let output = command.output().expect("run the compiler");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        Built { folder, source }
    }

    /// Builds `calls.c`; none, with a word to whoever reads the tests' output, where that cannot be done.
    pub fn c(options: &[&str]) -> Option<Built> {
        let library = Command::new("cc").arg("-print-file-name=libc.a").output();
        let missing = match library {
            Err(_) => "C compiler (cc)",
            // The compiler answers with a path where it has the file, and with its bare name where not.
            Ok(found) if wants_static_libc(options) && !found.stdout.contains(&b'/') => "static C library",
            Ok(_) => return Some(Built::new("cc", "calls.c", options)),
        };
        eprintln!("SKIPPED: there is no {missing} here for {options:?}");
        None
    }

    /// The same with the Rust compiler.
    pub fn rust(options: &[&str]) -> Built {
        Built::rust_program("calls.rs", options)
    }

    /// Builds another program than `calls.rs`.
    pub fn rust_program(name: &str, options: &[&str]) -> Built {
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        Built::new(&compiler, name, &[&["--edition=2024"], options].concat())
    }

    /// The program.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    /// The line whose comment says these words.
    pub fn line(&self, words: &str) -> Option<u32> {
        let text = fs::read_to_string(&self.source).expect("read the source");
        let said = |line: &str| line.split_once("// ").is_some_and(|(_, comment)| comment == words);
        text.lines().position(said).map(|index| index as u32 + 1)
    }
}

fn wants_static_libc(options: &[&str]) -> bool {
    options.iter().any(|option| option.starts_with("-static"))
}

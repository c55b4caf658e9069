//! The system calls that the modes are made of: thin, and every failure is the end of the specimen.

use libc::{c_int, pid_t};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::AtomicI32;

/// Panics with errno if a call answered −1.
pub fn done<T: Into<i64> + Copy>(call: &str, answer: T) -> T {
    assert_ne!(answer.into(), -1, "{call}: {}", std::io::Error::last_os_error());
    answer
}

/// fork(2); 0 in the child.
pub fn fork() -> pid_t {
    // SAFETY: modes fork before they start threads, so the child may do whatever its parent may.
    done("fork", unsafe { libc::fork() })
}

/// A child that does `what` and ends with the number that it returns.
pub fn child(what: impl FnOnce() -> i32) -> pid_t {
    match fork() {
        0 => exit(what()),
        pid => pid,
    }
}

/// exit_group(2), without anything that a library does at exit.
pub fn exit(code: i32) -> ! {
    // SAFETY: _exit takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// exit(2): the end of this task alone.
pub fn exit_thread(code: i32) -> ! {
    // SAFETY: SYS_exit takes a number; nothing of this thread is used by another one afterwards.
    unsafe { libc::syscall(libc::SYS_exit, code) };
    unreachable!("SYS_exit returned")
}

pub fn pid() -> pid_t {
    // SAFETY: getpid takes nothing and cannot fail.
    unsafe { libc::getpid() }
}

pub fn parent() -> pid_t {
    // SAFETY: getppid takes nothing and cannot fail.
    unsafe { libc::getppid() }
}

/// The task's own number.
pub fn tid() -> pid_t {
    // SAFETY: gettid takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// wait4(2): the PID and the status word.
pub fn wait_with(pid: pid_t, options: c_int) -> (pid_t, c_int) {
    let mut status = 0;
    // SAFETY: `status` is a live int, and waitpid writes nothing else.
    let answer = unsafe { libc::waitpid(pid, &raw mut status, options) };
    (done("waitpid", answer), status)
}

/// The status word of a child that has ended.
pub fn wait(pid: pid_t) -> c_int {
    wait_with(pid, 0).1
}

/// Asserts that a child ended with this exit code.
pub fn expect_exit(pid: pid_t, code: i32) {
    let status = wait(pid);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == code, "status word {status:#x}");
}

/// Asserts that a child was killed by this signal.
pub fn expect_kill(pid: pid_t, signal: i32) {
    let status = wait(pid);
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == signal, "status word {status:#x}");
}

pub fn kill(pid: pid_t, signal: i32) {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    done("kill", unsafe { libc::kill(pid, signal) });
}

/// write(2), once; how many bytes it took.
pub fn write(fd: c_int, bytes: &[u8]) -> usize {
    // SAFETY: the bytes are alive, and the length is theirs.
    let count = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    done("write", count as i64) as usize
}

/// One write to standard output.
pub fn say(text: &str) {
    assert_eq!(write(1, text.as_bytes()), text.len());
}

/// read(2) of one byte: the answer and errno.
pub fn read_byte(fd: c_int) -> (isize, i32) {
    let mut byte = 0u8;
    // SAFETY: `byte` is alive and one byte long.
    let answer = unsafe { libc::read(fd, (&raw mut byte).cast(), 1) };
    (answer, errno())
}

pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// pipe(2): the read end and the write end.
pub fn pipe() -> (c_int, c_int) {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for two descriptors.
    done("pipe", unsafe { libc::pipe(ends.as_mut_ptr()) });
    (ends[0], ends[1])
}

pub fn close(fd: c_int) {
    // SAFETY: modes close descriptors that they made, or one of the three that they were given.
    done("close", unsafe { libc::close(fd) });
}

pub fn dup2(from: c_int, to: c_int) {
    // SAFETY: dup2 takes two numbers.
    done("dup2", unsafe { libc::dup2(from, to) });
}

/// open(2).
pub fn open(path: &str, flags: c_int) -> c_int {
    done("open", try_open(path, flags))
}

/// open(2), which may fail.
pub fn try_open(path: &str, flags: c_int) -> c_int {
    let path = CString::new(path).expect("a path without NUL");
    // SAFETY: the path ends with NUL; the mode is an int, as the flags with O_CREAT demand.
    unsafe { libc::open(path.as_ptr(), flags, 0o644 as c_int) }
}

/// This very program. Asked for at the start: when the leader has ended, /proc/self no longer tells.
pub fn own_program() -> &'static CStr {
    static OWN: OnceLock<CString> = OnceLock::new();
    OWN.get_or_init(|| {
        let own = std::env::current_exe().expect("/proc is there");
        CString::new(own.to_str().expect("a UTF-8 path")).expect("a path without NUL")
    })
}

/// execv(2) of this very program in another mode; returns only if it failed.
pub fn become_specimen(args: &[&str]) {
    let own = own_program();
    let args: Vec<CString> =
        [&["specimen"], args].concat().iter().map(|arg| CString::new(*arg).expect("no NUL")).collect();
    let argv: Vec<_> = args.iter().map(|arg| arg.as_ptr()).chain([ptr::null()]).collect();
    // SAFETY: the path ends with NUL, and the vector of strings with a null pointer.
    unsafe { libc::execv(own.as_ptr(), argv.as_ptr()) };
}

/// Zeroes that all processes share.
pub fn shared_numbers(count: usize) -> &'static [AtomicI32] {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let numbers = unsafe { libc::mmap(ptr::null_mut(), count * 4, protection, flags, -1, 0) };
    assert_ne!(numbers, libc::MAP_FAILED);
    // SAFETY: the mapping holds `count` zeroes, is aligned to a page, and is never unmapped.
    unsafe { std::slice::from_raw_parts(numbers.cast(), count) }
}

/// Sleeps until a signal comes.
pub fn pause() -> i32 {
    // SAFETY: pause takes nothing.
    unsafe { libc::pause() };
    errno()
}

/// Sleeps for ever.
pub fn pause_for_ever() -> ! {
    loop {
        pause();
    }
}

/// sigaction(2) with a handler, or SIG_DFL, or SIG_IGN.
pub fn on_signal(signal: c_int, handler: libc::sighandler_t, flags: c_int) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero bytes are a valid sigaction with an empty mask.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: `action` is initialised, and every handler here makes async-signal-safe calls only.
    done("sigaction", unsafe { libc::sigaction(signal, action, ptr::null_mut()) });
}

/// A handler that does nothing but interrupt.
pub fn nothing() -> libc::sighandler_t {
    extern "C" fn nothing(_: c_int) {}
    let handler: extern "C" fn(c_int) = nothing;
    handler as libc::sighandler_t
}

/// Does `what` with a signal blocked.
pub fn blocking(signal: c_int, what: impl FnOnce()) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    let mut old = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that it is given.
    done("sigemptyset", unsafe { libc::sigemptyset(set.as_mut_ptr()) });
    // SAFETY: the set is initialised by now.
    done("sigaddset", unsafe { libc::sigaddset(set.as_mut_ptr(), signal) });
    // SAFETY: one set is initialised, and there is room for the other.
    done("sigprocmask", unsafe { libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), old.as_mut_ptr()) });
    what();
    // SAFETY: the old set was filled in above.
    done("sigprocmask", unsafe { libc::sigprocmask(libc::SIG_SETMASK, old.as_ptr(), ptr::null_mut()) });
}

/// The first bytes of a file in /proc/PID, as text; empty if it is gone.
pub fn proc_text(pid: pid_t, name: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default()
}

/// A task's state letter, `X` if it is gone.
pub fn state(pid: pid_t) -> char {
    let stat = proc_text(pid, "stat");
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('X')
}

/// Looks again and again, until it is so.
pub fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

/// Returns when a task sleeps in this system call.
pub fn until_asleep_in(pid: pid_t, number: libc::c_long) {
    let number = number.to_string();
    until(|| state(pid) == 'S' && proc_text(pid, "syscall").split_whitespace().next() == Some(&number));
}

/// Tells somebody outside of the run who waits at the other end of a FIFO.
pub fn tell(fifo: &str) {
    std::fs::write(fifo, pid().to_string()).expect("the FIFO is there");
}

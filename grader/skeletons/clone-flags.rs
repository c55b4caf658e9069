//! clone-flags: "thread" is a dial, not a switch. What is asked for stands in README.md, beside this `src`.

use std::arch::asm;
use std::env;
use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{IntoRawFd, RawFd};
use std::path::Path;
use std::process::ExitCode;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// A word of memory. The child makes it 2.
static WORD: AtomicI32 = AtomicI32::new(1);

/// For CLONE_CHILD_CLEARTID: 1 until the child, if it is a thread, is gone. Then the kernel stores 0, and wakes who
/// sleeps on it.
static ALIVE: AtomicU32 = AtomicU32::new(1);

fn main() -> ExitCode {
    let letters = env::args().nth(1).unwrap_or_default();
    match flags_of(&letters).and_then(try_out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clone-flags: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The flag word that the letters stand for.
fn flags_of(letters: &str) -> io::Result<c_int> {
    todo!("libc::CLONE_… for each of the letters in {letters:?}")
}

/// Makes the child, lets it change everything, and says what has changed here.
fn try_out(flags: c_int) -> io::Result<()> {
    // The number alone: an owner would close, in the end, what the child may have closed.
    let fd = File::open("/dev/null")?.into_raw_fd();
    start(flags, fd)?;
    // When is the child gone, for certain? README.md, "In Rust", shows how a thread is waited for.
    say("memory", WORD.load(Ordering::Relaxed) != 1);
    say("directory", env::current_dir()? == Path::new("/"));
    say("descriptors", !is_open(fd));
    say("handlers", is_ignored(libc::SIGUSR1)?);
    Ok(())
}

fn say(what: &str, changed: bool) {
    println!("{what}: {}", if changed { "changed" } else { "unchanged" });
}

/// A child with these flags, which runs [`change_everything`]; its number.
fn start(flags: c_int, fd: RawFd) -> io::Result<libc::pid_t> {
    let (run, stack): (extern "C" fn(*mut c_void) -> c_int, _) = (change_everything, stack_top());
    let (argument, word) = (ptr::without_provenance_mut::<c_void>(fd as usize), ALIVE.as_ptr());
    todo!(
        "clone {run:p} on {stack:p} with {flags:#x} and {argument:p}; for a thread, {word:p} is the last argument"
    )
}

/// Whether this process has such a descriptor. See fcntl(2).
fn is_open(fd: RawFd) -> bool {
    // SAFETY: F_GETFD takes a number, which may be no descriptor, and touches no memory.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Whether this process ignores a signal. See sigaction(2).
fn is_ignored(signal: c_int) -> io::Result<bool> {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call only stores the present one, and there is room for it.
    if unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, and has stored it.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

/// What the child does. Given: it may share its memory with a caller that runs on, and that memory holds what std and
/// libc keep for *one* thread, errno among it. So it makes system calls, and nothing else.
extern "C" fn change_everything(fd: *mut c_void) -> c_int {
    WORD.store(2, Ordering::Relaxed);
    let ignore = [libc::SIG_IGN, 0, 0, 0];
    // SAFETY: "/" ends with a NUL.
    unsafe { call(libc::SYS_chdir, [c"/".as_ptr().addr(), 0, 0, 0]) };
    // SAFETY: a number.
    unsafe { call(libc::SYS_close, [fd.addr(), 0, 0, 0]) };
    // SAFETY: the kernel's sigaction: a handler, flags, a restorer, and 8 bytes of mask. It lives until the call is over.
    unsafe { call(libc::SYS_rt_sigaction, [libc::SIGUSR1 as usize, ignore.as_ptr().addr(), 0, 8]) };
    // clone's wrapper makes _exit(0) of it, for this task alone.
    0
}

/// A system call without libc, which would store what went wrong in errno.
///
/// # Safety
/// As the call says.
unsafe fn call(number: c_long, [a, b, c, d]: [usize; 4]) -> isize {
    let answer;
    // SAFETY: the caller's promise; the instruction overwrites rcx and r11.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
             lateout("rcx") _, lateout("r11") _, options(nostack))
    };
    answer
}

/// The top of a stack of 64 KiB, which is never freed: the child may still be on it. Stacks grow downwards.
fn stack_top() -> *mut c_void {
    let stack: &'static mut [u128] = Box::leak(vec![0; 4096].into_boxed_slice());
    stack.as_mut_ptr_range().end.cast()
}

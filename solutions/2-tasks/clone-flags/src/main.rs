//! clone-flags: "thread" is a dial, not a switch.
//!
//! fork copies the caller's memory, its working directory, its descriptor table and its signal handlers; pthread_create
//! shares them all. Both are one call, clone, and each of the four is a bit of its flag word. Here a child changes all
//! four, and the parent looks which of the changes it sees.

use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
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

/// 1 until the child, if it is a thread, is gone: then the kernel stores 0, and wakes who sleeps on it.
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
    letters.chars().try_fold(0, |flags, letter| match letter {
        'v' => Ok(flags | libc::CLONE_VM),
        'f' => Ok(flags | libc::CLONE_FS),
        'd' => Ok(flags | libc::CLONE_FILES),
        's' => Ok(flags | libc::CLONE_SIGHAND),
        't' => Ok(flags | libc::CLONE_THREAD | libc::CLONE_CHILD_CLEARTID),
        other => Err(io::Error::other(format!("there is no letter {other}"))),
    })
}

/// Makes the child, lets it change everything, and says what has changed here.
fn try_out(flags: c_int) -> io::Result<()> {
    // The number alone: an owner would close, in the end, what the child may have closed.
    let fd = File::open("/dev/null")?.into_raw_fd();
    let child = start(flags, fd)?;
    wait_until_gone(child, flags)?;
    say("memory", WORD.load(Ordering::Relaxed) != 1);
    say("directory", env::current_dir()? == Path::new("/"));
    say("descriptors", !is_open(fd));
    say("handlers", is_ignored(libc::SIGUSR1)?);
    Ok(())
}

fn say(what: &str, changed: bool) {
    println!("{what}: {}", if changed { "changed" } else { "unchanged" });
}

/// A child with these flags, which runs [`change_everything`].
fn start(flags: c_int, fd: RawFd) -> io::Result<Pid> {
    // A thread's end is told by its word; a process's by a signal, or nobody could wait for it.
    let signal = if flags & libc::CLONE_THREAD == 0 { libc::SIGCHLD } else { 0 };
    let (stack, argument) = (stack_top(), ptr::without_provenance_mut(fd as usize));
    let (unused, word) = (ptr::null_mut::<c_void>(), ALIVE.as_ptr());
    // SAFETY: the stack is the child's alone and is never freed, `word` lives for ever, and the function makes nothing
    // but system calls.
    match unsafe { libc::clone(change_everything, stack, flags | signal, argument, unused, unused, word) } {
        -1 => Err(io::Error::other(format!("cannot clone: {}", io::Error::last_os_error()))),
        child => Ok(Pid::from_raw(child)),
    }
}

/// Sleeps until the child is gone: a process is waited for, a thread has the kernel clear a word.
fn wait_until_gone(child: Pid, flags: c_int) -> nix::Result<()> {
    if flags & libc::CLONE_THREAD != 0 {
        while ALIVE.load(Ordering::Acquire) != 0 {
            // SAFETY: the word is a live one. That it is 0 already, or a signal has come, is seen by the loop.
            unsafe {
                libc::syscall(libc::SYS_futex, ALIVE.as_ptr(), libc::FUTEX_WAIT, 1, ptr::null::<c_void>())
            };
        }
        return Ok(());
    }
    loop {
        match waitpid(child, None) {
            Err(Errno::EINTR) => {}
            answer => return answer.map(drop),
        }
    }
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

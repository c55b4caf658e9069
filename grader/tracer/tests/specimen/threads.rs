//! Threads made by hand: a stack with a guard page, and a join that sleeps in futex.

use crate::kernel::*;
use libc::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const GUARD: usize = 4096;
const STACK: usize = 16 * GUARD;

/// The thread's number, until it is gone.
static WORD: AtomicU32 = AtomicU32::new(0);

/// A block of its own, for a thread that gets one: its first word leads to itself.
static BLOCK: [AtomicU64; 32] = [const { AtomicU64::new(0) }; 32];

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("thread_by_hand", [what]) => thread_by_hand(what),
        ("thread_refused", []) => {
            let (_, answer) = start(0, idle, ptr::null_mut());
            assert_eq!((answer, errno()), (-1, libc::EAGAIN));
        }
        _ => return None,
    }
    Some(0)
}

fn thread_by_hand(what: &str) {
    let block = BLOCK.as_ptr().cast_mut().cast::<c_void>();
    let (more, run): (c_int, extern "C" fn(*mut c_void) -> c_int) = match what {
        "idle" => (0, idle),
        "block" => {
            // SAFETY: the block has room for it, and nobody else uses it.
            unsafe { block.cast::<*mut c_void>().write(block) };
            (libc::CLONE_SETTLS, idle)
        }
        "below" => (0, touches),
        other => panic!("no thread that is {other}"),
    };
    let (stack, tid) = start(more, run, block);
    done("clone", tid);
    loop {
        let seen = WORD.load(Ordering::Acquire);
        if seen == 0 {
            break;
        }
        let no_timeout = ptr::null::<c_void>();
        // SAFETY: the word is alive for ever.
        unsafe { libc::syscall(libc::SYS_futex, WORD.as_ptr(), libc::FUTEX_WAIT, seen, no_timeout) };
    }
    // SAFETY: the thread is gone.
    done("munmap", unsafe { libc::munmap(stack, GUARD + STACK) });
}

/// A thread with these flags more; its stack, and what clone answered. It gets the first address of its stack.
fn start(more: c_int, run: extern "C" fn(*mut c_void) -> c_int, block: *mut c_void) -> (*mut c_void, c_int) {
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping, where the kernel likes.
    let stack = unsafe { libc::mmap(ptr::null_mut(), GUARD + STACK, libc::PROT_NONE, kind, -1, 0) };
    assert_ne!(stack, libc::MAP_FAILED);
    let usable = stack.wrapping_byte_add(GUARD);
    // SAFETY: part of the new mapping.
    done("mprotect", unsafe { libc::mprotect(usable, STACK, libc::PROT_READ | libc::PROT_WRITE) });
    let shared = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND;
    let words = libc::CLONE_PARENT_SETTID | libc::CLONE_CHILD_CLEARTID;
    let flags = shared | libc::CLONE_THREAD | words | more;
    let top = usable.wrapping_byte_add(STACK);
    // SAFETY: the stack is the thread's alone, and what it runs uses no thread-local data.
    (stack, unsafe { libc::clone(run, top, flags, usable, WORD.as_ptr(), block, WORD.as_ptr()) })
}

extern "C" fn idle(_: *mut c_void) -> c_int {
    0
}

/// Writes to the last word of the guard page.
extern "C" fn touches(usable: *mut c_void) -> c_int {
    // SAFETY: none; that is what it is for. Nobody's memory is there, and a signal comes of it.
    unsafe { usable.cast::<u64>().wrapping_sub(1).write_volatile(1) };
    0
}

//! raw-thread: join is a futex.
//!
//! A thread by hand: a stack with a guard page below it, clone with the flags of a POSIX thread, and a join that sleeps
//! on the word which the kernel clears when the thread is gone. Only then is the stack given back.

use std::env;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What a thread can write to, in bytes.
const STACK: usize = 256 * 1024;

/// What nobody can touch, below it: a page.
const GUARD: usize = 4096;

/// What pthread_create asks for, but for CLONE_SETTLS: these threads do without a TLS block of their own.
const POSIX_THREAD: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

fn main() -> ExitCode {
    match sums(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("raw-thread: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A thread for each number, all of them at once; then their results, in order.
fn sums(numbers: impl Iterator<Item = String>) -> io::Result<()> {
    let mut threads = Vec::new();
    for number in numbers {
        let number: u64 = number.parse().map_err(io::Error::other)?;
        threads.push((number, spawn(sum, number)?));
    }
    for (number, thread) in threads {
        println!("{number}: {}", thread.join());
    }
    Ok(())
}

/// 1 + 2 + … + n, for n below 4096, by a table of 32 KiB on the stack. It uses nothing of std or libc that needs a TLS
/// block.
fn sum(n: u64) -> u64 {
    let mut table = [0; 4096];
    for (number, entry) in table.iter_mut().enumerate() {
        *entry = number as u64;
    }
    black_box(&table).iter().take_while(|number| **number <= n).sum()
}

/// What a thread and whoever joins it have in common.
struct Block {
    /// The thread's number, stored by the kernel before clone returns. 0 when it is gone, which the kernel stores, too.
    tid: AtomicU32,
    run: fn(u64) -> u64,
    argument: u64,
    result: AtomicU64,
}

/// A running thread. Whoever drops it waits for it, so that its stack is nobody's when it goes.
struct Thread {
    block: Arc<Block>,
    /// Unmapped when the wait is over: fields are dropped after [`Thread::drop`].
    _stack: Stack,
}

/// Runs a function in a thread of its own.
fn spawn(run: fn(u64) -> u64, argument: u64) -> io::Result<Thread> {
    let stack = Stack::map()?;
    let block = Arc::new(Block { tid: AtomicU32::new(0), run, argument, result: AtomicU64::new(0) });
    let (shared, word) = (Arc::as_ptr(&block).cast_mut().cast(), block.tid.as_ptr());
    let no_tls = ptr::null_mut::<c_void>();
    // SAFETY: stack and block are the thread's until it is gone: their owner waits for that before it drops them. What
    // `begin` runs does without a TLS block.
    match unsafe { libc::clone(begin, stack.top(), POSIX_THREAD, shared, word, no_tls, word) } {
        -1 => Err(io::Error::other(format!("cannot clone: {}", io::Error::last_os_error()))),
        _ => Ok(Thread { block, _stack: stack }),
    }
}

/// The thread's first function. When it returns, clone's wrapper ends the thread, and only that.
extern "C" fn begin(block: *mut c_void) -> c_int {
    // SAFETY: `spawn` gives a block, which is alive until this thread is gone.
    let block = unsafe { &*block.cast::<Block>() };
    block.result.store((block.run)(block.argument), Ordering::Relaxed);
    0
}

impl Thread {
    /// Waits until the thread is gone; what it has computed.
    fn join(self) -> u64 {
        self.wait();
        self.block.result.load(Ordering::Relaxed)
    }

    /// Sleeps until the kernel has cleared the word.
    fn wait(&self) {
        loop {
            // Acquire: whoever sees the 0 sees all that the thread has stored.
            let tid = self.block.tid.load(Ordering::Acquire);
            if tid == 0 {
                return;
            }
            let no_timeout = ptr::null::<c_void>();
            // Not FUTEX_PRIVATE: the kernel's wake at a thread's end is not, and would find nobody.
            // SAFETY: the word is alive. That the call returns early, or at once because the word has changed, the loop sees.
            unsafe {
                libc::syscall(libc::SYS_futex, self.block.tid.as_ptr(), libc::FUTEX_WAIT, tid, no_timeout)
            };
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.wait();
    }
}

/// A stack, by the first address of its mapping. The guard page is at its lower end, where a stack runs over.
struct Stack(*mut c_void);

impl Stack {
    fn map() -> io::Result<Stack> {
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new mapping, where the kernel likes.
        let start = unsafe { libc::mmap(ptr::null_mut(), GUARD + STACK, libc::PROT_NONE, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::other(format!("cannot map a stack: {}", io::Error::last_os_error())));
        }
        let stack = Stack(start);
        let usable = start.wrapping_byte_add(GUARD);
        // SAFETY: these bytes are part of the new mapping, which nobody uses yet.
        match unsafe { libc::mprotect(usable, STACK, libc::PROT_READ | libc::PROT_WRITE) } {
            0 => Ok(stack),
            _ => Err(io::Error::other(format!("cannot open a stack: {}", io::Error::last_os_error()))),
        }
    }

    /// Where a thread begins: above the last byte.
    fn top(&self) -> *mut c_void {
        self.0.wrapping_byte_add(GUARD + STACK)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping is this stack's alone, and no task is on it: a thread's owner has waited for its end.
        let unmapped = unsafe { libc::munmap(self.0, GUARD + STACK) };
        assert_eq!(unmapped, 0, "a mapping of one's own can be unmapped");
    }
}

//! raw-thread: join is a futex. What is asked for stands in README.md, beside this `src`.

use std::env;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What a thread can write to, in bytes.
const STACK: usize = 256 * 1024;

/// What nobody can touch, below it: a page.
const GUARD: usize = 4096;

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

/// 1 + 2 + … + n, for n below 4096, by a table of 32 KiB on the stack. Given: your threads have their creator's TLS block,
/// so what they run uses nothing of std or libc that needs one.
fn sum(n: u64) -> u64 {
    let mut table = [0; 4096];
    for (number, entry) in table.iter_mut().enumerate() {
        *entry = number as u64;
    }
    black_box(&table).iter().take_while(|number| **number <= n).sum()
}

/// What a thread and whoever joins it have in common.
struct Block {
    /// For CLONE_PARENT_SETTID and CLONE_CHILD_CLEARTID: the thread's number, and 0 when it is gone.
    tid: AtomicU32,
    run: fn(u64) -> u64,
    argument: u64,
    result: AtomicU64,
}

/// A running thread.
struct Thread {
    block: Arc<Block>,
    // What else must live as long as the thread does, and go when that is gone?
}

/// Runs a function in a thread of its own.
fn spawn(run: fn(u64) -> u64, argument: u64) -> io::Result<Thread> {
    let block = Arc::new(Block { tid: AtomicU32::new(0), run, argument, result: AtomicU64::new(0) });
    start(&block)?;
    Ok(Thread { block })
}

/// Maps a stack, and begins a thread on it.
fn start(block: &Arc<Block>) -> io::Result<()> {
    let begin: extern "C" fn(*mut c_void) -> c_int = begin;
    let (shared, word) = (Arc::as_ptr(block), block.tid.as_ptr());
    todo!("map {GUARD} + {STACK} bytes, and clone: {begin:p} gets {shared:p}, and {word:p} is both words")
}

/// The thread's first function. When it returns, clone's wrapper ends the thread, and only that.
extern "C" fn begin(block: *mut c_void) -> c_int {
    // SAFETY: `spawn` gives a block, which must be alive until this thread is gone.
    let block = unsafe { &*block.cast::<Block>() };
    block.result.store((block.run)(block.argument), Ordering::Relaxed);
    0
}

impl Thread {
    /// Waits until the thread is gone; what it has computed.
    fn join(self) -> u64 {
        todo!("sleep until {:p} is 0, unmap the stack, and return the result", self.block.tid.as_ptr())
    }
}

//! tls: %fs:0 points to itself.
//!
//! Threads by hand, as in raw-thread, each with a control block of its own. CLONE_SETTLS makes the block's address the
//! thread pointer, the base of fs. The block's first word is its own address, as the ABI has it, and behind that lies a
//! variable that each thread has for itself: one instruction reads it, and no other thread can mean it by that.

use std::arch::asm;
use std::env;
use std::ffi::{c_int, c_void};
use std::io;
use std::mem::offset_of;
use std::process::ExitCode;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A page. Each of the two guards is one, and so is the place for the block.
const PAGE: usize = 4096;

/// What a thread can write to as its stack, in bytes.
const STACK: usize = 256 * 1024;

/// A guard, the block, a guard, the stack: in this order, for the one is needed below the block, and the other below the
/// stack.
const MAPPING: usize = 3 * PAGE + STACK;

/// What pthread_create asks for.
const FLAGS: c_int = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

fn main() -> ExitCode {
    match sums(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tls: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A thread for each number, all of them at once; then their results, in order.
fn sums(numbers: impl Iterator<Item = String>) -> io::Result<()> {
    let mut threads = Vec::new();
    for number in numbers {
        let number: u64 = number.parse().map_err(io::Error::other)?;
        threads.push((number, spawn(number)?));
    }
    for (number, thread) in threads {
        println!("{number}: {}", thread.join());
    }
    Ok(())
}

/// A thread's control block.
#[repr(C)]
struct Block {
    /// Its own address, where the ABI puts it: at %fs:0.
    this: *mut Block,
    /// The thread's own variable.
    total: u64,
    /// The thread's number, stored by the kernel before clone returns. 0 when it is gone, which the kernel stores, too.
    tid: AtomicU32,
    number: u64,
}

/// Adds to the calling thread's own total: one instruction, which no signal handler of this thread can come between.
fn add(number: u64) {
    // SAFETY: in a thread of `spawn` fs leads to its block, and nobody else looks at the total before the thread is gone.
    unsafe {
        asm!("add fs:[{total}], {}", in(reg) number, total = const offset_of!(Block, total), options(nostack))
    };
}

/// The calling thread's own block. No instruction adds the base of fs to an address: hence the first word.
fn own_block() -> *mut Block {
    let block;
    // SAFETY: in a thread of `spawn` fs leads to its block, whose first word is its address.
    unsafe { asm!("mov {}, fs:[0]", out(reg) block, options(nostack, preserves_flags, readonly)) };
    block
}

/// The thread's first function. When it returns, clone's wrapper ends the thread, and only that. It uses nothing of std or
/// libc that needs thread-local variables: there are none below this thread's pointer.
extern "C" fn begin(_: *mut c_void) -> c_int {
    let block = own_block();
    // SAFETY: the block is alive until this thread is gone, and nobody writes to its number.
    let last = unsafe { (*block).number };
    for number in 1..=last {
        add(number);
    }
    0
}

/// A running thread. Whoever drops it waits for it, so that its memory is nobody's when it goes.
struct Thread(Memory);

/// Adds up all numbers up to this one, in a thread of its own.
fn spawn(number: u64) -> io::Result<Thread> {
    let memory = Memory::map()?;
    let block = memory.block();
    let new = Block { this: block, total: 0, tid: AtomicU32::new(0), number };
    // SAFETY: there is room for a block, and nobody uses it yet.
    unsafe { block.write(new) };
    // SAFETY: it has just been written.
    let word = unsafe { &(*block).tid }.as_ptr();
    let no_argument = ptr::null_mut();
    // SAFETY: the memory is the thread's until it is gone: its owner waits for that before it drops it.
    match unsafe { libc::clone(begin, memory.stack_top(), FLAGS, no_argument, word, block, word) } {
        -1 => Err(io::Error::other(format!("cannot clone: {}", io::Error::last_os_error()))),
        _ => Ok(Thread(memory)),
    }
}

impl Thread {
    /// Waits until the thread is gone; what it has added up.
    fn join(self) -> u64 {
        self.wait();
        // SAFETY: the thread is gone, and the block is not yet.
        unsafe { (*self.0.block()).total }
    }

    /// Sleeps until the kernel has cleared the word.
    fn wait(&self) {
        // SAFETY: `spawn` has written the block, and it goes with the memory.
        let word = unsafe { &(*self.0.block()).tid };
        loop {
            // Acquire: whoever sees the 0 sees all that the thread has stored.
            let tid = word.load(Ordering::Acquire);
            if tid == 0 {
                return;
            }
            let no_timeout = ptr::null::<c_void>();
            // SAFETY: the word is alive. That the call returns early, or at once because the word has changed, the loop sees.
            unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, tid, no_timeout) };
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.wait();
    }
}

/// A thread's memory, by its first address.
struct Memory(*mut c_void);

impl Memory {
    fn map() -> io::Result<Memory> {
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new mapping, where the kernel likes.
        let start = unsafe { libc::mmap(ptr::null_mut(), MAPPING, libc::PROT_NONE, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::other(format!("cannot map memory: {}", io::Error::last_os_error())));
        }
        let memory = Memory(start);
        memory.open(PAGE, PAGE)?;
        memory.open(3 * PAGE, STACK)?;
        Ok(memory)
    }

    /// Lets a part of it be read and written.
    fn open(&self, offset: usize, length: usize) -> io::Result<()> {
        let start = self.0.wrapping_byte_add(offset);
        // SAFETY: a part of the mapping, which nobody uses yet.
        match unsafe { libc::mprotect(start, length, libc::PROT_READ | libc::PROT_WRITE) } {
            0 => Ok(()),
            _ => Err(io::Error::other(format!("cannot open memory: {}", io::Error::last_os_error()))),
        }
    }

    /// Where the block is: right above the lower guard.
    fn block(&self) -> *mut Block {
        self.0.wrapping_byte_add(PAGE).cast()
    }

    /// Where the stack begins: above its last byte.
    fn stack_top(&self) -> *mut c_void {
        self.0.wrapping_byte_add(MAPPING)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is this thread's alone, and the thread is gone, or was never there.
        let unmapped = unsafe { libc::munmap(self.0, MAPPING) };
        assert_eq!(unmapped, 0, "a mapping of one's own can be unmapped");
    }
}

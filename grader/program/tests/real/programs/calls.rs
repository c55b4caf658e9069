//! Makes system calls in many ways. A line that makes one says so in its
//! comment, in the words that it writes: that is how the test finds it.

use std::arch::{asm, global_asm};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    fn write(fd: i32, bytes: *const u8, count: usize) -> isize;
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn raise(number: i32) -> i32;
    fn bare_write(fd: i32, bytes: *const u8, count: usize) -> isize;
}

// No call frame information, no frame pointer, nothing pushed.
global_asm!(".text", ".global bare_write", "bare_write:", "mov eax, 1", "syscall", "ret");

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

#[inline(never)]
fn raw(text: &str) {
    assert!(unsafe { write(1, text.as_ptr(), text.len()) } > 0); // by a function of ours
}

#[inline(always)]
fn inlined() {
    let text = "by an inlined function\n";
    assert!(unsafe { write(1, text.as_ptr(), text.len()) } > 0); // by an inlined function
}

#[inline(never)]
fn around() {
    inlined(); // calls the inlined function
}

#[inline(never)]
fn deep(levels: u32) {
    let mut room = [levels; 8];
    std::hint::black_box(&mut room);
    if levels == 0 {
        println!("at the bottom"); // at the bottom
    } else {
        deep(levels - 1);
    }
    std::hint::black_box(&room);
}

extern "C" fn handler(_: i32) {
    INTERRUPTED.store(true, Ordering::Relaxed);
    let text = "in a handler\n";
    assert!(unsafe { write(1, text.as_ptr(), text.len()) } > 0); // in a handler
}

#[inline(never)]
fn without_libc() {
    let text = "without libc\n";
    unsafe {
        asm!( // without libc
            "syscall",
            inlateout("rax") 1usize => _, in("rdi") 1, in("rsi") text.as_ptr(), in("rdx") text.len(),
            out("rcx") _, out("r11") _,
        );
    }
}

#[inline(never)]
fn bare() {
    let text = "without a frame\n";
    assert!(unsafe { bare_write(1, text.as_ptr(), text.len()) } > 0); // without a frame
}

fn never_returns() -> ! {
    unimplemented!("never returns"); // never returns
}

fn main() {
    println!("by println"); // by println
    print!("in two parts, ");
    println!("sent at once"); // in two parts, sent at once
    eprintln!("on stderr"); // on stderr
    std::io::stdout().write_all(b"by write_all\n").unwrap(); // by write_all
    raw("by a function of ours\n");
    around();
    deep(20);
    [1].iter().map(|_| println!("in a closure")).for_each(drop); // in a closure
    std::thread::spawn(|| println!("in a thread")).join().unwrap(); // in a thread
    without_libc();
    bare();
    unsafe { signal(10, handler) };
    unsafe { raise(10) }; // raises a signal
    let child = unsafe { fork() }; // forks
    if child == 0 {
        println!("in the child"); // in the child
        return;
    }
    unsafe { waitpid(child, std::ptr::null_mut(), 0) }; // waits
    never_returns();
}

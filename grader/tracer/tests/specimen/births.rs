//! Ways to come into being: threads, forks, clones, execs.

use crate::kernel::*;
use libc::{c_long, pid_t};
use std::arch::asm;
use std::ptr;

const CLONE_PARENT: u64 = libc::CLONE_PARENT as u64;
const CLONE_UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
const SIGCHLD: u64 = libc::SIGCHLD as u64;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("exit", [code]) => return Some(code.parse().expect("a code")),
        ("four_threads", []) => four_threads(),
        ("exec_by_thread", []) => exec_by_thread(),
        ("vfork", []) => vfork(),
        ("posix_spawn", []) => posix_spawn(),
        ("clone_like_fork", []) => expect_exit(clone_like_fork(SIGCHLD), 5),
        ("clone_with_memory", []) => clone_with_memory(),
        ("clone3", []) => expect_exit(clone3(0, SIGCHLD), 5),
        ("clone_parent", [call]) => clone_parent(call),
        ("sibling_of_root", []) => drop(clone_like_fork(CLONE_PARENT)),
        ("untraced", [call, parents @ ..]) => untraced(call, !parents.is_empty()),
        ("read_only_clone3", []) => read_only_clone3(),
        ("children", [count]) => children(count.parse().expect("a count")),
        ("orphan", []) => orphan(),
        ("daemon", []) => daemon(),
        ("subreaper", [reaps]) => subreaper(*reaps == "reaps"),
        ("bomb", [kind]) => bomb(kind),
        _ => return None,
    }
    Some(0)
}

/// Each thread leaves a descriptor open; the table is one.
fn four_threads() {
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| open("/dev/null", libc::O_RDONLY))).collect();
    for thread in threads {
        let fd = thread.join().expect("the thread ends");
        // SAFETY: fcntl(F_GETFD) takes numbers only.
        done("fcntl", unsafe { libc::fcntl(fd, libc::F_GETFD) });
    }
}

/// A thread becomes another program while the leader and a third thread sleep.
fn exec_by_thread() {
    let (sleeper, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        sleeper.send(tid()).expect("the leader listens");
        pause_for_ever()
    });
    let sleeper = told.recv().expect("the thread tells its number");
    let leader = pid();
    let execer = std::thread::spawn(move || {
        until_asleep_in(sleeper, libc::SYS_pause);
        until_asleep_in(leader, libc::SYS_futex);
        become_specimen(&["exit", "3"]);
    });
    execer.join().expect("the thread does not come back");
}

/// vfork(2), in one piece of assembly: the child borrows the stack, so it must not return.
fn vfork() {
    expect_exit(vfork_exec(own_program()), 3);
    expect_exit(vfork_exec(c"/nowhere/at/all"), 127);
}

pub fn vfork_exec(path: &std::ffi::CStr) -> pid_t {
    let argv = [c"specimen".as_ptr(), c"exit".as_ptr(), c"3".as_ptr(), ptr::null()];
    let env = [ptr::null::<libc::c_char>()];
    let pid: i64;
    // SAFETY: the child touches registers only, execs or exits, and the parent sleeps until then. The strings
    // end with NUL and the vectors with a null pointer.
    unsafe {
        asm!(
            "mov eax, {vfork}",
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "mov eax, {execve}",
            "syscall",
            "mov edi, 127",
            "mov eax, {exit}",
            "syscall",
            "2:",
            vfork = const libc::SYS_vfork,
            execve = const libc::SYS_execve,
            exit = const libc::SYS_exit_group,
            in("rdi") path.as_ptr(),
            in("rsi") argv.as_ptr(),
            in("rdx") env.as_ptr(),
            out("rax") pid,
            out("rcx") _,
            out("r11") _,
        )
    };
    done("vfork", pid) as pid_t
}

fn posix_spawn() {
    let argv = [
        c"specimen".as_ptr().cast_mut(),
        c"exit".as_ptr().cast_mut(),
        c"4".as_ptr().cast_mut(),
        ptr::null_mut(),
    ];
    let env = [ptr::null_mut()];
    let mut pid = 0;
    // SAFETY: the strings end with NUL and the vectors with a null pointer; the two optional arguments are null.
    let answer = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            own_program().as_ptr(),
            ptr::null(),
            ptr::null(),
            argv.as_ptr(),
            env.as_ptr(),
        )
    };
    assert_eq!(answer, 0, "posix_spawn");
    expect_exit(pid, 4);
}

/// The clone system call with copied memory; the child exits with 5, or with 99 if its registers were changed.
fn clone_like_fork(flags: u64) -> pid_t {
    let pid: i64;
    let left: u64;
    // SAFETY: without CLONE_VM this is fork: both tasks go on here, each with its own copy of everything.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") libc::SYS_clone => pid,
            inlateout("rdi") flags => left,
            in("rsi") 0,
            in("rdx") 0,
            in("r10") 0,
            in("r8") 0,
            out("rcx") _,
            out("r11") _,
        )
    };
    let intact = left == flags;
    if pid == 0 {
        exit(if intact { 5 } else { 99 });
    }
    assert!(intact, "flags {flags:#x} came back as {left:#x}");
    assert!(pid > 0, "clone: errno {}", -pid);
    pid as pid_t
}

/// A child that shares the memory and runs on a stack of its own.
fn clone_with_memory() {
    extern "C" fn adds_two(number: *mut libc::c_void) -> libc::c_int {
        // SAFETY: the parent keeps the number alive, and does not touch it until this task has ended.
        unsafe { *number.cast::<i32>() += 2 };
        6
    }
    let mut stack = vec![0u128; 4096];
    let mut number = 40;
    // SAFETY: the address lies at the end of `stack`, whose elements are aligned as a stack must be.
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) };
    // SAFETY: stack and number outlive the child, for it is waited for below.
    let pid = done("clone", unsafe {
        libc::clone(adds_two, top.cast(), libc::CLONE_VM | libc::SIGCHLD, (&raw mut number).cast())
    });
    expect_exit(pid, 6);
    assert_eq!(number, 42);
}

fn clone_args(flags: u64, exit_signal: u64) -> libc::clone_args {
    // SAFETY: all-zero bytes are valid clone_args.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags;
    args.exit_signal = exit_signal;
    args
}

/// The clone3 system call with copied memory; the child exits with 5, or with 99 if its arguments were changed.
fn clone3(flags: u64, exit_signal: u64) -> pid_t {
    let args = clone_args(flags, exit_signal);
    let pid = clone3_with(&raw const args);
    // SAFETY: `args` is alive; volatile, because the kernel's side may have changed what the compiler believes.
    let left = unsafe { (&raw const args.flags).read_volatile() };
    if pid == 0 {
        exit(if left == flags { 5 } else { 99 });
    }
    assert_eq!(left, flags, "flags of clone_args in the caller's memory");
    pid
}

fn clone3_with(args: *const libc::clone_args) -> pid_t {
    let size = size_of::<libc::clone_args>();
    // SAFETY: without CLONE_VM this is fork; `args` leads to live clone_args.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, args, size) };
    done("clone3", pid as c_long) as pid_t
}

fn clone_by(call: &str, flags: u64, exit_signal: u64) -> pid_t {
    match call {
        "clone" => clone_like_fork(flags | exit_signal),
        _ => clone3(flags, exit_signal),
    }
}

/// A child makes a sibling; both are the root's to reap.
fn clone_parent(call: &str) {
    let (read, write) = pipe();
    let child = child(|| {
        let sibling = clone_by(call, CLONE_PARENT, 0);
        write_number(write, sibling);
        0
    });
    let sibling = read_number(read);
    expect_exit(child, 0);
    expect_exit(sibling, 5);
}

/// Asks the kernel to hide a child from the tracer.
fn untraced(call: &str, as_sibling: bool) {
    if !as_sibling {
        expect_exit(clone_by(call, CLONE_UNTRACED, SIGCHLD), 5);
        return;
    }
    let (read, write) = pipe();
    let child = child(|| {
        let sibling = clone_by(call, CLONE_UNTRACED | CLONE_PARENT, 0);
        write_number(write, sibling);
        0
    });
    let sibling = read_number(read);
    expect_exit(child, 0);
    expect_exit(sibling, 5);
}

/// The same with arguments in memory that nobody can write to, a tracer included: a read-only shared mapping
/// of this program's own file, where 8 bytes happen to have the bit set.
fn read_only_clone3() {
    let file = open("args", libc::O_RDONLY);
    let size = size_of::<libc::clone_args>();
    // SAFETY: a new mapping at an address of the kernel's choice.
    let map = unsafe { libc::mmap(ptr::null_mut(), size, libc::PROT_READ, libc::MAP_SHARED, file, 0) };
    assert_ne!(map, libc::MAP_FAILED);
    // SAFETY: the mapping is `size` bytes long; without CLONE_VM this is fork.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, map, size) };
    match pid {
        0 => exit(5),
        -1 => assert_eq!(errno(), libc::ENOSYS),
        pid => expect_exit(pid as pid_t, 5),
    }
}

fn write_number(fd: i32, number: i32) {
    assert_eq!(write(fd, &number.to_ne_bytes()), 4);
}

fn read_number(fd: i32) -> i32 {
    let mut bytes = [0u8; 4];
    // SAFETY: `bytes` is alive and 4 bytes long.
    assert_eq!(unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), 4) }, 4);
    i32::from_ne_bytes(bytes)
}

/// They all end at the same moment: when the parent closes its end of a pipe.
fn children(count: i32) {
    let (gate, open_gate) = pipe();
    let mut codes = std::collections::HashMap::new();
    for number in 0..count {
        let pid = child(|| {
            close(open_gate);
            assert_eq!(read_byte(gate).0, 0);
            number % 251
        });
        codes.insert(pid, number % 251);
    }
    close(open_gate);
    for _ in 0..count {
        let (pid, status) = wait_with(-1, 0);
        assert!(libc::WIFEXITED(status), "status word {status:#x}");
        assert_eq!(codes.remove(&pid), Some(libc::WEXITSTATUS(status)));
    }
    // SAFETY: the status is not asked for.
    assert_eq!(unsafe { libc::waitpid(-1, ptr::null_mut(), 0) }, -1);
    assert_eq!(errno(), libc::ECHILD);
}

/// A grandchild whose parent ends first; the root outlives both.
fn orphan() {
    let (read, write) = pipe();
    let child = child(|| {
        let own = pid();
        child(|| {
            until(|| parent() != own);
            assert_eq!(self::write(write, b"!"), 1);
            5
        });
        0
    });
    close(write);
    expect_exit(child, 0);
    assert_eq!(read_byte(read).0, 1);
}

/// Two forks with a session in between; the root ends first.
fn daemon() {
    let root = pid();
    let middle = child(|| {
        // SAFETY: setsid takes nothing.
        done("setsid", unsafe { libc::setsid() });
        let own = pid();
        child(|| {
            until(|| parent() != own && matches!(state(root), 'Z' | 'X'));
            say("I am still here\n");
            7
        });
        0
    });
    expect_exit(middle, 0);
}

/// The root's child adopts orphans itself, and reaps them or does not.
fn subreaper(reaps: bool) {
    let adopter = child(|| {
        // SAFETY: this prctl takes numbers only.
        done("prctl", unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) });
        let own = pid();
        let (read, write) = pipe();
        let middle = child(|| {
            let orphan = child(|| {
                until(|| parent() == own);
                8
            });
            write_number(write, orphan);
            0
        });
        let orphan = read_number(read);
        expect_exit(middle, 0);
        if reaps {
            expect_exit(orphan, 8);
        } else {
            until(|| state(orphan) == 'Z');
        }
        0
    });
    expect_exit(adopter, 0);
}

/// Grows until somebody puts an end to it.
fn bomb(kind: &str) {
    loop {
        match kind {
            "processes" => drop(try_fork()),
            "threads" => drop(std::thread::Builder::new().spawn(|| pause_for_ever())),
            // Each ends as soon as it has made two others: nobody is ever there for long.
            _ => {
                if try_fork() != 0 && try_fork() != 0 {
                    exit(0);
                }
            }
        }
    }
}

fn try_fork() -> pid_t {
    // SAFETY: the copy does what its creator does.
    unsafe { libc::fork() }
}

//! Programs whose schedules are counted, and programs of which no such claim can be made.

use crate::births::vfork_exec;
use crate::kernel::*;
use libc::c_int;
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("fork_and_write", [count]) => fork_and_write(number(count)),
        ("waits_for_any", [count]) => waits_for_any(number(count)),
        ("fork_and_printf", [text]) => {
            fork_and_printf(if *text == "after" { c"Hello %d\n" } else { c"\nHello %d" })
        }
        ("reads_its_own_pipe", []) => reads_its_own_pipe(),
        ("looks_once", []) => looks_once(),
        ("pauses_too_late", []) => pauses_too_late(),
        ("says_when_a_child_has_ended", []) => says_when_a_child_has_ended(),
        ("asks_at_the_end", []) => asks_at_the_end(),
        ("kills_or_is_late", []) => kills_or_is_late(),
        ("sets_a_timer_and_pauses", []) => sets_a_timer_and_pauses(),
        ("sleeps_in_calls", [how]) => sleeps_in_calls(how),
        ("writes_and_reads", [file]) => writes_and_reads(file),
        ("is_woken_from_a_sleep", []) => is_woken_from_a_sleep(),
        ("sleeps_for_a_moment", []) => sleeps_for_a_moment(),
        ("fork_fails_badly", []) => fork_fails_badly(),
        ("reads_once", []) => reads_once(),
        ("race_to_create", [path]) => race_to_create(path),
        ("asks_in_a_loop", []) => asks_in_a_loop(),
        ("waits_or_goes_beyond", []) => waits_or_goes_beyond(),
        ("without_end", [how]) => without_end(how),
        ("beyond", [what]) => beyond(what),
        _ => return None,
    }
    Some(0)
}

fn number(text: &str) -> u8 {
    text.parse().expect("a small number")
}

/// Each round doubles the processes, and each writes the number of the round.
fn fork_and_write(count: u8) {
    for round in 0..count {
        fork();
        write(1, &[b'0' + round]);
    }
}

/// So many children, each reaped by whichever wait comes upon it.
fn waits_for_any(count: u8) {
    for _ in 0..count {
        child(|| 0);
    }
    for _ in 0..count {
        wait(-1);
    }
}

/// What C's buffer holds at a fork, both processes have.
fn fork_and_printf(format: &CStr) {
    for round in 0..3 {
        fork();
        // SAFETY: the format takes one int, and is given one.
        unsafe { libc::printf(format.as_ptr(), round as c_int) };
    }
    // SAFETY: exit takes a number; it writes what the buffer holds.
    unsafe { libc::exit(0) }
}

/// The child waits for the end of a pipe whose write end it holds itself; the parent waits for the child.
fn reads_its_own_pipe() {
    let (reads, _writes) = pipe();
    let child = child(|| {
        read_byte(reads);
        0
    });
    wait(child);
}

/// Two children make the same file; each says whether it is theirs.
fn race_to_create(path: &str) {
    let path = std::ffi::CString::new(path).expect("a name without NUL");
    for name in ["a", "b"] {
        child(|| {
            let flags = libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY;
            // SAFETY: the name is a string with its end.
            let fd = unsafe { libc::open(path.as_ptr(), flags, 0o600) };
            say(&format!("{name} {}\n", if fd >= 0 { "first" } else { "late" }));
            0
        });
    }
    wait(-1);
    wait(-1);
}

/// It asks for its child until that has ended.
fn asks_in_a_loop() {
    child(|| 0);
    while wait_with(-1, libc::WNOHANG).0 == 0 {}
    say("done\n");
}

/// If its child has not ended yet, it waits for it, and then for ever; otherwise it does what there is no model of.
fn waits_or_goes_beyond() {
    let (reads, _writes) = pipe();
    child(|| 0);
    if wait_with(-1, libc::WNOHANG).0 == 0 {
        wait(-1);
        read_byte(reads);
    }
    // SAFETY: setsid takes nothing.
    unsafe { libc::setsid() };
}

/// The parent looks once whether its child has ended. Both say who they are.
fn looks_once() {
    child(|| {
        say(&format!("child {}\n", pid()));
        0
    });
    say(&format!("parent {}\n", pid()));
    wait_with(-1, libc::WNOHANG);
}

/// Asks whether SIGCHLD has come, and sleeps if it has not; between the two it may come, and wakes nobody.
fn pauses_too_late() {
    static ENDED: AtomicBool = AtomicBool::new(false);
    extern "C" fn note(_: c_int) {
        ENDED.store(true, Ordering::Relaxed);
    }
    let handler: extern "C" fn(c_int) = note;
    on_signal(libc::SIGCHLD, handler as libc::sighandler_t, 0);
    let child = child(|| 0);
    if !ENDED.load(Ordering::Relaxed) {
        pause();
    }
    wait(child);
}

/// Handles a child's end, and says something twice after it was reaped.
fn says_when_a_child_has_ended() {
    extern "C" fn note(_: c_int) {
        say("!");
    }
    let handler: extern "C" fn(c_int) = note;
    on_signal(libc::SIGCHLD, handler as libc::sighandler_t, libc::SA_RESTART);
    wait(child(|| 0));
    say("a");
    say("b");
}

/// Sees the end of a pipe, and asks at once whether its only writer has ended.
fn asks_at_the_end() {
    let (reads, writes) = pipe();
    let child = child(|| {
        close(reads);
        0
    });
    close(writes);
    read_byte(reads);
    let ended = wait_with(child, libc::WNOHANG).0 == child;
    say(if ended { "ended" } else { "not yet" });
    if !ended {
        wait(child);
    }
}

/// A child says something, if it comes to that before it is killed.
fn kills_or_is_late() {
    let child = child(|| {
        say("alive\n");
        0
    });
    kill(child, libc::SIGKILL);
    wait(child);
}

/// The timer may run out before the pause begins, and then nothing ends it.
fn sets_a_timer_and_pauses() {
    on_signal(libc::SIGALRM, nothing(), 0);
    // SAFETY: alarm takes a number.
    unsafe { libc::alarm(1) };
    pause();
}

/// Says what was left of a sleep when a timer ended it.
fn is_woken_from_a_sleep() {
    on_signal(libc::SIGALRM, nothing(), 0);
    let mut time = libc::timespec { tv_sec: 9, tv_nsec: 0 };
    let place = &raw mut time;
    // SAFETY: alarm takes a number.
    unsafe { libc::alarm(1) };
    // SAFETY: the time is alive; as sleep(3) does it, what is left takes its place.
    if unsafe { libc::nanosleep(place, place) } != 0 {
        say(&format!("{}.{:09}\n", time.tv_sec, time.tv_nsec));
    }
}

/// A call's answer, errors as negative numbers.
fn answered(answer: impl Into<i64>) -> i64 {
    let answer = answer.into();
    if answer < 0 { -i64::from(errno()) } else { answer }
}

/// A read, a wait and a write that each may have to wait for a child, and what they answered.
fn sleeps_in_calls(how: &str) {
    static CAME: AtomicU32 = AtomicU32::new(0);
    extern "C" fn count(_: c_int) {
        CAME.fetch_add(1, Ordering::Relaxed);
    }
    let handler: extern "C" fn(c_int) = count;
    let flags = if how == "restarting" { libc::SA_RESTART } else { 0 };
    on_signal(libc::SIGUSR1, handler as libc::sighandler_t, flags);
    let (reads, writes) = pipe();
    let writer = child(|| {
        write(writes, b"x");
        0
    });
    let read = answered(read_byte(reads).0 as i64);
    // SAFETY: a null pointer stands for "no status wanted".
    let waited = answered(unsafe { libc::waitpid(writer, ptr::null_mut(), 0) }) == i64::from(writer);
    let (reads, writes) = pipe();
    let full = vec![0; 1 << 16];
    write(writes, &full);
    child(|| {
        let mut bytes = vec![0; 1 << 16];
        // SAFETY: the buffer is alive, and as long as it says.
        done("read", unsafe { libc::read(reads, bytes.as_mut_ptr().cast(), bytes.len()) } as i64);
        0
    });
    // SAFETY: the byte is alive.
    let written = answered(unsafe { libc::write(writes, full.as_ptr().cast(), 1) } as i64);
    let came = CAME.load(Ordering::Relaxed);
    write(1, format!("{read} {waited} {written} {came}").as_bytes());
}

/// Five bytes of a file, and how many were written and read.
fn writes_and_reads(file: &str) {
    let fd = open(file, libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC);
    let written = write(fd, b"hello");
    let mut bytes = [0u8; 5];
    // SAFETY: the buffer is alive, and as long as it says.
    let read = unsafe { libc::pread(fd, bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    write(1, format!("{written}{read}").as_bytes());
}

/// A child's signal may end a sleep, however short that is.
fn sleeps_for_a_moment() {
    on_signal(libc::SIGUSR1, nothing(), 0);
    let parent = pid();
    let child = child(|| {
        kill(parent, libc::SIGUSR1);
        0
    });
    let moment = libc::timespec { tv_sec: 0, tv_nsec: 1 };
    // SAFETY: the time is alive, and what is left of it is not asked for.
    let slept = unsafe { libc::nanosleep(&raw const moment, ptr::null_mut()) } == 0;
    say(if slept { "slept" } else { "woken" });
    wait(child);
}

/// Nobody looks at fork's answer: where it fails, the parent waits for a byte that no child writes.
fn fork_fails_badly() {
    let (reads, writes) = pipe();
    // SAFETY: there is one thread, so the child may do whatever its parent may.
    if unsafe { libc::fork() } == 0 {
        write(writes, b"x");
        exit(0);
    }
    read_byte(reads);
    // SAFETY: wait takes a null pointer for "no status wanted".
    unsafe { libc::wait(ptr::null_mut()) };
}

/// Pipe and fork are asked whether they failed; one read is taken for all there is.
fn reads_once() {
    let (reads, writes) = pipe();
    let child = child(|| {
        write(writes, b"hello");
        0
    });
    let mut bytes = [0; 5];
    // SAFETY: the buffer is alive, and as long as it says.
    let count = unsafe { libc::read(reads, bytes.as_mut_ptr().cast(), bytes.len()) };
    write(1, &bytes[..done("read", count as i64) as usize]);
    wait(child);
}

fn without_end(how: &str) {
    loop {
        match how {
            "computing" => std::hint::spin_loop(),
            "private_calls" => {
                // SAFETY: the name is a string with its end; close takes a number.
                let fd = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) };
                // SAFETY: the descriptor was just opened here, and nobody uses it.
                unsafe { libc::close(fd) };
            }
            "visible_calls" => drop(parent()),
            "sleeping" => {
                // SAFETY: sleep takes a number.
                unsafe { libc::sleep(1) };
            }
            "writing" => say("x\n"),
            "flooding" => drop(write(1, &[b'x'; 1 << 16])),
            "forking" => drop(child(|| 0)),
            "a_bomb" => drop(fork()),
            "a_chain" => {
                if fork() != 0 {
                    exit(0);
                }
            }
            "forking_and_waiting" => {
                let child = child(|| 0);
                wait(child);
            }
            other => panic!("nothing goes on without end by {other}"),
        }
    }
}

/// What there is no model of.
fn beyond(what: &str) {
    match what {
        "timer" => {
            let mut timer = ptr::null_mut();
            // SAFETY: the place for the timer is alive; without an event it sends SIGALRM.
            unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, ptr::null_mut(), &raw mut timer) };
        }
        "computing_time" => {
            let second = libc::timeval { tv_sec: 1, tv_usec: 0 };
            let time = libc::itimerval { it_interval: second, it_value: second };
            // SAFETY: the time is alive, and the old one is not asked for.
            unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const time, ptr::null_mut()) };
        }
        "thread" => std::thread::spawn(|| ()).join().expect("a thread that does nothing"),
        "shared_memory" => {
            let (access, flags) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
            // SAFETY: no address is asked for, so that no mapping is touched that is in use.
            let at = unsafe { libc::mmap(ptr::null_mut(), 4096, access, flags, -1, 0) };
            assert_ne!(at, libc::MAP_FAILED, "a page of shared memory");
        }
        "terminal" => {
            // Its own terminal, by name.
            // SAFETY: the name is a string with its end.
            let fd = unsafe { libc::open(c"/dev/stdout".as_ptr(), libc::O_RDWR) };
            read_byte(fd);
        }
        "network" => {
            // SAFETY: socket takes numbers.
            let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) };
            let mut to: libc::sockaddr_in =
                // SAFETY: all fields are numbers, for which zero is a value.
                unsafe { std::mem::zeroed() };
            to.sin_family = libc::AF_INET as libc::sa_family_t;
            // SAFETY: the address is alive, and as long as it says.
            unsafe { libc::connect(socket, (&raw const to).cast(), size_of_val(&to) as libc::socklen_t) };
        }
        // When its creator goes on, the child may not be a zombie yet.
        "vfork_and_ask" => drop(wait_with(vfork_exec(c"/nowhere/at/all"), libc::WNOHANG)),
        "stop" => kill(pid(), libc::SIGSTOP),
        "session" => {
            // SAFETY: setsid takes nothing.
            unsafe { libc::setsid() };
        }
        "chance" => {
            let text =
                std::fs::read_to_string("/proc/sys/kernel/random/uuid").expect("a file of the kernel's");
            say(&text);
        }
        other => panic!("{other} is nothing unusual"),
    }
}

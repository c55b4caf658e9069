//! The same program again and again, untraced, at the pace of the machine.

use super::{JITTERS, ME, Op, run};
use crate::kernel::{child, close, done, dup2, pid};
use libc::{c_int, pid_t};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A raw terminal: where its output can be read, and where it is written to.
pub fn terminal() -> (c_int, c_int) {
    let (mut read, mut write) = (0, 0);
    let (name, modes, size) = (ptr::null_mut(), ptr::null(), ptr::null());
    // SAFETY: the two numbers are alive, and nothing else is asked for.
    let opened = unsafe { libc::openpty(&raw mut read, &raw mut write, name, modes, size) };
    done("openpty", opened);
    // SAFETY: zeros are valid modes.
    let mut modes: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the modes are alive.
    done("tcgetattr", unsafe { libc::tcgetattr(write, &raw mut modes) });
    // SAFETY: as above.
    unsafe { libc::cfmakeraw(&raw mut modes) };
    // SAFETY: as above.
    done("tcsetattr", unsafe { libc::tcsetattr(write, libc::TCSANOW, &raw const modes) });
    (read, write)
}

/// Runs it in a process of its own, at the pace of the machine, with the second of these as its standard output: the status
/// word and what came out of the first, or `hang`.
pub fn once(ops: &'static [Op], ends: fn() -> (c_int, c_int)) -> String {
    let (read, write) = ends();
    let child = child(|| {
        dup2(write, 1);
        close(write);
        close(read);
        ME.store(pid(), Relaxed);
        run(ops);
        0
    });
    close(write);
    let mut output = Vec::new();
    let mut bytes = [0u8; 256];
    loop {
        let mut entry = libc::pollfd { fd: read, events: libc::POLLIN, revents: 0 };
        // SAFETY: one live entry.
        if done("poll", unsafe { libc::poll(&raw mut entry, 1, 20_000) }) == 0 {
            return "hang\n".into();
        }
        // SAFETY: the buffer is alive, and the length is its own.
        let count = unsafe { libc::read(read, bytes.as_mut_ptr().cast(), bytes.len()) };
        // Of a terminal that nobody has open any more one cannot read: EIO.
        let Some(count @ 1..) = usize::try_from(count).ok() else { break };
        output.extend(&bytes[..count]);
    }
    close(read);
    let status = wait_for_tree(child);
    format!("{status} {}\n", String::from_utf8_lossy(&output))
}

/// Waits for everybody; the status word of this one.
fn wait_for_tree(root: pid_t) -> c_int {
    let (mut of_root, mut status) = (0, 0);
    // SAFETY: `status` is a live int, and waitpid writes nothing else.
    while let child @ 1.. = unsafe { libc::waitpid(-1, &raw mut status, 0) } {
        if child == root {
            of_root = status;
        }
    }
    of_root
}

/// Spends a random while, or lets others go first, so that not every run is the same.
pub fn jitter() {
    static STATE: AtomicUsize = AtomicUsize::new(0);
    if !JITTERS.load(Relaxed) {
        return;
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is alive.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let seed =
        STATE.load(Relaxed).wrapping_add(time.tv_nsec as usize).wrapping_add(ME.load(Relaxed) as usize);
    let mixed = (seed ^ (seed >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    STATE.store(mixed, Relaxed);
    match (mixed >> 40) % 8 {
        0..=3 => {}
        4 | 5 => std::thread::yield_now(),
        _ => (0..(mixed >> 50) % 4096).for_each(|_| std::hint::spin_loop()),
    }
}

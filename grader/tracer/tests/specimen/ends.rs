//! Ways to end, and to be waited for.

use crate::births::vfork_exec;
use crate::kernel::*;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::Ordering;
use std::thread;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("leader_first", [how]) => leader_first(how),
        ("child_with_leader_first", [how]) => child_with_leader_first(how),
        ("told_to_end", [fifo]) => told_to_end(fifo),
        ("deaf_to_sigterm", [fifo]) => deaf_to_sigterm(fifo),
        ("kills_itself", [signal]) => kills_itself(signal.parse().expect("a signal")),
        ("zombie", []) => zombie(),
        ("nobody_waits", []) => nobody_waits(),
        ("pidfd_rounds", [count]) => pidfd_rounds(count.parse().expect("a count")),
        ("killed_pidfd_rounds", [count]) => killed_pidfd_rounds(count.parse().expect("a count")),
        ("killed_while_forking", [count]) => killed_while_forking(count.parse().expect("a count")),
        ("killed_newborn", [count]) => killed_newborn(count.parse().expect("a count")),
        ("leaves_zombies", [count]) => (0..count.parse().expect("a count")).for_each(|_: i32| {
            child(|| 0);
        }),
        ("waits_without_a_place", []) => waits_without_a_place(),
        ("leaves_a_grandchild", []) => leaves_a_grandchild(),
        ("leaves_a_stopped_child", []) => leaves_a_stopped_child(),
        ("bustle", fifos) => bustle(fifos),
        _ => return None,
    }
    Some(0)
}

/// The leader ends while another thread lives, and that thread decides how the process ends.
fn leader_first(how: &str) {
    let leader = pid();
    let how = how.to_owned();
    thread::spawn(move || {
        until(|| state(leader) == 'Z');
        match how.as_str() {
            "exit" => exit_thread(5),
            "exit_group" => exit(7),
            "signal" => kill(leader, libc::SIGUSR1),
            _ => become_specimen(&["exit", "9"]),
        }
    });
    exit_thread(3);
}

/// The same in a child, whose status word is told.
fn child_with_leader_first(how: &str) {
    let child = child(|| {
        leader_first(how);
        0
    });
    say(&format!("{}\n", wait(child)));
}

fn kills_itself(signal: i32) {
    if signal != libc::SIGKILL {
        on_signal(signal, libc::SIG_DFL, 0);
    }
    kill(pid(), signal);
}

fn told_to_end(fifo: &str) {
    tell(fifo);
    pause_for_ever();
}

fn deaf_to_sigterm(fifo: &str) {
    on_signal(libc::SIGTERM, libc::SIG_IGN, 0);
    tell(fifo);
    pause_for_ever();
}

/// A child that has ended, and a parent that ends without waiting.
fn zombie() {
    let child = child(|| 4);
    until(|| state(child) == 'Z');
}

/// Children of a process that ignores SIGCHLD leave nothing behind.
fn nobody_waits() {
    on_signal(libc::SIGCHLD, libc::SIG_IGN, 0);
    let children = [child(|| 1), child(|| 2)];
    // SAFETY: the status is not asked for.
    let answer = unsafe { libc::waitpid(-1, ptr::null_mut(), 0) };
    assert_eq!((answer, errno()), (-1, libc::ECHILD));
    assert!(children.iter().all(|child| state(*child) == 'X'));
}

/// A pidfd that polls ready stands for a process that can be waited for, at once and always.
fn pidfd_rounds(count: i32) {
    for round in 0..count {
        let child = child(|| round % 251);
        // SAFETY: pidfd_open takes two numbers.
        let fd = done("pidfd_open", unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) }) as i32;
        let mut ready = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: `ready` is alive, and it is one.
        assert_eq!(done("poll", unsafe { libc::poll(&raw mut ready, 1, -1) }), 1);
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let (kind, id) = if round % 2 == 0 { (libc::P_PIDFD, fd) } else { (libc::P_PID, child) };
        let options = libc::WEXITED | libc::WNOHANG;
        // SAFETY: `info` is alive, and waitid writes nothing else.
        done("waitid", unsafe { libc::waitid(kind, id as libc::id_t, info.as_mut_ptr(), options) });
        // SAFETY: the structure was zeroed, so every byte is initialised.
        let info = unsafe { info.assume_init() };
        // SAFETY: waitid has answered 0, so these are the fields in use.
        assert_eq!(unsafe { info.si_pid() }, child, "round {round}: a ready pidfd, and nothing to wait for");
        // SAFETY: see above.
        assert_eq!(unsafe { info.si_status() }, round % 251);
        close(fd);
    }
}

/// The same for children that are killed while they are busy: how often there was nothing to wait for.
fn killed_pidfd_rounds(count: i32) {
    let mut vain = 0;
    for _ in 0..count {
        let (read, write) = pipe();
        let child = child(|| {
            self::write(write, b"!");
            loop {
                // SAFETY: closes nothing, for there is no such descriptor.
                unsafe { libc::close(-1) };
            }
        });
        read_byte(read);
        close(read);
        close(write);
        // SAFETY: pidfd_open takes two numbers.
        let fd = done("pidfd_open", unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) }) as i32;
        kill(child, libc::SIGKILL);
        let mut ready = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: `ready` is alive, and it is one.
        assert_eq!(done("poll", unsafe { libc::poll(&raw mut ready, 1, -1) }), 1);
        if wait_with(child, libc::WNOHANG).0 == 0 {
            vain += 1;
            expect_kill(child, libc::SIGKILL);
        }
        close(fd);
    }
    say(&format!("{vain}\n"));
}

/// Children that do nothing but fork are killed one by one, at moments that differ. The kernel writes down each
/// PID that it gives, as one of the first things that clone does: how many there were is told.
fn killed_while_forking(count: u32) {
    const SLOTS: usize = 1 << 20;
    let slots = shared_numbers(SLOTS);
    let next = &slots[0];
    for round in 0..count {
        let (read, write) = pipe();
        let forker = child(|| {
            self::write(write, b"!");
            loop {
                let slot = &slots[next.fetch_add(1, Ordering::SeqCst) as usize + 1];
                let flags = libc::CLONE_PARENT_SETTID | libc::SIGCHLD;
                // SAFETY: without CLONE_VM this is fork; the slot takes the PID.
                if unsafe { libc::syscall(libc::SYS_clone, flags, 0, slot.as_ptr(), 0, 0) } == 0 {
                    exit(0);
                }
            }
        });
        assert_eq!(read_byte(read).0, 1);
        close(read);
        close(write);
        (0..round % 50 * 400).for_each(|_| std::hint::spin_loop());
        kill(forker, libc::SIGKILL);
        expect_kill(forker, libc::SIGKILL);
    }
    let given = slots[1..].iter().filter(|slot| slot.load(Ordering::SeqCst) != 0).count();
    say(&format!("{given}\n"));
}

/// A child kills the root's other children as soon as the kernel has written down their PIDs, which is before they
/// run, and before their birth is told to anybody.
fn killed_newborn(count: i32) {
    let slot = &shared_numbers(1)[0];
    let killer = child(|| {
        loop {
            let newborn = slot.swap(0, Ordering::SeqCst);
            if newborn != 0 {
                kill(newborn, libc::SIGKILL);
            }
        }
    });
    for _ in 0..count {
        let flags = libc::CLONE_PARENT_SETTID | libc::SIGCHLD;
        // SAFETY: without CLONE_VM this is fork; the slot takes the PID.
        let child = done("clone", unsafe { libc::syscall(libc::SYS_clone, flags, 0, slot.as_ptr(), 0, 0) });
        if child == 0 {
            pause_for_ever();
        }
        expect_kill(child as i32, libc::SIGKILL);
    }
    kill(killer, libc::SIGKILL);
    expect_kill(killer, libc::SIGKILL);
}

/// wait4 without a status word, waitid without a siginfo_t.
fn waits_without_a_place() {
    let waitid = |kind, id: i32, options| {
        // SAFETY: waitid may be given no place for its siginfo_t.
        done("waitid", unsafe { libc::waitid(kind, id as libc::id_t, ptr::null_mut(), options) });
    };
    let first = child(|| 1);
    // SAFETY: wait4 may be given no place for its status.
    assert_eq!(unsafe { libc::waitpid(-1, ptr::null_mut(), 0) }, first);
    child(|| 2);
    waitid(libc::P_ALL, 0, libc::WEXITED);
    let third = child(|| pause_for_ever());
    waitid(libc::P_PID, third, libc::WEXITED | libc::WNOHANG);
    kill(third, libc::SIGKILL);
    waitid(libc::P_PID, third, libc::WEXITED | libc::WNOWAIT);
    waitid(libc::P_PID, third, libc::WEXITED);
    let fourth = child(|| 4);
    // SAFETY: pidfd_open takes two numbers.
    let fd = done("pidfd_open", unsafe { libc::syscall(libc::SYS_pidfd_open, fourth, 0) }) as i32;
    waitid(libc::P_PIDFD, fd, libc::WEXITED);
}

/// A grandchild that would hold standard output for a thousand seconds.
fn leaves_a_grandchild() {
    let child = child(|| {
        child(|| {
            thread::sleep(std::time::Duration::from_secs(1000));
            0
        });
        0
    });
    expect_exit(child, 0);
    say("done\n");
}

fn leaves_a_stopped_child() {
    let child = child(|| {
        kill(pid(), libc::SIGSTOP);
        0
    });
    let (_, status) = wait_with(child, libc::WUNTRACED);
    assert!(libc::WIFSTOPPED(status));
}

/// Something of everything. Any of its processes may be killed at any moment: the others end all the same.
fn bustle(fifos: &[&str]) {
    fifos.iter().for_each(|fifo| tell(fifo));
    for round in 0..18 {
        match round % 6 {
            0 => drop(child(|| round)),
            1 => drop(child(|| {
                become_specimen(&["exit", "3"]);
                127
            })),
            2 => drop(child(|| {
                let threads: Vec<_> = (0..3).map(|_| thread::spawn(|| say("thread\n"))).collect();
                threads.into_iter().for_each(|thread| drop(thread.join()));
                0
            })),
            3 => drop(child(|| {
                child(|| child(|| 0));
                0
            })),
            4 => drop(vfork_exec(own_program())),
            _ => {
                let (read, write) = pipe();
                child(|| {
                    close(read);
                    self::write(write, b"!") as i32
                });
                close(write);
                read_byte(read);
                close(read);
            }
        }
    }
    // SAFETY: the status is not asked for.
    while unsafe { libc::waitpid(-1, ptr::null_mut(), 0) } > 0 {}
}

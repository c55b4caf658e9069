//! From system calls to the questions that the world answers. What is not listed here may notice everything.

mod arguments;
mod paths;

pub use paths::foreign_rights;
pub(super) use paths::path;

use super::timers;
use crate::arch;
use crate::decode::{self, Call};
use arguments::{fcntl, futex, ioctl, mapping, mask, poll, prctl};
use grader_trace::world::{Ask, DupTo, WaitFor};
use grader_trace::{CloneFlags, ExitStatus, Fd, OpenFlags, Operation};
use libc::pid_t;
use paths::{absolute, exists};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Calls that concern their caller alone: they do not even stop.
pub(crate) const PRIVATE: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_arch_prctl,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sigaltstack,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    libc::SYS_uname,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpgrp,
    libc::SYS_umask,
    libc::SYS_getcwd,
];

/// Those of them that matter to the other threads of a process.
pub(crate) const REMAPS: &[i64] =
    &[libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap, libc::SYS_madvise];

/// The highest number that a signal has. See signal(7).
pub(super) const LAST_SIGNAL: i32 = 64;

/// The kernel's flag that a new task shall not be traced.
const CLONE_UNTRACED: u64 = 0x80_0000;

/// The question that a task's call comes to. `op` is the same call as an event, where it is one.
pub(super) fn ask(call: &Call, op: Option<&Operation>, pid: pid_t) -> Ask {
    let args = &call.args;
    let int = |index: usize| args[index] as i32;
    let fd = Fd(int(0));
    if let Some(op) = op
        && let Some(ask) = of_operation(call, op, pid)
    {
        return ask;
    }
    match call.number {
        libc::SYS_exit | libc::SYS_exit_group => Ask::Exit(ExitStatus::Exited(int(0) as u8)),
        libc::SYS_getppid => Ask::GetParent,
        libc::SYS_getpid | libc::SYS_gettid => Ask::GetOwn,
        libc::SYS_rt_sigaction
        | libc::SYS_set_tid_address
        | libc::SYS_getrandom
        | libc::SYS_clock_gettime
        | libc::SYS_clock_getres
        | libc::SYS_gettimeofday
        | libc::SYS_time
        | libc::SYS_times
        | libc::SYS_getrusage
        | libc::SYS_getitimer
        | libc::SYS_prlimit64
        | libc::SYS_getrlimit
        | libc::SYS_sched_setaffinity
        | libc::SYS_sched_getparam
        | libc::SYS_sched_getscheduler
        | libc::SYS_getpriority
        | libc::SYS_setpriority
        | libc::SYS_capget
        | libc::SYS_membarrier
        | libc::SYS_sync
        | libc::SYS_fsync
        | libc::SYS_fdatasync
        | libc::SYS_fadvise64
        | libc::SYS_fchdir => Ask::Local,
        libc::SYS_rt_sigprocmask => mask(call, pid),
        libc::SYS_mmap => mapping(args),
        libc::SYS_munmap | libc::SYS_mprotect | libc::SYS_madvise | libc::SYS_mremap => {
            Ask::Remap { at: args[0], length: args[1] }
        }
        libc::SYS_futex => futex(call),
        libc::SYS_prctl => prctl(args),
        libc::SYS_fcntl => fcntl(args),
        libc::SYS_ioctl => ioctl(args),
        libc::SYS_fstat | libc::SYS_lseek => Ask::UseFile(fd),
        libc::SYS_newfstatat
        | libc::SYS_statx
        | libc::SYS_readlinkat
        | libc::SYS_faccessat
        | libc::SYS_faccessat2 => {
            let name = call.memory.string(args[1], 4096);
            if name.is_empty() { Ask::UseFile(fd) } else { Ask::LookAt(absolute(name, Some(int(0)), pid)) }
        }
        libc::SYS_chdir
        | libc::SYS_stat
        | libc::SYS_lstat
        | libc::SYS_access
        | libc::SYS_readlink
        | libc::SYS_statfs => Ask::LookAt(path(call, args[0], None, pid)),
        libc::SYS_unlink
        | libc::SYS_mkdir
        | libc::SYS_rmdir
        | libc::SYS_chmod
        | libc::SYS_chown
        | libc::SYS_lchown
        | libc::SYS_truncate
        | libc::SYS_utime => Ask::Change(path(call, args[0], None, pid)),
        libc::SYS_unlinkat
        | libc::SYS_mkdirat
        | libc::SYS_fchmodat
        | libc::SYS_fchownat
        | libc::SYS_utimensat
            if args[1] != 0 =>
        {
            Ask::Change(path(call, args[1], Some(int(0)), pid))
        }
        libc::SYS_rename
        | libc::SYS_renameat
        | libc::SYS_renameat2
        | libc::SYS_link
        | libc::SYS_linkat
        | libc::SYS_symlink
        | libc::SYS_symlinkat => Ask::Link(name(call.number)),
        libc::SYS_getdents64
        | libc::SYS_ftruncate
        | libc::SYS_fallocate
        | libc::SYS_fchmod
        | libc::SYS_fchown
        | libc::SYS_sysinfo => Ask::Anything(name(call.number)),
        libc::SYS_pause => Ask::Pause(None),
        libc::SYS_rt_sigsuspend => Ask::Pause(Some(call.memory.u64(args[0]).unwrap_or(0))),
        number => Ask::Unmodelled(format!("it calls {}, of which there is no model", name(number))),
    }
}

/// Whether the child that a call makes sends SIGCHLD when it ends. See clone(2), "The child termination signal".
fn tells_by_sigchld(call: &Call) -> bool {
    const EXIT_SIGNAL_OFFSET: u64 = 32;
    let signal = match call.number {
        libc::SYS_clone => call.args[0] & 0xff,
        libc::SYS_clone3 => call.memory.u64(call.args[0].wrapping_add(EXIT_SIGNAL_OFFSET)).unwrap_or(0),
        _ => libc::SIGCHLD as u64,
    };
    signal == libc::SIGCHLD as u64
}

/// Of calls that are events of a trace as well.
fn of_operation(call: &Call, op: &Operation, pid: pid_t) -> Option<Ask> {
    let args = &call.args;
    let int = |index: usize| args[index] as i32;
    Some(match op {
        Operation::Fork(fork) if fork.flags.has(CLONE_UNTRACED) => {
            Ask::Unmodelled("it makes a task that nobody may trace (CLONE_UNTRACED)".into())
        }
        Operation::Fork(fork) if !fork.flags.has(CloneFlags::THREAD) && !tells_by_sigchld(call) => {
            Ask::Unmodelled("it makes a child that does not tell its parent of its end by SIGCHLD".into())
        }
        Operation::Fork(fork) => Ask::Fork(fork.flags),
        Operation::Exec(exec) => {
            let path = absolute(exec.path.0.clone(), None, pid);
            match foreign_rights(Path::new(OsStr::from_bytes(path.as_bytes()))) {
                Some(word) => {
                    let what = format!(
                        "it executes {path}, which is {word}: traced, that has not its owner's rights"
                    );
                    Ask::Unmodelled(what)
                }
                None if exists(&path, pid) => Ask::Exec,
                // execvp tries one folder after the other.
                None => Ask::LookAt(path),
            }
        }
        Operation::Wait(wait) => {
            let options = if call.number == libc::SYS_wait4 { int(2) } else { int(3) };
            if is_refused(call, options) {
                return Some(Ask::Local);
            }
            if call.number == libc::SYS_waitid && options & libc::WEXITED == 0 {
                return Some(Ask::Unmodelled("it waits only for children that stop or continue".into()));
            }
            if options & (libc::__WCLONE | libc::__WALL | libc::__WNOTHREAD) != 0 {
                return Some(Ask::Unmodelled(
                    "it waits with __WCLONE or its like, of which there is no model".into(),
                ));
            }
            if call.number == libc::SYS_waitid && decode::tells_no_status(call) {
                return Some(Ask::Unmodelled("it calls waitid and does not ask who has ended".into()));
            }
            // That it asks for children which stop (WUNTRACED) or continue makes no difference: none does, for whoever
            // sends such a signal is refused.
            Ask::Wait(WaitFor { selector: wait.selector, nohang: wait.nohang, nowait: wait.nowait })
        }
        Operation::Open { path, flags, .. } => {
            let relative_to = matches!(call.number, libc::SYS_openat | libc::SYS_openat2).then(|| int(0));
            Ask::Open { path: absolute(path.0.clone(), relative_to, pid), flags: *flags }
        }
        Operation::Close { fd, .. } => Ask::Close(*fd),
        Operation::CloseRange { first, last, mark_only, .. } => {
            Ask::CloseRange { first: *first, last: *last, mark_only: *mark_only }
        }
        Operation::Dup { from, cloexec, .. } => {
            let to = match call.number {
                libc::SYS_dup => DupTo::Lowest(Fd(0)),
                libc::SYS_fcntl => DupTo::Lowest(Fd(int(2))),
                _ => DupTo::At(Fd(int(1))),
            };
            Ask::Dup { from: *from, to, cloexec: *cloexec }
        }
        Operation::SetCloexec { fd, cloexec, .. } => Ask::SetCloexec { fd: *fd, cloexec: *cloexec },
        Operation::Pipe { .. } if call.number == libc::SYS_pipe2 && int(1) & libc::O_DIRECT != 0 => {
            Ask::Unmodelled("it makes a pipe of packets (O_DIRECT), of which there is no model".into())
        }
        Operation::Pipe { cloexec, .. } => {
            let nonblock = call.number == libc::SYS_pipe2 && args[1] & u64::from(OpenFlags::NONBLOCK) != 0;
            Ask::Pipe { cloexec: *cloexec, nonblock }
        }
        Operation::SocketPair { .. } => {
            Ask::Unmodelled("it makes sockets, of which there is no model".into())
        }
        // Others find a queue by its name, even when this program is gone.
        Operation::NewDescriptor { call: queue, .. } if call.number == libc::SYS_mq_open => {
            Ask::Unmodelled(format!("it calls {queue}, of which there is no model"))
        }
        Operation::NewDescriptor { call, cloexec, .. } => {
            Ask::NewDescriptor { call: call.clone(), cloexec: *cloexec }
        }
        Operation::Read { fd, wanted, .. } => {
            let positioned = !matches!(call.number, libc::SYS_read | libc::SYS_readv);
            Ask::Read { fd: *fd, wanted: *wanted, positioned }
        }
        Operation::Write { fd, wanted, .. } => match call.number {
            libc::SYS_write | libc::SYS_writev => {
                let at = (call.number == libc::SYS_write).then_some(args[1]);
                Ask::Write { fd: *fd, wanted: *wanted, positioned: false, at }
            }
            libc::SYS_pwrite64 | libc::SYS_pwritev | libc::SYS_pwritev2 => {
                let at = (call.number == libc::SYS_pwrite64).then_some(args[1]);
                Ask::Write { fd: *fd, wanted: *wanted, positioned: true, at }
            }
            libc::SYS_copy_file_range => Ask::Anything("copy_file_range".into()),
            number => Ask::Unmodelled(format!("it calls {}, of which there is no model", name(number))),
        },
        Operation::Sleep { .. } => Ask::Sleep,
        Operation::Await { .. } => match call.number {
            libc::SYS_poll | libc::SYS_ppoll => poll(call),
            libc::SYS_pause => Ask::Pause(None),
            libc::SYS_rt_sigsuspend => Ask::Pause(Some(call.memory.u64(args[0]).unwrap_or(0))),
            number => Ask::Unmodelled(format!("it calls {}, of which there is no model", name(number))),
        },
        // The kernel says EINVAL, whoever it is for.
        Operation::Kill { signal, .. } if !(0..=LAST_SIGNAL).contains(&signal.0) => Ask::Local,
        Operation::Kill { target, signal, .. } => match call.number {
            libc::SYS_kill | libc::SYS_tkill | libc::SYS_tgkill => {
                Ask::Kill { target: *target, signal: *signal }
            }
            number => Ask::Unmodelled(format!("it calls {}, of which there is no model", name(number))),
        },
        Operation::Disposition { signal, action, flags, .. } => {
            Ask::Action { signal: *signal, action: *action, flags: *flags }
        }
        Operation::Call { .. } if matches!(call.number, libc::SYS_alarm | libc::SYS_setitimer) => {
            timers::ask(call)
        }
        Operation::Call { call, .. } => {
            Ask::Unmodelled(format!("it calls {call}, of which there is no model"))
        }
        Operation::Exit(_)
        | Operation::Access { .. }
        | Operation::Signal { .. }
        | Operation::Map(_)
        | Operation::Remap(_)
        | Operation::Futex(_)
        | Operation::Fault { .. }
        | Operation::ThreadPointer { .. }
        | Operation::Stop(_)
        | Operation::Continue => {
            return None;
        }
    })
}

/// Whether a call with so many meanings is one that makes an event.
pub(super) fn is_event(call: &Call) -> bool {
    match crate::decode::rule_of(call.number) {
        Some(crate::decode::Rule::Always) => true,
        Some(crate::decode::Rule::IfSecondArgument(values)) => values.contains(&(call.args[1] as u32)),
        None => false,
    }
}

/// Whether the kernel says EINVAL to a wait call with these options, whatever has become of the children.
fn is_refused(call: &Call, options: i32) -> bool {
    const NEWS: i32 = libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED;
    const LINUX: i32 = libc::__WCLONE | libc::__WALL | libc::__WNOTHREAD;
    if call.number == libc::SYS_wait4 {
        options & !(libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED | LINUX) != 0
    } else {
        options & !(libc::WNOHANG | libc::WNOWAIT | NEWS | LINUX) != 0 || options & NEWS == 0
    }
}

/// A call's name, for people.
fn name(number: i64) -> String {
    arch::name(number).map_or_else(|| format!("system call {number}"), str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::memory::Memory;

    #[test]
    fn a_child_that_ends_without_sigchld_is_told_from_others() {
        let this = Memory(std::process::id() as pid_t);
        let tells =
            |number, first| tells_by_sigchld(&Call { number, args: [first, 0, 0, 0, 0, 0], memory: this });
        assert!(tells(libc::SYS_fork, 0));
        assert!(tells(libc::SYS_clone, (libc::CLONE_CHILD_SETTID | libc::SIGCHLD) as u64));
        assert!(!tells(libc::SYS_clone, libc::CLONE_CHILD_SETTID as u64));
        assert!(!tells(libc::SYS_clone, libc::SIGUSR1 as u64));
        for (signal, expected) in [(libc::SIGCHLD, true), (0, false), (libc::SIGUSR1, false)] {
            let args: [u64; 11] = [0, 0, 0, 0, signal as u64, 0, 0, 0, 0, 0, 0];
            assert_eq!(tells(libc::SYS_clone3, args.as_ptr() as u64), expected, "clone3 with {signal}");
        }
    }
}

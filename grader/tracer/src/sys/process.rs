//! Signals, pidfds and what /proc says of a task.

use libc::pid_t;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// kill(2); a process that is gone already is no error.
pub(crate) fn kill(pid: pid_t, signal: i32) {
    // SAFETY: kill takes two numbers and touches no memory of ours.
    let answer = unsafe { libc::kill(pid, signal) };
    debug_assert!(answer == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH));
}

/// What a task had of the processors. See proc(5), /proc/PID/schedstat (in nanoseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// How long it ran.
    ran: Duration,
    /// How long it could have run, and others did. A wait counts when it is over.
    waited: Duration,
}

impl Share {
    /// A task's, or, without one, the calling thread's; `None` if it is gone or this kernel does not count.
    pub(crate) fn of(tid: Option<pid_t>) -> Option<Share> {
        let task = tid.map_or("thread-self".into(), |tid| tid.to_string());
        Share::parse(&fs::read_to_string(format!("/proc/{task}/schedstat")).ok()?)
    }

    fn parse(text: &str) -> Option<Share> {
        let mut numbers = text.split_ascii_whitespace().map(|word| word.parse().map(Duration::from_nanos));
        Some(Share { ran: numbers.next()?.ok()?, waited: numbers.next()?.ok()? })
    }

    /// In `wall`, it wanted to run for more than half of the time, and ran for less than a tenth of it. A wait of
    /// less than a second is none of a machine's that is too busy.
    pub(crate) fn is_starved(self, wall: Duration) -> bool {
        self.waited > (wall / 2).max(Duration::from_secs(1)) && self.ran < wall / 10
    }
}

/// A descriptor that stands for a process. See pidfd_open(2).
pub(crate) fn pidfd(pid: pid_t) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two numbers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Stands for one process, whoever gets its PID when it is gone.
#[derive(Debug)]
pub(crate) enum Handle {
    /// A pidfd, and the PID.
    Descriptor(OwnedFd, pid_t),
    /// Where there are no pidfds, or too few descriptors: the PID and the moment of its start.
    Number(pid_t, u64),
}

impl Handle {
    /// For the process that has this PID now; `None` if there is none. `by_number` saves a descriptor.
    pub(crate) fn new(pid: pid_t, by_number: bool) -> Option<Handle> {
        if !by_number {
            match pidfd(pid) {
                Ok(fd) => return Some(Handle::Descriptor(fd, pid)),
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return None,
                Err(_) => {}
            }
        }
        Some(Handle::Number(pid, Stat::of(pid)?.started))
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Handle::Descriptor(fd, _) => Some(fd.as_fd()),
            Handle::Number(..) => None,
        }
    }

    /// What /proc says of the process; `None` if it is gone.
    fn stat(&self) -> Option<Stat> {
        match self {
            Handle::Descriptor(_, pid) => Stat::of(*pid),
            Handle::Number(pid, started) => Stat::of(*pid).filter(|stat| stat.started == *started),
        }
    }

    /// Whose child the process is.
    pub(crate) fn parent(&self) -> Option<pid_t> {
        self.stat().map(|stat| stat.parent)
    }

    /// Whether somebody has reaped it.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Handle::Descriptor(fd, _) => {
                // See pidfd_open(2), "/proc/pid/fdinfo/fd": the PID is −1 then.
                let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()));
                info.is_ok_and(|info| info.lines().any(|line| line.strip_prefix("Pid:").is_some_and(is_none)))
            }
            Handle::Number(..) => self.stat().is_none(),
        }
    }

    /// Whether it is a zombie, and a child of this process.
    pub(crate) fn is_our_zombie(&self) -> bool {
        let own = std::process::id() as pid_t;
        self.stat().is_some_and(|stat| stat.state == b'Z' && stat.parent == own)
    }
}

fn is_none(pid: &str) -> bool {
    pid.trim() == "-1"
}

/// Makes this process the one that adopts the orphans among its descendants. See PR_SET_CHILD_SUBREAPER(2const).
pub(crate) fn become_subreaper() -> io::Result<()> {
    // SAFETY: this prctl takes numbers only.
    match unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Some fields of /proc/TID/stat. See proc_pid_stat(5).
struct Stat {
    state: u8,
    parent: pid_t,
    /// In clock ticks since the machine started.
    started: u64,
    /// Time on a processor so far, its own and the kernel's for it, in clock ticks.
    computed: u64,
}

impl Stat {
    fn of(tid: pid_t) -> Option<Stat> {
        let stat = fs::read(format!("/proc/{tid}/stat")).ok()?;
        // The command's name may hold anything, parentheses too; the state follows the last one.
        let close = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(stat.get(close + 2..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let (user, system): (u64, u64) = (fields.nth(9)?.parse().ok()?, fields.next()?.parse().ok()?);
        let started = fields.nth(6)?.parse().ok()?;
        Some(Stat { state, parent, started, computed: user + system })
    }
}

/// The letter that /proc/TID/stat shows for a task's state: `R`, `S`, `D`, `Z`, `t`, …; `None` if it is gone.
pub(crate) fn state(tid: pid_t) -> Option<u8> {
    Stat::of(tid).map(|stat| stat.state)
}

/// How long a task has been on a processor; `None` if it is gone.
#[cfg(feature = "controlled")]
pub(crate) fn time_on_processor(tid: pid_t) -> Option<std::time::Duration> {
    // SAFETY: sysconf takes a number.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    let ticks = u64::try_from(ticks).ok().filter(|ticks| *ticks > 0)?;
    Stat::of(tid).map(|stat| std::time::Duration::from_millis(stat.computed * 1_000 / ticks))
}

/// Whose child a process is; `None` if it is gone.
pub(crate) fn parent(pid: pid_t) -> Option<pid_t> {
    Stat::of(pid).map(|stat| stat.parent)
}

/// Whether a process has a handler for a signal. See proc_pid_status(5), "SigCgt".
pub(crate) fn catches(tid: pid_t, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    caught >> (signal - 1) & 1 == 1
}

/// The system call in which a task sleeps, with its arguments; `None` if it runs, or is gone.
pub(crate) fn sleeping_in(tid: pid_t) -> Option<(i64, [u64; 6])> {
    let line = fs::read_to_string(format!("/proc/{tid}/syscall")).ok()?;
    let mut words = line.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut args = [0; 6];
    for (arg, word) in args.iter_mut().zip(words) {
        *arg = u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()?;
    }
    Some((number, args))
}

/// What /proc/TID/fd/FD leads to, such as `pipe:[1234]`.
pub(crate) fn descriptor_name(tid: pid_t, fd: i32) -> Option<String> {
    let link = fs::read_link(format!("/proc/{tid}/fd/{fd}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// While it lives, programs that the calling thread starts get the same addresses each time.
#[cfg(feature = "controlled")]
pub(crate) struct FixedAddresses(libc::c_int);

/// See personality(2). Where it is not allowed, addresses differ from run to run, and nothing else.
#[cfg(feature = "controlled")]
pub(crate) fn without_address_randomisation() -> FixedAddresses {
    const ASK: libc::c_ulong = 0xffff_ffff;
    // SAFETY: personality takes a number.
    let old = unsafe { libc::personality(ASK) };
    // SAFETY: as above.
    unsafe { libc::personality(old as libc::c_ulong | libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
    FixedAddresses(old)
}

#[cfg(feature = "controlled")]
impl Drop for FixedAddresses {
    fn drop(&mut self) {
        // SAFETY: personality takes a number.
        unsafe { libc::personality(self.0 as libc::c_ulong) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_processor_most_of_the_time_starves() {
        let starves = |text: &str| Share::parse(text).map(|share| share.is_starved(Duration::from_secs(10)));
        assert_eq!(starves("20000000 9900000000 12\n"), Some(true));
        // A loop without end that gets its share, one that sleeps, and a kernel that does not count.
        assert_eq!(starves("1300000000 8700000000 400\n"), Some(false));
        assert_eq!(starves("20000000 30000000 9000\n"), Some(false));
        assert_eq!(starves("0 0 0\n"), Some(false));
        assert_eq!(starves(""), None);
        assert!(Share::of(None).is_some());
    }
}

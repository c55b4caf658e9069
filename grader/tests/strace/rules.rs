//! In which two runs of one program may differ although nothing is wrong: tasks overtake one another.
//!
//! What depends on that is taken out of the comparison by these rules, and nothing else is.
//!
//! 1. Answers that say "nothing yet" (WNOHANG without news or without children, EAGAIN) come as often as the
//!    task happens to ask; sleeps between them likewise, and `kill(pid, 0)`, which asks whether a task is alive.
//! 2. EINTR comes when a signal happens to arrive during a call.
//! 3. Whom `wait` for *any* child returns first depends on who ends first. That it returned is kept where it
//!    happened; whom all of them returned, with which status, is compared as a set. A task that also asks with
//!    WNOHANG gets its news by one call or by the other: of such a task the set alone is compared.
//! 4. The bytes of a pipe, socket or terminal come in pieces of any size: consecutive reads count as one.
//!    Whoever writes a PID in pieces writes other pieces in another run: the text of consecutive writes is
//!    compared as one, beside the size of each.
//! 5. A signal arrives between any two calls. Signals have a list of their own, and the list no order. SIGCHLD
//!    is not queued: two ends make one or two of them, and none if the parent ends first. But a process that has
//!    waited for a child, and not asked with WNOHANG, must have got at least one. Timers send as many signals as
//!    there is time for.
//! 6. What waits for several things at once (poll and its kin) is called as often as they happen.
//! 7. A task that looks at another one in /proc/PID does so until it sees what it waits for.
//! 8. A task that is killed from outside has got to any point: what both did must be equal as far as it goes.
//!    The same holds for a thread whose signal kills its process: once its leader has ended and is let go, the
//!    kernel kills it at once, as it would untraced; strace keeps the leader, and sees the signal delivered.
//! 9. What the dynamic loader reads to put another program together is not recorded by the tracer.
//! 10. The kernel draws lots where stack and mappings lie: an address in a text is another one in each run.

use grader_trace::{
    Errno, Exec, ExitStatus, Fd, Object, Operation, Outcome, Pid, Selector, Sender, Signal, Stamp, Tables,
    Task, Trace, Wait,
};
use std::borrow::Cow;
use std::collections::HashSet;

/// Rule 10: a text in which all addresses are the same one. Their digits are as many in each run.
pub fn without_addresses(text: &str) -> Cow<'_, str> {
    const HEX: usize = 12;
    const DECIMAL: usize = 15;
    let mut blotted = Cow::Borrowed(text);
    for (start, digits) in runs_of_digits(text) {
        let hex = text[..start].ends_with("0x");
        if digits == if hex { HEX } else { DECIMAL } {
            blotted.to_mut().replace_range(start..start + digits, &"x".repeat(digits));
        }
    }
    blotted
}

/// Where digits are that stand together, and how many: hexadecimal ones after `0x`, decimal ones elsewhere.
fn runs_of_digits(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes[..at].ends_with(b"0x");
        let is_digit = |byte: &&u8| if hex { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
        let digits = bytes[at..].iter().take_while(is_digit).count();
        if digits > 0 {
            runs.push((at, digits));
        }
        at += digits.max(1);
    }
    runs
}

/// Rule 4: the reads whose descriptor leads to a pipe, a socket or the like.
pub fn reads_of_streams(trace: &Trace) -> HashSet<Stamp> {
    let mut streams = HashSet::new();
    Tables::walk(trace, |event, tables| {
        if let Operation::Read { fd, .. } = event.op
            && tables.get(event.task, fd).is_some_and(|ofd| !matches!(ofd.object, Object::File(_)))
        {
            streams.insert(event.begin);
        }
    });
    streams
}

/// Rule 1.
pub fn is_vain(op: &Operation) -> bool {
    match op {
        Operation::Wait(wait) if wait.nohang => {
            matches!(wait.result, Outcome::Done(None) | Outcome::Failed(Errno::ECHILD))
        }
        Operation::Kill { signal: Signal(0), .. } => true,
        Operation::Read { result, .. } | Operation::Write { result, .. } => {
            result.error() == Some(Errno::EAGAIN)
        }
        _ => false,
    }
}

/// Rule 2.
pub fn is_interrupted(op: &Operation) -> bool {
    match op {
        Operation::Wait(wait) => wait.result.error() == Some(Errno::EINTR),
        Operation::Open { result, .. } => result.error() == Some(Errno::EINTR),
        Operation::Read { result, .. } | Operation::Write { result, .. } => {
            result.error() == Some(Errno::EINTR)
        }
        Operation::Sleep { result } => result.error() == Some(Errno::EINTR),
        _ => false,
    }
}

/// Files that are not looked at, as one task opens, reads and closes them. Rules 7 and 9.
#[derive(Debug, Default)]
pub struct Overlooked {
    open: Vec<Fd>,
    /// The task has become another program.
    another_program: bool,
}

impl Overlooked {
    /// Whether a call is one with such a file.
    pub fn takes(&mut self, op: &Operation) -> bool {
        match op {
            Operation::Open { path, result, .. } => {
                let path = path.as_str().unwrap_or_default();
                let overlooked = is_of_a_process(path) || (self.another_program && is_of_a_loader(path));
                if overlooked {
                    self.open.extend(result.done());
                }
                overlooked
            }
            Operation::Read { fd, .. } => self.open.contains(fd),
            Operation::Close { fd, .. } => {
                let known = self.open.iter().position(|open| open == fd);
                known.map(|index| self.open.swap_remove(index)).is_some()
            }
            Operation::Exec(Exec { result: Outcome::Done(()), .. }) => {
                *self = Overlooked { open: Vec::new(), another_program: true };
                false
            }
            _ => false,
        }
    }
}

fn is_of_a_process(path: &str) -> bool {
    path.strip_prefix("/proc/").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

fn is_of_a_loader(path: &str) -> bool {
    path.starts_with("/etc/ld.so.") || path.ends_with(".so") || path.contains(".so.")
}

/// How a task asks for news of its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// It sleeps until there are some.
    Patiently,
    /// WNOHANG.
    AtOnce,
}

/// Rule 3: whether it is a wait for any child.
pub fn asks_of_any(op: &Operation) -> Option<Asking> {
    match op {
        Operation::Wait(Wait { selector: Selector::Any | Selector::Group(_), nohang, .. }) => {
            Some(if *nohang { Asking::AtOnce } else { Asking::Patiently })
        }
        _ => None,
    }
}

/// Rule 8: SIGKILL, which nobody does to itself, or another signal that another process sent.
pub fn is_cut_short(trace: &Trace, task: &Task) -> bool {
    let Some((_, ExitStatus::Killed(deadly))) = task.end else { return false };
    let itself = |pid: Pid| trace.task(task.process).pid == pid;
    let by_itself = trace.deeds_of(task.process).any(|(_, event)| match event.op {
        Operation::Signal { signal, sender: Sender::Process(pid) } => signal == deadly && itself(pid),
        Operation::Signal { signal, sender: Sender::Kernel } => signal == deadly,
        Operation::Kill { target, signal, .. } => signal == deadly && itself(target),
        _ => false,
    });
    !by_itself || task.is_thread()
}

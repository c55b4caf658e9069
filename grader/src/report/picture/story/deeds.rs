//! Words for operations that are written down rather than drawn.

use grader_trace::{Access, Disposition, Futex, Map, Operation, Outcome, Remap};

/// Words for what needs no drawing of its own; `None` for what did not happen.
pub(super) fn words(op: &Operation) -> Option<String> {
    let result = |outcome: String| Some(format!("{} {outcome}", op.word()));
    match op {
        Operation::Open { path, result: Outcome::Done(fd), .. } => Some(format!("open {path} → {fd}")),
        Operation::Open { path, result: Outcome::Failed(errno), .. } => {
            Some(format!("open {path} → {errno}"))
        }
        Operation::Pipe { result: Outcome::Done((read, write)), .. } => {
            Some(format!("pipe → {read} (read end), {write} (write end)"))
        }
        Operation::SocketPair { result: Outcome::Done((one, other)), .. } => {
            Some(format!("socketpair → {one}, {other}"))
        }
        Operation::Pipe { result: Outcome::Failed(errno), .. }
        | Operation::SocketPair { result: Outcome::Failed(errno), .. }
        | Operation::NewDescriptor { result: Outcome::Failed(errno), .. } => result(format!("→ {errno}")),
        Operation::NewDescriptor { result: Outcome::Done(fd), .. } => result(format!("→ {fd}")),
        Operation::Dup { from, result: Outcome::Failed(errno), .. } => Some(format!("dup {from} → {errno}")),
        Operation::CloseRange { first, last, mark_only: false, .. } => match *last {
            u32::MAX => Some(format!("close {first} and all above")),
            last => Some(format!("close {first} to {last}")),
        },
        Operation::SetCloexec { fd, cloexec, .. } => {
            Some(format!("fd {fd}: close on exec {}", if *cloexec { "on" } else { "off" }))
        }
        Operation::Disposition { signal, action, .. } => Some(match action {
            Disposition::Ignore => format!("ignores {signal}"),
            Disposition::Default => format!("{signal}: default"),
            Disposition::Handler => format!("handles {signal}"),
        }),
        Operation::Kill { target, signal, result: Outcome::Done(()) } => {
            Some(format!("kill {target} {signal}"))
        }
        Operation::Kill { target, signal, result: Outcome::Failed(errno) } => {
            Some(format!("kill {target} {signal} → {errno}"))
        }
        Operation::Map(Map { length, result: Outcome::Done(_), .. }) => {
            Some(format!("maps {}", size(*length)))
        }
        Operation::Map(Map { result: Outcome::Failed(errno), .. })
        | Operation::Remap(Remap { result: Outcome::Failed(errno), .. })
        | Operation::Futex(Futex { result: Outcome::Failed(errno), .. }) => result(format!("→ {errno}")),
        Operation::Remap(Remap { length, access, .. }) => Some(match access {
            None => format!("unmaps {}", size(*length)),
            Some(Access::NONE) => format!("guards {}", size(*length)),
            Some(_) => format!("opens {} to use", size(*length)),
        }),
        Operation::Futex(Futex { result: Outcome::Done(woken), .. }) => Some(format!("futex wakes {woken}")),
        Operation::Fault { address } => Some(format!("touches {address:#x}")),
        Operation::ThreadPointer { value, .. } => Some(format!("thread pointer {value:#x}")),
        Operation::Access { reads, writes, before, after, .. } => {
            let number = |value: &Option<u64>| value.map_or("…".into(), |value| value.to_string());
            Some(match (reads, writes) {
                (true, true) => format!("update {} → {}", number(before), number(after)),
                (_, true) => format!("store {}", number(after)),
                _ => format!("load → {}", number(before)),
            })
        }
        Operation::Call { result: Outcome::Done(value), .. } => result(format!("→ {value}")),
        Operation::Call { result: Outcome::Failed(errno), .. } => result(format!("→ {errno}")),
        _ => None,
    }
}

/// "64 KiB", "100 bytes"
fn size(bytes: u64) -> String {
    if bytes.is_multiple_of(1024) { format!("{} KiB", bytes / 1024) } else { format!("{bytes} bytes") }
}

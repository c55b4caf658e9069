//! What is mapped, and what for; and where a task keeps what is its own.

use super::{Call, Names, outcome};
use grader_trace::{Access, Given, Map, Operation, Outcome, Remap};

pub(super) const CALLS: &[(i64, &str)] = &[
    (libc::SYS_mmap, "mmap"),
    (libc::SYS_munmap, "munmap"),
    (libc::SYS_mprotect, "mprotect"),
    (libc::SYS_mremap, "mremap"),
];

pub(super) fn enter(call: &Call, name: &'static str) -> Option<Operation> {
    let args = call.args;
    let access = Access(args[2] as u32);
    let remap = |access| {
        Operation::Remap(Remap { start: args[0], length: args[1], access, result: Outcome::Unfinished })
    };
    Some(match call.number {
        libc::SYS_mmap => Operation::Map(Map {
            length: args[1],
            access,
            anonymous: call.int(3) & libc::MAP_ANONYMOUS != 0,
            shared: call.int(3) & libc::MAP_SHARED != 0,
            result: Outcome::Unfinished,
        }),
        libc::SYS_munmap => remap(None),
        libc::SYS_mprotect => remap(Some(access)),
        _ => Operation::Call { call: name.into(), args, result: Outcome::Unfinished },
    })
}

pub(super) fn leave(op: &mut Operation, _: &Call, answer: i64, _: Names<'_>) {
    match op {
        Operation::Map(Map { result, .. }) | Operation::Call { result, .. } => {
            *result = outcome(answer, |value| value as u64);
        }
        Operation::Remap(Remap { result, .. }) => *result = outcome(answer, drop),
        _ => {}
    }
}

/// The addresses that a call which creates a task gives it. See clone(2), "The clone3() system call".
pub(crate) fn given(call: &Call) -> Option<Given> {
    let args = &call.args;
    match call.number {
        libc::SYS_clone => {
            Some(Given { stack: args[1], parent_word: args[2], child_word: args[3], thread_pointer: args[4] })
        }
        libc::SYS_clone3 => {
            let field = |index: u64| call.memory.u64(args[0].wrapping_add(8 * index));
            let (child_word, parent_word, thread_pointer) = (field(2)?, field(3)?, field(7)?);
            let stack = field(5)?.wrapping_add(field(6)?);
            Some(Given { stack, parent_word, child_word, thread_pointer })
        }
        _ => None,
    }
}

//! The seccomp filter of a run: which calls stop for the tracer.
//!
//! Built from the very tables that decode the calls, so that what stops is what
//! is understood. All else runs at full speed. See seccomp(2), "SECCOMP_RET_TRACE".

use crate::arch;
use crate::decode::{Rule, rules};
use crate::launch::Watch;
use libc::{sock_filter, sock_fprog};

/// A filter program.
pub(crate) struct Filter(Vec<sock_filter>);

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

/// Calls that neither seccomp nor ptrace sees the effects of: they do not exist in a run.
const INVISIBLE: [i64; 3] = [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// Calls by which a task, or a process, ends itself.
pub(crate) const ENDS: [i64; 2] = [libc::SYS_exit, libc::SYS_exit_group];

impl Filter {
    /// The filter that stops for what `watch` asks, and for all that a tracer must see in any case; with `exits`,
    /// also for the calls by which tasks end.
    pub(crate) fn new(watch: Watch, exits: bool) -> Filter {
        let mut program = Filter::preamble();
        for number in ENDS.into_iter().filter(|_| exits) {
            program.push(jump_if_equal(number as u32, 0, 1));
            program.push(answer(libc::SECCOMP_RET_TRACE));
        }
        for (number, rule) in rules(watch) {
            match rule {
                Rule::Always => {
                    program.push(jump_if_equal(number as u32, 0, 1));
                    program.push(answer(libc::SECCOMP_RET_TRACE));
                }
                Rule::IfSecondArgument(values) => {
                    let count = values.len() as u8;
                    program.push(jump_if_equal(number as u32, 0, count + 3));
                    program.push(load(ARGS + 8));
                    for (index, value) in values.iter().enumerate() {
                        program.push(jump_if_equal(*value, count - index as u8, 0));
                    }
                    program.push(answer(libc::SECCOMP_RET_ALLOW));
                    program.push(answer(libc::SECCOMP_RET_TRACE));
                }
            }
        }
        program.push(answer(libc::SECCOMP_RET_ALLOW));
        Filter(program)
    }

    /// What every filter begins with: other processors' calls are not made, and what cannot be seen does not exist.
    fn preamble() -> Vec<sock_filter> {
        let mut program = vec![
            load(ARCH),
            jump_if_equal(arch::AUDIT_ARCH, 1, 0),
            answer(libc::SECCOMP_RET_KILL_PROCESS),
            load(NUMBER),
            // −1 is no call at all: the kernel answers ENOSYS.
            jump_if_equal(u32::MAX, 0, 1),
            answer(libc::SECCOMP_RET_ALLOW),
            jump_if_at_least(arch::X32_BIT, 0, 1),
            answer(libc::SECCOMP_RET_KILL_PROCESS),
        ];
        for number in INVISIBLE {
            program.push(jump_if_equal(number as u32, 0, 1));
            program.push(answer(libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32));
        }
        program
    }

    /// The filter of controlled runs, the other way round: every call stops but those that concern their caller alone.
    /// With `threads` that does not go for calls that change the mappings of a process.
    #[cfg(feature = "controlled")]
    pub(crate) fn controlled(threads: bool) -> Filter {
        use crate::controlled::{PRIVATE, REMAPS};
        let mut program = Filter::preamble();
        for number in PRIVATE.iter().filter(|number| !threads || !REMAPS.contains(number)) {
            program.push(jump_if_equal(*number as u32, 0, 1));
            program.push(answer(libc::SECCOMP_RET_ALLOW));
        }
        // So does looking at what a signal does.
        program.push(jump_if_equal(libc::SYS_rt_sigaction as u32, 0, 6));
        program.push(load(ARGS + 8));
        program.push(jump_if_equal(0, 0, 3));
        program.push(load(ARGS + 8 + 4));
        program.push(jump_if_equal(0, 0, 1));
        program.push(answer(libc::SECCOMP_RET_ALLOW));
        program.push(answer(libc::SECCOMP_RET_TRACE));
        // A mapping that is not shared concerns its caller alone.
        let counts = if threads { libc::MAP_SHARED | libc::MAP_FIXED } else { libc::MAP_SHARED };
        program.push(jump_if_equal(libc::SYS_mmap as u32, 0, if threads { 5 } else { 3 }));
        if threads {
            program.push(load(ARGS + 2 * 8));
            program.push(jump_if_set(libc::PROT_EXEC, 3));
        }
        program.push(load(ARGS + 3 * 8));
        program.push(jump_if_set(counts, 1));
        program.push(answer(libc::SECCOMP_RET_ALLOW));
        program.push(answer(libc::SECCOMP_RET_TRACE));
        Filter(program)
    }

    /// What seccomp(2) takes; valid for as long as the filter lives.
    pub(crate) fn program(&self) -> sock_fprog {
        sock_fprog { len: self.0.len() as u16, filter: self.0.as_ptr().cast_mut() }
    }
}

fn statement(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

fn load(offset: u32) -> sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

fn jump_if_equal(value: u32, then: u8, otherwise: u8) -> sock_filter {
    statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value, then, otherwise)
}

fn jump_if_at_least(value: u32, then: u8, otherwise: u8) -> sock_filter {
    statement(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, value, then, otherwise)
}

#[cfg(feature = "controlled")]
fn jump_if_set(bits: i32, then: u8) -> sock_filter {
    statement(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, bits as u32, then, 0)
}

fn answer(action: u32) -> sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, action, 0, 0)
}

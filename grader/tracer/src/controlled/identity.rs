//! What would differ from run to run: clocks, random bytes, the vDSO that answers past every filter.

use super::standing::Standing;
use crate::decode::Call;
use crate::sys::memory::Memory;
use crate::sys::ptrace;
use libc::pid_t;

/// Types of entries of the auxiliary vector. See getauxval(3).
const AT_NULL: u64 = 0;
const AT_IGNORE: u64 = 1;
const AT_RANDOM: u64 = 25;
const AT_SYSINFO_EHDR: u64 = 33;

/// When virtual time begins: seconds since 1970.
const EPOCH: u64 = 1_767_225_600;

/// How long asking for the time takes, in nanoseconds.
const ASKING: u64 = 1_000;

const SECOND: u64 = 1_000_000_000;

/// At an exec: takes the vDSO's address away from the new program, and gives it known random bytes.
pub(super) fn prepare_program(pid: pid_t, stack: u64) {
    let memory = Memory(pid);
    let mut at = stack.wrapping_add(8 * (memory.u64(stack).unwrap_or(0).wrapping_add(2)));
    while memory.u64(at).is_some_and(|word| word != 0) {
        at = at.wrapping_add(8);
    }
    at = at.wrapping_add(8);
    while let (Some(kind), Some(value)) = (memory.u64(at), memory.u64(at.wrapping_add(8))) {
        match kind {
            AT_NULL => break,
            // A kernel that cannot be asked for the vDSO is one without it.
            AT_SYSINFO_EHDR => poke(pid, at, AT_IGNORE),
            AT_RANDOM => {
                poke(pid, value, 0x0123_4567_89ab_cd00);
                poke(pid, value.wrapping_add(8), 0xfedc_ba98_7654_3210);
            }
            _ => {}
        }
        at = at.wrapping_add(16);
    }
}

/// A task that cannot be written to has just been killed, and nobody will read it.
fn poke(pid: pid_t, at: u64, word: u64) {
    let _ = ptrace::poke_data(pid, at, word);
}

/// The answer to a call about time or chance, which the kernel is not asked for; `None` for other calls.
pub(super) fn answer(task: &mut Standing, path_hash: u64, call: &Call) -> Option<i64> {
    let args = call.args;
    match call.number {
        libc::SYS_clock_gettime => {
            task.clock += ASKING;
            let clock = args[0] as i32;
            let base =
                if matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE) { EPOCH } else { 0 };
            store(task.pid, args[1], [base + 1_000 + task.clock / SECOND, task.clock % SECOND]);
            Some(0)
        }
        libc::SYS_gettimeofday => {
            task.clock += ASKING;
            store(task.pid, args[0], [EPOCH + task.clock / SECOND, task.clock % SECOND / 1_000]);
            Some(0)
        }
        libc::SYS_time => {
            task.clock += ASKING;
            let now = EPOCH + task.clock / SECOND;
            if args[0] != 0 {
                poke(task.pid, args[0], now);
            }
            Some(now as i64)
        }
        libc::SYS_times => {
            store(task.pid, args[0], [0, 0]);
            store(task.pid, args[0].wrapping_add(16), [0, 0]);
            Some(100)
        }
        libc::SYS_getrusage => {
            (0..18).for_each(|word| poke(task.pid, args[1].wrapping_add(8 * word), 0));
            Some(0)
        }
        libc::SYS_getrandom => {
            let wanted = args[1].min(1 << 16);
            for offset in (0..wanted).step_by(8) {
                task.random += 1;
                let word = mixed(path_hash.wrapping_add(task.random));
                if offset + 8 <= wanted {
                    poke(task.pid, args[0].wrapping_add(offset), word);
                } else {
                    poke_bytes(
                        task.pid,
                        args[0].wrapping_add(offset),
                        &word.to_le_bytes()[..(wanted - offset) as usize],
                    );
                }
            }
            Some(wanted as i64)
        }
        _ => None,
    }
}

/// What the processor's counter reads: three steps a nanosecond.
pub(super) fn counter(task: &mut Standing) -> u64 {
    task.clock += ASKING;
    task.clock.wrapping_mul(3)
}

/// How long a sleep is, and where it tells what is left of it; nothing, if it has a time to end at instead.
fn length(call: &Call) -> Option<(u64, u64)> {
    let (place, rest) = match call.number {
        libc::SYS_nanosleep => (call.args[0], call.args[1]),
        _ if call.args[1] as i32 & libc::TIMER_ABSTIME != 0 => return None,
        _ => (call.args[2], call.args[3]),
    };
    let part = |offset: u64| call.memory.u64(place.wrapping_add(offset)).unwrap_or(0);
    Some((part(0).saturating_mul(SECOND).saturating_add(part(8)), rest))
}

/// A sleep's length is added to the sleeper's own clock.
pub(super) fn slept(task: &mut Standing, call: &Call) {
    let (time, _) = length(call).unwrap_or_default();
    task.clock = task.clock.saturating_add(time);
}

/// A signal has ended a sleep as soon as it began.
pub(super) fn hardly_slept(task: &mut Standing, call: &Call) {
    task.clock += ASKING;
    if let Some((time, rest)) = length(call) {
        let left = time.saturating_sub(ASKING);
        store(task.pid, rest, [left / SECOND, left % SECOND]);
    }
}

fn store(pid: pid_t, at: u64, words: [u64; 2]) {
    if at != 0 {
        poke(pid, at, words[0]);
        poke(pid, at.wrapping_add(8), words[1]);
    }
}

/// Fewer than eight bytes.
pub(super) fn poke_bytes(pid: pid_t, at: u64, bytes: &[u8]) {
    let start = at & !7;
    for place in [start, start + 8] {
        let Some(word) = Memory(pid).u64(place) else { continue };
        let mut old = word.to_le_bytes();
        for (offset, byte) in bytes.iter().enumerate() {
            let index = at + offset as u64;
            if (place..place + 8).contains(&index) {
                old[(index - place) as usize] = *byte;
            }
        }
        if old != word.to_le_bytes() {
            poke(pid, place, u64::from_le_bytes(old));
        }
    }
}

/// Numbers that look random (SplitMix64).
pub(super) fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

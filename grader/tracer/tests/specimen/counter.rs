//! Programs that heed the processor's counter, and one whose SIGSEGV has another cause.

use crate::kernel::*;
use libc::c_int;
use std::arch::x86_64::{__cpuid, __rdtscp, _rdtsc};

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("heeds_the_counter", []) => {
            draws();
            expect_exit(child(draws), 0);
            let becomes = || {
                become_specimen(&["heeds_the_counter", "alone"]);
                127
            };
            expect_exit(child(becomes), 0);
            draws()
        }
        ("heeds_the_counter", ["alone"]) => draws(),
        ("crashes_after_the_counter", [how]) => {
            draws();
            if *how == "handled" {
                let handler: extern "C" fn(c_int) = caught;
                on_signal(libc::SIGSEGV, handler as libc::sighandler_t, 0);
            } else {
                // Rust handles it.
                on_signal(libc::SIGSEGV, libc::SIG_DFL, 0);
            }
            crash()
        }
        ("ignores_what_traps", []) => {
            on_signal(libc::SIGSEGV, libc::SIG_IGN, 0);
            draws()
        }
        _ => return None,
    };
    Some(0)
}

/// Writes letters that only the counter decides, and asserts that it grows.
fn draws() -> i32 {
    let mut last = 0;
    let mut letters = [0; 24];
    for letter in &mut letters {
        let now = counter();
        assert!(now > last, "{now} after {last}");
        last = now;
        *letter = if now.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 0 { b'a' } else { b'b' };
    }
    write(1, &letters);
    0
}

/// By either instruction, where there are both.
fn counter() -> u64 {
    const HAS_RDTSCP: u32 = 1 << 27;
    // SAFETY: every x86-64 has this instruction.
    let plain = unsafe { _rdtsc() };
    if __cpuid(0x8000_0001).edx & HAS_RDTSCP == 0 {
        return plain;
    }
    let mut processor = 0;
    // SAFETY: the processor has just said that it has the instruction.
    let counter = unsafe { __rdtscp(&raw mut processor) };
    assert!(counter > plain, "{counter} after {plain}");
    counter
}

/// Writes where nothing is mapped.
fn crash() -> i32 {
    // SAFETY: none: it ends the program, by the signal that this is about.
    unsafe { std::ptr::null_mut::<i32>().write_volatile(1) };
    0
}

extern "C" fn caught(_: c_int) {
    say("caught");
    exit(7);
}

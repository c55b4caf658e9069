//! What the simulated machine has not: exec, vfork, masks, ignored signals, SIGCHLD, O_NONBLOCK. Reduction is compared
//! with plain enumeration on the kernel itself.
//!
//! The programs are text as in `text`, with more letters: `B17` blocks a signal, `I17` ignores it, `R10` sends it to
//! oneself, `S` is sigsuspend, `U` unblocks all, `N00` sets O_NONBLOCK on a read end, `e` execs, `y` and `Y` vfork.

use super::outcomes::beyond;
use super::real::{SPECIMEN, enumerated_by, explored_by, machine_for};

const PROGRAMS: [(&str, &str); 24] = [
    ("a child's end is a signal", "h17r(p!)f(x002)wwnpp"),
    ("a child's end interrupts a sleep", "h17i(p!)f()sn"),
    ("a child's end ends a pause, or has come before", "h17r(p!)f()zpp"),
    ("two ends are one signal", "h17r(p!)f()f()wwww"),
    ("a blocked end waits", "h17r(p!)B17f()ppUpq"),
    ("nothing is lost with sigsuspend", "h17r(p!)B17f()Spp"),
    ("ignored children leave no zombies", "I17f(x001)f(x002)wwn"),
    ("ignored too late", "f(x001)I17wwn"),
    ("ignored by the child alone", "f(I10pc)K010wwn"),
    ("blocked and ignored", "B10I10f(k10)wwh10r(p!)Upp"),
    ("blocked, then unblocked, then killed", "f(B10paUpb)K010wwn"),
    ("a signal to oneself", "h10r(p!)f(k10)R10ww"),
    ("a blocked signal to oneself, and another's", "h10r(p!)B10f(k10)R10ppUww"),
    ("an exec resets handlers", "h10r(p!)f(e)K010wwn"),
    ("an exec keeps what is ignored", "I10f(e)K010wwn"),
    ("an exec and a child that ends", "f(h17r(p!)f(x001)e)wwn"),
    ("vfork and exec", "ypp"),
    ("vfork beside another child", "f(pc)ypp"),
    ("vfork and exit, then wait", "Ywwn"),
    ("a child that vforks, and its parent", "f(ypc)ppww"),
    ("who shares a pipe shares O_NONBLOCK", "of(N00)r01n"),
    ("no data, or some", "oN00f(t011)r01nr01n"),
    ("no data, the end, or some", "oN00c01f(t015)r01n"),
    ("a signal between two programs", "f(pae)K010K015wwn"),
];

/// Compares them; how many interleavings there were.
fn compared(name: &str, text: &str, most: u64) -> u64 {
    let machine = || machine_for(SPECIMEN, &["specimen", "interprets", text, "1"]);
    let all = enumerated_by(&mut machine(), most).unwrap_or_else(|why| panic!("{name}: enumeration: {why}"));
    let found = explored_by(&mut machine()).unwrap_or_else(|why| panic!("{name}: {why}"));
    let (lost, gained) = (beyond(&all.outcomes, &found.outcomes), beyond(&found.outcomes, &all.outcomes));
    assert!(lost.is_empty() && gained.is_empty(), "{name}: {text}\nlost:{lost}\ngained:{gained}");
    assert!(found.report.judged <= all.report.judged, "{name}");
    all.report.judged
}

#[test]
fn reduction_finds_on_the_kernel_what_enumeration_finds() {
    let interleavings: u64 = PROGRAMS.iter().map(|(name, text)| compared(name, text, 20_000)).sum();
    println!("{} programs, {interleavings} interleavings", PROGRAMS.len());
    assert!(interleavings > PROGRAMS.len() as u64 * 4);
}

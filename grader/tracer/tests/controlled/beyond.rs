//! What the simulated machine has not: exec, vfork, masks, ignored signals, SIGCHLD, O_NONBLOCK. Reduction is compared
//! with plain enumeration on the kernel itself.
//!
//! The programs are text as in `text`, with more letters: `B17` blocks a signal, `I17` ignores it, `R10` sends it to
//! oneself, `S` is sigsuspend, `U` unblocks all, `N00` sets O_NONBLOCK on a read end, `e` execs, `y` and `Y` vfork.

use super::outcomes::beyond;
use super::real::{SPECIMEN, enumerated_by, explored_by, machine_for};
use super::setting;
use grader_explorer::simulated::generate::Random;

const PROGRAMS: [(&str, &str); 26] = [
    ("a signal that comes before it is blocked", "h17r(p!)f(paf(pb))gB17"),
    ("a child's end before a vfork, and another one's after it", "h17i(p!)f(pcR10)pbypa"),
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

/// Compares them; how many interleavings there were, if not more than `most`.
pub fn compared(name: &str, text: &str, most: u64) -> Option<u64> {
    let machine = || machine_for(SPECIMEN, &["specimen", "interprets", text, "1"]);
    let all = match enumerated_by(&mut machine(), most) {
        Err(why) if why.contains("BudgetReached") => return None,
        all => all.unwrap_or_else(|why| panic!("{name}: {text}: enumeration: {why}")),
    };
    let found = explored_by(&mut machine()).unwrap_or_else(|why| panic!("{name}: {why}"));
    let (lost, gained) = (beyond(&all.outcomes, &found.outcomes), beyond(&found.outcomes, &all.outcomes));
    assert!(lost.is_empty() && gained.is_empty(), "{name}: {text}\nlost:{lost}\ngained:{gained}");
    assert!(found.report.judged <= all.report.judged, "{name}");
    Some(all.report.judged)
}

/// Random programs of the same kind.
struct Writer {
    random: Random,
    /// Tasks and handlers that may still be made.
    tasks: usize,
    handlers: usize,
}

impl Writer {
    fn chance(&mut self, of: usize) -> bool {
        self.random.below(of) == 0
    }

    fn handler(&mut self, signal: &str) -> String {
        self.handlers = self.handlers.saturating_sub(1);
        let begins_again = if self.chance(2) { 'r' } else { 'i' };
        let body = ["p!", "", "sp!"][self.random.below(3)];
        format!("h{signal}{begins_again}({body})")
    }

    /// What one task does. A pipe is there in all of them.
    fn body(&mut self, is_root: bool) -> String {
        let mut text = String::new();
        let mut children = 0;
        for _ in 0..1 + self.random.below(4) {
            let signal = ["17", "17", "10"][self.random.below(3)];
            let word = match self.random.below(20) {
                0..=3 if self.tasks > 0 => {
                    (self.tasks, children) = (self.tasks - 1, children + 1);
                    match self.random.below(6) {
                        0 => "y".into(),
                        1 => "Y".into(),
                        _ => format!("f({})", self.body(false)),
                    }
                }
                4 | 5 if self.handlers > 0 => self.handler(signal),
                6 => format!("B{signal}"),
                7 => format!("I{signal}"),
                8 => "U".into(),
                9 => "S".into(),
                10 => "R10".into(),
                11 if !is_root => "k10".into(),
                11 | 12 if children > 0 => "K010".into(),
                13 | 14 if children > 0 => if self.chance(3) { "wnn" } else { "wwn" }.into(),
                15 => ["r01n", "t011", "N00", "c00", "c01", "l0tn"][self.random.below(6)].into(),
                16 => "sn".into(),
                17 => "g".into(),
                18 if self.chance(2) => return text + "e",
                _ => format!("p{}", char::from(b'a' + self.random.below(3) as u8)),
            };
            text += &word;
        }
        text
    }
}

#[test]
fn reduction_finds_on_the_kernel_what_enumeration_finds_in_random_programs() {
    let programs = setting("FORKLINGS_KERNEL_BEYOND", 60);
    let most = setting("FORKLINGS_KERNEL_INTERLEAVINGS", 200);
    let mut random = Random::new(setting("FORKLINGS_KERNEL_SEED", 2026));
    let (mut count, mut too_large, mut interleavings) = (0, 0, 0);
    while count < programs {
        let mut writer = Writer { random, tasks: 2, handlers: 5 };
        let text = format!("{}o{}", writer.handler("17"), writer.body(true));
        random = writer.random;
        match compared("random", &text, most) {
            None => too_large += 1,
            Some(1) => {}
            Some(all) => (count, interleavings) = (count + 1, interleavings + all),
        }
    }
    println!("{count} programs, {interleavings} interleavings; {too_large} had more than {most}");
}

#[test]
fn reduction_finds_on_the_kernel_what_enumeration_finds() {
    let interleavings: u64 =
        PROGRAMS.iter().map(|(name, text)| compared(name, text, 20_000).expect("small")).sum();
    println!("{} programs, {interleavings} interleavings", PROGRAMS.len());
    assert!(interleavings > PROGRAMS.len() as u64 * 4);
}

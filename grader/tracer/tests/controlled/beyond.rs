//! What the simulated machine has not: exec, vfork, masks, ignored signals, SIGCHLD, O_NONBLOCK, files, waitid.
//! Reduction is compared with plain enumeration on the kernel itself.
//!
//! The programs are text as in `text`, with more letters: `B17` blocks a signal, `I17` ignores it, `R10` sends it to
//! oneself, `S` is sigsuspend, `U` unblocks all, `N00` sets O_NONBLOCK on a read end, `C00` closes it on exec, `D0` makes
//! a write end standard output, `e` execs, `y` and `Y` vfork. What `A…`, `W…` and `G…` do, and the kinds of handlers, is
//! said in the specimen's `interprets`.

use super::folder::Folder;
use super::outcomes::beyond;
use super::real::{enumerated_by, explored_by, machine_within};
use super::setting;
use grader_explorer::simulated::generate::Random;
use std::collections::BTreeSet;

const PROGRAMS: &[(&str, &str)] = &[
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
    ("a signal to oneself, which another one sends as well", "h10r(p!)f(k10)R10pa"),
    ("a handler for one time", "h10o(p!)f(k10k10)wwn"),
    ("a handler that blocks what comes", "h10m(papb)h15r(p!)f(k10)f(k15)ww"),
    ("a handled end that leaves no zombie", "h17z(p!)f(x001)wwn"),
    ("a look at the dead, then a wait", "f(x001)f(x002)Wknwwn"),
    ("a look without sleeping", "f(x001)WKnWKn"),
    ("a wait that is an error ends nothing", "f(pc)Wenpp"),
    ("a wait for those that stop, too", "f(x001)Wun"),
    ("killed or not", "f(papb)K009W1n"),
    ("whoever makes a file first", "f(Acn)Acn"),
    ("a file before its folder", "f(Ain)Am"),
    ("a folder that is not empty", "Amf(Ain)Adn"),
    ("a file is looked at through a folder", "f(Am)Atn"),
    ("a way into a folder", "f(Am)Ahn"),
    ("a shared offset", "Aof(Aw)AwAsn"),
    ("a shared offset of a file that nobody changes", "Apf(Arn)Arn"),
    ("an offset is looked at", "Apf(Ar)Aln"),
    ("two who append", "f(Aa)Aasn"),
    ("a file that is moved while it is written", "Aof(An)AwAgn"),
    ("a file that is moved while another one appends", "f(AcAn)AanAgn"),
    ("standard output is a pipe", "of(D0papb)r02n"),
    ("an end that exec closes", "oC01f(c00e)c01r01nwwn"),
    ("an end that exec keeps", "of(c00e)c01r01n"),
];

/// No claim is made about these.
const REFUSED: &[(&str, &str)] = &[
    ("a group of one's own", "f(Gs)ww"),
    ("a signal to a group", "f(Gk)ww"),
    ("a stop", "f(Gt)ww"),
    ("a wait for a group", "f()Gw"),
    ("a parent for orphans", "Gpf(f())ww"),
    ("a child is stopped", "f(pa)K019ww"),
    ("a child that may be stopped goes on", "f(pa)K018ww"),
    ("a signal that queues", "B34f(k34)f(k34)wwww"),
    ("killed while its memory is lent", "f(Y)K009ww"),
    ("a blocked SIGPIPE", "B13of(c00)c00wwt011U"),
];

/// Compares them; how many interleavings there were, if not more than `most`.
pub fn compared(folder: &Folder, name: &str, text: &str, most: u64) -> Option<u64> {
    let machine = || machine_within(folder.path(), text);
    let all = match enumerated_by(&mut machine(), most) {
        Err(why) if why.contains("BudgetReached") => return None,
        // What is refused in one schedule must not be overlooked.
        Err(why) if why.contains("no model") => {
            let also = explored_by(&mut machine()).err().unwrap_or_default();
            assert!(also.contains("no model"), "{name}: {text}: enumeration says {why}");
            return Some(1);
        }
        all => all.unwrap_or_else(|why| panic!("{name}: {text}: enumeration: {why}")),
    };
    let found = explored_by(&mut machine()).unwrap_or_else(|why| panic!("{name}: {text}: {why}"));
    let (lost, gained) = (beyond(&all.outcomes, &found.outcomes), beyond(&found.outcomes, &all.outcomes));
    assert!(lost.is_empty() && gained.is_empty(), "{name}: {text}\nlost:{lost}\ngained:{gained}");
    assert!(found.report.judged <= all.report.judged, "{name}: {text}");
    Some(all.report.judged)
}

/// What programs of a kind are made of besides forks, signals and letters.
const WORDS: [&[&str]; 4] = [
    &["sn", "g", "S", "U", "R10", "r01n", "t011"],
    &["Acn", "Aun", "Amn", "Adn", "Ain", "Ahn", "Aan", "Asn", "Atn", "Agn", "Ann", "Aw", "Arn", "Aln"],
    &["r01n", "r02n", "t011", "t012", "c00", "c01", "c00c01", "l0tn", "l0en", "N00", "N01", "D0", "C01"],
    &["wwn", "wnn", "Wkn", "WKn", "Wun", "Wen", "x002", "g", "zpz"],
];

/// Random programs of the same kind.
struct Writer {
    random: Random,
    /// Which of [`WORDS`].
    kind: usize,
    /// Tasks and handlers that may still be made.
    tasks: usize,
    handlers: usize,
}

impl Writer {
    /// A program, which always begins with a handler and a pipe, and with an open file if it is about files.
    fn program(&mut self) -> String {
        let handler = self.handler("17");
        let file = if self.kind == 1 { self.of(&["", "Ao", "Ap"]) } else { "" };
        format!("{handler}o{file}{}", self.body(false))
    }

    fn chance(&mut self, of: usize) -> bool {
        self.random.below(of) == 0
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.random.below(words.len())]
    }

    fn handler(&mut self, signal: &str) -> String {
        self.handlers = self.handlers.saturating_sub(1);
        let kind = self.of(&["r", "r", "i", "i", "o", "m", "z"]);
        let body = self.of(&["p!", "", "sp!"]);
        format!("h{signal}{kind}({body})")
    }

    /// What one task does.
    fn body(&mut self, is_child: bool) -> String {
        let mut text = String::new();
        let mut children = 0;
        for _ in 0..1 + self.random.below(4) {
            let signal = self.of(&["17", "17", "10", "13"]);
            let word = match self.random.below(20) {
                0..=3 if self.tasks > 0 => {
                    (self.tasks, children) = (self.tasks - 1, children + 1);
                    match self.random.below(8) {
                        0 => "y".into(),
                        1 => "Y".into(),
                        _ => format!("f({})", self.body(true)),
                    }
                }
                4 | 5 if self.handlers > 0 => self.handler(signal),
                6 => format!("B{signal}"),
                7 => format!("I{signal}"),
                8 if self.chance(2) => self.of(&["U", "S", "R10"]).into(),
                9 if is_child => "k10".into(),
                9 | 10 if children > 0 => self.of(&["K010", "K010", "K015", "K009"]).into(),
                11 | 12 if children > 0 => self.of(&["wwn", "wwn", "wnn", "v0wn", "W1n"]).into(),
                13..=17 => self.of(WORDS[self.kind]).into(),
                18 if self.chance(2) => return text + "e",
                _ => self.of(&["pa", "pb", "pc"]).into(),
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
    let folder = Folder::new();
    while count < programs {
        let kind = random.below(WORDS.len());
        let mut writer = Writer { random, kind, tasks: 2, handlers: 5 };
        let text = writer.program();
        random = writer.random;
        match compared(&folder, "random", &text, most) {
            None => too_large += 1,
            Some(1) => {}
            Some(all) => (count, interleavings) = (count + 1, interleavings + all),
        }
    }
    println!("{count} programs, {interleavings} interleavings; {too_large} had more than {most}");
}

#[test]
fn reduction_finds_on_the_kernel_what_enumeration_finds() {
    let folder = Folder::new();
    let compared = |(name, text): &(&str, &str)| {
        compared(&folder, name, text, 20_000).unwrap_or_else(|| panic!("{name}: too large"))
    };
    let interleavings: u64 = PROGRAMS.iter().map(compared).sum();
    println!("{} programs, {interleavings} interleavings", PROGRAMS.len());
    assert!(interleavings > PROGRAMS.len() as u64 * 4);
}

#[test]
fn no_claim_is_made_of_what_there_is_no_model_of() {
    let folder = Folder::new();
    for (name, text) in REFUSED {
        let why = explored_by(&mut machine_within(folder.path(), text)).err().unwrap_or_default();
        assert!(why.contains("no model"), "{name}: {why}");
    }
}

/// All that a program may write.
fn outputs(text: &str) -> BTreeSet<String> {
    let folder = Folder::new();
    let found = explored_by(&mut machine_within(folder.path(), text));
    found.unwrap_or_else(|why| panic!("{text}: {why}")).outcomes.into_values().flatten().collect()
}

#[test]
fn a_sleep_that_a_signal_ends_took_hardly_any_time() {
    assert_eq!(outputs("h10r()f(k10)Ln"), ["(0)", "(299000)"].map(String::from).into());
}

#[test]
fn a_handler_is_told_how_the_child_ended() {
    let told = |text| outputs(text).into_iter().filter(|told| !told.is_empty()).collect::<Vec<_>>();
    assert_eq!(told("h17s()f(x007)ww"), ["(1007)"]);
    assert_eq!(told("h17s()f(R09)ww"), ["(2009)"]);
}

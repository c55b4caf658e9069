//! Files and stacks that are damaged in every way: there may be no answer, but there is no panic.

use crate::stopped::{Built, stops};
use grader_program::{Programs, Why, inspect};
use grader_trace::{Module, Snapshot};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A sequence of numbers without pattern, the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

struct Victim {
    built: Built,
    bytes: Vec<u8>,
    snapshot: Snapshot,
}

impl Victim {
    fn of(built: Built, text: &str) -> Victim {
        let stops = stops(Command::new(built.program()), &[libc::SYS_write]);
        let stop = stops.into_iter().find(|stop| stop.text == text).expect("the write");
        let bytes = fs::read(built.program()).expect("read the program");
        Victim { built, bytes, snapshot: stop.snapshot }
    }

    fn rust() -> Victim {
        Victim::of(Built::rust(&["-g"]), "by println")
    }

    fn c() -> Option<Victim> {
        Some(Victim::of(Built::c(&["-g"])?, "by printf"))
    }

    /// The snapshot, as if another file had been mapped.
    fn mapped(&self, file: &Path) -> Snapshot {
        let program = self.built.program();
        let path = |path: &PathBuf| if *path == program { file.to_owned() } else { path.clone() };
        let modules = self.snapshot.modules.iter();
        let modules: Vec<Module> =
            modules.map(|module| Module { path: path(&module.path), ..module.clone() }).collect();
        Snapshot { modules: modules.into(), ..self.snapshot.clone() }
    }

    /// Asks everything of a damaged copy; whether the line was found all the same.
    fn ask(&self, bytes: &[u8]) -> bool {
        let copy = self.built.folder.path().join("damaged");
        fs::write(&copy, bytes).expect("write the copy");
        let snapshot = self.mapped(&copy);
        let programs = Programs::new();
        programs.stack(&snapshot);
        let _ = inspect(&copy);
        programs.site(&snapshot, &|file| file == self.built.source).is_some()
    }
}

fn flipped(victim: &Victim, rounds: usize, flips: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut found = 0;
    for _ in 0..rounds {
        let mut bytes = victim.bytes.clone();
        // Close together, so that one table is hit hard and those that lead to it are not.
        let from = numbers.below(bytes.len());
        let window = bytes.len().min(from + 40 * flips) - from;
        for _ in 0..flips {
            bytes[from + numbers.below(window)] ^= 1 << numbers.below(8);
        }
        found += usize::from(victim.ask(&bytes));
    }
    eprintln!("{rounds} copies with {flips} flips: the line was found in {found}");
    // One flip rarely hits what matters: most of the time the answer stands.
    assert!(flips > 1 || found > rounds / 2, "{found} of {rounds}");
}

#[test]
fn a_flipped_bit_in_a_c_program() {
    let Some(victim) = Victim::c() else { return };
    assert!(victim.ask(&victim.bytes));
    flipped(&victim, 600, 1);
}

#[test]
fn many_flipped_bits_in_a_c_program() {
    let Some(victim) = Victim::c() else { return };
    flipped(&victim, 400, 20);
    flipped(&victim, 200, 200);
}

#[test]
fn many_flipped_bits_in_a_rust_program() {
    let victim = Victim::rust();
    assert!(victim.ask(&victim.bytes));
    flipped(&victim, 10, 1000);
    flipped(&victim, 10, 100_000);
}

#[test]
fn each_byte_of_the_headers_set_to_all_ones() {
    let Some(victim) = Victim::c() else { return };
    let length = victim.bytes.len();
    let sections = length.saturating_sub(64 * 40);
    for at in (0..1024).chain(sections..length).step_by(2) {
        let mut bytes = victim.bytes.clone();
        bytes[at] = 0xff;
        victim.ask(&bytes);
    }
}

#[test]
fn a_program_cut_anywhere() {
    let Some(victim) = Victim::c() else { return };
    let mut truncated = 0;
    for length in (0..128).chain((128..victim.bytes.len()).step_by(97)) {
        victim.ask(&victim.bytes[..length]);
        let copy = victim.built.folder.path().join("damaged");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("allow it to be executed");
        match inspect(&copy).map_err(|error| error.why) {
            Err(Why::Empty) => assert_eq!(length, 0),
            Err(Why::NotElf) => assert!(length < 4, "{length}"),
            Err(Why::Truncated) => truncated += 1,
            // What is cut off is not needed to run.
            Ok(_) => assert!(length > 4096, "{length}"),
            Err(other) => panic!("{length} bytes: {other}"),
        }
    }
    assert!(truncated > 100);
}

#[test]
fn a_stack_and_registers_of_rubbish() {
    let victim = Victim::rust();
    let programs = Programs::new();
    let mut numbers = Numbers(42);
    for _ in 0..3000 {
        let mut snapshot = victim.snapshot.clone();
        let mut stack = snapshot.stack.to_vec();
        for _ in 0..numbers.below(200) {
            let at = numbers.below(stack.len());
            stack[at] = numbers.below(256) as u8;
        }
        stack.truncate(numbers.below(stack.len() + 1));
        snapshot.stack = stack.into();
        for _ in 0..numbers.below(3) {
            let register = numbers.below(snapshot.registers.len());
            snapshot.registers[register] = numbers.0 >> numbers.below(64);
        }
        snapshot.registers.truncate(numbers.below(40));
        programs.stack(&snapshot);
        programs.site(&snapshot, &|file| file == victim.built.source);
    }
}

#[test]
fn a_stack_that_is_copied_only_in_part_ends_early_but_rightly() {
    let victim = Victim::rust();
    let programs = Programs::new();
    let whole = programs.stack(&victim.snapshot);
    let mut lengths = Vec::new();
    for bytes in (0..victim.snapshot.stack.len()).step_by(64) {
        let stack = victim.snapshot.stack[..bytes].into();
        let part = programs.stack(&Snapshot { stack, ..victim.snapshot.clone() });
        assert_eq!(part, whole[..part.len()], "{bytes} bytes");
        lengths.push(part.len());
    }
    assert!(lengths.is_sorted() && lengths.first() == Some(&1) && lengths.last() == Some(&whole.len()));
}

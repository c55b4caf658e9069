//! How long a learner waits: from an edit of `wait` to the verdict.
//!
//! ```text
//! cargo bench -p grader --bench edit_verdict
//! ```
//!
//! In a copy of the workspace, with the reference solution in the learner's place and everything built as
//! `cargo run` builds it, on two processors at most. Each time the source is changed before, so that the compiler has
//! work to do, and then one of these is run, in turn:
//!
//! - what it takes without a grader: `cargo build -p wait`, and the program once;
//! - `grader check wait`;
//! - `cargo run -p grader -- check wait`, as it is typed: cargo looks at the grader first.
//!
//! `ratio` is against the first. Target: `grader check wait` takes at most 1.25 times as long, and at most 0.3 s.
//!
//! The second table is for a source that has not changed since the last time. Target: at most 0.1 s.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use measure::checkout::{Checkout, succeed, write};
use measure::{Measured, Way};
use std::cell::Cell;
use std::process::ExitCode;
use std::time::Duration;

const ROUNDS: usize = 15;
const PROCESSORS: usize = 2;

/// Files that are younger than this may be written to again within the same tick of the kernel's clock for them;
/// the grader does not take them for settled. No learner is as quick.
const TICK: Duration = Duration::from_millis(50);

const MAIN: &str = "fn main() -> ExitCode {\n";

fn main() -> ExitCode {
    measure::main(benchmark)
}

fn benchmark() -> Measured<()> {
    let processors = measure::stay_on_processors(PROCESSORS)?;
    let rounds = measure::rounds(ROUNDS);
    let copy = Checkout::new()?;
    let text = copy.solve("wait")?;
    println!("building the grader in a copy of the workspace");
    succeed(copy.command("cargo").args(["build", "-p", "grader"]))?;

    let edits = Cell::new(0);
    let edit = || {
        edits.set(edits.get() + 1);
        let changed = text.replacen(MAIN, &format!("{MAIN}    std::hint::black_box({});\n", edits.get()), 1);
        if changed == text {
            return Err(format!("the solution of wait has no line {MAIN:?} to edit"));
        }
        write(&copy.exercise("wait"), &changed)?;
        std::thread::sleep(TICK);
        Ok(())
    };
    let build = || succeed(copy.command("cargo").args(["build", "-p", "wait"]));
    let program = || succeed(&mut copy.command(copy.built("wait")));
    let check = || succeed(copy.command(copy.built("grader")).args(["check", "wait"]));
    let typed = || succeed(copy.command("cargo").args(["run", "-p", "grader", "--", "check", "wait"]));

    let bare = || build().and_then(|()| program());
    let mut ways = [
        Way::new("cargo build, the program", bare).after(edit),
        Way::new("grader check wait", check).after(edit),
        Way::new("cargo run … check wait", typed).after(edit),
    ];
    let times = measure::in_turn(rounds, &mut ways)?;
    measure::table(&format!("wait, edited; {rounds} rounds on {processors} processors"), &times);

    // Each is run before, too: the grader builds again for who comes with another environment, as cargo run does.
    let mut ways = [
        Way::new("cargo build, the program", bare).after(bare),
        Way::new("grader check wait", check).after(check),
        Way::new("cargo run … check wait", typed).after(typed),
    ];
    let times = measure::in_turn(rounds, &mut ways)?;
    measure::table(&format!("wait, not changed; {rounds} rounds on {processors} processors"), &times);
    Ok(())
}

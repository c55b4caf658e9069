//! How long the first verdict takes: `cargo run -p grader` in a fresh clone, the registry's crates downloaded before.
//!
//! ```text
//! cargo bench -p grader --bench cold_start        # once
//! cargo bench -p grader --bench cold_start -- 3   # three times
//! ```
//!
//! In a fresh copy of the workspace each time, with nothing built, on two processors at most. That builds
//! the grader, lets it build all exercises, and judges them as they were shipped. Target: at most 30 s.
//!
//! The second row is the same with an engine that is not optimised; its `ratio` is the share of the time that would be
//! left without that. The environment's own settings for builds (CARGO_TARGET_DIR, RUSTFLAGS, RUSTC_WRAPPER and the
//! like) do not count.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod measure;

use measure::checkout::{Checkout, ends};
use measure::{Measured, Times};
use std::process::ExitCode;

const ROUNDS: usize = 1;
const PROCESSORS: usize = 2;

/// The packages that the workspace's profile optimises.
const ENGINE: [&str; 4] = ["grader-trace", "grader-tracer", "grader-program", "grader-explorer"];

fn main() -> ExitCode {
    measure::main(benchmark)
}

fn benchmark() -> Measured<()> {
    let processors = measure::stay_on_processors(PROCESSORS)?;
    let rounds = measure::rounds(ROUNDS);
    let plain = ENGINE.map(|package| format!("--config=profile.dev.package.{package}.opt-level=0"));
    let ways: [(&str, &[String]); 2] = [("as it is", &[]), ("engine not optimised", &plain)];
    let mut all = ways.map(|(name, _)| Times::new(name));
    for _ in 0..rounds {
        for ((_, settings), times) in ways.iter().zip(&mut all) {
            let copy = Checkout::new()?;
            times.take(|| first_verdict(&copy, settings))?;
        }
    }
    measure::table(&format!("cargo run -p grader, cold; {rounds} × on {processors} processors"), &all);
    Ok(())
}

/// The exercises are not written yet, so that it ends with 1.
fn first_verdict(copy: &Checkout, settings: &[String]) -> Measured<()> {
    let said =
        ends(copy.command("cargo").arg("run").args(settings).args(["-p", "grader"]), |code| code == 1)?;
    match said.contains("not written yet") {
        true => Ok(()),
        false => Err(format!("there is no verdict in what it says:\n{said}")),
    }
}

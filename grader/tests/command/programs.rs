//! `explore` and `replay`, asked about a program.

use crate::specimen;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

static SPECIMEN: LazyLock<PathBuf> = LazyLock::new(|| specimen::build().expect("the specimen can be built"));

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// On standard output.
    pub text: String,
    /// On standard error.
    pub complaints: String,
    /// How it ended.
    pub status: i32,
}

/// Where the specimen lies.
pub fn specimen_file() -> &'static str {
    SPECIMEN.to_str().expect("a name in UTF-8")
}

/// Asks about the specimen in one of its modes.
pub fn specimen(arguments: &[&str], mode: &[&str]) -> Answer {
    let program: Vec<&str> = [specimen_file()].iter().chain(mode).copied().collect();
    about(arguments, &program)
}

/// Asks about any program.
pub fn about(arguments: &[&str], program: &[&str]) -> Answer {
    let output = command(arguments, program).output().expect("the grader starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Answer {
        text: text(output.stdout),
        complaints: text(output.stderr),
        status: output.status.code().expect("an exit status"),
    }
}

/// The command that asks.
pub fn command(arguments: &[&str], program: &[&str]) -> Command {
    let mut grader = Command::new(env!("CARGO_BIN_EXE_grader"));
    grader.args(arguments).arg("--").args(program);
    grader
}

//! The command line.

#![forbid(unsafe_code)]

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    grader::commands::run(&grader::cli::Cli::parse()).into()
}

//! The subcommands, one a file.

mod check;
mod choice;

use crate::cli::{Cli, Command};
use crate::output::complain;
use crate::problem::Status;

/// Does what the command line says; the exit status.
pub fn run(cli: Cli) -> Status {
    let place = cli.place;
    let result = match cli.command {
        Some(Command::Check(check)) => check::run(&check, &place),
        _ => todo!(),
    };
    result.unwrap_or_else(|problem| complain(&problem))
}

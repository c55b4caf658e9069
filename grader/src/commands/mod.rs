//! The subcommands, one a file.

mod check;
mod choice;
mod doctor;
mod explore;
mod hint;
mod list;
mod next;
mod page;
mod replay;
mod reset;
mod show;
mod solution;
mod trace;
mod verify;

use crate::cli::{Cli, Command};
use crate::interrupt;
use crate::output::complain;
use crate::problem::{Problem, Status};

/// Does what the command line says; the exit status.
pub fn run(cli: &Cli) -> Status {
    // The patient is looked at: it does no more than what it is looked at for.
    if !matches!(cli.command, Some(Command::Patient)) {
        interrupt::listen();
    }
    let place = &cli.place;
    let result = match &cli.command {
        None => next::run(place),
        Some(Command::Check(check)) => check::run(check, place),
        Some(Command::List) => list::run(place),
        Some(Command::Show(one)) => show::run(one, place),
        Some(Command::Hint(hint)) => hint::run(hint, place),
        Some(Command::Reset(one)) => reset::run(one, place),
        Some(Command::Solution(solution)) => solution::run(solution, place),
        Some(Command::Trace(trace)) => trace::run(trace),
        Some(Command::Explore(explore)) => explore::run(explore),
        Some(Command::Replay(replay)) => replay::run(replay),
        Some(Command::Verify(verify)) => verify::run(verify, place),
        Some(Command::Doctor) => doctor::run(place),
        Some(Command::Patient) => {
            crate::doctor::be_the_patient();
            Ok(Status::Passed)
        }
    };
    let status = result.unwrap_or_else(|problem| match problem {
        // The shell tells what happened, as of any program that a signal has ended.
        Problem::Interrupted => problem.status(),
        problem => complain(&problem),
    });
    interrupt::end_if_asked();
    status
}

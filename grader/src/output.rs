//! Where results go: standard output, or a file that is either whole or untouched.

use crate::problem::{Problem, Status, plain};
use crate::replace::{Lasting, replace};
use crate::terminal::prose_for_stderr;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a result to `file`, or else to standard output.
///
/// A regular file is replaced as a whole. A closed standard output (`| head`) is no reason to complain:
/// whoever closed it has seen enough.
pub fn deliver(bytes: &[u8], file: Option<&Path>) -> Result<(), Problem> {
    match file {
        Some(path) => to_file(bytes, path).map_err(|error| Problem::file("write", path, &error)),
        None => to_stdout(bytes),
    }
}

/// Writes to standard output.
pub fn to_stdout(bytes: &[u8]) -> Result<(), Problem> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::Environment(format!("cannot write to standard output: {}", plain(&error))))
        }
        _ => Ok(()),
    }
}

/// Says something beside the result, to a person.
pub fn remark(text: &str) {
    // If even standard error is closed, nobody is there to hear it.
    let _ = writeln!(io::stderr().lock(), "{}", prose_for_stderr(&format!("grader: {text}")).trim_end());
}

/// Tells why a command stopped, and returns its exit status.
pub fn complain(problem: &Problem) -> Status {
    remark(&problem.to_string());
    problem.status()
}

fn to_file(bytes: &[u8], path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        // Through symbolic links to the file itself; a link stays a link.
        Ok(found) if found.is_file() => replace(&fs::canonicalize(path)?, bytes, Lasting::Machine),
        // A terminal, a pipe, /dev/null.
        Ok(found) if !found.is_dir() => fs::File::options().write(true).open(path)?.write_all(bytes),
        Ok(_) => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Err(_) => replace(path, bytes, Lasting::Machine),
    }
}

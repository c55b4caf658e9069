//! A program that somebody else has built.

use crate::build::Built;
use crate::problem::Problem;
use std::path::Path;

/// The program at `file`, if this machine can run it.
pub fn program(file: &Path) -> Result<Built, Problem> {
    let path = file.canonicalize().map_err(|error| Problem::file("run", file, &error))?;
    super::files::inspect_file(&path).map_err(|unfit| {
        Problem::Environment(format!("cannot run {}: it {}", file.display(), unfit.reason()))
    })?;
    Ok(Built::Program(path))
}

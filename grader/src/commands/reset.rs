//! `grader reset`: an exercise as it was shipped, and a copy of what was there.

use super::choice;
use crate::cli::{One, Place};
use crate::course::Exercise;
use crate::output::to_stdout;
use crate::problem::{Problem, Status};
use crate::replace::{Lasting, replace};
use crate::skeleton;
use crate::submission::Package;
use crate::workspace::Workspace;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs the command.
pub fn run(one: &One, place: &Place) -> Result<Status, Problem> {
    let workspace = Workspace::find(place.workspace.as_deref())?;
    let exercise = match &one.id {
        Some(id) => choice::named(id)?,
        None => return Err(Problem::Usage("reset needs the ID of an exercise".into())),
    };
    let package = Package::of_learner(&workspace, exercise);
    let mut text = String::new();
    for (path, shipped) in
        [(package.source.clone(), source(exercise)?), (package.manifest(), skeleton::manifest(exercise.id))]
    {
        let shown = workspace.shown(&path);
        if fs::read(&path).is_ok_and(|bytes| bytes == shipped.as_bytes()) {
            continue;
        }
        if let Some(copy) = keep_copy(&path)? {
            text += &format!("your version is kept:  {}\n", workspace.shown(&copy));
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| Problem::file("make the folder", folder, &error))?;
        }
        replace(&path, shipped.as_bytes(), Lasting::Machine)
            .map_err(|error| Problem::file("write", &path, &error))?;
        text += &format!("as it was shipped:     {shown}\n");
    }
    if text.is_empty() {
        text = format!("{} is as it was shipped; nothing was changed\n", exercise.id);
    }
    to_stdout(text.as_bytes())?;
    Ok(Status::Passed)
}

fn source(exercise: &Exercise) -> Result<String, Problem> {
    let missing =
        || Problem::Environment(format!("this grader does not have {} as it was shipped", exercise.id));
    skeleton::source(exercise).map(str::to_string).ok_or_else(missing)
}

/// Gives what is at `path`, whatever it is, a name that nobody uses. Nothing is ever overwritten.
fn keep_copy(path: &Path) -> Result<Option<PathBuf>, Problem> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let moment = moment(SystemTime::now());
    let mut copy = path.with_file_name(format!("{name}.{moment}.bak"));
    let mut number = 2;
    while copy.symlink_metadata().is_ok() {
        copy = path.with_file_name(format!("{name}.{moment}-{number}.bak"));
        number += 1;
    }
    fs::rename(path, &copy).map_err(|error| Problem::file("keep a copy of", path, &error))?;
    Ok(Some(copy))
}

/// A moment as part of a file name: `2026-11-21T12-30-05Z`.
fn moment(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year}-{month:02}-{day:02}T{:02}-{:02}-{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
fn date(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let at = |seconds| moment(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00-00-00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23-59-59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00-00-00Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23-59-59Z");
    }

    #[test]
    fn two_copies_in_one_second_have_two_names() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("main.rs");
        for text in ["one", "two"] {
            fs::write(&path, text).expect("writable");
            keep_copy(&path).expect("a free name");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }
}

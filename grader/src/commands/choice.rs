//! Which exercise is meant.

use crate::course::{self, Exercise};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// The exercise with this id.
pub fn named(id: &str) -> Result<&'static Exercise, Problem> {
    course::find(id).ok_or_else(|| {
        let nearest = nearest(id, course::exercises().iter().map(|exercise| exercise.id));
        let guess =
            nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_else(|| ".".into());
        let all: Vec<&str> = course::exercises().iter().map(|exercise| exercise.id).collect();
        Problem::Usage(format!("there is no exercise `{id}`{guess} There are: {}", all.join(", ")))
    })
}

/// The name among `names` that `wrong` may have been meant for.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// The exercise that is meant where none is named: the one whose folder this is, or the next unfinished one.
pub fn meant(id: Option<&str>, workspace: &Workspace) -> Result<&'static Exercise, Problem> {
    if let Some(id) = id {
        return named(id);
    }
    if let Some(here) = here(workspace) {
        return Ok(here);
    }
    let progress = Progress::load(workspace)?;
    Ok(next(&progress).unwrap_or(&course::exercises()[0]))
}

/// The exercise in whose folder the command was started.
pub fn here(workspace: &Workspace) -> Option<&'static Exercise> {
    workspace.exercise_here().and_then(|id| course::find(&id))
}

/// The exercise that was passed most recently: that of which a comparison is wanted.
pub fn last_passed(progress: &Progress) -> Option<&'static Exercise> {
    let known = progress.last_passed().and_then(course::find);
    known.or_else(|| course::exercises().iter().rev().find(|exercise| progress.of(exercise.id).passed))
}

/// The first exercise that was never passed; none, if all were.
pub fn next(progress: &Progress) -> Option<&'static Exercise> {
    course::exercises().iter().find(|exercise| !progress.of(exercise.id).passed)
}

/// The exercises with these ids, in the order of the course, each once.
pub fn all_named(ids: &[String]) -> Result<Vec<&'static Exercise>, Problem> {
    let wanted = ids.iter().map(|id| named(id)).collect::<Result<Vec<_>, _>>()?;
    let chosen = |exercise: &&'static Exercise| wanted.iter().any(|wanted| wanted.id == exercise.id);
    Ok(course::exercises().iter().filter(chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_nonsense_is_not() {
        let names = ["hello", "fork", "wait", "exec", "redirect", "pipe"];
        let guess = |wrong| nearest(wrong, names.into_iter());
        assert_eq!(guess("frok"), Some("fork"));
        assert_eq!(guess("Redirekt"), Some("redirect"));
        assert_eq!(guess("waitpid"), Some("wait"));
        assert_eq!(guess("zzz"), None);
    }
}

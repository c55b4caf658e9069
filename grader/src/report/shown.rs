//! What a report for people shows beside the report itself: pictures, source lines, rustc's own words.
//!
//! None of it is part of `grader/report/v1`. The command fills it; [`super::human`] lays it out.

use super::model::{Graded, SourceLine};
use grader_trace::Trace;

/// An exercise, graded, with all that its page shows.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    /// What was found.
    pub graded: &'a Graded,
    /// What the exercise is about, in a few words.
    pub title: &'a str,
    /// What one knows after it, in a sentence; shown when it is passed.
    pub aha: &'a str,
    /// What is special about each scenario, by its id: `("slow-child", "with a slow child")`;
    /// nothing where nothing is.
    pub scenarios: &'a [(&'a str, &'a str)],
    /// The run to draw: the one that shows the first failure.
    pub seen: Option<Seen<'a>>,
    /// The run that was wanted, to be drawn beside it. Leave it out where the two cannot be compared,
    /// because the scenario makes a call fail or kills somebody.
    pub wanted: Option<&'a Trace>,
    /// Different schedules of a program that passes; fewer than two are nothing to compare.
    pub typical: &'a [&'a Trace],
    /// The learner's source around the line to look at: of the first failure, or of the `todo!()`.
    pub excerpt: Option<Excerpt>,
    /// What the compiler said, if it was not built: one text a message.
    pub diagnostics: &'a [String],
}

/// A run, and what to look at in it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What happened.
    pub trace: &'a Trace,
    /// The events that show the failure, as indices into the trace's events.
    pub events: &'a [usize],
}

/// A few lines of source around one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Which line it is about.
    pub site: SourceLine,
    /// The number of the first line, from 1.
    pub first: u32,
    /// The lines.
    pub lines: Vec<String>,
}

impl Excerpt {
    /// Cuts `site` out of the text of its file, with up to `around` lines before and after it.
    ///
    /// `None` if the text has no such line (the file was edited since it was built).
    pub fn cut(site: &SourceLine, text: &str, around: u32) -> Option<Excerpt> {
        let first = site.line.saturating_sub(around).max(1);
        let last = site.line.saturating_add(around);
        let wanted = (last - first + 1) as usize;
        let lines: Vec<String> =
            text.lines().skip(first as usize - 1).take(wanted).map(str::to_owned).collect();
        let there = site.line >= first && ((site.line - first) as usize) < lines.len();
        there.then(|| Excerpt { site: site.clone(), first, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32) -> SourceLine {
        SourceLine { file: "src/main.rs".into(), line, function: "main".into() }
    }

    #[test]
    fn an_excerpt_has_the_line_and_its_neighbours_where_there_are_some() {
        let cut =
            |line| Excerpt::cut(&at(line), "a\nb\nc\nd\n", 1).map(|cut| (cut.first, cut.lines.join("")));
        assert_eq!(cut(1), Some((1, "ab".into())));
        assert_eq!(cut(3), Some((2, "bcd".into())));
        assert_eq!(cut(4), Some((3, "cd".into())));
    }

    #[test]
    fn a_line_that_is_not_there_gives_no_excerpt() {
        for line in [0, 5, u32::MAX] {
            assert_eq!(Excerpt::cut(&at(line), "a\nb\nc\nd\n", 2), None);
        }
    }
}

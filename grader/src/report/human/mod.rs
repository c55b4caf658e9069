//! The report for people.
//!
//! An exercise's page opens with the verdict. If it failed, there follow the first failing check (claim,
//! expectation, observation, source line, why it matters, a hint), the others in a line each, and the
//! picture of the run beside the one that was wanted. If it passed: why each check holds, and what one
//! knows now. [`summary`] is the table over all exercises.

mod build;
mod excerpt;
mod failed;
mod passed;
mod summary;

pub use summary::summary;

use super::ink::Ink;
use super::model::{Graded, Points, Verdict};
use super::page::Page;
use super::shown::Shown;
use super::style::Style;

/// The page of one exercise.
pub fn exercise(shown: &Shown, style: &Style) -> String {
    let graded = shown.graded;
    let mut page = Page::new(style);
    let (glyph, word, ink) = verdict(graded);
    let right = match points(graded.points) {
        Some(points) => format!("{word} · {points}"),
        None => word.to_owned(),
    };
    page.heading(glyph, &format!("{}: {}", graded.id, shown.title), &right, ink);
    page.blank();
    if let Some(note) = &graded.note {
        page.paragraph(2, note, Ink::Plain);
        page.blank();
    }
    match graded.verdict {
        _ if graded.unwritten.is_some() => failed::unwritten(&mut page, shown),
        Verdict::Passed => passed::page(&mut page, shown),
        Verdict::BuildFailed => build::page(&mut page, shown),
        Verdict::Failed | Verdict::TimedOut | Verdict::Crashed | Verdict::CannotTell => {
            failed::page(&mut page, shown);
        }
    }
    page.text()
}

/// The sign, the words and the colour of a verdict.
fn verdict(graded: &Graded) -> (char, &'static str, Ink) {
    match graded.verdict {
        _ if graded.unwritten.is_some() => ('○', "not written yet", Ink::Dim),
        Verdict::Passed => ('✓', "passed", Ink::Good),
        Verdict::Failed => ('✗', "failed", Ink::Bad),
        Verdict::BuildFailed => ('✗', "does not compile", Ink::Bad),
        Verdict::TimedOut => ('✗', "timed out", Ink::Bad),
        Verdict::Crashed => ('✗', "crashed", Ink::Bad),
        Verdict::CannotTell => ('?', "cannot tell", Ink::Grader),
    }
}

/// `6 of 10 points`; nothing where there are none to be had.
fn points(points: Points) -> Option<String> {
    match points {
        Points { max: 0, .. } => None,
        Points { earned, max: 1 } => Some(format!("{earned} of 1 point")),
        Points { earned, max } => Some(format!("{earned} of {max} points")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::SourceLine;
    use crate::report::model::sample;
    use crate::report::picture::scenes;
    use crate::report::shown::{Excerpt, Seen};

    #[test]
    fn lookh() {
        let widths = std::env::var("WIDTH").unwrap_or("80".into());
        for width in widths.split(',') {
            let style = Style {
                unicode: std::env::var_os("ASCII").is_none(),
                colour: std::env::var_os("COLOUR").is_some(),
                ..Style::PLAIN
            }
            .with_width(width.parse().unwrap());
            for v in Verdict::ALL {
                let mut graded = sample::graded(v);
                let trace = scenes::wait_wrong();
                let wanted = scenes::wait_right();
                let source = "use libc::{fork, waitpid};\n\nfn main() {\n    println!(\"hello world (pid:{})\", std::process::id());\n    // SAFETY: …\n    let child = unsafe { fork() };\n    if child == 0 {\n        println!(\"hello, I am child (pid:{})\", std::process::id());\n        std::process::exit(0);\n    }\n    let mut status = 0;\n    println!(\"hello, I am parent of {child} (wc:{wc}) (pid:{})\", std::process::id());\n    let wc = unsafe { waitpid(child, &mut status, 0) };\n}\n";
                let site = SourceLine {
                    file: "exercises/1-processes/wait/src/main.rs".into(),
                    line: 12,
                    function: "wait::main".into(),
                };
                let excerpt = Excerpt::cut(&site, source, 1);
                for unwritten in [false, true] {
                    if unwritten && v != Verdict::Failed {
                        continue;
                    }
                    if unwritten {
                        graded.unwritten = Some(site.clone());
                    }
                    let shown = Shown {
                        graded: &graded,
                        title: "the parent waits, so that the child's line comes first",
                        aha: "An order proved, not hoped for.",
                        scenarios: &[(
                            "slow-child",
                            "with a slow child: it does not run before the parent sleeps",
                        )],
                        seen: (v != Verdict::BuildFailed && v != Verdict::Passed)
                            .then_some(Seen { trace: &trace, events: &[6] }),
                        wanted: Some(&wanted),
                        excerpt: excerpt.clone(),
                        diagnostics: Some(
                            "error[E0425]: cannot find value `x` in this scope\n  --> src/main.rs:3:5\n   |\n3  |     x\n   |     ^ not found in this scope\n",
                        ),
                    };
                    println!("{}-----------", exercise(&shown, &style));
                }
            }
            println!("{}", summary(&sample::report_of(&Verdict::ALL), &style));
            println!("{}", crate::report::trace::describe(&scenes::pipe_hang(), &style));
        }
    }
}

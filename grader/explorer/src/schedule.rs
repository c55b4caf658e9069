//! A schedule: all the choices of one execution, as plain data and as a short text.
//!
//! ```text
//! 0*3 0.1 0.0*2 0.0:signal10 0:expire 0:error11
//! ```
//! Each word is a task's path, what happens if it is not an ordinary step, and how often in a row.
//! Invariant: printing and parsing are inverse to each other; white space, line breaks included, does not matter.

use crate::machine::{Act, Choice, Fault};
use grader_trace::{Errno, Signal, TaskPath};
use std::fmt;
use std::str::FromStr;

/// The choices of one execution, from its start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Schedule(pub Vec<Choice>);

impl Schedule {
    /// How often the next choice is another task's.
    pub fn switches(&self) -> usize {
        self.0.windows(2).filter(|pair| pair[0].task != pair[1].task).count()
    }
}

impl fmt::Display for Act {
    /// As in a schedule: nothing for a step, else `:` and a word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Step => Ok(()),
            Act::Deliver(Signal(number)) => write!(f, ":signal{number}"),
            Act::Interrupt(Signal(number)) => write!(f, ":interrupt{number}"),
            Act::Expire => f.write_str(":expire"),
            Act::RunOut => f.write_str(":timer"),
            Act::Fail(Fault::Error(Errno(number))) => write!(f, ":error{number}"),
            Act::Fail(Fault::Short(bytes)) => write!(f, ":short{bytes}"),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.task, self.act)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, run) in self.0.chunk_by(|a, b| a == b).enumerate() {
            let gap = if i == 0 { "" } else { " " };
            match run {
                [once] => write!(f, "{gap}{once}")?,
                [first, ..] => write!(f, "{gap}{first}*{}", run.len())?,
                [] => {}
            }
        }
        Ok(())
    }
}

/// A word of a schedule that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSchedule {
    /// The word.
    pub word: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for BadSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "schedule: {:?}: {} (a word is like 0.1, 0*3, 0.0:signal10 or 0:expire)",
            self.word, self.why
        )
    }
}

impl std::error::Error for BadSchedule {}

/// More choices in a row than any execution has: a slip, and memory gone.
const MOST_REPEATS: usize = 1_000_000;

impl FromStr for Schedule {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Schedule, BadSchedule> {
        let mut choices = Vec::new();
        for word in text.split_whitespace() {
            let bad = |why| BadSchedule { word: word.to_string(), why };
            let (choice, times) = word.rsplit_once('*').unwrap_or((word, "1"));
            let times: usize = times.parse().map_err(|_| bad("what follows * is not a number"))?;
            if times == 0 || choices.len() + times > MOST_REPEATS {
                return Err(bad("so often is nothing done"));
            }
            let (path, act) = choice.split_once(':').map_or((choice, None), |(path, act)| (path, Some(act)));
            let task = parse_path(path).ok_or_else(|| bad("a task's path begins with 0, as in 0.1"))?;
            let act = act.map_or(Some(Act::Step), parse_act);
            let act = act.ok_or_else(|| bad("nothing of this name happens to a task"))?;
            choices.extend(std::iter::repeat_n(Choice { task, act }, times));
        }
        Ok(Schedule(choices))
    }
}

fn parse_path(text: &str) -> Option<TaskPath> {
    let mut steps = text.split('.');
    if steps.next()? != "0" {
        return None;
    }
    steps.map(|step| step.parse().ok()).collect::<Option<Vec<u16>>>().map(TaskPath)
}

fn parse_act(text: &str) -> Option<Act> {
    let number = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let word = &text[..text.len() - number.len()];
    Some(match (word, number) {
        ("expire", "") => Act::Expire,
        ("timer", "") => Act::RunOut,
        ("signal", _) => Act::Deliver(Signal(number.parse().ok()?)),
        ("interrupt", _) => Act::Interrupt(Signal(number.parse().ok()?)),
        ("error", _) => Act::Fail(Fault::Error(Errno(number.parse().ok()?))),
        ("short", _) => Act::Fail(Fault::Short(number.parse().ok()?)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_read_as_it_was_written() {
        let text = "0*3 0.1 0.0*2 0.0:signal10 0.12.3:interrupt15*2 0:expire 0:error11 0.1:short1 0.1:timer";
        let schedule: Schedule = text.parse().unwrap();
        assert_eq!(schedule.0.len(), 13);
        assert_eq!(schedule.0[4], Choice::step(TaskPath(vec![0])));
        assert_eq!(schedule.to_string(), text);
        assert_eq!("\n0  0\t0 0.1\n".parse::<Schedule>().unwrap().to_string(), "0*3 0.1");
        assert_eq!("".parse::<Schedule>().unwrap(), Schedule::default());
    }

    #[test]
    fn a_word_that_says_nothing_is_named() {
        for word in [
            "1",
            "0.",
            "0.x",
            "0*",
            "0*0",
            "0*99999999999",
            "0:",
            "0:nap",
            "0:signal",
            "0:expire2",
            "0:signal1x",
        ] {
            assert_eq!(word.parse::<Schedule>().unwrap_err().word, word);
        }
    }
}

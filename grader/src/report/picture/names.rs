//! What tasks are called in a picture, and how PIDs in their output are renamed accordingly.
//!
//! A run is drawn with its own PIDs. The run that was wanted is invented, and so are its PIDs: it is
//! drawn with the PIDs of the real run where that has the same task, and with letters where it has not.

use grader_trace::{Pid, TaskId, Text, Trace};
use std::collections::HashMap;

/// The names of the tasks of one trace.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    names: Vec<String>,
    by_pid: HashMap<String, usize>,
}

impl Names {
    /// Every task is called by its PID.
    pub(crate) fn pids(trace: &Trace) -> Names {
        Names::with(trace, trace.tasks().iter().map(|task| task.pid.to_string()).collect())
    }

    /// Every task is called as schedules call it: by its place in the tree of creation.
    pub(crate) fn places(trace: &Trace) -> Names {
        Names::with(trace, trace.tasks().iter().map(|task| format!("‹{}›", task.path)).collect())
    }

    /// Every task is called by its place in the tree of creation, so that two runs can be compared.
    pub(crate) fn paths(trace: &Trace) -> Names {
        Names::with(trace, trace.tasks().iter().map(|task| format!("<{}>", task.path)).collect())
    }

    /// The tasks of `wanted` are called like those of `seen` in the same place.
    pub(crate) fn borrowed(wanted: &Trace, seen: &Trace) -> Names {
        let mut letters = (0..).map(|n| if n == 0 { "C".to_owned() } else { format!("C{}", n + 1) });
        let names = wanted.tasks().iter().map(|task| {
            let same = seen.tasks().iter().find(|other| other.path == task.path);
            match same {
                Some(same) => same.pid.to_string(),
                None => letters.next().unwrap_or_default(),
            }
        });
        Names::with(wanted, names.collect())
    }

    fn with(trace: &Trace, names: Vec<String>) -> Names {
        let pids = trace.tasks().iter().map(|task| task.pid.to_string());
        Names { names, by_pid: pids.zip(0..).collect() }
    }

    /// The name of a task.
    pub(crate) fn task(&self, task: TaskId) -> &str {
        self.names.get(task.index()).map_or("?", String::as_str)
    }

    /// The name of the task with this PID; the number itself where there is none.
    pub(crate) fn pid(&self, pid: Pid) -> String {
        self.number(&pid.to_string()).to_owned()
    }

    /// Text with the PIDs in it renamed, escaped so that it can be printed.
    ///
    /// Long text is cut; `at_most` is a limit in bytes.
    pub(crate) fn text(&self, text: &Text, at_most: usize) -> String {
        let bytes = text.as_bytes();
        let cut = Text::from(&bytes[..bytes.len().min(at_most)]).to_string();
        let mut renamed = String::with_capacity(cut.len());
        let mut rest = &cut[..];
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = rest[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - start);
            renamed.push_str(&rest[..start]);
            renamed.push_str(self.number(&rest[start..start + digits]));
            rest = &rest[start + digits..];
        }
        renamed + rest
    }

    fn number<'a>(&'a self, digits: &'a str) -> &'a str {
        match self.by_pid.get(digits) {
            Some(index) => &self.names[*index],
            None => digits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::Builder;

    #[test]
    fn whole_numbers_are_renamed_and_parts_of_numbers_are_not() {
        let mut run = Builder::new("wait");
        run.fork(TaskId::ROOT);
        let names = Names::paths(&run.finish());
        let text = Text::from("parent of 101 (wc:101) (pid:100), 1001 and 7");
        assert_eq!(names.text(&text, 999), "parent of <0.0> (wc:<0.0>) (pid:<0>), 1001 and 7");
    }

    #[test]
    fn a_task_that_the_real_run_does_not_have_gets_a_letter() {
        let mut wanted = Builder::new("pipe");
        wanted.fork(TaskId::ROOT);
        wanted.fork(TaskId::ROOT);
        let wanted = wanted.finish();
        let names = Names::borrowed(&wanted, &Builder::new("pipe").finish());
        assert_eq!([names.task(TaskId(0)), names.task(TaskId(1)), names.task(TaskId(2))], ["100", "C", "C2"]);
    }
}

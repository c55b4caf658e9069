//! Which bytes of the output are a PID?
//!
//! PIDs differ from run to run, and `printf("%d", i)` writes numbers too. The same schedule is run twice: its tasks
//! have other PIDs the second time, and whatever changes with them is a PID. Any other difference makes a claim
//! impossible. What was learnt of a task's nth write holds for other executions in which it looks the same.

use super::Shown;
use super::survey::Writes;
use grader_trace::{Pid, TaskPath};
use std::collections::HashMap;

/// Marks around a task's path, in place of its PID. No text holds them: they are no UTF-8.
const BEGIN: u8 = 0xfe;
const END: u8 = 0xff;

/// A write: whose it is, which of that task's, and what it looks like with all numbers that could be PIDs left open.
type Looks = (TaskPath, usize, Vec<u8>);

/// What is known of writes: for each number that could be a PID, whether it is one.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Looks, Vec<bool>>);

/// A write, taken apart: text and numbers in turn.
fn words(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
}

fn task_of<'p>(word: &[u8], pids: &'p [(TaskPath, Pid)]) -> Option<&'p TaskPath> {
    let number: i32 = std::str::from_utf8(word).ok()?.parse().ok()?;
    let plain = word.first() != Some(&b'0');
    pids.iter().rev().find(|(_, pid)| plain && pid.0 == number).map(|(path, _)| path)
}

fn mark(path: &TaskPath) -> Vec<u8> {
    [&[BEGIN], path.to_string().as_bytes(), &[END]].concat()
}

/// The writes that say something, with their names.
fn looks<'w>(writes: &'w Writes, pids: &[(TaskPath, Pid)]) -> Vec<(usize, Looks, &'w [u8])> {
    let mut counts: HashMap<&TaskPath, usize> = HashMap::new();
    let mut found = Vec::new();
    for (step, (path, output)) in writes.iter().enumerate().filter(|(_, (_, output))| !output.is_empty()) {
        let nth = counts.entry(path).or_default();
        *nth += 1;
        let open = words(output).flat_map(|word| match task_of(word, pids) {
            Some(task) => mark(task),
            None => word.to_vec(),
        });
        found.push((step, (path.clone(), *nth, open.collect()), &output[..]));
    }
    found
}

impl Names {
    /// Whether all these writes are known.
    pub(super) fn know(&self, writes: &Writes, pids: &[(TaskPath, Pid)]) -> bool {
        looks(writes, pids).iter().all(|(_, looks, output)| {
            self.0.contains_key(looks) || words(output).all(|word| task_of(word, pids).is_none())
        })
    }

    /// Compares two runs of one schedule. `Err`: why nothing can be said about the output.
    pub(super) fn learn(
        &mut self,
        first: (&Writes, &[(TaskPath, Pid)]),
        second: (&Writes, &[(TaskPath, Pid)]),
    ) -> Result<(), String> {
        let differs = |what: &[u8], other: &[u8]| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
            format!(
                "the same schedule once wrote \"{}\" and once \"{}\": the program depends on something else, too",
                text(what),
                text(other)
            )
        };
        let (once, twice) = (looks(first.0, first.1), looks(second.0, second.1));
        if once.len() != twice.len() {
            let counts = (once.len(), twice.len());
            return Err(format!(
                "the same schedule once wrote {} times and once {} times",
                counts.0, counts.1
            ));
        }
        for ((_, looks, output), (_, _, again)) in once.into_iter().zip(twice) {
            let (one, two): (Vec<_>, Vec<_>) = (words(output).collect(), words(again).collect());
            if one.len() != two.len() {
                return Err(differs(output, again));
            }
            let mut names = Vec::new();
            for (word, other) in one.iter().zip(&two) {
                let task = task_of(word, first.1);
                let same = word == other;
                if !same && (task.is_none() || task != task_of(other, second.1)) {
                    return Err(differs(output, again));
                }
                if task.is_some() {
                    names.push(!same);
                }
            }
            self.0.insert(looks, names);
        }
        Ok(())
    }

    /// Puts tasks in the place of their PIDs.
    pub(super) fn apply(&self, writes: &mut Writes, pids: &[(TaskPath, Pid)]) {
        let mut named = Vec::new();
        for (step, looks, output) in looks(writes, pids) {
            let Some(known) = self.0.get(&looks) else { continue };
            let mut known = known.iter();
            let text = words(output).flat_map(|word| match task_of(word, pids) {
                Some(task) if known.next() == Some(&true) => mark(task),
                _ => word.to_vec(),
            });
            named.push((step, text.collect()));
        }
        for (step, text) in named {
            writes[step].1 = text;
        }
    }
}

/// An output for people: `‹0.1›` stands for the PID of that task.
pub(super) fn shown(output: &[u8]) -> Shown {
    let mut text = String::new();
    for piece in output.split_inclusive(|byte| *byte == END) {
        let (before, path) = match piece.iter().position(|byte| *byte == BEGIN) {
            Some(at) if piece.ends_with(&[END]) => (&piece[..at], Some(&piece[at + 1..piece.len() - 1])),
            _ => (piece, None),
        };
        text.push_str(&String::from_utf8_lossy(before));
        if let Some(path) = path {
            text.push_str(&format!("‹{}›", String::from_utf8_lossy(path)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[u16]) -> TaskPath {
        TaskPath(steps.to_vec())
    }

    fn run(pids: [i32; 2], output: &str) -> (Writes, Vec<(TaskPath, Pid)>) {
        let pids = vec![(path(&[]), Pid(pids[0])), (path(&[0]), Pid(pids[1]))];
        (vec![(path(&[]), output.into())], pids)
    }

    fn named(
        first: &(Writes, Vec<(TaskPath, Pid)>),
        second: &(Writes, Vec<(TaskPath, Pid)>),
    ) -> Result<String, String> {
        let mut names = Names::default();
        assert!(!names.know(&first.0, &first.1));
        names.learn((&first.0, &first.1), (&second.0, &second.1))?;
        assert!(names.know(&first.0, &first.1));
        let mut writes = first.0.clone();
        names.apply(&mut writes, &first.1);
        Ok(shown(&writes[0].1))
    }

    #[test]
    fn what_changes_with_the_pid_is_one_and_what_does_not_is_a_number() {
        let first = run([100, 101], "parent 100 of 101, 101 lines\n");
        let second = run([200, 201], "parent 200 of 201, 101 lines\n");
        assert_eq!(named(&first, &second).unwrap(), "parent ‹0› of ‹0.0›, 101 lines\n");
    }

    #[test]
    fn any_other_difference_makes_a_claim_impossible() {
        let first = run([100, 101], "100 at 12345");
        assert!(named(&first, &run([200, 201], "200 at 12346")).unwrap_err().contains("12346"));
        assert!(named(&first, &run([200, 201], "201 at 12345")).is_err(), "another task's PID");
        assert!(named(&first, &run([200, 201], "200 at")).is_err(), "less text");
    }

    #[test]
    fn output_without_numbers_needs_no_second_run() {
        let (writes, pids) = run([100, 101], "hello 7 worlds\n");
        assert!(Names::default().know(&writes, &pids));
    }
}

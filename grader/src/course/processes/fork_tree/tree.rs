//! The shape of a tree of processes: who made whom, without names.

use crate::course::naming::role;
use crate::course::{Finding, Objection, Run};
use grader_trace::{Task, TaskId, Trace};

/// A process and what grew from it. Siblings are sorted, so that equal trees are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tree(Vec<Tree>);

/// A tree that is asked for.
#[derive(Debug)]
pub struct Wanted {
    /// The argument that asks for it.
    pub name: &'static str,
    /// The check that it is there.
    pub check: &'static str,
    /// Its shape in words, to complete "it is …".
    pub words: &'static str,
    tree: fn() -> Tree,
}

/// All that can be asked for.
const ALL: [Wanted; 4] = [
    Wanted {
        name: "chain",
        check: "chain",
        words: "4 processes: each has one child, but for the last",
        tree: || chain(4),
    },
    Wanted {
        name: "fan",
        check: "fan",
        words: "5 processes: the first has four children, and these have none",
        tree: || Tree::new(vec![chain(1); 4]),
    },
    Wanted {
        name: "doubling",
        check: "doubling",
        words: "8 processes: the first has three children; one of these has two children, one has one; and one of the \
                grandchildren has one more",
        tree: || doubled(3),
    },
    Wanted {
        name: "six",
        check: "six",
        words: "6 processes: the first has two children; one of these has one child, the other one two",
        tree: || Tree::new(vec![chain(2), Tree::new(vec![chain(1); 2])]),
    },
];

/// So many processes, each the child of the one before.
fn chain(length: usize) -> Tree {
    Tree::new((1..length).next().map(|_| chain(length - 1)).into_iter().collect())
}

/// After so many rounds, in each of which everybody forks: the child of round 1 has the rounds after that to itself.
fn doubled(rounds: usize) -> Tree {
    Tree::new((0..rounds).map(doubled).collect())
}

impl Tree {
    fn new(mut children: Vec<Tree>) -> Tree {
        children.sort_unstable();
        Tree(children)
    }

    /// What grew from this process.
    fn of(trace: &Trace, process: TaskId) -> Tree {
        Tree::new(trace.children(process).into_iter().map(|child| Tree::of(trace, child.id)).collect())
    }

    /// How many processes it has.
    fn size(&self) -> usize {
        1 + self.0.iter().map(Tree::size).sum::<usize>()
    }
}

/// Which tree a run was asked for.
pub fn asked_for(run: &Run) -> Result<&'static Wanted, Objection> {
    let unknown = || Objection::CannotTell(format!("no tree is called \"{}\"", run.arg(0)));
    ALL.iter().find(|wanted| wanted.name == run.arg(0)).ok_or_else(unknown)
}

/// The tree is the one that is wanted; else what grew instead.
pub fn as_wanted(trace: &Trace, wanted: &Wanted) -> Result<(), Finding> {
    let grown = Tree::of(trace, TaskId::ROOT);
    let threads = trace.tasks().iter().any(Task::is_thread);
    if grown == (wanted.tree)() && grown.size() == trace.processes().count() && !threads {
        return Ok(());
    }
    let births = trace.tasks().iter().filter_map(|task| trace.birth_of(task.id));
    Err(Finding::new(format!("a tree of {}", wanted.words), instead(trace)).at(births))
}

/// Of very many makers, how many are named.
const SHOWN: usize = 6;

/// "4 processes: 100 made 101 and 102; 101 made 103"
fn instead(trace: &Trace) -> String {
    let made = |maker: &Task| {
        let by_it = |task: &&Task| task.birth.creator == Some(maker.id);
        let named = |task: &Task| {
            let thread = if task.is_thread() { " (a thread)" } else { "" };
            format!("{}{thread}", task.pid)
        };
        let made: Vec<String> = trace.tasks().iter().filter(by_it).map(named).collect();
        (!made.is_empty()).then(|| format!("{} made {}", maker.pid, listed(&made)))
    };
    let mut makers: Vec<String> = trace.tasks().iter().filter_map(made).collect();
    let more = makers.len() > SHOWN;
    makers.truncate(SHOWN);
    if more {
        makers.push("and so on".into());
    }
    match trace.processes().count() {
        1 if makers.is_empty() => {
            format!("{} is the only process: no fork, vfork or clone succeeded", role(trace, TaskId::ROOT))
        }
        1 => format!("one process: {}", makers.join("; ")),
        count => format!("{count} processes: {}", makers.join("; ")),
    }
}

/// "1", "1 and 2", "1, 2 and 3"
fn listed(words: &[String]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_have_as_many_processes_as_their_words_say() {
        for wanted in &ALL {
            let size = (wanted.tree)().size().to_string();
            assert!(wanted.words.starts_with(&format!("{size} processes")), "{}", wanted.name);
        }
    }

    #[test]
    fn the_words_of_doubling_are_true() {
        let children = |tree: &Tree| tree.0.iter().map(|child| child.0.len()).collect::<Vec<_>>();
        let tree = doubled(3);
        assert_eq!(children(&tree), [0, 1, 2]);
        let grandchildren: Vec<usize> = tree.0.iter().flat_map(children).collect();
        assert_eq!(grandchildren, [0, 0, 1]);
    }
}

//! Each line of the dependency relation is needed: if the machine leaves it out, reduction loses an outcome.
//!
//! The program of each line has few traces; with the line hidden, an outcome that enumeration finds is missed.

use super::compare::{difference, enumerated, reduced};
use grader_explorer::simulated::Op::*;
use grader_explorer::simulated::corpus::*;
use grader_explorer::simulated::{End, Hidden, Op, Simulated, Target};
use grader_trace::PipeEnd;
use grader_trace::order::{How, Resource};

fn lines() -> Vec<(&'static str, Hidden, Vec<Op>)> {
    vec![
        (
            "an exit and a wait that may find it",
            |what, how| matches!(what, Resource::Life(_)) && how == How::Change,
            vec![fork([Exit(1)]), ask(), PrintAnswer],
        ),
        (
            "a wait that found nothing and a later exit",
            |what, how| matches!(what, Resource::Life(_)) && how == How::Observe,
            vec![fork([Exit(1)]), fork([Exit(2)]), ask(), PrintAnswer],
        ),
        (
            "a write and the read that gets its bytes",
            |what, _| matches!(what, Resource::PipeData(..)),
            // The writer lives on, or its end would wake the poll as well.
            vec![Pipe, fork([Write(0, 1, 1), Pause]), poll(true), PrintAnswer],
        ),
        (
            "two reads from one pipe",
            |what, _| matches!(what, Resource::PipeHead(_)),
            vec![Pipe, Write(0, 1, 1), Write(0, 1, 2), fork([Read(0, 1), PrintAnswer]), Read(0, 1)],
        ),
        (
            "two writes to one pipe",
            // They also write the same bytes: either touch would do.
            |what, how| {
                matches!(what, Resource::PipeTail(_))
                    || matches!(what, Resource::PipeData(..)) && how == How::Change
            },
            vec![Pipe, fork([Write(0, 1, 1), Pause]), Write(0, 1, 2), Read(0, 1), PrintAnswer],
        ),
        (
            "a read that makes room and a write that needs it",
            |what, _| matches!(what, Resource::PipeRoom(_)),
            vec![Pipe, Write(0, 2, 1), fork([Read(0, 1), Pause]), TryWrite(0, 1, 2), PrintAnswer],
        ),
        (
            "a close of the last write end and a read or poll that finds nothing",
            |what, _| matches!(what, Resource::PipeHeld(_, PipeEnd::Write)),
            vec![Pipe, fork([Close(0, End::Write)]), Close(0, End::Write), poll(true), PrintAnswer],
        ),
        (
            "a close of the last read end and a write",
            |what, _| matches!(what, Resource::PipeHeld(_, PipeEnd::Read)),
            vec![Pipe, fork([Close(0, End::Read)]), Close(0, End::Read), Write(0, 1, 1), Print('w')],
        ),
        (
            "an exit closes what it holds",
            |what, how| matches!(what, Resource::PipeHeld(..)) && how == How::Count,
            vec![Pipe, fork([Exit(0)]), Close(0, End::Write), poll(true), PrintAnswer],
        ),
        (
            "an exit and its children's getppid",
            |what, _| matches!(what, Resource::Parent(_)),
            vec![fork([AskParent, PrintAnswer])],
        ),
        (
            "an exit and a signal that it escapes",
            |what, _| matches!(what, Resource::Life(_)),
            vec![fork([Kill(Target::Parent, TERM)]), Print('p')],
        ),
        (
            "a signal sent and its arrival",
            |what, _| matches!(what, Resource::Signal(..)),
            // The second signal is one with the first, or comes after it.
            vec![
                Pipe,
                handle(true, [Print('!')]),
                fork([Kill(Target::Parent, USR1), Pause]),
                fork([Kill(Target::Parent, USR1), Pause]),
                Read(0, 1),
            ],
        ),
        (
            "a store and a load",
            |what, how| matches!(what, Resource::Memory(..)) && how == How::Observe,
            vec![fork([Set(0, 1)]), Get(0), PrintAnswer],
        ),
        (
            "two stores",
            |what, how| matches!(what, Resource::Memory(..)) && how == How::Change,
            vec![fork([Set(0, 1)]), fork([Set(0, 2)]), wait(), wait(), Get(0), PrintAnswer],
        ),
        (
            "two lines on one stdout",
            |what, _| matches!(what, Resource::Offset(_)),
            vec![fork([Print('a')]), Print('b')],
        ),
    ]
}

#[test]
fn without_any_one_line_of_the_relation_an_outcome_is_lost() {
    let mut needless = Vec::new();
    for (line, hidden, program) in lines() {
        let all = enumerated(&program, 100_000).unwrap();
        let whole = reduced(Simulated::new(&program));
        assert_eq!(all.outcomes, whole.outcomes, "{line}");
        let blind = reduced(Simulated::new(&program).hiding(hidden));
        assert!(blind.outcomes.is_subset(&all.outcomes), "{line}");
        if all.outcomes == blind.outcomes {
            needless.push(format!("{line}: {}", difference(&program, &all, &blind)));
        }
    }
    assert!(needless.is_empty(), "{}", needless.join("\n"));
}

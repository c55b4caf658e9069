//! Small programs by hand: each named by what is in question. They also run on the real kernel (in grader-tracer's
//! tests).

use super::program::Op::*;
use super::program::{End, Op, Target, Who};
use grader_trace::Signal;

/// A signal that is often handled.
pub const USR1: Signal = Signal(10);
/// A signal that is never handled.
pub const TERM: Signal = Signal(15);

/// A child that does this.
pub fn fork<const N: usize>(body: [Op; N]) -> Op {
    Fork(body.into())
}

/// Reaps any child.
pub fn wait() -> Op {
    Wait { who: Who::Any, nohang: false }
}

/// Reaps the nth child.
pub fn wait_for(nth: usize) -> Op {
    Wait { who: Who::Nth(nth), nohang: false }
}

/// Reaps a child if one has ended.
pub fn ask() -> Op {
    Wait { who: Who::Any, nohang: true }
}

/// Waits for the first pipe.
pub fn poll(timed: bool) -> Op {
    Poll { pipe: 0, timed }
}

/// Handles [`USR1`].
pub fn handle<const N: usize>(restart: bool, body: [Op; N]) -> Op {
    Handle { signal: USR1, restart, body: body.into() }
}

/// Handles SIGALRM.
pub fn on_alarm<const N: usize>(restart: bool, body: [Op; N]) -> Op {
    Handle { signal: Signal::ALRM, restart, body: body.into() }
}

/// A branch on the last answer.
pub fn when<const N: usize, const M: usize>(answer: i64, then: [Op; N], otherwise: [Op; M]) -> Op {
    If(answer, then.into(), otherwise.into())
}

/// N children, reaped by N waits.
pub fn children(count: usize) -> Vec<Op> {
    let mut program = vec![fork([]); count];
    program.extend(vec![wait(); count]);
    program
}

/// All of them.
pub fn programs() -> Vec<(&'static str, Vec<Op>)> {
    let both = |first: Op, second: Op| vec![fork([first]), fork([second])];
    vec![
        ("one task", vec![Print('a'), Exit(3)]),
        ("no order between parent and child", vec![fork([Print('c')]), Print('p')]),
        ("the parent waits", vec![fork([Print('c')]), wait(), Print('p')]),
        ("the parent sleeps instead of waiting", vec![fork([Print('c')]), Sleep, Print('p')]),
        ("the child is never reaped", vec![fork([Exit(2)])]),
        ("which child is reaped first", vec![fork([Exit(1)]), fork([Exit(2)]), wait(), PrintAnswer]),
        (
            "each child by its name",
            vec![fork([Exit(1)]), fork([Exit(2)]), wait_for(1), wait_for(0), PrintAnswer],
        ),
        ("one wait too many", vec![fork([]), wait(), wait(), PrintAnswer]),
        ("a look that comes too early", vec![fork([Exit(5)]), ask(), PrintAnswer]),
        ("a second look", vec![fork([Exit(5)]), ask(), when(0, [ask()], []), PrintAnswer]),
        ("younger first", vec![fork([Get(0)]), fork([Set(0, 1), Exit(2)]), ask(), PrintAnswer]),
        (
            "two children and three looks",
            vec![fork([]), fork([]), ask(), PrintAnswer, ask(), PrintAnswer, ask()],
        ),
        ("an orphan", vec![fork([fork([AskParent, PrintAnswer])]), wait()]),
        ("an orphan asks twice", vec![fork([AskParent, PrintAnswer, AskParent, PrintAnswer])]),
        ("a grandchild outlives", vec![fork([fork([Print('g')]), Print('c')]), wait(), Print('p')]),
        ("a pipe carries a byte", vec![Pipe, fork([Write(0, 1, 7)]), Read(0, 1), PrintAnswer]),
        (
            "a read gets what is there",
            vec![Pipe, fork([Write(0, 1, 1), Write(0, 1, 2)]), Read(0, 2), PrintAnswer],
        ),
        (
            "two writers",
            vec![Pipe, fork([Write(0, 1, 1)]), fork([Write(0, 1, 2)]), Read(0, 1), Read(0, 1), PrintAnswer],
        ),
        (
            "two readers and one byte",
            vec![
                Pipe,
                fork([Read(0, 1), PrintAnswer]),
                fork([Read(0, 1), PrintAnswer]),
                Write(0, 1, 3),
                wait(),
                wait(),
            ],
        ),
        (
            "the end comes when all have closed",
            vec![Pipe, fork([Write(0, 1, 4)]), Close(0, End::Write), Read(0, 2), Read(0, 2), PrintAnswer],
        ),
        ("nobody closes", vec![Pipe, fork([]), Read(0, 1)]),
        ("the reader keeps its own write end", vec![Pipe, fork([Write(0, 1, 4)]), Read(0, 1), Read(0, 1)]),
        ("exit closes", vec![Pipe, fork([Exit(1)]), Close(0, End::Write), Read(0, 1), PrintAnswer]),
        (
            "close beside a read",
            vec![
                Pipe,
                fork([Close(0, End::Write), Print('x')]),
                Close(0, End::Write),
                Read(0, 1),
                PrintAnswer,
            ],
        ),
        (
            "a full pipe",
            vec![Pipe, fork([Read(0, 1), PrintAnswer]), Write(0, 2, 1), Write(0, 1, 2), Print('w')],
        ),
        ("a pipe that stays full", vec![Pipe, fork([Print('c')]), Write(0, 2, 1), Write(0, 1, 2)]),
        (
            "nobody reads any more",
            vec![Pipe, Close(0, End::Read), fork([Write(0, 1, 1)]), wait(), PrintAnswer],
        ),
        (
            "the reader may be gone",
            vec![Pipe, fork([Close(0, End::Read), Exit(1)]), Close(0, End::Read), Write(0, 1, 1), Print('w')],
        ),
        (
            "a closed end",
            vec![
                Pipe,
                fork([]),
                Close(0, End::Read),
                Read(0, 1),
                PrintAnswer,
                Close(0, End::Read),
                PrintAnswer,
            ],
        ),
        ("a poll beside a slow writer", vec![Pipe, fork([Write(0, 1, 1)]), poll(true), PrintAnswer]),
        ("a poll that waits", vec![Pipe, fork([Write(0, 1, 1)]), poll(false), PrintAnswer]),
        ("a poll for the end", vec![Pipe, fork([]), Close(0, End::Write), poll(true), PrintAnswer]),
        ("a poll for ever", vec![Pipe, fork([]), poll(false)]),
        ("two polls", vec![Pipe, fork([Write(0, 1, 1)]), poll(true), PrintAnswer, poll(true), PrintAnswer]),
        ("killed or not", vec![fork([Print('c')]), Kill(Target::Child(0), TERM), wait(), PrintAnswer]),
        ("killed asleep", vec![Pipe, fork([Read(0, 1)]), Kill(Target::Child(0), TERM), wait(), PrintAnswer]),
        (
            "killed while it waits for a child",
            vec![fork([fork([]), wait(), Read(0, 1), Print('c')]), Kill(Target::Child(0), TERM)],
        ),
        (
            "killed before its next line, or after it",
            vec![
                fork([fork([Print('e')]), Kill(Target::Parent, TERM)]),
                ask(),
                when(0, [Print('d')], []),
                ExitAnswer,
            ],
        ),
        (
            "a handler",
            vec![handle(true, [Print('!')]), fork([Kill(Target::Parent, USR1)]), Print('p'), wait()],
        ),
        (
            "a wait interrupted",
            vec![handle(false, []), fork([Kill(Target::Parent, USR1)]), wait(), PrintAnswer],
        ),
        (
            "a wait begun again",
            vec![handle(true, []), fork([Kill(Target::Parent, USR1)]), wait(), PrintAnswer],
        ),
        (
            "the signal that comes before the pause",
            vec![handle(true, []), fork([Kill(Target::Parent, USR1)]), Pause, Print('p')],
        ),
        (
            "a sleep interrupted",
            vec![handle(true, []), fork([Kill(Target::Parent, USR1)]), Sleep, PrintAnswer],
        ),
        (
            "two signals are one",
            vec![
                handle(true, [Print('!')]),
                fork([Kill(Target::Parent, USR1)]),
                fork([Kill(Target::Parent, USR1)]),
                wait(),
                wait(),
            ],
        ),
        (
            "a signal that can be late no longer",
            vec![
                handle(true, [Print('!')]),
                fork([Kill(Target::Parent, USR1)]),
                wait(),
                Print('p'),
                Print('q'),
            ],
        ),
        (
            "each sends the other a signal",
            vec![
                handle(true, [Print('!')]),
                fork([Kill(Target::Parent, USR1), Print('c'), Print('d')]),
                Kill(Target::Child(0), USR1),
                Print('p'),
                Print('q'),
            ],
        ),
        (
            "the reaped cannot be killed",
            vec![fork([fork([Kill(Target::Parent, TERM), PrintAnswer])]), wait()],
        ),
        (
            "a handler is inherited",
            vec![handle(true, [Print('!')]), fork([Print('c')]), Kill(Target::Child(0), USR1), wait()],
        ),
        ("a timer that runs out before the pause", vec![on_alarm(true, []), Alarm(true), Pause, Print('p')]),
        (
            "a timer ends a wait",
            vec![
                on_alarm(false, []),
                fork([Pause]),
                Alarm(true),
                wait(),
                PrintAnswer,
                Alarm(false),
                PrintAnswer,
            ],
        ),
        (
            "a timer does not end a wait that begins again",
            vec![on_alarm(true, [Print('!')]), fork([Print('c')]), Alarm(true), wait(), PrintAnswer],
        ),
        (
            "a timer taken back",
            vec![
                on_alarm(true, [Print('!')]),
                Alarm(true),
                Print('a'),
                Alarm(false),
                PrintAnswer,
                Print('b'),
            ],
        ),
        ("a timer that kills", vec![fork([Alarm(true), Print('c')]), wait(), PrintAnswer]),
        (
            "a timer is not inherited",
            vec![on_alarm(true, [Print('!')]), Alarm(true), fork([Print('c'), Pause]), Print('p')],
        ),
        (
            "a timer and the same signal from a child",
            vec![
                on_alarm(false, [Print('!')]),
                Alarm(true),
                fork([Kill(Target::Parent, Signal::ALRM)]),
                wait(),
            ],
        ),
        ("r = x; y = 2 beside s = y", vec![fork([Get(1), PrintAnswer]), Get(0), Set(1, 2)]),
        ("store buffering", vec![fork([Set(0, 1), Get(1), PrintAnswer]), Set(1, 1), Get(0), PrintAnswer]),
        (
            "a lost update",
            vec![
                fork([Get(0), when(0, [Set(0, 1)], [Set(0, 2)])]),
                Get(0),
                when(0, [Set(0, 1)], [Set(0, 2)]),
                wait(),
                Get(0),
                PrintAnswer,
            ],
        ),
        (
            "two writes to one variable",
            vec![fork([Set(0, 1)]), fork([Set(0, 2)]), wait(), wait(), Get(0), PrintAnswer],
        ),
        ("two who touch nothing in common", both(Set(0, 1), Set(1, 1))),
        ("three prints", vec![fork([Print('a')]), fork([Print('b')]), Print('c')]),
        (
            "ping and pong",
            vec![Pipe, Pipe, fork([Read(0, 1), Write(1, 1, 2)]), Write(0, 1, 1), Read(1, 1), PrintAnswer],
        ),
        ("both read first", vec![Pipe, Pipe, fork([Read(0, 1), Write(1, 1, 2)]), Read(1, 1), Write(0, 1, 1)]),
        (
            "a byte that comes back",
            // Who takes the byte first decides whether it is ever put back.
            vec![
                Pipe,
                Pipe,
                Write(0, 1, 5),
                fork([Read(0, 1), Write(1, 1, 1)]),
                fork([Read(1, 1), Write(0, 1, 6)]),
                Read(0, 1),
                PrintAnswer,
            ],
        ),
    ]
}

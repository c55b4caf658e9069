//! Programs of the simulated machine as text, for the specimen's `interprets`.

use grader_explorer::simulated::{End, Op, Target, Who};

/// A program that the kernel can run, too: no shared variables, no end of a pipe that answers instead of waiting. What
/// they are replaced by is as good to race with.
pub fn without_variables(program: &[Op]) -> Vec<Op> {
    program.iter().map(replaced).collect()
}

fn replaced(op: &Op) -> Op {
    let list = |ops: &[Op]| without_variables(ops).into();
    match op {
        Op::Set(_, value) => Op::Print(char::from(b'u' + (value % 4) as u8)),
        Op::Get(_) => Op::AskParent,
        Op::TryWrite(pipe, bytes, digit) => Op::Write(*pipe, *bytes, *digit),
        Op::Fork(body) => Op::Fork(list(body)),
        Op::Handle { signal, restart, body } => {
            Op::Handle { signal: *signal, restart: *restart, body: list(body) }
        }
        Op::If(number, then, otherwise) => Op::If(*number, list(then), list(otherwise)),
        other => other.clone(),
    }
}

/// The program as text.
pub fn text(program: &[Op]) -> String {
    program.iter().map(word).collect()
}

fn word(op: &Op) -> String {
    let hang = |nohang: &bool| if *nohang { 'n' } else { 'w' };
    match op {
        Op::Print(letter) => format!("p{letter}"),
        Op::PrintAnswer => "n".into(),
        Op::Fork(body) => format!("f({})", text(body)),
        Op::Exit(status) => format!("x{status:03}"),
        Op::ExitAnswer => "X".into(),
        Op::Wait { who: Who::Any, nohang } => format!("w{}", hang(nohang)),
        Op::Wait { who: Who::Nth(nth), nohang } => format!("v{nth}{}", hang(nohang)),
        Op::Pipe => "o".into(),
        Op::Read(pipe, wanted) => format!("r{pipe}{wanted}"),
        Op::Write(pipe, bytes, digit) => format!("t{pipe}{bytes}{digit}"),
        Op::Close(pipe, end) => format!("c{pipe}{}", if *end == End::Read { 0 } else { 1 }),
        Op::Poll { pipe, timed } => format!("l{pipe}{}", if *timed { 't' } else { 'e' }),
        Op::Kill(Target::Parent, signal) => format!("k{:02}", signal.0),
        Op::Kill(Target::Child(nth), signal) => format!("K{nth}{:02}", signal.0),
        Op::Handle { signal, restart, body } => {
            format!("h{:02}{}({})", signal.0, if *restart { 'r' } else { 'i' }, text(body))
        }
        Op::Pause => "z".into(),
        Op::Sleep => "s".into(),
        Op::Alarm(set) => format!("a{}", u8::from(*set)),
        Op::AskParent => "g".into(),
        Op::If(number, then, otherwise) => format!("i{number:05}({})({})", text(then), text(otherwise)),
        Op::Set(..) | Op::Get(_) | Op::TryWrite(..) => panic!("{op:?} is not for the kernel"),
    }
}

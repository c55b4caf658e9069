//! Programs as text, and what they are once they are read.

use libc::c_int;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// See `grader_explorer::simulated::Op`.
pub enum Op {
    Print(u8),
    PrintAnswer,
    Fork(Vec<Op>),
    Exit(i32),
    ExitAnswer,
    Wait {
        nth: Option<usize>,
        nohang: bool,
    },
    Pipe,
    Read(usize, usize),
    Write(usize, usize, u8),
    Close(usize, usize),
    Poll {
        pipe: usize,
        timed: bool,
    },
    Kill(Option<usize>, c_int),
    Handle {
        signal: usize,
        kind: u8,
        body: Vec<Op>,
        index: AtomicUsize,
    },
    Pause,
    Sleep,
    AskParent,
    If(i64, Vec<Op>, Vec<Op>),
    /// What the simulated machine has not: a signal is blocked, ignored, sent to oneself.
    Block(c_int),
    Ignore(c_int),
    Raise(c_int),
    /// alarm: 0 takes the timer back, 1 sets it; 2 sets one that repeats.
    Alarm(usize),
    /// sigsuspend with an empty mask, and an empty mask for good.
    Suspend,
    Unblock,
    /// O_NONBLOCK on one end of a pipe.
    Nonblock(usize, usize),
    /// execve of echo.
    Exec,
    /// vfork; the child becomes echo, or writes a letter and ends.
    Vfork {
        execs: bool,
    },
    /// A file is used, a wait call of another kind is made, a group or a parent is chosen: see `files` and `beyond`.
    File(u8),
    WaitOtherwise(u8),
    Group(u8),
    /// nanosleep that says how much time is left.
    SleepRest,
    /// The write end of a pipe becomes standard output.
    Onto(usize),
    /// An end of a pipe is closed on exec.
    Cloexec(usize, usize),
}

pub struct Reader(Vec<u8>, usize);

impl Reader {
    pub fn new(text: &str) -> Reader {
        Reader(text.bytes().collect(), 0)
    }

    fn byte(&mut self) -> u8 {
        self.1 += 1;
        self.0[self.1 - 1]
    }

    fn number(&mut self, digits: usize) -> i64 {
        let from = self.1;
        self.1 += digits;
        let text = std::str::from_utf8(&self.0[from..self.1]).expect("digits");
        text.parse().expect("a number")
    }

    fn place(&mut self) -> usize {
        self.number(1) as usize
    }

    /// A list without parentheses, up to the end or the closing one.
    pub fn list(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        while self.1 < self.0.len() && self.0[self.1] != b')' {
            ops.push(self.op());
        }
        ops
    }

    fn body(&mut self) -> Vec<Op> {
        assert_eq!(self.byte(), b'(');
        let ops = self.list();
        assert_eq!(self.byte(), b')');
        ops
    }

    fn op(&mut self) -> Op {
        match self.byte() {
            b'p' => Op::Print(self.byte()),
            b'n' => Op::PrintAnswer,
            b'f' => Op::Fork(self.body()),
            b'x' => Op::Exit(self.number(3) as i32),
            b'X' => Op::ExitAnswer,
            b'w' => Op::Wait { nth: None, nohang: self.byte() == b'n' },
            b'v' => Op::Wait { nth: Some(self.place()), nohang: self.byte() == b'n' },
            b'o' => Op::Pipe,
            b'r' => Op::Read(self.place(), self.place()),
            b't' => Op::Write(self.place(), self.place(), self.byte()),
            b'c' => Op::Close(self.place(), self.place()),
            b'l' => Op::Poll { pipe: self.place(), timed: self.byte() == b't' },
            b'k' => Op::Kill(None, self.number(2) as c_int),
            b'K' => Op::Kill(Some(self.place()), self.number(2) as c_int),
            b'h' => Op::Handle {
                signal: self.number(2) as usize,
                kind: self.byte(),
                body: self.body(),
                index: AtomicUsize::new(0),
            },
            b'B' => Op::Block(self.number(2) as c_int),
            b'I' => Op::Ignore(self.number(2) as c_int),
            b'R' => Op::Raise(self.number(2) as c_int),
            b'S' => Op::Suspend,
            b'U' => Op::Unblock,
            b'N' => Op::Nonblock(self.place(), self.place()),
            b'e' => Op::Exec,
            b'y' => Op::Vfork { execs: true },
            b'Y' => Op::Vfork { execs: false },
            b'a' => Op::Alarm(self.place()),
            b'A' => Op::File(self.byte()),
            b'W' => Op::WaitOtherwise(self.byte()),
            b'G' => Op::Group(self.byte()),
            b'L' => Op::SleepRest,
            b'D' => Op::Onto(self.place()),
            b'C' => Op::Cloexec(self.place(), self.place()),
            b'z' => Op::Pause,
            b's' => Op::Sleep,
            b'g' => Op::AskParent,
            b'i' => Op::If(self.number(5), self.body(), self.body()),
            other => panic!("no operation `{}`", char::from(other)),
        }
    }
}

/// Every handler there is, each under its number.
pub fn collect(ops: &'static [Op], handlers: &mut Vec<&'static [Op]>) {
    for op in ops {
        match op {
            Op::Fork(body) => collect(body, handlers),
            Op::Handle { body, index, .. } => {
                index.store(handlers.len(), Relaxed);
                handlers.push(body);
                collect(body, handlers);
            }
            Op::If(_, then, otherwise) => {
                collect(then, handlers);
                collect(otherwise, handlers);
            }
            _ => {}
        }
    }
}

//! Random programs, from a seed.
//!
//! They are made to be *interesting*: tasks share pipes that were made before the forks, close ends at random, wait,
//! signal each other, and print what they learned. Invariant: the same seed gives the same program, for ever.

use super::program::{CAPACITY, End, Op, Target, VARIABLES, Who};
use grader_trace::Signal;
use std::sync::Arc;

/// A small generator of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers that depend on nothing but the seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// How large programs get.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Tasks at most, the root included.
    pub tasks: usize,
    /// Operations of one task at most, forks apart.
    pub operations: usize,
}

/// A random program.
pub fn program(random: &mut Random, size: Size) -> Vec<Op> {
    let mut writer = Writer { tasks_left: size.tasks - 1, operations: size.operations, random };
    let mut ops = Vec::new();
    let pipes = writer.random.below(3).min(1 + writer.random.below(2));
    ops.extend(std::iter::repeat_n(Op::Pipe, pipes));
    let handles = writer.random.chance(3);
    if handles {
        ops.push(writer.handler());
    }
    let mut task = Knows { pipes, children: 0, parent: false };
    writer.body(&mut ops, &mut task, true);
    ops
}

/// The same with timers here and there, and perhaps a handler for them.
pub fn with_timers(random: &mut Random, program: &[Op]) -> Vec<Op> {
    let mut ops = Vec::new();
    if random.chance(2) {
        let body: Arc<[Op]> = if random.chance(2) { vec![Op::Print('!')].into() } else { Arc::from([]) };
        ops.push(Op::Handle { signal: Signal::ALRM, restart: random.chance(2), body });
    }
    for op in program {
        if random.chance(3) {
            ops.push(Op::Alarm(!random.chance(4)));
        }
        if random.chance(8) {
            ops.push(if random.chance(2) { Op::PrintAnswer } else { Op::Pause });
        }
        ops.push(match op {
            Op::Fork(body) if random.chance(2) => Op::Fork(with_timers(random, body).into()),
            Op::Kill(target, _) if random.chance(2) => Op::Kill(*target, Signal::ALRM),
            other => other.clone(),
        });
    }
    ops
}

struct Writer<'r> {
    tasks_left: usize,
    operations: usize,
    random: &'r mut Random,
}

/// What a task can name.
struct Knows {
    pipes: usize,
    children: usize,
    parent: bool,
}

impl Writer<'_> {
    fn body(&mut self, ops: &mut Vec<Op>, task: &mut Knows, must_fork: bool) {
        let count = 1 + self.random.below(self.operations);
        let mut forks = if must_fork { 1 + self.random.below(self.tasks_left) } else { self.random.below(2) };
        for done in 0..=count {
            // Forks come early, or nobody is there to race with.
            while forks > 0 && self.tasks_left > 0 && (done == count || !self.random.chance(3)) {
                forks -= 1;
                self.tasks_left -= 1;
                let mut child = Vec::new();
                self.body(&mut child, &mut Knows { pipes: task.pipes, children: 0, parent: true }, false);
                task.children += 1;
                ops.push(Op::Fork(child.into()));
            }
            if done < count {
                let op = self.operation(task);
                let answers = matches!(
                    op,
                    Op::Wait { .. }
                        | Op::Read(..)
                        | Op::Poll { .. }
                        | Op::Get(_)
                        | Op::AskParent
                        | Op::Kill(..)
                );
                ops.push(op);
                if answers && self.random.chance(3) {
                    ops.push(self.consequence());
                }
            }
        }
        if self.random.chance(3) {
            let status = self.random.below(3) as u8;
            ops.push(if self.random.chance(2) { Op::Exit(status) } else { Op::ExitAnswer });
        }
    }

    fn consequence(&mut self) -> Op {
        if self.random.chance(2) {
            return Op::PrintAnswer;
        }
        let then: Arc<[Op]> = vec![self.simple()].into();
        let otherwise: Arc<[Op]> =
            if self.random.chance(2) { Arc::from([]) } else { vec![self.simple()].into() };
        Op::If([0, 0, 1, 100][self.random.below(4)], then, otherwise)
    }

    fn simple(&mut self) -> Op {
        match self.random.below(3) {
            0 => Op::Exit(4),
            1 => Op::Set(self.random.below(VARIABLES), 7),
            _ => self.letter(),
        }
    }

    fn letter(&mut self) -> Op {
        Op::Print(char::from(b'a' + self.random.below(5) as u8))
    }

    fn handler(&mut self) -> Op {
        let body: Arc<[Op]> = match self.random.below(3) {
            0 => vec![Op::Print('!')].into(),
            1 => vec![Op::Set(0, 3)].into(),
            _ => Arc::from([]),
        };
        Op::Handle { signal: self.signal(), restart: self.random.chance(2), body }
    }

    fn signal(&mut self) -> Signal {
        Signal([10, 10, 15][self.random.below(3)])
    }

    fn end(&mut self) -> End {
        if self.random.chance(2) { End::Read } else { End::Write }
    }

    fn operation(&mut self, task: &Knows) -> Op {
        loop {
            let pipe = self.random.below(task.pipes.max(1));
            let op = match self.random.below(18) {
                0 => self.letter(),
                1..=3 if task.children > 0 => {
                    let nth = Who::Nth(self.random.below(task.children));
                    let who = if self.random.chance(3) { nth } else { Who::Any };
                    Op::Wait { who, nohang: self.random.chance(4) }
                }
                4 | 5 if task.pipes > 0 => Op::Read(pipe, 1 + self.random.below(CAPACITY)),
                6 | 7 if task.pipes > 0 && !self.random.chance(4) => {
                    Op::Write(pipe, 1 + self.random.below(CAPACITY), 1 + self.random.below(4) as u8)
                }
                7 if task.pipes > 0 && self.random.chance(3) => {
                    Op::TryWrite(pipe, 1 + self.random.below(CAPACITY), 1 + self.random.below(4) as u8)
                }
                8 | 9 if task.pipes > 0 => Op::Close(pipe, self.end()),
                10 if task.pipes > 0 => Op::Poll { pipe, timed: !self.random.chance(4) },
                11 if task.children > 0 => {
                    Op::Kill(Target::Child(self.random.below(task.children)), self.signal())
                }
                12 if task.parent => Op::Kill(Target::Parent, self.signal()),
                13 => Op::Set(self.random.below(VARIABLES), 1 + self.random.below(4) as i64),
                14 => Op::Get(self.random.below(VARIABLES)),
                15 if task.parent => Op::AskParent,
                16 if self.random.chance(3) => Op::Sleep,
                16 if self.random.chance(2) => Op::Pause,
                17 if self.random.chance(2) => self.handler(),
                _ => continue,
            };
            return op;
        }
    }
}

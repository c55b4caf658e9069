//! Small worlds of waits, ends and pipes: the dependency relation against every interleaving.
//!
//! Schedules with equal canonical forms must be all linear extensions of their
//! order, and nothing else. If the relation forgets a dependency, an order has
//! extensions that cannot run or that give other answers, and the sums differ.

use super::brute::step;
use crate::TaskPath;
use crate::order::extension::Random;
use crate::order::rules::{self, Found};
use crate::order::trace_order::Canonical;
use crate::order::{BigUint, Footprint, Name, Step, TraceOrder};
use crate::view::descriptors::PipeEnd;
use std::collections::{BTreeSet, HashMap};

/// What a task may do. All share one pipe, of which each holds both ends at first.
#[derive(Debug, Clone, Copy)]
enum Op {
    Exit,
    Wait,
    WaitFor(usize),
    TryWait,
    AskParent,
    Kill(usize),
    Read(u64),
    TryRead(u64),
    Write(u64),
    TryWrite(u64),
    Close(PipeEnd),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Life {
    Alive,
    Zombie,
    Gone,
}

/// Task 0 and its children 1, 2, …
#[derive(Debug, Clone)]
struct World {
    lives: Vec<Life>,
    writers: BTreeSet<usize>,
    readers: BTreeSet<usize>,
    taken: u64,
    put: u64,
}

const CAPACITY: u64 = 3;

fn path(task: usize) -> TaskPath {
    TaskPath(if task == 0 { Vec::new() } else { vec![task as u16 - 1] })
}

fn paths(tasks: impl IntoIterator<Item = usize>) -> Vec<TaskPath> {
    tasks.into_iter().map(path).collect()
}

fn pipe() -> Name {
    Name { by: path(0), nth: 0 }
}

impl World {
    fn new(tasks: usize) -> World {
        let all: BTreeSet<usize> = (0..tasks).collect();
        World { lives: vec![Life::Alive; tasks], writers: all.clone(), readers: all, taken: 0, put: 0 }
    }

    /// What comes of the operation: its footprint and its answer; `None` while it would block.
    fn run(&mut self, task: usize, op: Op) -> Option<(Footprint, String)> {
        let children = || 1..self.lives.len();
        match op {
            Op::Exit => {
                let mut touched =
                    rules::exit(&path(task), &if task == 0 { paths(children()) } else { vec![] });
                for (end, holders) in
                    [(PipeEnd::Write, &mut self.writers), (PipeEnd::Read, &mut self.readers)]
                {
                    if holders.remove(&task) {
                        touched = touched.and(rules::close_end(&pipe(), end));
                    }
                }
                self.lives[task] = Life::Zombie;
                Some((touched, "exit".into()))
            }
            Op::Wait => self.wait(children().collect(), true),
            Op::TryWait => self.wait(children().collect(), false),
            Op::WaitFor(child) => self.wait(vec![child], true),
            Op::AskParent => Some((rules::parent_asked(&path(task)), format!("{:?}", self.lives[0]))),
            Op::Kill(other) => {
                Some((rules::kill(&path(other), None), (self.lives[other] == Life::Gone).to_string()))
            }
            Op::Read(wanted) => self.read(wanted, true),
            Op::TryRead(wanted) => self.read(wanted, false),
            Op::Write(bytes) => self.write(bytes, true),
            Op::TryWrite(bytes) => self.write(bytes, false),
            Op::Close(end) => {
                let holders = if end == PipeEnd::Read { &mut self.readers } else { &mut self.writers };
                let held = holders.remove(&task);
                let touched = if held { rules::close_end(&pipe(), end) } else { Footprint::nothing() };
                Some((touched, format!("closed {held}")))
            }
        }
    }

    fn wait(&mut self, mut asked: Vec<usize>, block: bool) -> Option<(Footprint, String)> {
        asked.retain(|child| self.lives[*child] != Life::Gone);
        match asked.iter().position(|child| self.lives[*child] == Life::Zombie) {
            Some(oldest) => {
                let passed_over = paths(asked[..oldest].iter().copied());
                self.lives[asked[oldest]] = Life::Gone;
                let touched = rules::reap(&path(0), &path(asked[oldest]), &passed_over);
                Some((touched, format!("reaped {}", asked[oldest])))
            }
            None if block && !asked.is_empty() => None,
            None => {
                Some((rules::no_news(&path(0), &paths(asked.clone())), format!("none of {}", asked.len())))
            }
        }
    }

    fn read(&mut self, wanted: u64, block: bool) -> Option<(Footprint, String)> {
        let found = match (self.put - self.taken).min(wanted) {
            0 if self.writers.is_empty() => Found::End,
            0 if block => return None,
            0 => Found::NotYet,
            bytes if bytes == wanted => Found::All(bytes),
            bytes => Found::Fewer(bytes),
        };
        let touched = rules::pipe_read(&pipe(), self.taken, found);
        if let Found::All(bytes) | Found::Fewer(bytes) = found {
            self.taken += bytes;
        }
        Some((touched, format!("{found:?} up to {}", self.taken)))
    }

    fn write(&mut self, bytes: u64, block: bool) -> Option<(Footprint, String)> {
        if self.readers.is_empty() {
            return Some((rules::broken_pipe(&pipe()), "broken".into()));
        }
        let fits = self.put - self.taken + bytes <= CAPACITY;
        if !fits && block {
            return None;
        }
        let (at, taken) = (self.put, if fits { bytes } else { 0 });
        self.put += taken;
        let saw_room = at + bytes > CAPACITY;
        Some((rules::pipe_write(&pipe(), at, taken, saw_room), format!("{taken} at {at}")))
    }
}

/// Runs every interleaving to its end: all tasks done, or all blocked.
fn every_interleaving(programs: &[Vec<Op>]) -> Vec<Vec<Step>> {
    let mut ended = Vec::new();
    go_on(programs, &mut vec![0; programs.len()], &World::new(programs.len()), &mut Vec::new(), &mut ended);
    ended
}

fn go_on(
    programs: &[Vec<Op>],
    at: &mut [usize],
    world: &World,
    steps: &mut Vec<Step>,
    ended: &mut Vec<Vec<Step>>,
) {
    let mut stuck = true;
    for task in 0..programs.len() {
        let Some(op) = programs[task].get(at[task]) else { continue };
        let mut next = world.clone();
        let Some((touched, answer)) = next.run(task, *op) else { continue };
        stuck = false;
        // The answer stands where output would: schedules with different answers are different executions.
        steps.push(Step { touched, ..step(&path(task).0, &answer) });
        at[task] += 1;
        go_on(programs, at, &next, steps, ended);
        at[task] -= 1;
        steps.pop();
    }
    if stuck {
        ended.push(steps.clone());
    }
}

/// The executions, each with the number of interleavings that are it.
fn executions(programs: &[Vec<Op>]) -> HashMap<Canonical, (u64, TraceOrder)> {
    let mut found = HashMap::new();
    for steps in every_interleaving(programs) {
        let order = TraceOrder::new(steps);
        found.entry(order.canonical()).or_insert((0, order)).0 += 1;
    }
    found
}

fn assert_that_extensions_are_interleavings(programs: &[Vec<Op>]) -> usize {
    let executions = executions(programs);
    for (interleavings, order) in executions.values() {
        let extensions = order.extensions(1_000_000);
        assert_eq!(extensions, Some(BigUint::from(*interleavings)), "{programs:?}: {order:#?}");
    }
    executions.len()
}

fn generate(random: &mut Random) -> Vec<Vec<Op>> {
    let tasks = 2 + random.below(2) as usize;
    let program = |random: &mut Random, task: usize| {
        let mut ops: Vec<Op> =
            (0..1 + random.below(5 - tasks as u64)).map(|_| any(random, task, tasks)).collect();
        if task > 0 || random.below(2) == 0 {
            ops.push(Op::Exit);
        }
        ops
    };
    (0..tasks).map(|task| program(random, task)).collect()
}

fn any(random: &mut Random, task: usize, tasks: usize) -> Op {
    let other = 1 + random.below(tasks as u64 - 1) as usize;
    let bytes = 1 + random.below(2);
    match random.below(if task == 0 { 11 } else { 8 }) {
        0 => Op::Read(bytes),
        1 => Op::TryRead(bytes),
        2 | 3 => Op::Write(bytes),
        4 => Op::TryWrite(bytes),
        5 => Op::Close(PipeEnd::Write),
        6 => Op::Close(PipeEnd::Read),
        7 if task == 0 => Op::Kill(other),
        7 => [Op::AskParent, Op::Kill(other)][random.below(2) as usize],
        8 => Op::Wait,
        9 => Op::TryWait,
        _ => Op::WaitFor(other),
    }
}

#[test]
fn equal_canonical_forms_are_exactly_the_linear_extensions_of_an_order() {
    let mut random = Random(11);
    let worlds: Vec<Vec<Vec<Op>>> = (0..400).map(|_| generate(&mut random)).collect();
    let executions: usize =
        worlds.iter().map(|programs| assert_that_extensions_are_interleavings(programs)).sum();
    assert!(executions > 2 * worlds.len(), "only {executions} executions");
}

#[test]
fn children_that_are_waited_for_in_any_order_make_no_more_executions_than_orders_of_reaping() {
    for (children, at_most, really) in [(2, 3, 2), (3, 16, 6), (4, 125, 24), (5, 1296, 120)] {
        let mut programs = vec![vec![Op::Wait; children]];
        programs.extend(vec![vec![Op::Exit]; children]);
        let executions = executions(&programs);
        assert!(executions.len() <= at_most);
        assert_eq!(executions.len(), really, "{children} children");
    }
}

#[test]
fn a_pipe_between_two_children_is_few_executions() {
    use PipeEnd::{Read, Write};
    let programs = [
        vec![Op::Close(Read), Op::Close(Write), Op::WaitFor(1), Op::WaitFor(2)],
        vec![Op::Close(Read), Op::Write(2), Op::Exit],
        vec![Op::Close(Write), Op::Read(3), Op::Read(3), Op::Exit],
    ];
    assert_eq!(assert_that_extensions_are_interleavings(&programs), 2, "before or after the parent's close");
}

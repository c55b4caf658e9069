//! The state of the simulated machine, and how tasks go from one operation to the next.

use super::outcome::{Outcome, TaskOutcome};
use super::program::{End, Op, VARIABLES};
use super::{Did, Stdout};
use crate::machine::{Act, Fault};
use grader_trace::order::{Footprint, Name, Resource, Span, rules};
use grader_trace::{Errno, ExitStatus, PipeEnd, Signal, TaskPath};
use std::collections::VecDeque;
use std::sync::Arc;

/// Everything that tasks share, and the tasks.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) tasks: Vec<Task>,
    pub(super) pipes: Vec<PipeState>,
    pub(super) variables: [i64; VARIABLES],
    output: String,
    /// How many bytes a pipe holds.
    pub(super) capacity: usize,
}

/// A task, dead or alive.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) path: TaskPath,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    pub(super) status: Option<ExitStatus>,
    /// It has closed what it held, and will end with this.
    pub(super) leaving: Option<ExitStatus>,
    pub(super) reaped: bool,
    frames: Vec<Frame>,
    pub(super) answer: i64,
    pub(super) held: Vec<Held>,
    pub(super) pipes_made: u32,
    pub(super) handlers: Vec<Handler>,
    pub(super) sent: Vec<Signal>,
    /// A timer is set.
    pub(super) alarm: bool,
}

/// A list of operations that a task is in the middle of.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    ops: Arc<[Op]>,
    next: usize,
    /// For a handler: its signal, and the answer that comes back when it returns.
    handles: Option<(Signal, i64)>,
}

/// Which ends of a pipe a task holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) pipe: usize,
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Held {
    pub(super) fn ends(&self) -> impl Iterator<Item = PipeEnd> {
        let ends = [(self.read, PipeEnd::Read), (self.write, PipeEnd::Write)];
        ends.into_iter().filter(|(holds, _)| *holds).map(|(_, end)| end)
    }
}

/// A pipe. Bytes are counted from its beginning.
#[derive(Debug, Clone)]
pub(super) struct PipeState {
    pub(super) name: Name,
    pub(super) bytes: VecDeque<u8>,
    pub(super) taken: u64,
}

/// What happens when a signal arrives.
#[derive(Debug, Clone)]
pub(super) struct Handler {
    pub(super) signal: Signal,
    pub(super) restart: bool,
    pub(super) body: Arc<[Op]>,
}

/// What a task's next operation needs and touches.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// What it waits for, if it cannot be done now.
    pub(super) blocked: Option<Vec<Resource>>,
    /// Whether it can then give up.
    pub(super) timed: bool,
    /// What it touches. If it is blocked: all that it looks at, and all it might touch later.
    pub(super) footprint: Footprint,
}

impl Look {
    pub(super) fn ready(footprint: Footprint) -> Look {
        Look { blocked: None, timed: false, footprint }
    }

    pub(super) fn blocked(on: Vec<Resource>, footprint: Footprint) -> Look {
        Look { blocked: Some(on), timed: false, footprint }
    }
}

impl World {
    pub(super) fn new(program: Arc<[Op]>, capacity: usize) -> World {
        let (tasks, pipes, variables, output) = (Vec::new(), Vec::new(), [0; VARIABLES], String::new());
        let mut world = World { tasks, pipes, variables, output, capacity };
        world.tasks.push(Task::new(TaskPath::default(), None, program));
        world.tasks[0].settle();
        world
    }

    /// The tasks that have not ended, in the order of their paths: that of creation differs between schedules.
    pub(super) fn living(&self) -> impl Iterator<Item = (usize, &Task)> {
        let mut living: Vec<_> = self.tasks.iter().enumerate().filter(|(_, t)| t.status.is_none()).collect();
        living.sort_unstable_by(|a, b| a.1.path.cmp(&b.1.path));
        living.into_iter()
    }

    /// What the task's next operation needs and touches.
    pub(super) fn look(&self, task: usize) -> Look {
        let state = &self.tasks[task];
        if state.leaving.is_some() {
            return Look::ready(self.ending(task));
        }
        let Some(op) = state.op() else { return Look::ready(self.end_begins(task)) };
        match op {
            // What stdout's order means is for `touched` to say.
            Op::Print(_) | Op::PrintAnswer | Op::Handle { .. } | Op::Sleep | Op::Alarm(_) | Op::If(..) => {
                Look::ready(Footprint::nothing())
            }
            Op::Exit(_) | Op::ExitAnswer => Look::ready(self.end_begins(task)),
            Op::Fork(_) => Look::ready(rules::fork(&state.path)),
            Op::Wait { who, nohang } => self.look_wait(task, *who, *nohang),
            Op::AskParent => Look::ready(rules::parent_asked(&state.path)),
            Op::Pipe => Look::ready(Footprint::nothing()),
            Op::Read(pipe, wanted) => self.look_read(task, *pipe, *wanted),
            Op::Write(pipe, bytes, _) => self.look_write(task, *pipe, *bytes, true),
            Op::TryWrite(pipe, bytes, _) => self.look_write(task, *pipe, *bytes, false),
            Op::Close(pipe, end) => self.look_close(task, *pipe, *end),
            Op::Poll { pipe, timed } => self.look_poll(task, *pipe, *timed),
            Op::Kill(target, signal) => self.look_kill(task, *target, *signal),
            Op::Pause => self.look_pause(task),
            Op::Set(variable, _) => Look::ready(Footprint::nothing().changes(memory(*variable))),
            Op::Get(variable) => Look::ready(Footprint::nothing().observes(memory(*variable))),
        }
    }

    /// What this choice touches.
    pub(super) fn touched(&self, task: usize, act: Act, look: &Look, stdout: Stdout) -> Footprint {
        let own = look.footprint.clone();
        match act {
            Act::Step if self.tasks[task].leaving.is_some() => own,
            Act::Step | Act::Expire | Act::Fail(Fault::Short(_)) => match self.tasks[task].op() {
                Some(Op::Print(_) | Op::PrintAnswer) => match stdout {
                    Stdout::Shared => own.changes(Resource::Offset(Name { by: TaskPath::default(), nth: 0 })),
                    Stdout::Observed => own.and(rules::observed_output()),
                },
                _ => own,
            },
            Act::Fail(Fault::Error(_)) => Footprint::nothing(),
            Act::Deliver(signal) => self.arrival(task, signal),
            Act::RunOut => rules::signal_sent(&self.tasks[task].path, Signal::ALRM),
            // That it was asleep is something it saw.
            Act::Interrupt(signal) => self.arrival(task, signal).and(own),
        }
    }

    /// How the next operation could fail without need.
    pub(super) fn faults(&self, task: usize, look: &Look) -> Vec<Fault> {
        match self.tasks[task].op().filter(|_| self.tasks[task].leaving.is_none()) {
            Some(Op::Fork(_)) => vec![Fault::Error(Errno::EAGAIN)],
            Some(Op::Read(_, wanted)) if *wanted > 1 && look.blocked.is_none() => vec![Fault::Short(1)],
            _ => Vec::new(),
        }
    }

    /// Does the next operation; a blocked one gives up.
    pub(super) fn perform(&mut self, task: usize, _: Stdout) -> Did {
        if let Some(status) = self.tasks[task].leaving {
            return self.end_at_once(task, status);
        }
        let Some(op) = self.tasks[task].op().cloned() else { return self.end(task, ExitStatus::Exited(0)) };
        let last = self.tasks[task].answer;
        let (word, answer) = match op {
            Op::Print(text) => {
                self.output.push(text);
                ("write", last)
            }
            Op::PrintAnswer => {
                self.output.push_str(&format!("({last})"));
                ("write", last)
            }
            Op::Exit(status) => return self.end(task, ExitStatus::Exited(status)),
            Op::ExitAnswer => return self.end(task, ExitStatus::Exited((last & 0xff) as u8)),
            Op::Fork(body) => ("fork", self.fork(task, body)),
            Op::Wait { who, .. } => ("wait", self.wait(task, who)),
            Op::AskParent => ("getppid", self.parent_lives(task).into()),
            Op::Pipe => ("pipe", self.pipe(task)),
            Op::Read(pipe, wanted) => ("read", self.read(task, pipe, wanted)),
            Op::Write(pipe, bytes, digit) | Op::TryWrite(pipe, bytes, digit) => {
                match self.write(task, pipe, bytes, digit) {
                    Some(answer) => ("write", answer),
                    None => return self.end_at_once(task, ExitStatus::Killed(super::pipes::SIGPIPE)),
                }
            }
            Op::Close(pipe, end) => ("close", self.close(task, pipe, end)),
            Op::Poll { pipe, .. } => ("poll", self.poll(task, pipe)),
            Op::Kill(target, signal) => ("kill", self.kill(task, target, signal)),
            Op::Handle { signal, restart, body } => {
                self.tasks[task].handlers.retain(|handler| handler.signal != signal);
                self.tasks[task].handlers.push(Handler { signal, restart, body });
                ("sigaction", last)
            }
            Op::Sleep => ("sleep", 0),
            Op::Alarm(set) => ("alarm", std::mem::replace(&mut self.tasks[task].alarm, set).into()),
            Op::Set(variable, value) => {
                self.variables[variable] = value;
                ("store", last)
            }
            Op::Get(variable) => ("load", self.variables[variable]),
            // Neither is ever performed: one is decided on the way, the other blocks.
            Op::If(..) | Op::Pause => ("nothing", last),
        };
        let mut did = self.answer_next(task, answer);
        did.word = word;
        did
    }

    /// The next operation is over and gave this answer.
    pub(super) fn answer_next(&mut self, task: usize, answer: i64) -> Did {
        let state = &mut self.tasks[task];
        state.answer = answer;
        if let Some(frame) = state.frames.last_mut() {
            frame.next += 1;
        }
        state.settle();
        Did { word: "fails", answer }
    }

    /// What the execution has come to so far.
    pub(super) fn outcome(&self) -> Outcome {
        let task = |t: &Task| TaskOutcome {
            task: t.path.clone(),
            status: t.status.map(Into::into),
            reaped: t.reaped,
        };
        let mut tasks: Vec<TaskOutcome> = self.tasks.iter().map(task).collect();
        tasks.sort_unstable();
        Outcome { output: self.output.clone(), tasks }
    }
}

impl Task {
    pub(super) fn new(path: TaskPath, parent: Option<usize>, ops: Arc<[Op]>) -> Task {
        Task {
            path,
            parent,
            children: Vec::new(),
            status: None,
            leaving: None,
            reaped: false,
            frames: vec![Frame { ops, next: 0, handles: None }],
            answer: 0,
            held: Vec::new(),
            pipes_made: 0,
            handlers: Vec::new(),
            sent: Vec::new(),
            alarm: false,
        }
    }

    /// The next operation; `None` at the end of the program.
    pub(super) fn op(&self) -> Option<&Op> {
        self.frames.last().and_then(|frame| frame.ops.get(frame.next))
    }

    /// The signals whose handlers are running: they are held back.
    pub(super) fn handling(&self, signal: Signal) -> bool {
        self.frames.iter().any(|frame| frame.handles.is_some_and(|(handled, _)| handled == signal))
    }

    /// Whether a signal that is sent to it now may reach it.
    pub(super) fn is_there_for_signals(&self) -> bool {
        self.status.is_none() && self.leaving.is_none()
    }

    /// Whether it holds an end of a pipe.
    pub(super) fn holds_any(&self) -> bool {
        self.held.iter().any(|held| held.read || held.write)
    }

    /// The signals that it holds back: bit `n - 1` stands for signal `n`.
    pub(super) fn held_back(&self) -> u64 {
        let handled = self.frames.iter().filter_map(|frame| frame.handles);
        handled.fold(0, |mask, (signal, _)| mask | 1 << (signal.0 - 1))
    }

    /// Begins a handler; `answer` is what the interrupted code finds when it returns.
    pub(super) fn enter(&mut self, handler: &Handler, answer: i64) {
        let handles = Some((handler.signal, answer));
        self.frames.push(Frame { ops: handler.body.clone(), next: 0, handles });
    }

    /// The interrupted operation is over.
    pub(super) fn skip(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next += 1;
        }
    }

    /// Walks to the next real operation: takes branches, leaves finished lists.
    pub(super) fn settle(&mut self) {
        let mut depth = self.frames.len();
        while let Some(frame) = self.frames.last_mut() {
            match frame.ops.get(frame.next) {
                Some(Op::If(number, then, otherwise)) => {
                    let ops = if self.answer == *number { then.clone() } else { otherwise.clone() };
                    frame.next += 1;
                    self.frames.push(Frame { ops, next: 0, handles: None });
                    depth += 1;
                }
                Some(_) => return,
                None if depth == 1 => return,
                None => {
                    depth -= 1;
                    if let Some(Frame { handles: Some((_, answer)), .. }) = self.frames.pop() {
                        self.answer = answer;
                    }
                }
            }
        }
    }

    /// The pipe that the task knows by this number, if it holds that end of it.
    pub(super) fn holds(&self, number: usize, end: End) -> Option<usize> {
        let held = self.held.get(number)?;
        let holds = match end {
            End::Read => held.read,
            End::Write => held.write,
        };
        holds.then_some(held.pipe)
    }
}

impl From<End> for PipeEnd {
    fn from(end: End) -> PipeEnd {
        match end {
            End::Read => PipeEnd::Read,
            End::Write => PipeEnd::Write,
        }
    }
}

fn memory(variable: usize) -> Resource {
    let space = grader_trace::order::Space::Shared(Name { by: TaskPath::default(), nth: 0 });
    Resource::Memory(space, Span::new(8 * variable as u64, 8))
}

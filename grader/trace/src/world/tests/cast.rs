//! A kernel made of the world itself: it makes each call answer as Linux would, and tells the world.

use crate::model::births::CloneFlags;
use crate::model::event::Object;
use crate::model::ids::{Errno, Fd, Pid, Signal, TaskPath, Text};
use crate::model::operation::Disposition;
use crate::model::status::ExitStatus;
use crate::model::waits::Selector;
use crate::order::Footprint;
use crate::view::descriptors::PipeEnd;
use crate::world::descriptors::What;
use crate::world::{Answer, Ask, DupTo, Ended, Look, Polled, Timeout, WaitFor, World};

pub const USR1: Signal = Signal(10);
pub const TERM: Signal = Signal(15);
pub const PIPE: Signal = Signal(13);
pub const RESTART: u64 = 0x1000_0000;
pub const RESET: u64 = 0x8000_0000;
const EPIPE: Errno = Errno(32);

/// A task by its path.
pub fn task(path: &[u16]) -> TaskPath {
    TaskPath(path.to_vec())
}

pub fn root() -> TaskPath {
    TaskPath::default()
}

/// A number that says where the task is in the tree: the same in every schedule.
pub fn pid_of(path: &TaskPath) -> Pid {
    Pid(path.0.iter().fold(1, |number, step| 8 * number + i32::from(*step) + 1) + 100)
}

pub fn bit(signal: Signal) -> u64 {
    1 << (signal.0 - 1)
}

pub const FORK: Ask = Ask::Fork(CloneFlags(0));
pub const VFORK: Ask = Ask::Fork(CloneFlags(CloneFlags::VFORK | CloneFlags::VM));
pub const EXIT: Ask = Ask::Exit(ExitStatus::Exited(0));
pub const WAIT: Ask = wait(Selector::Any, false);

pub const fn wait(selector: Selector, nohang: bool) -> Ask {
    Ask::Wait(WaitFor { selector, nohang, nowait: false })
}

pub fn read(fd: i32, wanted: u64) -> Ask {
    Ask::Read { fd: Fd(fd), wanted, positioned: false }
}

pub fn write(fd: i32, wanted: u64) -> Ask {
    Ask::Write { fd: Fd(fd), wanted, positioned: false, at: None }
}

pub fn close(fd: i32) -> Ask {
    Ask::Close(Fd(fd))
}

pub fn kill(target: &TaskPath, signal: Signal) -> Ask {
    Ask::Kill { target: pid_of(target), signal }
}

pub fn action(signal: Signal, action: Disposition, flags: u64) -> Ask {
    Ask::Action { signal, action, flags }
}

pub fn handle(signal: Signal) -> Ask {
    action(signal, Disposition::Handler, RESTART)
}

pub fn dup_to(from: i32, to: i32) -> Ask {
    Ask::Dup { from: Fd(from), to: DupTo::At(Fd(to)), cloexec: false }
}

pub fn poll_input(fd: i32, timeout: Timeout) -> Ask {
    Ask::Poll { fds: vec![Polled { fd: Fd(fd), input: true, output: false }], timeout }
}

pub fn poll_output(fd: i32, timeout: Timeout) -> Ask {
    Ask::Poll { fds: vec![Polled { fd: Fd(fd), input: false, output: true }], timeout }
}

pub const NEW_PIPE: Ask = Ask::Pipe { cloexec: false, nonblock: false };

impl World {
    /// A world with one task and the usual three descriptors.
    pub(super) fn fresh() -> World {
        let null = Object::File(Text::from("/dev/null"));
        let given = [(Fd(0), null), (Fd(1), Object::Stdout), (Fd(2), Object::Stderr)];
        World::new(pid_of(&root()), &given)
    }

    /// These calls of the root, one after the other.
    pub(super) fn after(calls: &[Ask]) -> World {
        let mut world = World::fresh();
        calls.iter().for_each(|ask| world.does(&root(), ask));
        world
    }

    pub(super) fn seen(&self, path: &TaskPath, ask: &Ask) -> Look {
        self.look(path, ask).expect("there is a model")
    }

    pub(super) fn is_ready(&self, path: &TaskPath, ask: &Ask) -> bool {
        self.seen(path, ask).blocked.is_none()
    }

    pub(super) fn refuses(&self, path: &TaskPath, ask: &Ask) -> bool {
        self.look(path, ask).is_err()
    }

    pub(super) fn touches(&self, path: &TaskPath, ask: &Ask) -> Footprint {
        self.seen(path, ask).footprint
    }

    /// Whether the order of two calls can be noticed. It is the same question from both sides.
    pub(super) fn conflict(&self, a: (&TaskPath, &Ask), b: (&TaskPath, &Ask)) -> bool {
        let (first, second) = (self.touches(a.0, a.1), self.touches(b.0, b.1));
        assert_eq!(first.conflicts(&second), second.conflicts(&first));
        first.conflicts(&second)
    }

    /// What a call that does not sleep answers.
    pub(super) fn answer(&self, path: &TaskPath, ask: &Ask) -> Answer {
        const EBADF: Answer = Answer::Failed(Errno::EBADF);
        let lowest = |from: i32| {
            let taken = |fd: &i32| self.tasks[path].slots.contains_key(fd);
            (from..).find(|fd| !taken(fd)).expect("a free slot")
        };
        let what = |fd: &Fd| self.file(path, *fd).map(|(_, file)| (&file.what, file.nonblock));
        match ask {
            Ask::Fork(_) => Answer::Born(pid_of(&self.next_child(path))),
            Ask::Wait(wait) => self.news(path, wait),
            Ask::Open { .. } | Ask::NewDescriptor { .. } => Answer::Value(lowest(0) as u64),
            Ask::Pipe { .. } => {
                let read = lowest(0);
                Answer::Ends(Fd(read), Fd(lowest(read + 1)))
            }
            Ask::Dup { from, .. } if what(from).is_none() => EBADF,
            Ask::Dup { to: DupTo::Lowest(from), .. } => Answer::Value(lowest(from.0) as u64),
            Ask::Dup { to: DupTo::At(fd), .. } => Answer::Value(fd.0 as u64),
            Ask::Close(fd) if what(fd).is_none() => EBADF,
            Ask::Read { fd, wanted, .. } => match what(fd) {
                Some((What::Pipe(pipe, PipeEnd::Read), nonblock)) => {
                    let bytes = self.pipes[pipe].bytes();
                    let empty = bytes == 0 && nonblock && self.is_held(pipe, PipeEnd::Write);
                    if empty { Answer::Failed(Errno::EAGAIN) } else { Answer::Value(bytes.min(*wanted)) }
                }
                Some((What::Pipe(..), _)) | None => EBADF,
                Some(_) => Answer::Value(0),
            },
            Ask::Write { fd, wanted, .. } => match what(fd) {
                Some((What::Pipe(pipe, PipeEnd::Write), _)) => match self.pipes[pipe].room(*wanted) {
                    _ if !self.is_held(pipe, PipeEnd::Read) => Answer::Failed(EPIPE),
                    0 => Answer::Failed(Errno::EAGAIN),
                    room => Answer::Value(room),
                },
                Some((What::Pipe(..), _)) | None => EBADF,
                Some(_) => Answer::Value(*wanted),
            },
            Ask::Kill { target, .. } => match self.path_of(*target) {
                Some(other) if self.is_there(other) => Answer::Value(0),
                _ => Answer::Failed(Errno(3)),
            },
            Ask::GetParent => {
                let parent = self.tasks[path].parent.as_ref();
                Answer::Value(parent.map_or(1, |parent| pid_of(parent).0 as u64))
            }
            Ask::Poll { fds, .. } => Answer::Value(self.reported(path, fds)),
            _ => Answer::Value(0),
        }
    }

    /// What poll would write into its list, as one number: which events each entry has.
    fn reported(&self, path: &TaskPath, fds: &[Polled]) -> u64 {
        fds.iter().fold(0, |sum, polled| {
            let events = match self.file(path, polled.fd).map(|(_, file)| &file.what) {
                Some(What::Pipe(pipe, PipeEnd::Read)) => {
                    let input = polled.input && self.pipes[pipe].bytes() > 0;
                    u64::from(input) + 2 * u64::from(!self.is_held(pipe, PipeEnd::Write))
                }
                Some(What::Pipe(pipe, PipeEnd::Write)) => {
                    let output = polled.output && self.pipes[pipe].slots.len() < 16;
                    4 * u64::from(output) + 8 * u64::from(!self.is_held(pipe, PipeEnd::Read))
                }
                Some(_) => 4 * u64::from(polled.output),
                None => 16,
            };
            32 * sum + events
        })
    }

    fn news(&self, path: &TaskPath, wait: &WaitFor) -> Answer {
        let asked = |child: &&TaskPath| match wait.selector {
            Selector::Pid(pid) => pid_of(child) == pid,
            _ => true,
        };
        let children: Vec<&TaskPath> = self.tasks[path].children.iter().filter(asked).collect();
        if children.is_empty() {
            return Answer::Failed(Errno::ECHILD);
        }
        Answer::News(children.into_iter().find(|child| self.status(child).is_some()).map(pid_of))
    }

    /// The path of this task's next child.
    pub(super) fn next_child(&self, path: &TaskPath) -> TaskPath {
        let nth = self.tasks[path].born;
        TaskPath([&path.0[..], &[nth]].concat())
    }

    /// A task makes a call, which does not sleep.
    pub(super) fn does(&mut self, path: &TaskPath, ask: &Ask) {
        let answer = self.answer(path, ask);
        match ask {
            Ask::Exit(status) => drop(self.ended(path, *status)),
            Ask::Write { .. } if answer == Answer::Failed(EPIPE) && self.kills(path, PIPE) => {
                self.ended(path, ExitStatus::Killed(PIPE));
            }
            Ask::Kill { target, signal }
                if *target == pid_of(path) && (self.kills(path, *signal) || *signal == Signal::KILL) =>
            {
                self.ended(path, ExitStatus::Killed(*signal));
            }
            _ => self.did(path, ask, answer),
        }
    }

    /// A fork; the new task.
    pub(super) fn forks(&mut self, path: &TaskPath) -> TaskPath {
        let child = self.next_child(path);
        self.does(path, &FORK);
        child
    }

    pub(super) fn exits(&mut self, path: &TaskPath) -> Ended {
        self.ended(path, ExitStatus::Exited(0))
    }

    /// A pending signal arrives, and perhaps kills.
    pub(super) fn gets(&mut self, path: &TaskPath, signal: Signal, kills: bool) {
        self.arrive(path, signal);
        if kills {
            self.ended(path, ExitStatus::Killed(signal));
        }
    }

    /// The signals that may arrive before this call.
    pub(super) fn before(&self, path: &TaskPath, ask: &Ask) -> Vec<Signal> {
        let arrivals = self.arrivals(path, ask);
        arrivals.into_iter().filter(|arrival| arrival.before).map(|arrival| arrival.signal).collect()
    }

    /// The signals that may wake this call.
    pub(super) fn waking(&self, path: &TaskPath, ask: &Ask) -> Vec<Signal> {
        let arrivals = self.arrivals(path, ask);
        arrivals.into_iter().filter(|arrival| arrival.interrupts).map(|arrival| arrival.signal).collect()
    }
}

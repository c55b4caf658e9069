//! Invented traces: for tests without a kernel, and for pictures of what is wanted.

use crate::model::births::*;
use crate::model::event::{Ending, Event, Header, Object, Trace};
use crate::model::ids::{Errno, Fd, Pid, Signal, Stamp, TaskId, Text};
use crate::model::operation::*;
use crate::model::status::ExitStatus;
use crate::model::threads::{Access, Futex, FutexOp, Given, Map, Remap};
use crate::model::waits::*;
use std::time::Duration;

/// Writes down a run that never happened, one operation after the other.
///
/// PIDs count from 100 in the order of creation. The descriptors 0, 1 and 2 are `/dev/null`, the run's
/// stdout and its stderr; new ones count up from 3. Memory is mapped one piece above the other.
#[derive(Debug)]
pub struct Builder {
    header: Header,
    events: Vec<Event>,
    stamp: u64,
    tasks: u32,
    next_fd: i32,
    next_address: u64,
}

impl Builder {
    /// The PID of task 0.
    pub const FIRST_PID: i32 = 100;

    /// A run of `program` without arguments.
    pub fn new(program: &str) -> Builder {
        let header = Header {
            program: Text::from(program),
            argv: vec![Text::from(program)],
            pid: Pid(Self::FIRST_PID),
            descriptors: vec![
                (Fd(0), Object::File(Text::from("/dev/null"))),
                (Fd(1), Object::Stdout),
                (Fd(2), Object::Stderr),
            ],
            terminal: None,
        };
        Builder { header, events: Vec::new(), stamp: 0, tasks: 1, next_fd: 3, next_address: 0x7f00_0000_0000 }
    }

    /// The program's arguments, after its own name.
    pub fn args(mut self, args: &[&str]) -> Builder {
        self.header.argv.extend(args.iter().map(Text::from));
        self
    }

    /// The PID of a task of this run.
    pub fn pid(&self, task: TaskId) -> Pid {
        Pid(Self::FIRST_PID + task.0 as i32)
    }

    /// Any operation, complete in itself.
    pub fn event(&mut self, task: TaskId, op: Operation) -> &mut Event {
        let begin = self.next_stamp();
        let end = if op.unfinished() { None } else { Some(self.next_stamp()) };
        let at = Duration::from_micros(100 * begin.0);
        self.events.push(Event { task, begin, end, at, op, injected: false, site: None });
        let last = self.events.len() - 1;
        &mut self.events[last]
    }

    /// This moment: the beginning of a call that lasts while others do something.
    pub fn now(&mut self) -> Stamp {
        self.next_stamp()
    }

    /// Any operation, begun at an earlier moment and complete now.
    pub fn event_since(&mut self, begin: Stamp, task: TaskId, op: Operation) -> &mut Event {
        let event = self.event(task, op);
        event.begin = begin;
        event.at = Duration::from_micros(100 * begin.0);
        event
    }

    /// fork; the child.
    pub fn fork(&mut self, task: TaskId) -> TaskId {
        self.clone_with(task, "clone", CloneFlags::default())
    }

    /// Any way to create a task; the child.
    pub fn clone_with(&mut self, task: TaskId, call: &str, flags: CloneFlags) -> TaskId {
        let child = TaskId(self.tasks);
        self.tasks += 1;
        let born = Outcome::Done(Child { task: child, pid: self.pid(child) });
        let sharing = Some(Sharing {
            memory: flags.has(CloneFlags::VM),
            directory: flags.has(CloneFlags::FS),
            descriptors: flags.has(CloneFlags::FILES),
            handlers: flags.has(CloneFlags::SIGHAND),
        });
        self.event(
            task,
            Operation::Fork(Fork { call: call.into(), flags, child: born, sharing, given: None }),
        );
        child
    }

    /// The same, with these addresses.
    pub fn clone_given(&mut self, task: TaskId, flags: CloneFlags, given: Given) -> TaskId {
        let child = self.clone_with(task, "clone", flags);
        self.was_given(given);
        child
    }

    /// The last clone, refused or not, was given these addresses.
    pub fn was_given(&mut self, given: Given) {
        if let Some(Event { op: Operation::Fork(fork), .. }) = self.events.last_mut() {
            fork.given = Some(given);
        }
    }

    /// A fork that fails because the tracer made it so.
    pub fn fork_fails(&mut self, task: TaskId, errno: Errno) {
        self.clone_fails(task, CloneFlags::default(), errno).injected = true;
    }

    /// A clone that the kernel refuses.
    pub fn clone_fails(&mut self, task: TaskId, flags: CloneFlags, errno: Errno) -> &mut Event {
        let fork =
            Fork { call: "clone".into(), flags, child: Outcome::Failed(errno), sharing: None, given: None };
        self.event(task, Operation::Fork(fork))
    }

    /// A write of all of `text` to stdout.
    pub fn print(&mut self, task: TaskId, text: &str) {
        self.write(task, Fd(1), text);
    }

    /// A write of all of `text`.
    pub fn write(&mut self, task: TaskId, fd: Fd, text: &str) {
        let wanted = text.len() as u64;
        self.event(
            task,
            Operation::Write { fd, data: Text::from(text), wanted, result: Outcome::Done(wanted) },
        );
    }

    /// A message on stderr.
    pub fn complain(&mut self, task: TaskId, text: &str) {
        self.write(task, Fd(2), text);
    }

    /// A read of `count` bytes.
    pub fn read(&mut self, task: TaskId, fd: Fd, count: u64) {
        self.event(task, Operation::Read { fd, wanted: 4096, result: Outcome::Done(count) });
    }

    /// exit.
    pub fn exit(&mut self, task: TaskId, code: u8) {
        self.event(task, Operation::Exit(ExitStatus::Exited(code)));
    }

    /// The task is killed by a signal that the tracer sent.
    pub fn killed_by_plan(&mut self, task: TaskId, signal: Signal) {
        self.event(task, Operation::Signal { signal, sender: Sender::Kernel }).injected = true;
        self.event(task, Operation::Exit(ExitStatus::Killed(signal)));
    }

    /// The task is killed by a signal of its own making.
    pub fn crash(&mut self, task: TaskId, signal: Signal) {
        self.event(task, Operation::Signal { signal, sender: Sender::Kernel });
        self.event(task, Operation::Exit(ExitStatus::Killed(signal)));
    }

    /// A blocking wait for any child that reaps `child`, which has ended.
    pub fn wait(&mut self, task: TaskId, child: TaskId) {
        let now = self.next_stamp();
        self.wait_since(now, task, child);
    }

    /// The same, but the call began at an earlier moment: it slept until the child ended.
    pub fn wait_since(&mut self, begin: Stamp, task: TaskId, child: TaskId) {
        let status = self.events.iter().rev().find_map(|event| match event.op {
            Operation::Exit(status) if event.task == child => Some(status),
            _ => None,
        });
        let change = Change::Ended(status.unwrap_or(ExitStatus::Exited(0)));
        let news = News { pid: self.pid(child), task: Some(child), change };
        let result = Outcome::Done(Some(news));
        let wait =
            Wait { call: "wait4".into(), selector: Selector::Any, nohang: false, nowait: false, result };
        self.event_since(begin, task, Operation::Wait(wait));
    }

    /// A wait with WNOWAIT that tells of the end of `child`, and leaves it unreaped.
    pub fn looks_at_the_end(&mut self, task: TaskId, child: TaskId) {
        self.wait(task, child);
        if let Some(Event { op: Operation::Wait(wait), .. }) = self.events.last_mut() {
            wait.call = "waitid".into();
            wait.selector = Selector::Pid(Pid(Self::FIRST_PID + child.0 as i32));
            wait.nowait = true;
        }
    }

    /// A wait with WNOHANG that has nothing to report.
    pub fn wait_nohang(&mut self, task: TaskId) {
        self.wait_answers(task, true, Outcome::Done(None));
    }

    /// A sleep in poll, pause, sigsuspend or the like, that something other than the clock ended.
    pub fn sleeps(&mut self, task: TaskId, call: &str) {
        self.event(task, Operation::Await { call: call.into(), timed: false, result: Outcome::Done(1) });
    }

    /// A blocking wait that never returns.
    pub fn waits_for_ever(&mut self, task: TaskId) {
        self.wait_answers(task, false, Outcome::Unfinished);
    }

    /// A read that never returns.
    pub fn reads_for_ever(&mut self, task: TaskId, fd: Fd) {
        self.event(task, Operation::Read { fd, wanted: 4096, result: Outcome::Unfinished });
    }

    /// Any wait for any child.
    pub fn wait_answers(&mut self, task: TaskId, nohang: bool, result: Outcome<Option<News>>) {
        let wait = Wait { call: "wait4".into(), selector: Selector::Any, nohang, nowait: false, result };
        self.event(task, Operation::Wait(wait));
    }

    /// A successful exec.
    pub fn exec(&mut self, task: TaskId, path: &str, argv: &[&str]) {
        self.exec_answers(task, path, argv, Outcome::Done(()));
    }

    /// Any exec.
    pub fn exec_answers(&mut self, task: TaskId, path: &str, argv: &[&str], result: Outcome<()>) {
        let argv = argv.iter().map(Text::from).collect();
        self.event(task, Operation::Exec(Exec { path: Text::from(path), argv, result }));
    }

    /// pipe; the read end and the write end.
    pub fn pipe(&mut self, task: TaskId, cloexec: bool) -> (Fd, Fd) {
        let ends = (Fd(self.next_fd), Fd(self.next_fd + 1));
        self.next_fd += 2;
        self.event(task, Operation::Pipe { cloexec, result: Outcome::Done(ends) });
        ends
    }

    /// open.
    pub fn open(&mut self, task: TaskId, path: &str, flags: u32, mode: u32) -> Fd {
        let fd = Fd(self.next_fd);
        self.next_fd += 1;
        let result = Outcome::Done(fd);
        self.event(task, Operation::Open { path: Text::from(path), flags: OpenFlags(flags), mode, result });
        fd
    }

    /// dup2.
    pub fn dup2(&mut self, task: TaskId, from: Fd, to: Fd) {
        self.event(task, Operation::Dup { from, cloexec: false, result: Outcome::Done(to) });
    }

    /// close.
    pub fn close(&mut self, task: TaskId, fd: Fd) {
        self.event(task, Operation::Close { fd, result: Outcome::Done(()) });
    }

    /// mmap of memory that is nobody else's; its address. Between two of these there is memory of others.
    pub fn map(&mut self, task: TaskId, length: u64, access: Access) -> u64 {
        let start = self.next_address;
        self.next_address += length + 0x10_0000;
        let result = Outcome::Done(start);
        self.event(task, Operation::Map(Map { length, access, anonymous: true, shared: false, result }));
        start
    }

    /// mprotect.
    pub fn protect(&mut self, task: TaskId, start: u64, length: u64, access: Access) {
        let (access, result) = (Some(access), Outcome::Done(()));
        self.event(task, Operation::Remap(Remap { start, length, access, result }));
    }

    /// munmap.
    pub fn unmap(&mut self, task: TaskId, start: u64, length: u64) {
        self.event(task, Operation::Remap(Remap { start, length, access: None, result: Outcome::Done(()) }));
    }

    /// A sleep in futex that began at an earlier moment, and what it came to.
    pub fn futex_since(
        &mut self,
        begin: Stamp,
        task: TaskId,
        op: FutexOp,
        word: u64,
        result: Outcome<u64>,
    ) -> &mut Event {
        let futex = Futex { op, word, value: 1, timed: false, result };
        self.event_since(begin, task, Operation::Futex(futex))
    }

    /// The run, finished.
    pub fn finish(self) -> Trace {
        self.end(Ending::Finished)
    }

    /// The run, ended otherwise.
    pub fn end(self, ending: Ending) -> Trace {
        Trace::new(self.header, self.events, ending)
    }

    fn next_stamp(&mut self) -> Stamp {
        self.stamp += 1;
        Stamp(self.stamp)
    }
}

//! From the log of `strace -f` to a [`Trace`], as if the tracer had recorded it.
//!
//! strace tells what each task does in the order in which it saw it. A task is named when its first line comes;
//! whose child it is, its creator's call tells, perhaps later. A line that tells only of an answer belongs to
//! the call that its task has open.

use super::args;
use super::calls::{self, Call};
use super::line::{self, Answer, Line, What};
use grader_trace::{
    Change, Ending, Errno, Event, ExitStatus, Fd, Header, Object, Operation, Outcome, Pid, Sender, Signal,
    Stamp, TaskId, Text, Trace,
};
use std::collections::HashMap;
use std::time::Duration;

/// The codes of kill, sigqueue and tgkill. See sigaction(2), "The si_code field".
const SENT_BY_A_PROCESS: [i32; 3] = [0, -1, -6];

/// Reads a whole log of a program that was started with `argv`.
pub fn read(log: &str, argv: &[String]) -> Result<Trace, String> {
    let mut reader = Reader::default();
    for (index, text) in log.lines().enumerate() {
        let told = |why: &str| format!("line {} of strace's log, {why}: {text}", index + 1);
        let line = line::parse(text).ok_or_else(|| told("which is not understood"))?;
        reader.take(line).map_err(|why| told(&why))?;
    }
    reader.finish(argv)
}

/// A call that has begun.
#[derive(Debug, Clone)]
struct Open {
    begin: Stamp,
    name: String,
    args: String,
}

/// A task, alive or not.
#[derive(Debug)]
struct Task {
    pid: i32,
    /// When its first line came.
    appeared: Stamp,
    /// Its creator's call has returned.
    introduced: bool,
    open: Option<Open>,
    /// Calls that a signal interrupted and that may go on, the innermost last.
    interrupted: Vec<Open>,
    ended: Option<ExitStatus>,
}

#[derive(Debug, Default)]
struct Reader {
    events: Vec<Event>,
    tasks: Vec<Task>,
    /// Which living task has a PID.
    alive: HashMap<i32, TaskId>,
    clock: u64,
    /// The first line, the exec that starts the program, is behind us.
    started: bool,
}

impl Reader {
    fn take(&mut self, line: Line<'_>) -> Result<(), String> {
        let task = match self.alive.get(&line.pid) {
            Some(task) => *task,
            None => self.appears(line.pid),
        };
        match line.what {
            What::Call { name, args, answer } => {
                let call = self.begins(name, args);
                self.returns(task, call, answer)?;
            }
            What::Begins { name, args } => {
                let call = self.begins(name, args);
                self.of(task).open = Some(call);
            }
            What::Resumes { name, args, answer } => {
                let mut call = self.of(task).open.take().ok_or("which resumes nothing")?;
                if call.name != name {
                    return Err(format!("which resumes {name} where {} is open", call.name));
                }
                call.args.push_str(args);
                self.returns(task, call, answer)?;
            }
            What::Signal { info } => self.signal(task, info)?,
            What::Stops(signal) => self.instant(task, Operation::Stop(signal)),
            What::Ends(status) => {
                self.abandon(task);
                self.instant(task, Operation::Exit(status));
                self.of(task).ended = Some(status);
                self.alive.remove(&line.pid);
            }
            What::Superseded { by } => self.superseded(task, by)?,
        }
        Ok(())
    }

    fn of(&mut self, task: TaskId) -> &mut Task {
        &mut self.tasks[task.index()]
    }

    fn appears(&mut self, pid: i32) -> TaskId {
        let task = TaskId(self.tasks.len() as u32);
        // Nobody has to introduce the first one.
        let introduced = self.tasks.is_empty();
        let appeared = self.stamp();
        self.tasks.push(Task { pid, appeared, introduced, open: None, interrupted: Vec::new(), ended: None });
        self.alive.insert(pid, task);
        task
    }

    fn stamp(&mut self) -> Stamp {
        self.clock += 1;
        Stamp(self.clock)
    }

    fn begins(&mut self, name: &str, args: &str) -> Open {
        Open { begin: self.stamp(), name: name.into(), args: args.into() }
    }

    fn returns(&mut self, task: TaskId, call: Open, answer: Answer) -> Result<(), String> {
        let interrupted = &mut self.of(task).interrupted;
        match (call.name.as_str(), answer) {
            ("rt_sigreturn", Answer::Error(Errno::EINTR)) => match interrupted.pop() {
                Some(interrupted) => self.ends(task, interrupted, answer),
                None => Ok(()),
            },
            ("restart_syscall", Answer::Interrupted) => Ok(()),
            ("restart_syscall", _) => match interrupted.pop() {
                Some(interrupted) => self.ends(task, interrupted, answer),
                None => Ok(()),
            },
            (_, Answer::Interrupted) => {
                let again = interrupted.pop_if(|last| is_again(last, &call));
                interrupted.push(again.unwrap_or(call));
                Ok(())
            }
            _ => {
                // The same call made again after a signal is no new operation.
                let again = interrupted.pop_if(|last| is_again(last, &call));
                let begin = again.map_or(call.begin, |first| first.begin);
                self.ends(task, Open { begin, ..call }, answer)
            }
        }
    }

    fn ends(&mut self, task: TaskId, call: Open, answer: Answer) -> Result<(), String> {
        let mut end = (answer != Answer::Never).then(|| self.stamp());
        let call_text = Call { name: &call.name, args: args::split(&call.args), answer };
        let Some(mut op) = calls::operation(&call_text) else { return Ok(()) };
        match &mut op {
            Operation::Fork(fork) => {
                if let Outcome::Done(child) = &mut fork.child {
                    child.task = self.introduce(child.pid.0);
                    // A child may do much before its creator's call returns. It was born before all of that.
                    end = end.min(Some(self.of(child.task).appeared));
                }
            }
            Operation::Exec(_) if !self.started => {
                self.started = true;
                return Ok(());
            }
            Operation::Wait(wait) => {
                if let Outcome::Done(Some(news)) = &mut wait.result {
                    let youngest = self.tasks.iter().rposition(|task| task.pid == news.pid.0);
                    let youngest = youngest.ok_or("which waits for a task that was never there")?;
                    news.task = Some(TaskId(youngest as u32));
                    // Who gives the call no place for the status is told nothing, but the end has been seen.
                    let untold = call_text.args.get(1).is_some_and(|place| *place == "NULL");
                    if let (true, Change::Ended(status), Some(ended)) =
                        (untold, &mut news.change, self.tasks[youngest].ended)
                    {
                        *status = ended;
                    }
                }
            }
            _ => {}
        }
        self.push(task, call.begin, end, op);
        Ok(())
    }

    /// A creator's call has returned this PID: the oldest task with it that nobody has introduced.
    fn introduce(&mut self, pid: i32) -> TaskId {
        let index = self.tasks.iter().position(|task| task.pid == pid && !task.introduced);
        let task = index.map_or_else(|| self.appears(pid), |index| TaskId(index as u32));
        self.of(task).introduced = true;
        task
    }

    fn signal(&mut self, task: TaskId, info: &str) -> Result<(), String> {
        let field = |name| args::field(info, name).and_then(args::number).map(|value| value as i32);
        let signal = Signal(field("si_signo").ok_or("without a signal's number")?);
        let code = field("si_code").ok_or("without a signal's cause")?;
        let sender = match field("si_pid") {
            Some(pid) if SENT_BY_A_PROCESS.contains(&code) => Sender::Process(Pid(pid)),
            _ => Sender::Kernel,
        };
        self.instant(task, Operation::Signal { signal, sender });
        Ok(())
    }

    /// A thread has called exec: it goes on under its leader's PID, and the leader is gone.
    fn superseded(&mut self, leader: TaskId, by: i32) -> Result<(), String> {
        let thread = self.alive.remove(&by).ok_or("which names a thread that was never there")?;
        self.abandon(leader);
        let exec = self.of(thread).open.take();
        self.abandon(thread);
        self.instant(thread, Operation::Exit(ExitStatus::Exited(0)));
        self.of(leader).open = exec;
        Ok(())
    }

    /// What a task had begun will never end.
    fn abandon(&mut self, task: TaskId) {
        let Task { open, interrupted, .. } = self.of(task);
        let left: Vec<Open> = interrupted.drain(..).chain(open.take()).collect();
        for call in left {
            let text = Call { name: &call.name, args: args::split(&call.args), answer: Answer::Never };
            if let Some(op) = calls::operation(&text) {
                self.push(task, call.begin, None, op);
            }
        }
    }

    fn instant(&mut self, task: TaskId, op: Operation) {
        let stamp = self.stamp();
        self.push(task, stamp, Some(stamp), op);
    }

    fn push(&mut self, task: TaskId, begin: Stamp, end: Option<Stamp>, op: Operation) {
        self.events.push(Event { task, begin, end, at: Duration::ZERO, op, injected: false, site: None });
    }

    fn finish(self, argv: &[String]) -> Result<Trace, String> {
        let root = self.tasks.first().ok_or("strace's log is empty")?;
        if let Some(stray) = self.tasks.iter().skip(1).find(|task| !task.introduced) {
            return Err(format!("strace's log does not tell who created task {}", stray.pid));
        }
        let argv: Vec<Text> = argv.iter().map(Text::from).collect();
        let header = Header {
            program: argv.first().cloned().unwrap_or_default(),
            argv,
            pid: Pid(root.pid),
            descriptors: vec![
                (Fd(0), Object::File(Text::from("/dev/null"))),
                (Fd(1), Object::Stdout),
                (Fd(2), Object::Stderr),
            ],
            terminal: None,
        };
        Ok(Trace::new(header, self.events, Ending::Finished))
    }
}

/// Whether `call` is `interrupted`, made once more by the kernel: what it is given is the same. Places where
/// the kernel stores an answer are left out, for strace shows what is there and not where it is.
fn is_again(interrupted: &Open, call: &Open) -> bool {
    let given = |call: &Open| {
        let places: &[usize] = match call.name.as_str() {
            "wait4" | "read" | "readv" => &[0, 2],
            "waitid" => &[0, 1, 3],
            "write" | "writev" => &[0, 1, 2],
            _ => &[0],
        };
        let args = args::split(&call.args);
        places.iter().map(|place| args.get(*place).map(ToString::to_string)).collect::<Vec<_>>()
    };
    interrupted.name == call.name && given(interrupted) == given(call)
}

//! A call is made, replaced or refused, and answers.

use super::asks::LAST_SIGNAL;
use super::identity;
use super::machine::{Controlled, broken};
use super::memory::TRAP;
use super::standing::{At, Entry, Inside, Part};
use crate::arch;
use crate::decode;
use crate::engine::snapshot;
use crate::launch::Stdout;
use crate::sys::memory::Memory;
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_trace::world::{Answer, Ask};
use grader_trace::{Errno, Operation, Outcome, Signal, Stamp, TaskPath};
use libc::{pid_t, user_regs_struct};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Results by which the kernel tells itself that a call is to be made again. See linux/errno.h.
const RESTARTS: [i64; 4] = [-512, -513, -514, -516];

/// The size of the kernel's `struct sigaction`. See sigaction(2), "C library/kernel differences".
const KERNEL_SIGACTION: usize = 32;

/// How much an execution may write to standard output: all of it is compared with what others write.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// So many bytes a terminal takes before it looks for signals again. See `iterate_tty_write` in Linux's
/// drivers/tty/tty_io.c.
const TERMINAL_TAKES: u64 = 2048;

/// How a call is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As it is.
    Plain,
    /// Its time has run out.
    Expired,
    /// It fails, without need.
    Fails(Errno),
    /// It moves so many bytes only.
    Short(u64),
    /// It is not made, and answers what the world says.
    Told(i64),
    /// It goes to sleep, and a signal wakes it.
    Interrupted,
    /// The same, by a signal that nobody of the run has sent.
    Disturbed,
}

/// What becomes of a call at its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// The kernel makes it.
    ByKernel,
    /// It is not made, and answers this.
    Answers(i64),
    /// The kernel makes it with so many bytes.
    WithBytes(u64),
}

impl Controlled<'_> {
    /// Lets a task's call go. It answers at the task's next stop.
    pub(super) fn release(&mut self, path: &TaskPath, entry: Entry, how: How) -> Result<(), Trouble> {
        let is_root = path.0.is_empty();
        let struck = entry.op.as_ref().filter(|_| how == How::Plain);
        let struck = struck.and_then(|op| self.planned.strike(is_root, op));
        let how = struck.map_or(how, How::Fails);
        let made = self.way(path, &entry, how)?;
        if !matches!(made, Made::Answers(_)) {
            self.keeps_to_itself(path, &entry)?;
        }
        let mut registers = entry.registers;
        let mut chunk = None;
        match made {
            Made::ByKernel => {}
            Made::Answers(answer) => arch::answer(&mut registers, answer),
            Made::WithBytes(bytes) => {
                chunk = Some(bytes);
                registers.rdx = bytes;
            }
        }
        let begun = entry.begun.clone().unwrap_or_else(|| self.recorder.begin());
        self.keep_snapshot(path, begun.stamp, &entry.registers)?;
        let task = self.task(path)?;
        let pid = task.pid;
        if registers != entry.registers {
            still_there("changing a call", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        }
        let injected = matches!(how, How::Fails(_) | How::Short(_) | How::Disturbed);
        let interrupted = matches!(how, How::Interrupted | How::Disturbed);
        // What the kernel does not deliver it forgets when the action changes; see sigaction(2), POSIX.
        task.told_of_child &= !matches!(entry.ask, Ask::Action { .. });
        // A signal that the kernel is about to tell of shows what the call has answered, too: one stop instead of two.
        let told = matches!(entry.ask, Ask::Wait(_)) && made == Made::ByKernel && task.told_of_child;
        let told = told && how == How::Plain && !self.world.keeps_back(path, Signal::CHLD);
        let known = if interrupted { None } else { known(&entry, made, pid) };
        let inside = Inside { entry, begun, injected, interrupted, chunk };
        if let Some(result) = known {
            self.answers(path, inside, &mut registers, result)?;
            return self.resume(pid, Resume::Free, 0);
        }
        self.task(path)?.at = At::Inside(Box::new(inside));
        self.resume(pid, if told { Resume::Free } else { Resume::ToSyscall }, 0)
    }

    /// Keeps what it takes to find the source line of what happens at `stamp`, if that is wanted.
    pub(super) fn keep_snapshot(
        &mut self,
        path: &TaskPath,
        stamp: Stamp,
        registers: &user_regs_struct,
    ) -> Result<(), Trouble> {
        if self.snapshots && self.recorder.has_room_for_snapshots() {
            let task = self.task(path)?;
            if task.own_program {
                let snapshot = snapshot::take(task.pid, &mut task.modules, registers);
                self.recorder.keep(stamp, snapshot);
            }
        }
        Ok(())
    }

    fn way(&mut self, path: &TaskPath, entry: &Entry, how: How) -> Result<Made, Trouble> {
        let call = &entry.call;
        Ok(match (how, &entry.ask) {
            (How::Fails(errno), _) => Made::Answers(-i64::from(errno.0)),
            (How::Short(bytes), _) => Made::WithBytes(bytes),
            (How::Told(answer), _) => Made::Answers(answer),
            (How::Expired, Ask::Poll { fds, .. }) => {
                for index in 0..fds.len() as u64 {
                    let revents = call.args[0].wrapping_add(8 * index + 6);
                    identity::poke_bytes(self.task(path)?.pid, revents, &[0, 0]);
                }
                Made::Answers(0)
            }
            // In the kernel the sleep could be over before the signal is looked at.
            (How::Interrupted, Ask::Sleep) => {
                identity::hardly_slept(self.task(path)?, call);
                Made::Answers(-i64::from(libc::EINTR))
            }
            (How::Plain, Ask::Sleep) => {
                identity::slept(self.task(path)?, call);
                Made::Answers(0)
            }
            (How::Plain, Ask::Kill { target, signal }) => match self.world.path_of(*target) {
                Some(other) if other == path && !self.world.keeps_back(path, *signal) => Made::ByKernel,
                Some(other) if self.world.is_there(other) => Made::Answers(0),
                _ => Made::Answers(-i64::from(libc::ESRCH)),
            },
            (How::Plain, Ask::Write { wanted, .. }) => {
                let look = self.world.look(path, &entry.ask).map_err(Trouble::Unmodelled)?;
                match look.room.filter(|room| room < wanted && *room > 0) {
                    Some(room) if call.number == libc::SYS_write => Made::WithBytes(room),
                    Some(_) => {
                        let what = "one writev fills a pipe, of which there is no model";
                        return Err(Trouble::Unmodelled(what.into()));
                    }
                    None => Made::ByKernel,
                }
            }
            (How::Plain, Ask::SetTimer(_)) => Made::Answers(self.sets_timer(path, call)?),
            (How::Plain, Ask::Local) => {
                if let Some(answer) = self.tells_timer(path, call)? {
                    return Ok(Made::Answers(answer));
                }
                let hash = hash(path);
                identity::answer(self.task(path)?, hash, call).map_or(Made::ByKernel, Made::Answers)
            }
            _ => Made::ByKernel,
        })
    }

    /// A task has returned from a call, and stands there.
    pub(super) fn returns(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let pid = task.pid;
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        let Some(mut registers) = registers else { return Ok(()) };
        let At::Inside(inside) = std::mem::replace(&mut task.at, At::Running) else {
            return Ok(());
        };
        let result = arch::result(&registers);
        let again = RESTARTS.contains(&result);
        if again && !inside.interrupted {
            task.again = true;
            return Ok(());
        }
        if again && !self.gives_up(path, &inside.entry.ask) {
            // A handler runs, and the call begins anew.
            return Ok(());
        }
        let result = if again { -i64::from(libc::EINTR) } else { result };
        self.answers(path, *inside, &mut registers, result)
    }

    /// A call of a task has answered, or is about to answer this.
    fn answers(
        &mut self,
        path: &TaskPath,
        mut inside: Inside,
        registers: &mut user_regs_struct,
        result: i64,
    ) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let (pid, id) = (task.pid, task.id);
        let names = |pid| self.recorder.task(pid);
        if let Some(op) = &mut inside.entry.op {
            decode::leave(op, &inside.entry.call, result, &names);
        }
        self.take_output(path, &inside, result)?;
        if result >= 0 {
            self.note_change(pid, &inside.entry, result);
        }
        if let (Ask::Mask(mask), 0..) = (&inside.entry.ask, result) {
            self.task(path)?.blocks_trap = mask & TRAP != 0;
        }
        self.world.did(path, &inside.entry.ask, answer(&inside.entry, result));
        if let Some(chunk) = inside.chunk {
            self.part_done(path, &inside, registers, chunk, result)?;
            if self.task(path)?.part.is_some() {
                return Ok(());
            }
        } else if self.task(path)?.part.is_some() {
            self.last_part_done(path, &mut inside, registers, result)?;
        }
        if let Some(op) = inside.entry.op {
            self.recorder.end(id, inside.begun, op, inside.injected);
        }
        Ok(())
    }

    /// Whether a sleeping call that a signal has woken answers EINTR, rather than beginning again.
    fn gives_up(&self, path: &TaskPath, ask: &Ask) -> bool {
        let arriving = self.tasks.get(path).and_then(|task| task.arriving);
        arriving.is_some_and(|(signal, _)| self.world.interrupts(path, ask, signal))
    }

    /// A write took as much as there was room for: the task makes it again with the rest.
    fn part_done(
        &mut self,
        path: &TaskPath,
        inside: &Inside,
        registers: &mut user_regs_struct,
        chunk: u64,
        result: i64,
    ) -> Result<(), Trouble> {
        let entry = &inside.entry;
        let task = self.task(path)?;
        let done = u64::try_from(result).unwrap_or(0);
        registers.rdx = entry.registers.rdx;
        let is_short = inside.injected || done < chunk;
        if !is_short {
            let args = (entry.registers.rsi, entry.registers.rdx);
            let part = task.part.get_or_insert(Part { done: 0, args });
            part.done += done;
            registers.rip = registers.rip.wrapping_sub(arch::CALL_BYTES);
            registers.rax = entry.call.number as u64;
            registers.rsi = entry.registers.rsi.wrapping_add(done);
            registers.rdx = entry.registers.rdx.wrapping_sub(done);
        }
        let pid = task.pid;
        still_there("changing a call", ptrace::set_registers(pid, registers)).map(drop).map_err(broken)
    }

    /// The rest of a write is done: it answers for all of it.
    fn last_part_done(
        &mut self,
        path: &TaskPath,
        inside: &mut Inside,
        registers: &mut user_regs_struct,
        result: i64,
    ) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let Some(part) = task.part.take() else { return Ok(()) };
        let total = part.done + u64::try_from(result).unwrap_or(0);
        registers.rax = total;
        (registers.rsi, registers.rdx) = part.args;
        if let Some(Operation::Write { result, wanted, .. }) = &mut inside.entry.op {
            *result = Outcome::Done(total);
            *wanted = part.args.1;
        }
        let pid = task.pid;
        still_there("changing a call", ptrace::set_registers(pid, registers)).map(drop).map_err(broken)
    }

    fn take_output(&mut self, path: &TaskPath, inside: &Inside, result: i64) -> Result<(), Trouble> {
        let Ask::Write { fd, .. } = inside.entry.ask else { return Ok(()) };
        let Ok(count) = u64::try_from(result) else { return Ok(()) };
        if self.world.leads_to_stdout(path, fd) {
            self.written = self.written.saturating_add(count);
            self.writes_long |= count > TERMINAL_TAKES && self.launch.stdout == Stdout::Terminal;
            if self.written > OUTPUT_LIMIT {
                let what = format!("it writes more than {} MiB to its standard output", OUTPUT_LIMIT >> 20);
                return Err(Trouble::Endless(what));
            }
            self.deed.output.extend(written(&inside.entry, count));
        }
        Ok(())
    }
}

/// What a call will answer, where that is sure before it is made: then nobody need stop to see it.
fn known(entry: &Entry, made: Made, pid: pid_t) -> Option<i64> {
    match (made, &entry.ask) {
        (Made::Answers(answer), _) => Some(answer),
        (Made::ByKernel, Ask::GetOwn) if entry.call.number == libc::SYS_gettid => Some(pid.into()),
        (Made::ByKernel, Ask::Action { signal, .. }) => {
            let [_, action, old, size, ..] = entry.call.args;
            let may_be_set =
                (1..=LAST_SIGNAL).contains(&signal.0) && ![libc::SIGKILL, libc::SIGSTOP].contains(&signal.0);
            let is_there = entry.call.memory.bytes(action, KERNEL_SIGACTION).len() == KERNEL_SIGACTION;
            (may_be_set && is_there && old == 0 && size == 8).then_some(0)
        }
        _ => None,
    }
}

/// The bytes that a write took.
fn written(entry: &Entry, count: u64) -> Vec<u8> {
    let (memory, args): (Memory, _) = (entry.call.memory, entry.call.args);
    match entry.call.number {
        libc::SYS_write | libc::SYS_pwrite64 => memory.bytes(args[1], count as usize),
        _ => {
            let mut bytes = Vec::new();
            for index in 0..args[2].min(1024) {
                let piece = args[1].wrapping_add(16 * index);
                let (Some(at), Some(length)) = (memory.u64(piece), memory.u64(piece.wrapping_add(8))) else {
                    break;
                };
                let left = count - bytes.len() as u64;
                bytes.extend(memory.bytes(at, length.min(left) as usize));
            }
            bytes
        }
    }
}

fn answer(entry: &Entry, result: i64) -> Answer {
    if (-4095..0).contains(&result) {
        return Answer::Failed(Errno(-result as i32));
    }
    match &entry.op {
        Some(Operation::Wait(wait)) => Answer::News(match wait.result {
            Outcome::Done(Some(news)) => Some(news.pid),
            _ => None,
        }),
        Some(Operation::Pipe { result: Outcome::Done((read, write)), .. }) => Answer::Ends(*read, *write),
        _ => Answer::Value(result as u64),
    }
}

fn hash(path: &TaskPath) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

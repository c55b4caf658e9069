//! Threads, and futexes: nobody sleeps on a futex in the kernel.
//!
//! A wait whose word is as expected is a step by which its caller begins to sleep: it stays at the entry of the call.
//! A wake is answered by the world, which knows the queue; whoever is woken goes on at once, to the next thing that
//! others could notice.

use super::calls::How;
use super::machine::{Controlled, broken};
use super::standing::{At, Entry, Standing};
use super::watch::{Noted, SYSTEM_CALL};
use crate::decode::Call;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::Report;
use grader_explorer::Trouble;
use grader_program::accesses::Touch;
use grader_trace::world::{Access, Ask, Futex};
use grader_trace::{CloneFlags, ExitStatus, Operation, TaskPath};
use std::ops::Range;

/// See clone(2).
const CHILD_CLEARTID: u64 = libc::CLONE_CHILD_CLEARTID as u64;

/// A futex is a word of 32 bits.
const FUTEX_BYTES: u64 = 4;

/// Where the number of the task that a call makes is cleared in the end; 0: nowhere.
pub(super) fn clears(call: &Call) -> u64 {
    const CHILD_TID_OFFSET: u64 = 16;
    let (flags, at) = match call.number {
        libc::SYS_clone => (call.args[0], call.args[3]),
        libc::SYS_clone3 => {
            let field = |offset| call.memory.u64(call.args[0].wrapping_add(offset)).unwrap_or(0);
            (field(0), field(CHILD_TID_OFFSET))
        }
        _ => (0, 0),
    };
    if flags & CHILD_CLEARTID == 0 { 0 } else { at }
}

/// Where the stack is of the thread that a call makes; `None` where only its end is told, and not how large it is.
pub(super) fn stack(call: &Call) -> Option<Range<u64>> {
    const STACK_OFFSET: u64 = 40;
    const SIZE_OFFSET: u64 = 48;
    if call.number != libc::SYS_clone3 {
        return None;
    }
    let field = |offset| call.memory.u64(call.args[0].wrapping_add(offset));
    let (start, size) = (field(STACK_OFFSET)?, field(SIZE_OFFSET)?);
    Some(start..start.saturating_add(size))
}

impl Controlled<'_> {
    /// A task touches these bytes: if they are part of another one's stack, what that one does there matters to others.
    pub(super) fn touches_stacks(&mut self, path: &TaskPath, at: u64, length: u64) {
        let end = at.saturating_add(length);
        let own = self.tasks.get(path).and_then(|task| task.own_stack.as_ref());
        if own.is_some_and(|own| own.start <= at && end <= own.end) {
            return;
        }
        let living = self.tasks.values().filter_map(|task| task.own_stack.as_ref());
        if living.chain(&self.watch.left_stacks).any(|stack| at < stack.end && stack.start < end) {
            self.watch.needs_frames = true;
        }
    }

    /// A system call reads what it writes elsewhere, or writes to memory what it reads there.
    pub(super) fn notes_buffer(&mut self, path: &TaskPath, call: &Call) {
        let writes = matches!(call.number, libc::SYS_read | libc::SYS_pread64);
        let reads = matches!(call.number, libc::SYS_write | libc::SYS_pwrite64);
        if (reads || writes) && self.world.shares_memory(path) {
            let (from, length) = (call.args[1], call.args[2]);
            self.touches_stacks(path, from, length);
            let when = self.watch.operations.now(path);
            let to = from.saturating_add(length);
            self.watch.noted.insert(Noted { from, to, when, writes, place: SYSTEM_CALL });
        }
    }

    /// Where a task's stack ends by now: if that is not its own stack, it has made itself one.
    pub(super) fn leaves_own_stack(&mut self, path: &TaskPath, now: u64) {
        let own = self.tasks.get(path).and_then(|task| task.own_stack.as_ref());
        if !own.is_some_and(|own| own.contains(&now)) {
            self.watch.needs_frames = true;
        }
    }

    /// What a call comes to where memory is shared, or would be.
    pub(super) fn among_threads(&mut self, path: &TaskPath, call: &Call, ask: Ask) -> Result<Ask, Trouble> {
        Ok(match ask {
            Ask::Exit(_) if call.number == libc::SYS_exit && self.world.shares_memory(path) => {
                Ask::EndThread { clears: self.task(path)?.tid_address }
            }
            Ask::Fork(flags) if flags.has(CloneFlags::THREAD) && !self.threads => {
                self.meets_threads = true;
                Ask::Unmodelled("it starts a thread".into())
            }
            Ask::Action { signal, .. } if self.threads && signal.0 == libc::SIGTRAP => {
                Ask::Unmodelled("it handles SIGTRAP, by which threads are watched".into())
            }
            Ask::Remap { .. } | Ask::Local | Ask::Map(_)
                if matches!(call.number, libc::SYS_mmap | libc::SYS_mprotect)
                    && call.args[2] & libc::PROT_EXEC as u64 != 0
                    && self.world.shares_memory(path) =>
            {
                Ask::Unmodelled("it makes room for code while it has threads".into())
            }
            ask => ask,
        })
    }

    /// Others may have changed the word at which a task looks that stands before a futex call.
    pub(super) fn looks_at_word(&mut self, path: &TaskPath) {
        if let Some(Standing { at: At::Call(entry), .. }) = self.tasks.get_mut(path)
            && let Ask::Futex(Futex::Wait { at, word, .. }) = &mut entry.ask
            && let Some(now) = entry.call.memory.u32(*at)
        {
            *word = now;
        }
    }

    /// A task goes on with the futex call before which it stands.
    pub(super) fn uses_futex(
        &mut self,
        path: &TaskPath,
        entry: Box<Entry>,
        call: Futex,
    ) -> Result<(), Trouble> {
        match call {
            Futex::Wait { at, expected, word, bits, .. } if word == expected => {
                self.touches_stacks(path, at, FUTEX_BYTES);
                self.world.falls_asleep(path, at, bits);
                let task = self.task(path)?;
                task.at = At::Call(entry);
                if let Some(lock) = &mut task.lock {
                    lock.slept = true;
                }
                Ok(())
            }
            Futex::Wait { .. } => {
                self.release(path, *entry, How::Told(-i64::from(libc::EAGAIN)))?;
                self.follow(path)
            }
            Futex::Wake { at, most, bits } => {
                let woken = self.world.wakes(path, at, most, bits);
                self.release(path, *entry, How::Told(woken.len() as i64))?;
                self.follow(path)?;
                woken.iter().try_for_each(|sleeper| self.wakes_up(sleeper))
            }
        }
    }

    fn wakes_up(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        self.deed.woken.push(path.clone());
        self.watch.operations.is_followed_by(path);
        let task = self.task(path)?;
        let At::Call(entry) = std::mem::replace(&mut task.at, At::Running) else {
            return Err(Trouble::Broken(format!("{path} is woken, and stands at no call")));
        };
        if let Some(lock) = &task.lock {
            let access = |touch: &Touch| Access { at: touch.at, length: touch.length, writes: true };
            task.at = At::Woken(entry, lock.touches.iter().map(access).collect());
            return Ok(());
        }
        self.release(path, *entry, How::Told(0))?;
        self.follow(path)
    }

    /// A thread ends that is not its process's first: the kernel clears its word, and the world wakes who sleeps there.
    pub(super) fn thread_ends(&mut self, path: &TaskPath, entry: &Entry, clears: u64) -> Result<(), Trouble> {
        self.is_back_from_a_library(path)?;
        let task = self.task(path)?;
        let (pid, id) = (task.pid, task.id);
        let Ask::EndThread { .. } = entry.ask else {
            return Err(Trouble::Broken(format!("{path} does not end by this call")));
        };
        let stamp =
            self.recorder.instant(id, Operation::Exit(ExitStatus::Exited(entry.call.args[0] as u8)), false);
        self.keep_snapshot(path, stamp, &entry.registers)?;
        let woken = if clears == 0 {
            Vec::new()
        } else {
            self.touches_stacks(path, clears, FUTEX_BYTES);
            self.world.wakes(path, clears, 1, u32::MAX)
        };
        still_there("changing what is reported", ptrace::without_exit_event(pid)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)?;
        match self.next(pid)? {
            Report::Ended(_) => {}
            other => {
                return Err(Trouble::Broken(format!("thread {pid} was to end, and there came {other:?}")));
            }
        }
        let process = self.world.process_of(path).clone();
        let ended = self.tasks.remove(path);
        self.watch.ended.push((clears, path.clone()));
        self.watch.left_stacks.extend(ended.and_then(|task| task.own_stack));
        self.world.thread_ended(path);
        if !self.world.shares_memory(&process) {
            let pid = self.task(&process)?.pid;
            self.sets_breakpoints(pid, false)?;
        }
        woken.iter().try_for_each(|sleeper| self.wakes_up(sleeper))
    }

    /// A process with several threads ends: all of them are ending, and the first is the last to be gone.
    pub(super) fn all_end(&mut self, path: &TaskPath, status: ExitStatus) -> Result<(), Trouble> {
        let process = self.world.process_of(path).clone();
        let threads: Vec<TaskPath> = self.world.later_threads(&process).cloned().collect();
        for thread in threads.iter().chain([&process]) {
            let pid = self.task(thread)?.pid;
            while !matches!(self.next(pid)?, Report::Ended(_)) {
                self.resume(pid, Resume::Free, 0)?;
            }
            if *thread != process {
                self.tasks.remove(thread);
                self.world.thread_ended(thread);
            }
        }
        self.note_end(&process, status)
    }
}

//! Threads, and futexes: nobody sleeps on a futex in the kernel.
//!
//! A wait whose word is as expected is a step by which its caller begins to sleep: it stays at the entry of the call.
//! A wake is answered by the world, which knows the queue; whoever is woken goes on at once, to the next thing that
//! others could notice.

use super::calls::How;
use super::machine::{Controlled, broken};
use super::standing::{At, Entry, Standing};
use crate::decode::Call;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::Report;
use grader_explorer::Trouble;
use grader_trace::world::{Ask, Futex};
use grader_trace::{CloneFlags, ExitStatus, Operation, TaskPath};

/// See clone(2).
const CHILD_CLEARTID: u64 = libc::CLONE_CHILD_CLEARTID as u64;

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

impl Controlled<'_> {
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
            task.at = At::Woken(entry, lock.at);
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
        let woken = if clears == 0 { Vec::new() } else { self.world.wakes(path, clears, 1, u32::MAX) };
        still_there("changing what is reported", ptrace::without_exit_event(pid)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)?;
        match self.next(pid)? {
            Report::Ended(_) => {}
            other => {
                return Err(Trouble::Broken(format!("thread {pid} was to end, and there came {other:?}")));
            }
        }
        self.tasks.remove(path);
        self.world.thread_ended(path);
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

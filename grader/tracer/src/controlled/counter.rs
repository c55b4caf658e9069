//! The processor's counter: reading it traps, and the answer is virtual time.
//!
//! A program in a controlled run may not read the time-stamp counter (PR_SET_TSC, see prctl(2)): the instruction makes a
//! SIGSEGV, which is answered here and never arrives. What is read depends on the schedule alone and grows within a
//! task. Where the kernel does not take the permission away, the processor answers, and a program that heeds it is found
//! not to do the same twice.
//!
//! Taking it away makes each switch between a task and the tracer dearer, by two fifths of a schedule in a virtual
//! machine. So whoever has not read the counter in the first execution may in the others. What the dynamic loader reads
//! does not count: it takes times for its statistics alone.

use super::identity;
use super::machine::{Controlled, broken};
use crate::arch;
use crate::engine::loader::is_loader;
use crate::start::Counter;
use crate::sys::memory::Memory;
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_trace::{Signal, TaskPath};

const SEGV: Signal = Signal(libc::SIGSEGV);

impl Controlled<'_> {
    /// A task has caused a SIGSEGV; whether that was because it read the counter, and is done.
    pub(super) fn reads_counter(&mut self, path: &TaskPath) -> Result<bool, Trouble> {
        let task = self.task(path)?;
        let pid = task.pid;
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        let Some(mut registers) = registers else { return Ok(false) };
        let mut code = [0; arch::COUNTER_READ_BYTES];
        Memory(pid).fill(arch::instruction(&registers), &mut code);
        let Some(read) = arch::counter_read(&code) else { return Ok(false) };
        arch::answer_counter_read(&mut registers, read, identity::counter(task));
        // To make sure that a fault arrives, the kernel resets what blocks or ignores it.
        if self.world.ignores(path, SEGV) || self.world.keeps_back(path, SEGV) {
            let what =
                "it reads the processor's counter while it blocks or ignores SIGSEGV, which traps".into();
            return Err(Trouble::Unmodelled(what));
        }
        still_there("answering for the counter", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        if !is_loader(pid, arch::instruction(&registers)) {
            self.counter_reads += 1;
        }
        self.resume(pid, Resume::Free, 0)?;
        Ok(true)
    }

    /// The counter is read by nobody: from now on that would not trap.
    pub(super) fn leaves_the_counter_alone(&mut self) -> Result<(), Trouble> {
        self.counter = Counter::Answers;
        self.gives_the_counter_back()
    }
}

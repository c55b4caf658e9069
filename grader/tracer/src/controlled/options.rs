//! How a machine is to work.

use super::machine::Controlled;
use super::watch::Known;
use crate::filter::Filter;
use crate::launch::Cancel;
use crate::start::Counter;

impl<'a> Controlled<'a> {
    /// Whoever waits for the machine may call it off: what it does then ends soon, and in trouble.
    pub fn called_off_by(mut self, cancel: &Cancel) -> Controlled<'a> {
        self.cancel = cancel.clone();
        self
    }

    /// Calls may also fail without need: each place at which one could is offered as a choice.
    pub fn with_faults(mut self) -> Controlled<'a> {
        self.faults = true;
        self
    }

    /// In which order standard output is written counts as something that happened: schedules that differ in it are
    /// executions of their own.
    pub fn counting_output(mut self) -> Controlled<'a> {
        self.output_counts = true;
        self
    }

    /// Wherever it depends on children or pipes whether a call may go on, the kernel is asked, too, in every execution.
    /// If it disagrees with the world, that is [`Trouble::Broken`].
    ///
    /// In any case it is asked in the first execution, and wherever nobody is able to move.
    pub fn audited(mut self) -> Controlled<'a> {
        self.audited = true;
        self
    }

    pub(super) fn is_audited(&self) -> bool {
        self.audited || self.is_first
    }

    /// How often the kernel was asked, and agreed.
    pub fn audits(&self) -> u64 {
        self.audits
    }

    /// Every execution begins with an exec, never with a copy of a started program.
    pub fn with_exec_each_time(mut self) -> Controlled<'a> {
        self.copies = false;
        self
    }

    /// The processor's own counter is read, as where the kernel does not let it trap.
    pub fn with_true_counter(mut self) -> Controlled<'a> {
        self.counter = Counter::Answers;
        self
    }

    /// Threads may be started; the next execution begins from the very start.
    pub fn with_threads(mut self) -> Controlled<'a> {
        self.clear();
        self.template = None;
        self.filter = Filter::controlled(true);
        self.threads = true;
        self
    }

    /// Whether the program was about to start a thread, and threads may not be started.
    pub fn meets_threads(&self) -> bool {
        self.meets_threads && !self.threads
    }

    /// Does with the program's memory what another machine does that knows this of it.
    pub fn knowing(self, known: Option<Known>) -> Controlled<'a> {
        match known {
            None => self,
            Some(known) => {
                let mut machine = self.with_threads();
                machine.watch.knows(known);
                machine
            }
        }
    }

    /// What this machine knows of the program's memory, if threads may be started.
    pub fn known(&self) -> Option<Known> {
        self.threads.then(|| self.watch.known())
    }

    /// Whether executions begin with a copy of a started program.
    pub fn has_template(&self) -> bool {
        self.template.is_some()
    }

    /// From the next execution on, keeps what it takes to find source lines, or does not.
    pub fn keep_snapshots(&mut self, keep: bool) {
        self.snapshots = keep;
    }
}

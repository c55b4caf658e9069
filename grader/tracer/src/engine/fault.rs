//! Which calls the plan makes fail.

use crate::launch::{Fault, FaultCall, Whose};
use grader_trace::{CloneFlags, Errno, Operation};

/// The faults of a plan, with how many calls each has seen.
pub(crate) struct Faults(Vec<(Fault, u32)>);

impl Faults {
    pub(crate) fn new(plan: &[Fault]) -> Faults {
        Faults(plan.iter().map(|fault| (*fault, 0)).collect())
    }

    /// The error that this call of the root, or of another process, is to answer, if it is to fail.
    pub(crate) fn strike(&mut self, by_root: bool, op: &Operation) -> Option<Errno> {
        let call = match op {
            Operation::Fork(fork) if fork.flags.has(CloneFlags::THREAD) => FaultCall::Thread,
            Operation::Fork(_) => FaultCall::Fork,
            Operation::Exec(_) => FaultCall::Exec,
            Operation::Pipe { .. } => FaultCall::Pipe,
            Operation::Futex(futex) if futex.op.waits() => FaultCall::FutexWait,
            _ => return None,
        };
        let whose = if by_root { Whose::Root } else { Whose::Descendants };
        let mut struck = None;
        for (fault, seen) in &mut self.0 {
            if fault.call == call && fault.whose == whose {
                *seen += 1;
                if *seen >= fault.from && *seen - fault.from < fault.times {
                    struck = Some(fault.errno);
                }
            }
        }
        struck
    }
}

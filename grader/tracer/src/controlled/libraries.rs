//! What a function of a library does that other threads could notice.
//!
//! The code of libraries carries no breakpoints; the instructions by which a program calls them do. What such a call
//! touches is written down here for each function that is known. One that is not known is refused where there are
//! threads: nothing is claimed of it.

use super::machine::{Controlled, broken};
use super::memory::Before;
use crate::arch;
use crate::sys::memory::{self, Memory};
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_program::accesses::Touch;
use grader_program::imports::LibraryCall;
use grader_trace::{Outcome, TaskPath};

/// How much memory a lock of the C library takes: the size of `pthread_mutex_t`.
pub(super) const LOCK_BYTES: u64 = 40;

/// What a call comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It touches what its caller has for itself, and what the library keeps in order by itself.
    Private,
    /// It touches these bytes.
    Touches(Vec<Touch>),
    /// It takes or gives back the lock at this address.
    Locks(u64),
    /// It uses a stream, of which there is one for all.
    Streams,
    /// There is no telling.
    Unknown,
}

/// What a call of this function with these arguments comes to. See the functions' man pages.
pub(super) fn meaning(function: &str, [first, second, third]: [u64; 3]) -> Meaning {
    let touch = |at: u64, length: u64, writes: bool| Touch { at, length, reads: !writes, writes };
    match function {
        "memcpy" | "memmove" | "mempcpy" => {
            Meaning::Touches(vec![touch(second, third, false), touch(first, third, true)])
        }
        "memset" => Meaning::Touches(vec![touch(first, third, true)]),
        "memcmp" | "bcmp" => Meaning::Touches(vec![touch(first, third, false), touch(second, third, false)]),
        "memchr" | "memrchr" => Meaning::Touches(vec![touch(first, third, false)]),
        "pthread_mutex_lock"
        | "pthread_mutex_trylock"
        | "pthread_mutex_unlock"
        | "pthread_spin_lock"
        | "pthread_spin_trylock"
        | "pthread_spin_unlock" => Meaning::Locks(first),
        "printf" | "__printf_chk" | "puts" | "putchar" | "fwrite" | "fputs" | "fputc" | "putc"
        | "fprintf" | "__fprintf_chk" | "vfprintf" | "vprintf" | "fflush" | "perror" | "dprintf" => {
            Meaning::Streams
        }
        _ if is_private(function) => Meaning::Private,
        _ => Meaning::Unknown,
    }
}

fn is_private(function: &str) -> bool {
    const PREFIXES: &[&str] = &["pthread_attr_", "_Unwind_", "__cxa_"];
    const KNOWN: &[&str] = &[
        "abort",
        "aligned_alloc",
        "calloc",
        "clock_gettime",
        "clock_nanosleep",
        "close",
        "exit",
        "_exit",
        "fcntl",
        "free",
        "futex",
        "getauxval",
        "getpid",
        "gettid",
        "madvise",
        "malloc",
        "mmap",
        "mmap64",
        "mprotect",
        "munmap",
        "nanosleep",
        "open",
        "open64",
        "poll",
        "posix_memalign",
        "prctl",
        "pthread_create",
        "pthread_exit",
        "pthread_key_create",
        "pthread_key_delete",
        "pthread_setspecific",
        "pthread_getspecific",
        "pthread_getattr_np",
        "pthread_join",
        "pthread_self",
        "pthread_setname_np",
        "pthread_sigmask",
        "read",
        "realloc",
        "sched_getaffinity",
        "sched_yield",
        "sigaction",
        "sigaltstack",
        "sleep",
        "syscall",
        "sysconf",
        "usleep",
        "write",
        "writev",
        "__errno_location",
    ];
    const COMPILERS: &[&str] = &["__stack_chk_fail", "__tls_get_addr", "__assert_fail"];
    KNOWN.contains(&function)
        || COMPILERS.contains(&function)
        || PREFIXES.iter().any(|prefix| function.starts_with(prefix))
}

pub(super) fn no_model(function: &str) -> Trouble {
    Trouble::Unmodelled(format!("it calls {function} while it has threads, of which there is no model"))
}

impl Controlled<'_> {
    /// A task runs the program's own code again: it has whatever lock it was about to take.
    pub(super) fn is_back_from_a_library(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let id = task.id;
        if let Some(lock) = task.lock.take() {
            let call = lock.call(Outcome::Done(0));
            self.recorder.end(id, lock.begun, call, false);
        }
        Ok(())
    }

    /// A task goes to the function of a library that its instruction goes to.
    pub(super) fn calls_library(
        &mut self,
        path: &TaskPath,
        before: &Before,
        call: &LibraryCall,
    ) -> Result<(), Trouble> {
        let pid = self.task(path)?.pid;
        let (Some(placed), Some(code)) = (self.watch.placed, &self.watch.code) else { return Ok(()) };
        let here = |linked: u64| linked.wrapping_sub(code.address).wrapping_add(placed.code);
        let function = Memory(pid).u64(here(call.slot));
        let Some(function) = function else {
            return Err(Trouble::Broken(format!("where {} is cannot be read in {pid}", call.function)));
        };
        let mut registers = before.registers;
        if let Some(returns_to) = call.returns_to {
            let place = arch::makes_room_on_the_stack(&mut registers);
            memory::write(pid, place, &here(returns_to).to_le_bytes())
                .map_err(|error| Trouble::Broken(format!("writing to the stack of {pid}: {error}")))?;
        }
        arch::go_to(&mut registers, function);
        still_there("calling a library", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_reads_one_place_and_writes_the_other() {
        let reads = Touch { at: 0x2000, length: 8, reads: true, writes: false };
        let writes = Touch { at: 0x1000, length: 8, reads: false, writes: true };
        assert_eq!(meaning("memcpy", [0x1000, 0x2000, 8]), Meaning::Touches(vec![reads, writes]));
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_harmless() {
        assert_eq!(meaning("pthread_cond_wait", [1, 2, 3]), Meaning::Unknown);
        assert_eq!(meaning("pthread_attr_init", [1, 2, 3]), Meaning::Private);
        assert_eq!(meaning("pthread_mutex_lock", [7, 0, 0]), Meaning::Locks(7));
    }
}

//! What a function of a library does that other threads could notice.
//!
//! The code of libraries carries no breakpoints; the instructions by which a program calls them do. What such a call
//! touches is written down here for each function that is known. One that is not known is refused where there are
//! threads: nothing is claimed of it.

use super::machine::{Controlled, broken};
use super::memory::Before;
use super::standing::At;
use crate::arch;
use crate::sys::memory::{self, Memory};
use crate::sys::ptrace::{self, Resume, still_there};
use grader_explorer::Trouble;
use grader_program::accesses::Touch;
use grader_program::imports::LibraryCall;
use grader_trace::{Outcome, TaskPath};

/// How much memory the C library takes to keep threads in order: the sizes of `pthread_mutex_t`, `pthread_spinlock_t`,
/// `pthread_cond_t`, `pthread_rwlock_t`, `pthread_barrier_t` and `sem_t`.
const MUTEX_BYTES: u64 = 40;
const SPIN_BYTES: u64 = 4;
const CONDITION_BYTES: u64 = 48;
const RWLOCK_BYTES: u64 = 56;
const BARRIER_BYTES: u64 = 32;
const SEMAPHORE_BYTES: u64 = 32;
/// And what Rust's standard library takes for a mutex, without what that guards: the word that threads sleep on.
const RUST_MUTEX_BYTES: u64 = 4;

/// What a call comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It touches what its caller has for itself, and what the library keeps in order by itself.
    Private,
    /// It touches these bytes.
    Touches(Vec<Touch>),
    /// It takes or gives back what is kept in these bytes, or waits for somebody to do so.
    Locks(Vec<Touch>),
    /// It sleeps until the thread has ended that the C library knows by this number.
    Joins(u64),
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
        "pthread_mutex_lock" | "pthread_mutex_trylock" | "pthread_mutex_unlock" => {
            Meaning::Locks(vec![lock(first, MUTEX_BYTES)])
        }
        "pthread_spin_lock" | "pthread_spin_trylock" | "pthread_spin_unlock" => {
            Meaning::Locks(vec![lock(first, SPIN_BYTES)])
        }
        "pthread_cond_wait" => Meaning::Locks(vec![lock(first, CONDITION_BYTES), lock(second, MUTEX_BYTES)]),
        "pthread_cond_signal" | "pthread_cond_broadcast" => {
            Meaning::Locks(vec![lock(first, CONDITION_BYTES)])
        }
        "pthread_rwlock_rdlock"
        | "pthread_rwlock_tryrdlock"
        | "pthread_rwlock_wrlock"
        | "pthread_rwlock_trywrlock"
        | "pthread_rwlock_unlock" => Meaning::Locks(vec![lock(first, RWLOCK_BYTES)]),
        "pthread_barrier_wait" => Meaning::Locks(vec![lock(first, BARRIER_BYTES)]),
        "sem_wait" | "sem_trywait" | "sem_post" | "sem_getvalue" => {
            Meaning::Locks(vec![lock(first, SEMAPHORE_BYTES)])
        }
        "pthread_mutex_init" | "pthread_mutex_destroy" => {
            Meaning::Touches(vec![touch(first, MUTEX_BYTES, true)])
        }
        "pthread_cond_init" | "pthread_cond_destroy" => {
            Meaning::Touches(vec![touch(first, CONDITION_BYTES, true)])
        }
        "pthread_rwlock_init" | "pthread_rwlock_destroy" => {
            Meaning::Touches(vec![touch(first, RWLOCK_BYTES, true)])
        }
        "sem_init" => Meaning::Touches(vec![touch(first, SEMAPHORE_BYTES, true)]),
        "printf" | "__printf_chk" | "puts" | "putchar" | "fwrite" | "fputs" | "fputc" | "putc"
        | "fprintf" | "__fprintf_chk" | "vfprintf" | "vprintf" | "fflush" | "perror" | "dprintf" => {
            Meaning::Streams
        }
        "pthread_join" => Meaning::Joins(first),
        _ if is_private(function) => Meaning::Private,
        _ => Meaning::Unknown,
    }
}

fn lock(at: u64, length: u64) -> Touch {
    Touch { at, length, reads: true, writes: true }
}

/// What a call of a function of Rust's standard library comes to, which is part of the program: one with a lock of its own
/// is one step, and what it keeps about its threads is its own affair.
pub(super) fn of_rust(function: &str, [first, ..]: [u64; 3]) -> Meaning {
    let Some(name) = function.strip_prefix("std::sys::") else { return Meaning::Unknown };
    match name {
        "sync::mutex::futex::Mutex::lock"
        | "sync::mutex::futex::Mutex::lock_contended"
        | "sync::mutex::futex::Mutex::try_lock"
        | "sync::mutex::futex::Mutex::unlock" => Meaning::Locks(vec![lock(first, RUST_MUTEX_BYTES)]),
        "thread_local::guard::key::enable"
        | "pal::unix::stack_overflow::imp::make_handler"
        | "pal::unix::stack_overflow::imp::drop_handler"
        | "pal::unix::stack_overflow::thread_info::set_current_info"
        | "pal::unix::stack_overflow::thread_info::delete_current_info" => Meaning::Private,
        _ => Meaning::Unknown,
    }
}

/// Whether anything is known of a function of Rust's standard library.
pub(super) fn is_known_of_rust(function: &str) -> bool {
    of_rust(function, [0; 3]) != Meaning::Unknown
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
        "pthread_detach",
        "pthread_exit",
        "pthread_key_create",
        "pthread_key_delete",
        "pthread_setspecific",
        "pthread_getspecific",
        "pthread_getattr_np",
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

/// How much memory the C library takes to describe a thread, at least as far as to the word that is cleared when it ends.
const THREAD_BYTES: u64 = 0x1000;

impl Controlled<'_> {
    /// Which thread the C library knows by this number, unless `by` would not wait for it: pthread_join(3), EDEADLK.
    pub(super) fn joined(&self, by: &TaskPath, number: u64) -> Option<TaskPath> {
        let is_it = |tid_address: u64| (number..number.saturating_add(THREAD_BYTES)).contains(&tid_address);
        let living = self
            .tasks
            .iter()
            .find(|(path, task)| is_it(task.tid_address) && self.world.is_later_thread(path));
        if let Some((path, task)) = living {
            let waits_for_it = matches!(&task.at, At::Access(before) if before.joins() == Some(by));
            return (path != by && !waits_for_it).then(|| path.clone());
        }
        let ended = self.watch.ended.iter().rev().find(|(tid_address, _)| is_it(*tid_address));
        ended.map(|(_, path)| path.clone())
    }

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
        assert_eq!(meaning("pthread_cond_timedwait", [1, 2, 3]), Meaning::Unknown);
        assert_eq!(meaning("pthread_attr_init", [1, 2, 3]), Meaning::Private);
        assert_eq!(meaning("pthread_mutex_lock", [7, 0, 0]), Meaning::Locks(vec![lock(7, 40)]));
    }

    #[test]
    fn what_the_standard_library_keeps_for_itself_is_told_from_what_it_does_for_the_program() {
        let locks = "std::sys::sync::mutex::futex::Mutex::lock";
        assert_eq!(of_rust(locks, [7, 0, 0]), Meaning::Locks(vec![lock(7, 4)]));
        assert!(is_known_of_rust("std::sys::pal::unix::stack_overflow::imp::make_handler"));
        assert!(!is_known_of_rust("std::sys::pal::unix::stack_overflow::imp::signal_handler"));
        assert!(!is_known_of_rust("my::sys::sync::mutex::futex::Mutex::lock"));
    }
}

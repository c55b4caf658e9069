//! ptrace(2) requests on a task that is in a ptrace-stop.
//!
//! Any of them may find the task gone: SIGKILL takes it out of every stop. That
//! is ESRCH, and [`still_there`] turns it into `None`.

use crate::trouble::Trouble;
use libc::{c_long, c_void, pid_t};
use std::io;
use std::mem::MaybeUninit;

/// `PTRACE_EVENT_STOP`: a group-stop, the first stop of a new task, or the end of a LISTEN.
pub(crate) const EVENT_STOP: i32 = 128;

/// What is reported: births, execs, ends, filter stops; and all tracees die with their tracer.
const OPTIONS: i32 = libc::PTRACE_O_EXITKILL
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACEVFORKDONE
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_TRACESECCOMP;

/// How a stopped task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resume {
    /// To the next stop that the filter or an event makes.
    Free,
    /// Also stop at the next entry to or exit from any system call.
    ToSyscall,
    /// Stay in a group-stop, and tell when it ends.
    Listen,
    /// Be traced no longer.
    Detach,
}

fn request(what: u32, pid: pid_t, addr: usize, data: usize) -> io::Result<c_long> {
    // SAFETY: every caller below passes, for requests that write through `data`, the address of a live
    // buffer of the size that ptrace(2) gives for that request; the others take plain numbers.
    let answer = unsafe { libc::ptrace(what, pid, addr as *mut c_void, data as *mut c_void) };
    if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// A task that is gone is `None`; any other refusal is the grader's trouble.
pub(crate) fn still_there<T>(operation: &'static str, answer: io::Result<T>) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(error) => Err(Trouble::System { operation, error }),
    }
}

/// Begins to trace a task without stopping it.
pub(crate) fn seize(pid: pid_t) -> io::Result<()> {
    request(libc::PTRACE_SEIZE, pid, 0, OPTIONS as usize).map(drop)
}

/// From now on, a stopped task ends without a stop at its exit event.
#[cfg(feature = "controlled")]
pub(crate) fn without_exit_event(pid: pid_t) -> io::Result<()> {
    request(libc::PTRACE_SETOPTIONS, pid, 0, (OPTIONS & !libc::PTRACE_O_TRACEEXIT) as usize).map(drop)
}

/// Lets a stopped task go on, with a signal or without (0).
pub(crate) fn resume(pid: pid_t, how: Resume, signal: i32) -> io::Result<()> {
    let what = match how {
        Resume::Free => libc::PTRACE_CONT,
        Resume::ToSyscall => libc::PTRACE_SYSCALL,
        Resume::Listen => libc::PTRACE_LISTEN,
        Resume::Detach => libc::PTRACE_DETACH,
    };
    request(what, pid, 0, signal as usize).map(drop)
}

/// The message of a `PTRACE_EVENT_…` stop: a new PID, an old tid, a status word.
pub(crate) fn event_message(pid: pid_t) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    request(libc::PTRACE_GETEVENTMSG, pid, 0, &raw mut message as usize)?;
    Ok(message)
}

/// All general registers.
pub(crate) fn registers(pid: pid_t) -> io::Result<libc::user_regs_struct> {
    let mut registers = MaybeUninit::<libc::user_regs_struct>::uninit();
    request(libc::PTRACE_GETREGS, pid, 0, registers.as_mut_ptr() as usize)?;
    // SAFETY: PTRACE_GETREGS succeeded, so it has filled the whole structure.
    Ok(unsafe { registers.assume_init() })
}

/// Replaces all general registers.
pub(crate) fn set_registers(pid: pid_t, registers: &libc::user_regs_struct) -> io::Result<()> {
    request(libc::PTRACE_SETREGS, pid, 0, std::ptr::from_ref(registers) as usize).map(drop)
}

/// One word of the task's memory.
pub(crate) fn peek_data(pid: pid_t, addr: u64) -> io::Result<u64> {
    peek(libc::PTRACE_PEEKDATA, pid, addr as usize)
}

/// Replaces one word of the task's memory.
pub(crate) fn poke_data(pid: pid_t, addr: u64, word: u64) -> io::Result<()> {
    request(libc::PTRACE_POKEDATA, pid, addr as usize, word as usize).map(drop)
}

/// The C library's PEEK requests return the word itself, so that −1 is an answer or an error: errno tells.
fn peek(what: u32, pid: pid_t, addr: usize) -> io::Result<u64> {
    // SAFETY: errno's location is valid for as long as the thread lives.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: see above; no other reference to this thread's errno exists.
    unsafe { *errno = 0 };
    // SAFETY: a PEEK request takes numbers only; the C library provides the buffer for the word.
    let word = unsafe { libc::ptrace(what, pid, addr as *mut c_void, 0usize) };
    match io::Error::last_os_error() {
        error if word == -1 && error.raw_os_error() != Some(0) => Err(error),
        _ => Ok(word as u64),
    }
}

/// What is known of the signal that a signal-delivery-stop is about.
pub(crate) fn signal_info(pid: pid_t) -> io::Result<libc::siginfo_t> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    request(libc::PTRACE_GETSIGINFO, pid, 0, info.as_mut_ptr() as usize)?;
    // SAFETY: PTRACE_GETSIGINFO succeeded, and the structure was zeroed before: every byte is initialised.
    Ok(unsafe { info.assume_init() })
}

/// Replaces what is known of that signal.
#[cfg(feature = "controlled")]
pub(crate) fn set_signal_info(pid: pid_t, info: &libc::siginfo_t) -> io::Result<()> {
    request(libc::PTRACE_SETSIGINFO, pid, 0, std::ptr::from_ref(info) as usize).map(drop)
}

/// Who sent a signal, as its receiver is told: the PID field of siginfo_t. See sigaction(2).
#[cfg(feature = "controlled")]
pub(crate) fn sender(info: &libc::siginfo_t) -> pid_t {
    // SAFETY: for signals sent by processes this field is the active one; else the bytes are initialised all the same.
    unsafe { info.si_pid() }
}

/// Changes who is said to have sent a signal.
#[cfg(feature = "controlled")]
pub(crate) fn name_sender(info: &mut libc::siginfo_t, code: i32, pid: pid_t) {
    /// Three numbers, padding to eight bytes, then the sender's PID. See sigaction(2).
    const PID_FIELD: usize = 4;
    info.si_code = code;
    let fields = std::ptr::from_mut(info).cast::<i32>();
    // SAFETY: siginfo_t is 128 bytes long.
    let field = unsafe { fields.add(PID_FIELD) };
    // SAFETY: the field lies within the structure, which is borrowed mutably.
    unsafe { field.write(pid) };
}

/// Makes what is told of a signal what a parent is told of a child's end. See sigaction(2), "SIGCHLD".
#[cfg(feature = "controlled")]
pub(crate) fn tell_end(info: &mut libc::siginfo_t, status: grader_trace::ExitStatus) {
    /// Behind the sender's PID and user.
    const STATUS_FIELD: usize = 6;
    let number = match status {
        grader_trace::ExitStatus::Exited(code) => i32::from(code),
        grader_trace::ExitStatus::Killed(signal) => signal.0,
    };
    let exited = matches!(status, grader_trace::ExitStatus::Exited(_));
    info.si_code = if exited { libc::CLD_EXITED } else { libc::CLD_KILLED };
    let fields = std::ptr::from_mut(info).cast::<i32>();
    // SAFETY: siginfo_t is 128 bytes long.
    let field = unsafe { fields.add(STATUS_FIELD) };
    // SAFETY: the field lies within the structure, which is borrowed mutably.
    unsafe { field.write(number) };
}

/// The signals that a task blocks, the lowest bit for signal 1.
pub(crate) fn signal_mask(pid: pid_t) -> io::Result<u64> {
    const PTRACE_GETSIGMASK: u32 = 0x420a;
    let mut mask = 0u64;
    request(PTRACE_GETSIGMASK, pid, 8, &raw mut mask as usize)?;
    Ok(mask)
}

/// Changes which signals a task blocks.
#[cfg(feature = "controlled")]
pub(crate) fn set_signal_mask(pid: pid_t, mask: u64) -> io::Result<()> {
    const PTRACE_SETSIGMASK: u32 = 0x420b;
    request(PTRACE_SETSIGMASK, pid, 8, &raw const mask as usize).map(drop)
}

/// Whether a task stands at its exit event, whatever it has reported before: SIGKILL takes it there from any stop.
pub(crate) fn is_at_exit(pid: pid_t) -> bool {
    const AT_EXIT: i32 = libc::SIGTRAP | libc::PTRACE_EVENT_EXIT << 8;
    signal_info(pid).is_ok_and(|info| info.si_signo == libc::SIGTRAP && info.si_code == AT_EXIT)
}

//! A tick: a signal to the tracing thread every few milliseconds, which interrupts its waiting.
//!
//! waitpid(2) has no timeout. The tick's handler does nothing; that the call
//! returns EINTR is all that is wanted, and because ticks repeat, one that
//! arrives just before the call does no harm.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

/// A running tick; it ends when dropped.
pub(crate) struct Tick {
    timer: libc::timer_t,
}

extern "C" fn nothing(_: libc::c_int) {}

/// The signal that carries the tick: a real-time one, which nobody else sends.
fn tick_signal() -> i32 {
    libc::SIGRTMIN() + 6
}

fn install_handler() -> io::Result<()> {
    static INSTALLED: OnceLock<Option<i32>> = OnceLock::new();
    let refused = INSTALLED.get_or_init(|| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        let handler: extern "C" fn(libc::c_int) = nothing;
        // SAFETY: all-zero bytes are a valid sigaction: no flags (so no SA_RESTART), an empty mask.
        let action = unsafe { action.assume_init_mut() };
        action.sa_sigaction = handler as libc::sighandler_t;
        // SAFETY: the handler touches nothing, so it is async-signal-safe; the old action is not asked for.
        let answer = unsafe { libc::sigaction(tick_signal(), action, ptr::null_mut()) };
        (answer != 0).then(|| io::Error::last_os_error().raw_os_error().unwrap_or(0))
    });
    match refused {
        None => Ok(()),
        Some(errno) => Err(io::Error::from_raw_os_error(*errno)),
    }
}

/// The thread may have been started by one that blocks all signals.
fn unblock() -> io::Result<()> {
    let mut tick = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that it is given.
    unsafe { libc::sigemptyset(tick.as_mut_ptr()) };
    // SAFETY: the set is initialised.
    unsafe { libc::sigaddset(tick.as_mut_ptr(), tick_signal()) };
    // SAFETY: the set is initialised; the old mask is not asked for.
    match unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, tick.as_ptr(), ptr::null_mut()) } {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

impl Tick {
    /// A tick for the calling thread, which does not tick yet.
    pub(crate) fn new() -> io::Result<Tick> {
        install_handler()?;
        unblock()?;
        let mut event = MaybeUninit::<libc::sigevent>::zeroed();
        // SAFETY: all-zero bytes are a valid sigevent.
        let event = unsafe { event.assume_init_mut() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = tick_signal();
        // SAFETY: gettid takes nothing and cannot fail.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer: libc::timer_t = ptr::null_mut();
        // SAFETY: both pointers lead to live, initialised values.
        if unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, event, &raw mut timer) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Tick { timer })
    }

    /// Ticks with this period from now on.
    pub(crate) fn set(&self, every: Duration) -> io::Result<()> {
        let period = libc::timespec {
            tv_sec: every.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(every.subsec_nanos()),
        };
        let setting = libc::itimerspec { it_interval: period, it_value: period };
        // SAFETY: the timer is ours and alive, the setting is initialised, the old one is not asked for.
        match unsafe { libc::timer_settime(self.timer, 0, &raw const setting, ptr::null_mut()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        // SAFETY: the timer is ours, and is deleted once.
        let answer = unsafe { libc::timer_delete(self.timer) };
        debug_assert_eq!(answer, 0, "timer_delete of a live timer");
    }
}

//! Signals that ask this process to end: told to a thread, so that there is time to leave nothing behind.
//!
//! A handler may do next to nothing (see signal-safety(7)). Ours writes the signal's number into a pipe; a thread
//! reads it and passes it on. Programs that are started keep the default: a handler does not survive an exec.

use crate::trouble::Trouble;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, killpg, raise, sigaction};
use nix::unistd::{Pid, pipe2};
use std::fs::File;
use std::io::Read;
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, channel};

/// What a terminal, a shell or a service manager sends to somebody who is to end.
const REQUESTS: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

/// Where the handler writes; −1 before there is a pipe.
static TOLD: AtomicI32 = AtomicI32::new(-1);

/// A signal that asks the process to end, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request(Signal);

impl Request {
    /// Ends the process as if the signal had never been caught: whoever waits for it sees that.
    pub fn obey(self) -> ! {
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // SAFETY: the default disposition runs no code of ours.
        let _ = unsafe { sigaction(self.0, &default) };
        let _ = raise(self.0);
        // Not reached, unless somebody has blocked the signal.
        std::process::exit(128 + self.0 as i32)
    }

    /// Passes it on to a process group, by the PID of its leader. One that is gone already is no error.
    pub fn pass_on(self, leader: u32) {
        let _ = killpg(Pid::from_raw(leader as i32), self.0);
    }
}

/// Catches the signals that ask this process to end, from now on; whoever holds the receiver hears of each.
///
/// One that was ignored when the process started (see nohup(1)) stays ignored. To be called once.
///
/// # Errors
/// If the system has no pipe or no thread to spare.
pub fn requests() -> Result<Receiver<Request>, Trouble> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(trouble("making a pipe"))?;
    // A handler must not wait. More numbers than fit into the pipe say nothing new.
    fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(trouble("preparing a pipe"))?;
    let (tell, told) = channel();
    let mut numbers = File::from(read);
    let pass_on = move || {
        let mut number = [0];
        while numbers.read_exact(&mut number).is_ok() {
            let signal = Signal::try_from(i32::from(number[0]));
            if signal.is_ok_and(|signal| tell.send(Request(signal)).is_err()) {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(pass_on)
        .map_err(|error| Trouble::System { operation: "starting a thread", error })?;
    TOLD.store(write.into_raw_fd(), Ordering::Relaxed);
    REQUESTS.into_iter().try_for_each(catch).map_err(trouble("catching a signal"))?;
    Ok(told)
}

fn trouble(operation: &'static str) -> impl Fn(Errno) -> Trouble {
    move |errno| Trouble::System { operation, error: errno.into() }
}

fn catch(signal: Signal) -> nix::Result<()> {
    let noting = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: `note` makes async-signal-safe calls only, and leaves errno as it was.
    let before = unsafe { sigaction(signal, &noting) }?;
    if matches!(before.handler(), SigHandler::SigIgn) {
        // SAFETY: what was there before is put back.
        unsafe { sigaction(signal, &before) }?;
    }
    Ok(())
}

extern "C" fn note(signal: libc::c_int) {
    let errno = Errno::last_raw();
    let number = signal as u8;
    // SAFETY: `number` is alive and one byte long. If the pipe is full, the signal is not the first.
    let _ = unsafe { libc::write(TOLD.load(Ordering::Relaxed), (&raw const number).cast(), 1) };
    Errno::set_raw(errno);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_signal_that_asks_to_end_is_told_and_does_not_end() {
        let told = requests().expect("a pipe and a thread");
        raise(Signal::SIGTERM).expect("our own process");
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(Request(Signal::SIGTERM)));
    }
}

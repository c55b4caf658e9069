//! Collects what a run writes, on a thread of its own, so that no writer ever waits for the tracer.
//!
//! It never waits for the end of a file: a grandchild may hold a pipe open for
//! ever. When the tracer says that the run is over, what is left is read without
//! sleeping, and that is all.

use crate::recording::Captured;
use crate::trouble::Trouble;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{pipe2, read, write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

/// A running collection.
pub(crate) struct Drain {
    thread: JoinHandle<[Captured; 2]>,
    /// A byte tells the thread that the run is over; so does its end, if nobody else holds a copy.
    over: OwnedFd,
}

impl Drain {
    /// Begins to collect from two sources, keeping at most `limit` bytes of each.
    pub(crate) fn start(sources: [OwnedFd; 2], limit: usize) -> Result<Drain, Trouble> {
        let trouble = |operation| move |errno: Errno| Trouble::System { operation, error: errno.into() };
        let (told, over) = pipe2(OFlag::O_CLOEXEC).map_err(trouble("making a pipe"))?;
        for source in &sources {
            fcntl(source, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
                .map_err(trouble("preparing to collect output"))?;
        }
        let thread = std::thread::Builder::new()
            .name("drain".into())
            .spawn(move || collect(&sources, &told, limit))
            .map_err(|error| Trouble::System { operation: "starting a thread", error })?;
        Ok(Drain { thread, over })
    }

    /// Tells that no task of the run is left, and takes what was collected: stdout and stderr.
    pub(crate) fn finish(self) -> [Captured; 2] {
        // If it cannot be written, the thread is gone already.
        let _ = write(&self.over, b"!");
        drop(self.over);
        self.thread.join().unwrap_or_default()
    }
}

fn collect(sources: &[OwnedFd; 2], told: &OwnedFd, limit: usize) -> [Captured; 2] {
    let mut captured = [Captured::default(), Captured::default()];
    let mut open = [true; 2];
    loop {
        let mut ready: Vec<PollFd<'_>> = vec![PollFd::new(told.as_fd(), PollFlags::POLLIN)];
        for (source, _) in sources.iter().zip(open).filter(|(_, open)| *open) {
            ready.push(PollFd::new(source.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut ready, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return captured,
        }
        let over = ready[0].revents().is_some_and(|events| !events.is_empty());
        for index in 0..2 {
            if open[index] {
                open[index] = take_what_is_there(&sources[index], &mut captured[index], limit);
            }
        }
        if over {
            return captured;
        }
    }
}

/// Reads until there is nothing more at the moment; whether there may be more later.
fn take_what_is_there(source: &OwnedFd, into: &mut Captured, limit: usize) -> bool {
    let mut buffer = [0; 16384];
    loop {
        match read(source, &mut buffer) {
            Ok(0) => return false,
            Ok(count) => {
                let room = limit.saturating_sub(into.kept.len()).min(count);
                into.kept.extend_from_slice(&buffer[..room]);
                into.total += count as u64;
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return true,
            // A terminal whose other side nobody has open answers EIO; it may be opened again.
            Err(_) => return false,
        }
    }
}

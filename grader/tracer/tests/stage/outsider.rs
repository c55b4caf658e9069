//! Somebody outside of the run who knows its root's PID, and acts when the run is ready.

use super::Folder;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

/// A FIFO through which the specimen tells its PID and that it is ready.
pub struct Outsider {
    fifo: PathBuf,
}

impl Outsider {
    pub fn new(folder: &Folder) -> Outsider {
        let fifo = folder.path().join("ready");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("the folder is writable");
        Outsider { fifo }
    }

    /// The argument for the specimen.
    pub fn path(&self) -> &str {
        self.fifo.to_str().expect("the target folder's name is UTF-8")
    }

    /// Sleeps until the specimen is ready; the PID that it tells. Gives up if the run is over before.
    pub fn meet(&self) -> i32 {
        let mut text = String::new();
        File::open(&self.fifo)
            .and_then(|mut file| file.read_to_string(&mut text))
            .expect("the FIFO is readable");
        text.trim().parse().expect("the specimen writes its PID")
    }
}

/// Sends a signal.
pub fn send(pid: i32, signal: i32) {
    let signal = nix::sys::signal::Signal::try_from(signal).expect("a signal");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("the process is there");
}

/// Sends SIGKILL, and tells whether there was somebody to get it.
pub fn try_to_kill(pid: i32) -> bool {
    let kill = nix::sys::signal::Signal::SIGKILL;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), kill).is_ok()
}

impl Drop for Outsider {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.fifo);
    }
}

//! What a program is given as its standard streams, and the tracer's ends of them.

use super::{pipe, system};
use crate::launch::{Launch, Stdin, Stdout};
use crate::trouble::Trouble;
use nix::fcntl::OFlag;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;

/// The program's ends.
pub(crate) struct Streams {
    /// None: the caller's own standard input.
    stdin: Option<File>,
    stdout: OwnedFd,
    stderr: OwnedFd,
    /// The terminal's name, if there is one.
    pub(crate) terminal: Option<String>,
}

/// The tracer's ends of standard output and standard error.
pub(crate) type Ends = [OwnedFd; 2];

impl Streams {
    /// Opens what `launch` asks for.
    pub(crate) fn open(launch: &Launch) -> Result<(Streams, Ends), Trouble> {
        let stdin = match launch.stdin {
            Stdin::Inherit => None,
            Stdin::Null => Some(File::open("/dev/null").map_err(system("opening /dev/null"))?),
        };
        let (ours, stdout, terminal) = match launch.stdout {
            Stdout::Pipe => {
                let (ours, theirs) = pipe()?;
                (ours, theirs, None)
            }
            Stdout::Terminal => terminal()?,
        };
        let (our_stderr, stderr) = pipe()?;
        Ok((Streams { stdin, stdout, stderr, terminal }, [ours, our_stderr]))
    }

    /// The numbers of the three descriptors that become 0, 1 and 2.
    pub(super) fn numbers(&self) -> [RawFd; 3] {
        let stdin = self.stdin.as_ref().map_or(0, AsRawFd::as_raw_fd);
        [stdin, self.stdout.as_raw_fd(), self.stderr.as_raw_fd()]
    }

    /// What /proc/PID/fd shows for descriptors that lead to the two outputs.
    pub(crate) fn names(&self) -> Vec<String> {
        let link = |fd: &OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        let names = [link(&self.stdout), link(&self.stderr)];
        names.into_iter().flatten().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    /// Closes the tracer's copies. A terminal is kept open (it would seem hung up while no task has it open); the
    /// result is dropped when the run is over.
    pub(crate) fn let_go(self) -> Option<OwnedFd> {
        self.terminal.is_some().then_some(self.stdout)
    }
}

/// A raw pseudo-terminal: our side, the program's side, its name.
fn terminal() -> Result<(OwnedFd, OwnedFd, Option<String>), Trouble> {
    let errno = |operation| move |errno: nix::Error| Trouble::System { operation, error: errno.into() };
    let opening = "opening a pseudo-terminal";
    let master =
        nix::pty::posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).map_err(errno(opening))?;
    nix::pty::grantpt(&master).map_err(errno(opening))?;
    nix::pty::unlockpt(&master).map_err(errno(opening))?;
    let name = nix::pty::ptsname_r(&master).map_err(errno(opening))?;
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let theirs = nix::fcntl::open(Path::new(&name), flags, nix::sys::stat::Mode::empty())
        .map_err(errno("opening the terminal's slave side"))?;
    let setting = "making the terminal raw";
    let mut modes = nix::sys::termios::tcgetattr(&theirs).map_err(errno(setting))?;
    nix::sys::termios::cfmakeraw(&mut modes);
    nix::sys::termios::tcsetattr(&theirs, nix::sys::termios::SetArg::TCSANOW, &modes)
        .map_err(errno(setting))?;
    Ok((OwnedFd::from(master), theirs, Some(name)))
}

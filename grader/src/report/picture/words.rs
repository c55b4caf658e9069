//! What a step is called in a picture: a few words, as one would write them on a whiteboard.

use super::names::Names;
use super::story::{Act, Sleep, Step};
use crate::report::ink::Ink;
use grader_trace::{Change, Errno, ExitStatus, Fd, Object, PipeEnd, PipeId, Selector, Text};

/// So much of what a task wrote is shown.
const SHOWN_BYTES: usize = 240;

/// So much, where it wrote a lot.
const SHOWN_OF_MANY: usize = 48;

/// Finds words for the steps of one trace.
#[derive(Debug, Clone)]
pub(crate) struct Words<'a> {
    pub(crate) names: &'a Names,
    /// Whether there is more than one pipe, so that they need numbers.
    pub(crate) several_pipes: bool,
}

impl Words<'_> {
    /// The words for a step.
    pub(crate) fn of(&self, step: &Step) -> String {
        let mut words = self.act(step);
        let counted = matches!(step.act, Act::Forks { .. } | Act::Learns { .. } | Act::Nothing { .. });
        if step.times > 1 && counted {
            words.push_str(&format!(" ×{}", step.times));
        }
        if step.injected {
            words.push_str(" (by the grader)");
        }
        words
    }

    fn act(&self, step: &Step) -> String {
        match &step.act {
            Act::Starts => "starts".into(),
            Act::Forks { word, .. } => (*word).into(),
            Act::ForkFails { word, errno } => format!("{word} → {}", error(*errno)),
            Act::Execs { argv } => format!("exec {}", command(argv)),
            Act::ExecFails { path, errno, .. } => {
                format!("exec {} → {}", self.names.text(path, SHOWN_BYTES), error(*errno))
            }
            Act::Writes { to, text, bytes } => self.write(to, text, *bytes, step.times),
            Act::Reads { from, bytes: 0, .. } => format!("reads {}: end of file", self.object(from)),
            Act::Reads { from, bytes, ended } => {
                let end = if *ended { ", then its end" } else { "" };
                format!("reads {} from {}{end}", amount(*bytes), self.object(from))
            }
            Act::Closes(closed) => self.close(closed),
            Act::Dups { from, to, object } => format!("dup {from} → {to} ({})", self.end(object)),
            Act::Does(words) => words.clone(),
            Act::Sleeps { why, woken: true } => self.sleep(why),
            Act::Sleeps { why, woken: false } => format!("{} (never woke up)", self.sleep(why)),
            Act::Wakes { errno: None } => "wakes up".into(),
            Act::Wakes { errno: Some(errno) } => format!("wakes up: {}", error(*errno)),
            Act::Learns { child, pid, change, looks_only } => {
                let who =
                    child.map_or_else(|| self.names.pid(*pid), |child| self.names.task(child).to_owned());
                match (change, looks_only) {
                    (Change::Ended(_), false) => format!("reaps {who}"),
                    (Change::Ended(_), true) => format!("sees {who}'s end, leaves it"),
                    (Change::Stopped(signal), _) => format!("learns: {who} stopped by {signal}"),
                    (Change::Continued, _) => format!("learns: {who} goes on"),
                }
            }
            Act::Nothing { call, naps: 0 } => format!("{call} → nothing yet"),
            Act::Nothing { call, .. } => format!("{call} → nothing yet, sleeps, asks again"),
            Act::WaitFails { errno: Errno::ECHILD } => "wait → ECHILD: no children".into(),
            Act::WaitFails { errno } => format!("wait → {}", error(*errno)),
            Act::Signalled { signal, .. } => signal.to_string(),
            Act::Stops(signal) => format!("stopped by {signal}"),
            Act::GoesOn => "goes on".into(),
            Act::Ends { thread: true, status: ExitStatus::Exited(_) } => "thread ends".into(),
            Act::Ends { status: ExitStatus::Exited(code), .. } => format!("exit {code}"),
            Act::Ends { status, .. } => status.to_string(),
            Act::Rots => "zombie".into(),
            Act::Unreaped => "never waited for".into(),
            Act::Orphaned => "orphan: its parent is gone".into(),
            Act::Remains { zombie: true } => "still a zombie at the end".into(),
            Act::Remains { zombie: false } => "did not end: killed by the grader".into(),
            Act::More(count) => format!("… and {count} more like this"),
        }
    }

    /// What a descriptor leads to.
    pub(crate) fn object(&self, object: &Object) -> String {
        match object {
            Object::Pipe(pipe, _) => self.pipe(*pipe),
            Object::File(path) => self.names.text(&Text::from(short_path(path)), SHOWN_BYTES),
            Object::Stdout => "stdout".into(),
            Object::Stderr => "stderr".into(),
            Object::Other(what) => what.clone(),
        }
    }

    fn pipe(&self, pipe: PipeId) -> String {
        if self.several_pipes { format!("pipe {}", pipe.0 + 1) } else { "pipe".into() }
    }

    fn write(&self, to: &Object, text: &Text, bytes: u64, times: usize) -> String {
        if text.0.is_empty() {
            return format!("into {}: {}", self.object(to), amount(bytes));
        }
        let line = text.0.strip_suffix(b"\n").unwrap_or(&text.0);
        let line = line.strip_prefix(b"\n").unwrap_or(line);
        let cut = bytes > SHOWN_BYTES as u64;
        let shown = self.names.text(&Text::from(line), if cut { SHOWN_OF_MANY } else { SHOWN_BYTES });
        let size = match (cut, times) {
            (true, 2..) => format!("{} in {times} writes: ", amount(bytes)),
            (true, _) => format!("{}: ", amount(bytes)),
            (false, _) => String::new(),
        };
        let dots = if cut { "…" } else { "" };
        let place = match to {
            Object::Stdout => String::new(),
            Object::Stderr => "stderr: ".into(),
            other => format!("into {}: ", self.object(other)),
        };
        // What a reader of lines would miss does not show between quotation marks.
        let open_line = *to == Object::Stdout && !cut && !text.0.ends_with(b"\n");
        let end = if open_line { " (no newline)" } else { "" };
        format!("{place}{size}\"{shown}{dots}\"{end}")
    }

    fn close(&self, closed: &[(Fd, Object)]) -> String {
        let one = |(fd, object): &(Fd, Object)| format!("{fd} ({})", self.end(object));
        format!("close {}", closed.iter().map(one).collect::<Vec<_>>().join(", "))
    }

    fn end(&self, object: &Object) -> String {
        let number = |pipe: &PipeId| {
            if self.several_pipes { format!(" of pipe {}", pipe.0 + 1) } else { String::new() }
        };
        match object {
            Object::Pipe(pipe, PipeEnd::Read) => format!("read end{}", number(pipe)),
            Object::Pipe(pipe, PipeEnd::Write) => format!("write end{}", number(pipe)),
            other => self.object(other),
        }
    }

    fn sleep(&self, sleep: &Sleep) -> String {
        match sleep {
            Sleep::Wait(Selector::Pid(pid)) => format!("waits for {}", self.names.pid(*pid)),
            Sleep::Wait(Selector::PidFd(fd)) => format!("waits for the child behind fd {fd}"),
            Sleep::Wait(Selector::Group(_)) => "waits for a child of a group".into(),
            Sleep::Wait(Selector::Any) => "waits for a child".into(),
            Sleep::Read(object) => format!("read sleeps: {} is empty", self.object(object)),
            Sleep::Write(object) => format!("write sleeps: {} is full", self.object(object)),
            Sleep::Clock => "sleeps".into(),
            Sleep::Call(call) => format!("sleeps in {call}"),
        }
    }
}

/// How a step looks.
pub(crate) fn ink(step: &Step) -> Ink {
    if step.injected {
        return Ink::Grader;
    }
    match &step.act {
        Act::Rots | Act::Unreaped | Act::Orphaned => Ink::Zombie,
        Act::Remains { .. } => Ink::Bad,
        Act::ForkFails { .. } | Act::ExecFails { .. } | Act::Ends { status: ExitStatus::Killed(_), .. } => {
            Ink::Bad
        }
        Act::Sleeps { .. } | Act::Wakes { .. } | Act::More(_) => Ink::Dim,
        Act::Closes(_) | Act::Dups { .. } | Act::Does(_) => Ink::Dim,
        _ => Ink::Plain,
    }
}

/// A number of bytes.
pub(crate) fn amount(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".into(),
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn error(errno: Errno) -> String {
    let meaning = match errno {
        Errno::EAGAIN => "no more processes now",
        Errno::ENOENT => "no such file",
        Errno::EACCES => "not allowed",
        Errno::EMFILE => "too many open files",
        Errno::EINTR => "interrupted by a signal",
        Errno::ECHILD => "no children",
        _ => return errno.to_string(),
    };
    format!("{errno}: {meaning}")
}

/// A path, without the folders if it is long.
fn short_path(path: &Text) -> &[u8] {
    if path.0.len() > 24 { path.file_name() } else { path.as_bytes() }
}

/// An argument vector as one would type it.
pub(crate) fn command(argv: &[Text]) -> String {
    let word = |argument: &Text| {
        let shown = Text::from(&argument.0[..argument.0.len().min(SHOWN_BYTES)]).to_string();
        let plain = !shown.is_empty() && !shown.contains([' ', '\\', '\'', '"', '$', ';', '&', '|']);
        if plain { shown } else { format!("'{shown}'") }
    };
    let shown = argv.iter().take(12).map(word).collect::<Vec<_>>().join(" ");
    if argv.len() > 12 { format!("{shown} … ({} arguments)", argv.len()) } else { shown }
}

/// What a run is called: its program without the folders, and the arguments.
pub(crate) fn program(argv: &[Text]) -> String {
    let mut argv = argv.to_vec();
    if let Some(program) = argv.first_mut() {
        *program = Text::from(program.file_name());
    }
    command(&argv)
}

//! One line of what `strace -f -o FILE` writes.

use super::args;
use grader_trace::{Errno, ExitStatus, Signal};

/// A line: who, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The task.
    pub pid: i32,
    /// What it did, or what happened to it.
    pub what: What<'a>,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'a> {
    /// `name(args) = answer`.
    Call { name: &'a str, args: &'a str, answer: Answer },
    /// `name(args <unfinished ...>`: the answer comes later.
    Begins { name: &'a str, args: &'a str },
    /// `<... name resumed>args) = answer`; `args` continue those of the beginning.
    Resumes { name: &'a str, args: &'a str, answer: Answer },
    /// `--- SIGCHLD {si_signo=17, …} ---`.
    Signal { info: &'a str },
    /// `--- stopped by SIGSTOP ---`.
    Stops(Signal),
    /// `+++ exited with 0 +++`, `+++ killed by SIGKILL +++`.
    Ends(ExitStatus),
    /// `+++ superseded by execve in pid N +++`.
    Superseded { by: i32 },
}

/// What a call answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A number.
    Value(u64),
    /// An error.
    Error(Errno),
    /// A signal came first; what becomes of the call is seen later.
    Interrupted,
    /// The task ended in it.
    Never,
}

/// Reads a line; `None` if it is none that strace 6 is known to write.
pub fn parse(line: &str) -> Option<Line<'_>> {
    let (pid, rest) = line.split_once(' ')?;
    Some(Line { pid: pid.parse().ok()?, what: what(rest.trim_start())? })
}

fn what(text: &str) -> Option<What<'_>> {
    if let Some(text) = framed(text, "+++ ", " +++") {
        return end(text);
    }
    if let Some(text) = framed(text, "--- ", " ---") {
        return match text.strip_prefix("stopped by ") {
            Some(name) => Some(What::Stops(signal(name)?)),
            None => Some(What::Signal { info: text.split_once(' ')?.1 }),
        };
    }
    if let Some(text) = text.strip_prefix("<... ") {
        let (name, rest) = text.split_once(" resumed>")?;
        let rest = rest.strip_prefix(" <unfinished ...>").unwrap_or(rest);
        let (args, answer) = returned(rest)?;
        return Some(What::Resumes { name, args, answer });
    }
    let (name, rest) = text.split_once('(')?;
    if let Some(args) = cut_short(rest) {
        return Some(What::Begins { name, args });
    }
    let (args, answer) = returned(rest)?;
    Some(What::Call { name, args, answer })
}

fn framed<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.strip_suffix(end)
}

/// `args <unfinished ...>`, or `args <pid changed to N ...>` where a thread calls exec.
fn cut_short(text: &str) -> Option<&str> {
    let (args, note) = text.strip_suffix("...>")?.rsplit_once('<')?;
    (note.starts_with("unfinished") || note.starts_with("pid changed")).then(|| args.trim_end())
}

fn end(text: &str) -> Option<What<'_>> {
    if let Some(code) = text.strip_prefix("exited with ") {
        return Some(What::Ends(ExitStatus::Exited(code.parse().ok()?)));
    }
    if let Some(name) = text.strip_prefix("killed by ") {
        let name = name.strip_suffix(" (core dumped)").unwrap_or(name);
        return Some(What::Ends(ExitStatus::Killed(signal(name)?)));
    }
    let by = text.strip_prefix("superseded by execve in pid ")?.parse().ok()?;
    Some(What::Superseded { by })
}

/// `args) = answer (what it means)`.
fn returned(text: &str) -> Option<(&str, Answer)> {
    let close = args::find(text, ')')?;
    let answer = text[close + 1..].trim_start().strip_prefix('=')?.trim();
    let mut words = answer.split(' ');
    let answer = match (words.next()?, words.next()) {
        ("?", Some(name)) if name.starts_with("ERESTART") => Answer::Interrupted,
        ("?", _) => Answer::Never,
        ("-1", Some(name)) => Answer::Error(errno(name)?),
        (value, _) => Answer::Value(args::number(value)?),
    };
    Some((&text[..close], answer))
}

fn errno(name: &str) -> Option<Errno> {
    const HIGHEST: i32 = 133;
    (1..=HIGHEST).map(Errno).find(|errno| errno.name() == Some(name))
}

/// A signal by its name. strace counts real-time signals from 32: `SIGRT_8` is 40.
pub fn signal(name: &str) -> Option<Signal> {
    const FIRST_REAL_TIME: i32 = 32;
    match name.strip_prefix("SIGRT") {
        Some("MIN") => Some(Signal(FIRST_REAL_TIME)),
        Some(rest) => Some(Signal(FIRST_REAL_TIME + rest.strip_prefix('_')?.parse::<i32>().ok()?)),
        None => (1..FIRST_REAL_TIME).map(Signal).find(|signal| signal.to_string() == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> What<'_> {
        let line = parse(line).expect("a line of strace");
        assert_eq!(line.pid, 12);
        line.what
    }

    #[test]
    fn a_call_has_a_name_arguments_and_an_answer() {
        let call = |name, args, answer| What::Call { name, args, answer };
        assert_eq!(parsed("12    dup2(4, 1)    = 1"), call("dup2", "4, 1", Answer::Value(1)));
        assert_eq!(
            parsed("12 close(-1)   = -1 EBADF (Bad file descriptor)"),
            call("close", "-1", Answer::Error(Errno::EBADF))
        );
        assert_eq!(
            parsed("12 read(3, 0x7ffe, 10) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)"),
            call("read", "3, 0x7ffe, 10", Answer::Interrupted)
        );
        assert_eq!(parsed("12 exit_group(0) = ?"), call("exit_group", "0", Answer::Never));
        let wait = "-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL";
        assert_eq!(parsed(&format!("12 wait4({wait}) = 13")), call("wait4", wait, Answer::Value(13)));
    }

    #[test]
    fn a_call_may_come_in_two_pieces() {
        assert_eq!(parsed("12 wait4(-1,  <unfinished ...>"), What::Begins { name: "wait4", args: "-1," });
        assert_eq!(
            parsed("12 <... wait4 resumed>NULL, 0, NULL) = 30959"),
            What::Resumes { name: "wait4", args: "NULL, 0, NULL", answer: Answer::Value(30959) }
        );
        assert_eq!(
            parsed("12 <... read resumed> <unfinished ...>) = ?"),
            What::Resumes { name: "read", args: "", answer: Answer::Never }
        );
    }

    #[test]
    fn what_happens_to_a_task_is_told_apart_from_what_it_does() {
        assert_eq!(parsed("12 +++ exited with 255 +++"), What::Ends(ExitStatus::Exited(255)));
        assert_eq!(
            parsed("12 +++ killed by SIGABRT (core dumped) +++"),
            What::Ends(ExitStatus::Killed(Signal(6)))
        );
        assert_eq!(parsed("12 +++ superseded by execve in pid 14 +++"), What::Superseded { by: 14 });
        assert_eq!(parsed("12 --- stopped by SIGSTOP ---"), What::Stops(Signal::STOP));
        assert_eq!(
            parsed("12 --- SIGRT_8 {si_signo=40, si_code=0} ---"),
            What::Signal { info: "{si_signo=40, si_code=0}" }
        );
        assert_eq!(signal("SIGRT_8"), Some(Signal(40)));
    }

    #[test]
    fn what_is_no_line_of_strace_is_refused() {
        for line in ["", "12", "strace: Process 12 attached", "12 close(3", "12 +++ vanished +++"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}

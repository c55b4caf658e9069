//! The lines that parent and child say, with the PIDs in them as numbers.
//!
//! What a process said is read from its own writes alone: two processes that write at the same time can
//! tear each other's lines on the terminal, in some schedules only.

use grader_trace::{Line, Stamp, TaskId, Text, Trace};
use std::fmt;

/// One of the texts that the statements ask for, or any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// `hello world (pid:P)`
    Greeting {
        /// P.
        pid: i64,
    },
    /// `hello, I am parent of C (pid:P)`, or `hello, I am parent of C (wc:W) (pid:P)`
    Parent {
        /// C.
        child: i64,
        /// W, where it is there.
        wc: Option<i64>,
        /// P.
        pid: i64,
    },
    /// `hello, I am child (pid:C)`
    Child {
        /// C.
        pid: i64,
    },
    /// `start: x=1 at 0x7ffd…`, and the same after `parent` and `child`
    Holds {
        /// Who says so.
        who: Who,
        /// The value.
        x: i64,
        /// Where it lies.
        address: u64,
    },
    /// Anything else.
    Other(Text),
}

/// Who says what `x` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The only process, before the fork.
    Start,
    /// The parent.
    Parent,
    /// The child.
    Child,
}

impl Who {
    const ALL: [Who; 3] = [Who::Start, Who::Parent, Who::Child];

    /// The word with which the line begins.
    pub fn word(self) -> &'static str {
        match self {
            Who::Start => "start",
            Who::Parent => "parent",
            Who::Child => "child",
        }
    }
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Saying::Greeting { pid } => write!(f, "hello world (pid:{pid})"),
            Saying::Parent { child, wc: None, pid } => write!(f, "hello, I am parent of {child} (pid:{pid})"),
            Saying::Parent { child, wc: Some(wc), pid } => {
                write!(f, "hello, I am parent of {child} (wc:{wc}) (pid:{pid})")
            }
            Saying::Child { pid } => write!(f, "hello, I am child (pid:{pid})"),
            Saying::Holds { who, x, address } => write!(f, "{}: x={x} at {address:#x}", who.word()),
            Saying::Other(text) => text.fmt(f),
        }
    }
}

/// Something that a process said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub saying: Saying,
    /// Whether its line has an end.
    pub ended: bool,
    /// The writes it came from, as indices into the trace's events.
    pub events: Vec<usize>,
    /// When the first of them began, and the last one ended.
    pub span: (Stamp, Stamp),
}

/// All that a process said on stdout, in order.
///
/// A text without a newline and the next one stand in one line; they are taken apart again.
pub fn said_by(trace: &Trace, process: TaskId) -> Vec<Said> {
    trace.lines_of(process).iter().flat_map(said_in).collect()
}

/// What stands in a line.
pub fn said_in(line: &Line) -> Vec<Said> {
    let mut found = Vec::new();
    let mut rest = line.text.as_bytes();
    loop {
        let (saying, after) = parse(rest);
        let last = after.is_empty();
        let ended = last && line.complete;
        found.push(Said { saying, ended, events: line.events.clone(), span: line.span });
        if last {
            return found;
        }
        rest = after;
    }
}

/// What a text begins with, and what follows it.
fn parse(text: &[u8]) -> (Saying, &[u8]) {
    match known(text) {
        Some(read) => read,
        None => (Saying::Other(Text::from(text)), &[]),
    }
}

fn known(text: &[u8]) -> Option<(Saying, &[u8])> {
    if let Some(rest) = text.strip_prefix(b"hello world ") {
        let (pid, rest) = labelled(rest, b"(pid:")?;
        Some((Saying::Greeting { pid }, rest))
    } else if let Some(rest) = text.strip_prefix(b"hello, I am child ") {
        let (pid, rest) = labelled(rest, b"(pid:")?;
        Some((Saying::Child { pid }, rest))
    } else if let Some(rest) = text.strip_prefix(b"hello, I am parent of ") {
        let (child, rest) = number(rest)?;
        let rest = rest.strip_prefix(b" ")?;
        let (wc, rest) = match labelled(rest, b"(wc:") {
            Some((wc, rest)) => (Some(wc), rest.strip_prefix(b" ")?),
            None => (None, rest),
        };
        let (pid, rest) = labelled(rest, b"(pid:")?;
        Some((Saying::Parent { child, wc, pid }, rest))
    } else {
        Who::ALL.into_iter().find_map(|who| holds(who, text))
    }
}

/// `child: x=2 at 0x7ffd…`
fn holds(who: Who, text: &[u8]) -> Option<(Saying, &[u8])> {
    let rest = text.strip_prefix(who.word().as_bytes())?.strip_prefix(b": x=")?;
    let (x, rest) = number(rest)?;
    let rest = rest.strip_prefix(b" at 0x")?;
    let mut length = rest.iter().take_while(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(c)).count();
    // Without a newline between the two, the first letter of "child" reads like a digit.
    if length > 0 && rest[length - 1..].starts_with(b"child: x=") {
        length -= 1;
    }
    let (digits, rest) = rest.split_at(length);
    let address = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (digits[0] != b'0' || length == 1).then_some((Saying::Holds { who, x, address }, rest))
}

/// `(pid:4711)` with the label `(pid:`.
fn labelled<'a>(text: &'a [u8], label: &[u8]) -> Option<(i64, &'a [u8])> {
    let (number, rest) = number(text.strip_prefix(label)?)?;
    Some((number, rest.strip_prefix(b")")?))
}

/// A number as printf's `%d` writes it.
fn number(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.iter().skip(usize::from(text.starts_with(b"-"))).take_while(|c| c.is_ascii_digit());
    let length = digits.count() + usize::from(text.starts_with(b"-"));
    let (number, rest) = text.split_at(length);
    let number: i64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    (number.to_string().len() == length).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::Builder;

    fn said(text: &str) -> Vec<Saying> {
        let mut run = Builder::new("fork");
        run.print(TaskId::ROOT, text);
        said_by(&run.finish(), TaskId::ROOT).into_iter().map(|said| said.saying).collect()
    }

    #[test]
    fn each_text_is_read_as_what_it_says_and_written_as_it_was() {
        for text in [
            "hello world (pid:7)",
            "hello, I am child (pid:7)",
            "hello, I am parent of -1 (pid:7)",
            "hello, I am parent of 8 (wc:8) (pid:7)",
            "start: x=1 at 0x7ffd0c",
            "parent: x=-1 at 0x0",
            "child: x=2 at 0xc",
        ] {
            let sayings = said(text);
            assert!(!matches!(sayings[0], Saying::Other(_)), "{text}");
            assert_eq!(sayings[0].to_string(), text);
        }
    }

    #[test]
    fn near_misses_are_something_else() {
        for text in [
            "Hello world (pid:7)",
            "hello world (pid: 7)",
            "hello world (pid:007)",
            "hello world (pid:)",
            "hello, I am parent of 8 (pid:7",
            "hello, I am parent of 8 (wc:8)(pid:7)",
            "child: x = 2 at 0xc",
            "child: x=2 at c",
            "child: x=2 at 0x",
            "child: x=2 at 0x0c",
            "parent: x=0 at 0xC",
            "grandchild: x=2 at 0xc",
        ] {
            assert!(matches!(said(text)[..], [Saying::Other(_)]), "{text}");
        }
    }

    #[test]
    fn a_greeting_without_a_newline_is_told_from_what_follows_it() {
        let mut run = Builder::new("fork");
        run.print(TaskId::ROOT, "hello world (pid:100)hello, I am child (pid:100)\n");
        let said = said_by(&run.finish(), TaskId::ROOT);
        assert_eq!(said[0].saying, Saying::Greeting { pid: 100 });
        assert_eq!(said[1].saying, Saying::Child { pid: 100 });
        assert_eq!((said[0].ended, said[1].ended), (false, true));
    }

    #[test]
    fn an_address_ends_where_the_next_text_begins() {
        let both = said("start: x=1 at 0xabchild: x=2 at 0xabc\n");
        let holds = |who, x, address| Saying::Holds { who, x, address };
        assert_eq!(both, [holds(Who::Start, 1, 0xab), holds(Who::Child, 2, 0xabc)]);
    }
}

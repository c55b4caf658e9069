//! What the run printed, in pieces and in lines, with who wrote each.

use super::descriptors::Tables;
use crate::model::event::{Object, Trace};
use crate::model::ids::{Stamp, TaskId, Text};
use crate::model::operation::{Operation, Outcome};

/// What one write put on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Who wrote it.
    pub task: TaskId,
    /// The index of the write among the trace's events.
    pub event: usize,
    /// What, as far as it was recorded.
    pub data: Text,
    /// When the write began and ended.
    pub span: (Stamp, Stamp),
}

/// A line of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line without its end.
    pub text: Text,
    /// Whether its end was written.
    pub complete: bool,
    /// Who wrote it: usually one task; several if their writes met in one line.
    pub writers: Vec<TaskId>,
    /// The writes it came from, as indices into the trace's events.
    pub events: Vec<usize>,
    /// When its first write began, and its last one ended.
    pub span: (Stamp, Stamp),
}

impl Line {
    /// The one task that wrote all of it.
    pub fn writer(&self) -> Option<TaskId> {
        match self.writers[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// The pieces that went to `stream` ([`Object::Stdout`] or [`Object::Stderr`]), in the order in which they arrived.
pub fn pieces(trace: &Trace, stream: &Object) -> Vec<Piece> {
    let mut found = Vec::new();
    Tables::walk(trace, |event, tables| {
        let Operation::Write { fd, data, result: Outcome::Done(taken), .. } = &event.op else { return };
        let leads_here = tables.get(event.task, *fd).is_some_and(|ofd| ofd.object == *stream);
        if leads_here && *taken > 0 {
            let recorded = data.0.len().min(usize::try_from(*taken).unwrap_or(usize::MAX));
            let index = trace.events().partition_point(|other| other.begin < event.begin);
            found.push(Piece {
                task: event.task,
                event: index,
                data: Text(data.0[..recorded].to_vec()),
                span: (event.begin, event.effect()),
            });
        }
    });
    found
}

/// Pieces put together and cut at line ends.
pub fn lines(pieces: &[Piece]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        for part in piece.data.0.split_inclusive(|byte| *byte == b'\n') {
            let (text, complete) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            match lines.last_mut() {
                Some(open) if !open.complete => {
                    open.text.0.extend_from_slice(text);
                    open.complete = complete;
                    open.span.1 = piece.span.1;
                    if !open.writers.contains(&piece.task) {
                        open.writers.push(piece.task);
                    }
                    if !open.events.contains(&piece.event) {
                        open.events.push(piece.event);
                    }
                }
                _ => lines.push(Line {
                    text: Text::from(text),
                    complete,
                    writers: vec![piece.task],
                    events: vec![piece.event],
                    span: piece.span,
                }),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;

    #[test]
    fn a_line_knows_all_who_wrote_it() {
        let mut run = Builder::new("fork");
        let child = run.fork(TaskId::ROOT);
        run.print(TaskId::ROOT, "hello, ");
        run.print(child, "world\nbye");
        let trace = run.finish();
        let lines = lines(&pieces(&trace, &Object::Stdout));
        assert_eq!(lines[0].text, Text::from("hello, world"));
        assert_eq!(lines[0].writers, [TaskId::ROOT, child]);
        assert_eq!((lines[1].text.as_str(), lines[1].complete), (Some("bye"), false));
        assert_eq!(lines[1].writer(), Some(child));
    }

    #[test]
    fn what_goes_into_a_pipe_is_not_output() {
        let mut run = Builder::new("pipe");
        let (_, write) = run.pipe(TaskId::ROOT, false);
        run.write(TaskId::ROOT, write, "hidden\n");
        assert!(pieces(&run.finish(), &Object::Stdout).is_empty());
    }
}

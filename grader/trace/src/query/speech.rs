//! What was written to stdout and stderr, and by whom.

use crate::model::event::{Object, Trace};
use crate::model::ids::TaskId;
use crate::view::output::{self, Line, Piece};

impl Trace {
    /// What went to standard output, in the order of arrival.
    pub fn pieces(&self) -> Vec<Piece> {
        output::pieces(self, &Object::Stdout)
    }

    /// The lines of standard output.
    pub fn lines(&self) -> Vec<Line> {
        output::lines(&self.pieces())
    }

    /// The lines of standard error.
    pub fn error_lines(&self) -> Vec<Line> {
        output::lines(&self.error_pieces())
    }

    /// The lines of standard output that one process wrote, as they would read without the others.
    ///
    /// Two processes that write at the same time can tear each other's lines, and do so in some
    /// schedules only. What each of them *said* is the same in all.
    ///
    /// ```
    /// use grader_trace::{Builder, TaskId};
    ///
    /// let mut run = Builder::new("fork");
    /// let child = run.fork(TaskId::ROOT);
    /// run.print(TaskId::ROOT, "hello, I am ");
    /// run.print(child, "hello, I am child\n");
    /// run.print(TaskId::ROOT, "parent\n");
    /// let trace = run.finish();
    /// assert_eq!(trace.lines_of(TaskId::ROOT)[0].text.as_str(), Some("hello, I am parent"));
    /// ```
    pub fn lines_of(&self, process: TaskId) -> Vec<Line> {
        let mut pieces = self.pieces();
        pieces.retain(|piece| self.process_of(piece.task) == process);
        output::lines(&pieces)
    }

    /// The lines of standard error that one process wrote, as they would read without the others.
    pub fn error_lines_of(&self, process: TaskId) -> Vec<Line> {
        let mut pieces = self.error_pieces();
        pieces.retain(|piece| self.process_of(piece.task) == process);
        output::lines(&pieces)
    }

    /// What went to standard error, in the order of arrival.
    pub fn error_pieces(&self) -> Vec<Piece> {
        output::pieces(self, &Object::Stderr)
    }
}

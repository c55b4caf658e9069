//! The file format: JSON Lines, `grader/trace/v1`.
//!
//! The first line is the [`Header`] with the schema's name, then one line an
//! [`Event`], then a line that tells how the run ended and how many events there
//! are. A file without that last line is cut short, and is refused as such.
//!
//! What a line can be is in `grader/schema/trace-v1.json`, generated from the types.

use crate::model::event::{Ending, Event, Header, Trace};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, BufRead, Write};

#[cfg(test)]
pub(crate) mod schema;

/// The name and version of the format.
pub const SCHEMA: &str = "grader/trace/v1";

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct First {
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: String,
    #[serde(flatten)]
    header: Header,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Last {
    ending: Ending,
    events: usize,
}

/// Why a file is not a trace.
#[derive(Debug)]
pub enum ReadError {
    /// It could not be read.
    Io(io::Error),
    /// Its first line is not a header of this format and version.
    NotATrace {
        /// What is wrong with it.
        reason: String,
    },
    /// A line in the middle is damaged.
    BadLine {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It ends too early.
    Truncated {
        /// Whole events before the cut.
        events: usize,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => write!(f, "cannot read it: {error}"),
            ReadError::NotATrace { reason } => write!(f, "it is not a trace file ({SCHEMA}): {reason}"),
            ReadError::BadLine { line, reason } => write!(f, "line {line} is damaged: {reason}"),
            ReadError::Truncated { events } => {
                write!(f, "it is cut short: {events} whole events, and no closing line")
            }
        }
    }
}

impl std::error::Error for ReadError {}

/// Writes `trace` in this format.
pub fn write(trace: &Trace, to: &mut impl Write) -> io::Result<()> {
    line(to, &First { schema: SCHEMA.into(), header: trace.header().clone() })?;
    trace.events().iter().try_for_each(|event| line(to, event))?;
    line(to, &Last { ending: trace.ending().clone(), events: trace.events().len() })
}

fn line(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"\n")
}

/// Reads a trace in this format.
pub fn read(from: impl BufRead) -> Result<Trace, ReadError> {
    let mut lines = from.split(b'\n').map(|line| line.map_err(ReadError::Io));
    let first = lines.next().transpose()?.unwrap_or_default();
    let First { schema, header } =
        serde_json::from_slice(&first).map_err(|error| ReadError::NotATrace { reason: error.to_string() })?;
    if schema != SCHEMA {
        return Err(ReadError::NotATrace { reason: format!("its format is {schema:?}") });
    }
    let mut events: Vec<Event> = Vec::new();
    while let Some(line) = lines.next().transpose()? {
        if let Ok(last) = serde_json::from_slice::<Last>(&line) {
            if last.events != events.len() {
                return Err(ReadError::Truncated { events: events.len() });
            }
            return Ok(Trace::new(header, events, last.ending));
        }
        match serde_json::from_slice(&line) {
            Ok(event) => events.push(event),
            Err(error) if error.is_eof() => return Err(ReadError::Truncated { events: events.len() }),
            Err(error) => {
                return Err(ReadError::BadLine { line: events.len() + 2, reason: error.to_string() });
            }
        }
    }
    Err(ReadError::Truncated { events: events.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, TaskId};

    fn sample() -> Trace {
        let mut run = Builder::new("wait");
        let child = run.fork(TaskId::ROOT);
        run.pipe(child, true);
        run.print(child, "a \"line\" with \u{1b} in it\n");
        run.wait_nohang(TaskId::ROOT);
        run.exit(child, 3);
        run.wait(TaskId::ROOT, child);
        run.exit(TaskId::ROOT, 0);
        run.finish()
    }

    fn written(trace: &Trace) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(trace, &mut bytes).expect("a vector takes everything");
        bytes
    }

    #[test]
    fn what_is_written_is_read_back() {
        let trace = sample();
        let back = read(&written(&trace)[..]).expect("its own format");
        assert_eq!(back.events(), trace.events());
        assert_eq!(back.header(), trace.header());
        assert_eq!(back.ending(), trace.ending());
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_without_a_panic() {
        let bytes = written(&sample());
        for length in 0..bytes.len() - 1 {
            assert!(read(&bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn another_version_is_not_read_as_this_one() {
        let text = String::from_utf8(written(&sample())).expect("JSON").replace("trace/v1", "trace/v9");
        assert!(matches!(read(text.as_bytes()), Err(ReadError::NotATrace { .. })));
    }
}

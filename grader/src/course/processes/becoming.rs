//! What a process became: the program that it really runs after its execs, and with which arguments.
//!
//! exec through PATH tries one folder after the other, so failed tries before a success are normal. A
//! program may be named by a descriptor (`fexecve`): then it is the file behind that descriptor.

use super::ending::came_to_an_end;
use crate::course::naming::{in_words, role};
use crate::course::{Finding, Objection};
use grader_trace::{Exec, Fd, Object, Stamp, Tables, Task, Text, Trace};

/// The exec with which a process became its last program, an index into the trace's events with it.
#[derive(Debug, Clone, Copy)]
pub struct Became<'a> {
    /// The event's index.
    pub event: usize,
    /// The exec.
    pub exec: &'a Exec,
    /// When the old program was gone.
    pub moment: Stamp,
}

/// The process became `program` by its own exec, and nothing else before it but its own program again.
pub fn became<'a>(trace: &'a Trace, task: &Task, program: &str) -> Result<Became<'a>, Objection> {
    let who = role(trace, task.id);
    let expected = format!("{who} itself becomes {program} by exec");
    let fails = |observed: String, events: Vec<usize>| {
        Err(Objection::Fails(Finding::new(&expected, observed).at(events)))
    };
    let programs = trace.programs(task.id);
    let strangers: Vec<_> = programs
        .iter()
        .filter(|(event, _)| !names(trace, *event, program) && !is_itself(trace, *event))
        .collect();
    match (programs.last(), strangers.first()) {
        (_, Some((event, exec))) => {
            let then = match programs.last() {
                Some((last, _)) if names(trace, *last, program) => format!(", and that ran {program}"),
                _ => String::new(),
            };
            fails(format!("{who} became {} ({}){then}", exec.path, words(&exec.argv)), vec![*event])
        }
        (Some((event, exec)), None) if names(trace, *event, program) => {
            Ok(Became { event: *event, exec, moment: trace.events()[*event].effect() })
        }
        _ => {
            came_to_an_end(task)?;
            let (observed, events) = never(trace, task, &who);
            fails(observed, events)
        }
    }
}

/// What a process did that became nothing.
fn never(trace: &Trace, task: &Task, who: &str) -> (String, Vec<usize>) {
    let end = task.end.map_or(String::new(), |(_, status)| format!("; it ended with {}", in_words(status)));
    match trace.execs(task.id).last() {
        Some((event, exec)) => {
            let answer =
                exec.result.error().map_or("did not return".into(), |errno| format!("answered {errno}"));
            (format!("exec of \"{}\" {answer}{end}", exec.path), vec![*event])
        }
        None => {
            let last = trace.events_of(task.id).map(|(event, _)| event).last();
            (format!("{who} made no exec call{end}"), last.into_iter().collect())
        }
    }
}

/// Whether an exec started a file of this name.
fn names(trace: &Trace, event: usize, program: &str) -> bool {
    file_of(trace, event).is_some_and(|file| file.file_name() == program.as_bytes())
}

/// Whether an exec started the program that is graded once more.
fn is_itself(trace: &Trace, event: usize) -> bool {
    let own = trace.header().program.file_name();
    file_of(trace, event).is_some_and(|file| file.file_name() == own || file.as_bytes() == b"/proc/self/exe")
}

/// The file that an exec started: by its path, or by the descriptor that the path stands for.
fn file_of(trace: &Trace, event: usize) -> Option<Text> {
    let happened = &trace.events()[event];
    let grader_trace::Operation::Exec(exec) = &happened.op else { return None };
    let path = exec.path.as_str().unwrap_or_default();
    let tables = Tables::at(trace, happened.begin);
    let behind = |fd: Fd| match tables.get(happened.task, fd).map(|ofd| &ofd.object) {
        Some(Object::File(file)) => Some(file.clone()),
        _ => None,
    };
    if path.is_empty() {
        // execveat with an empty path: which descriptor it names is not recorded; what the vector says
        // is, and some open file has to bear it out.
        let name = exec.argv.first()?.file_name();
        let table = tables.table(happened.task)?;
        return table.keys().filter_map(|fd| behind(*fd)).find(|file| file.file_name() == name);
    }
    let number = ["/proc/self/fd/", "/dev/fd/"].iter().find_map(|folder| path.strip_prefix(folder));
    match number.and_then(|number| number.parse().ok()) {
        Some(fd) => behind(Fd(fd)),
        None => Some(exec.path.clone()),
    }
}

/// The vector is exactly these words.
pub fn with_argv(became: &Became, wanted: &[&str], who: &str) -> Result<String, Finding> {
    let wanted: Vec<Text> = wanted.iter().map(Text::from).collect();
    if became.exec.argv == wanted {
        return Ok(format!("{who} called exec with {}", words(&wanted)));
    }
    Err(Finding::new(
        format!("{who} calls exec with the vector {}", words(&wanted)),
        format!("the vector was {}", words(&became.exec.argv)),
    )
    .at([became.event]))
}

/// `"wc", "lines.txt"`
fn words(argv: &[Text]) -> String {
    const SHOWN: usize = 8;
    if argv.is_empty() {
        return "empty".into();
    }
    let mut words: Vec<String> = argv.iter().take(SHOWN).map(|word| format!("\"{word}\"")).collect();
    if argv.len() > SHOWN {
        words.push("…".into());
    }
    words.join(", ")
}

/// Whether a program other than the graded one runs in the process at that moment.
pub fn another_program(trace: &Trace, task: &Task) -> Option<Stamp> {
    let strangers = trace.programs(task.id).into_iter().find(|(event, _)| !is_itself(trace, *event));
    strangers.map(|(event, _)| trace.events()[event].effect())
}

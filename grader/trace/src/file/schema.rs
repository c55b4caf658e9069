//! The published schema of a line of a trace file, kept up to date by a test.

use super::{First, Last, write};
use crate::model::event::Event;
use crate::{
    Access, Builder, Change, CloneFlags, Disposition, Ending, Errno, ExitStatus, Fd, FutexOp, Given, News,
    Object, OpenFlags, Operation, Outcome, Pid, PipeEnd, PipeId, Sender, Signal, Site, TaskId, Trace,
};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/trace-v1.json");

/// A line of a trace file (`grader/trace/v1`): the header, an event, or the end.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum AnyLine {
    First(First),
    Event(Box<Event>),
    Last(Last),
}

fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<AnyLine>().to_value();
    schema["$id"] = "grader/trace/v1".into();
    schema
}

/// An operation without details stands among the fields of its event as a key without a value, not as
/// the bare name that an enum alone would be.
pub(crate) fn bare_names_as_keys(operation: &mut Schema) {
    let variants = operation.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten();
    for variant in variants {
        if let Some(name) = variant["const"].as_str().map(str::to_owned) {
            let description = variant["description"].clone();
            *variant = json!({
                "type": "object",
                "description": description,
                "properties": { &name: { "type": "null" } },
                "required": [name],
            });
        }
    }
}

fn lines(trace: &Trace) -> Vec<Value> {
    let mut bytes = Vec::new();
    write(trace, &mut bytes).expect("a vector takes everything");
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is a document")).collect()
}

/// A run with as many kinds of events as there are.
fn varied() -> Trace {
    let mut run = Builder::new("every\u{1b}thing");
    let root = TaskId::ROOT;
    let (read, write) = run.pipe(root, true);
    let child = run.fork(root);
    run.clone_with(child, "clone3", CloneFlags(CloneFlags::THREAD | CloneFlags::VM));
    run.fork_fails(root, Errno::EAGAIN);
    let stack = run.map(root, 8192, Access::READ_WRITE);
    run.protect(root, stack, 4096, Access::NONE);
    let given = Given { stack: stack + 8192, parent_word: 0, child_word: stack, thread_pointer: 0 };
    run.clone_given(root, CloneFlags(CloneFlags::VM), given);
    let begin = run.now();
    run.futex_since(begin, root, FutexOp::WAIT, stack, Outcome::Failed(Errno::EAGAIN));
    run.unmap(root, stack, 8192);
    run.dup2(child, write, Fd(1));
    run.close(child, read);
    run.open(child, "/tmp/x", OpenFlags::CREAT | 1, 0o644);
    run.exec(child, "/bin/true", &["true"]);
    run.exec_answers(child, "/bin/false", &["false", ""], Outcome::Failed(Errno::ENOENT));
    run.print(child, "text\n");
    run.read(child, read, 0);
    let more = [
        Operation::CloseRange { first: 3, last: u32::MAX, mark_only: false, result: Outcome::Done(()) },
        Operation::SetCloexec { fd: Fd(3), cloexec: true, result: Outcome::Failed(Errno::EBADF) },
        Operation::SocketPair { cloexec: false, result: Outcome::Done((Fd(8), Fd(9))) },
        Operation::NewDescriptor { call: "pidfd_open".into(), cloexec: true, result: Outcome::Done(Fd(7)) },
        Operation::Sleep { result: Outcome::Unfinished },
        Operation::Await { call: "poll".into(), timed: true, result: Outcome::Done(1) },
        Operation::Access { at: 64, length: 4, reads: true, writes: true, before: Some(1), after: Some(2) },
        Operation::Access { at: 64, length: 16, reads: true, writes: false, before: None, after: None },
        Operation::Disposition {
            signal: Signal::CHLD,
            action: Disposition::Ignore,
            flags: 2,
            result: Outcome::Done(()),
        },
        Operation::Kill { target: Pid(-1), signal: Signal::KILL, result: Outcome::Failed(Errno::EPERM) },
        Operation::Signal { signal: Signal(40), sender: Sender::Process(Pid(100)) },
        Operation::Signal { signal: Signal::STOP, sender: Sender::Kernel },
        Operation::Stop(Signal::STOP),
        Operation::Continue,
        Operation::Call { call: "setsid".into(), args: [0; 6], result: Outcome::Done(101) },
        Operation::Fault { address: 0x1000 },
        Operation::ThreadPointer { value: 0x2000, first: Some(0x2000) },
        Operation::Exit(ExitStatus::Killed(Signal::KILL)),
    ];
    for op in more {
        run.event(child, op);
    }
    for change in [Change::Stopped(Signal::STOP), Change::Continued] {
        let news = News { pid: Pid(101), task: Some(child), change };
        run.wait_answers(root, false, Outcome::Done(Some(news)));
    }
    run.wait_nohang(root);
    run.wait(root, child);
    let site = Site { file: "src/main.rs".into(), line: 3, function: "main".into() };
    run.event(root, Operation::Exit(ExitStatus::Exited(0))).site = Some(site);
    let trace = run.end(Ending::LeftBehind);
    let mut header = trace.header().clone();
    header.terminal = Some("/dev/pts/7".into());
    header.descriptors.push((Fd(7), Object::Pipe(PipeId(0), PipeEnd::Read)));
    header.descriptors.push((Fd(8), Object::Other("socket".into())));
    Trace::new(header, trace.events().to_vec(), trace.ending().clone())
}

#[test]
fn the_stored_schema_is_what_the_types_say() {
    let generated = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(STORED, &generated).expect("the schema can be written");
    }
    let stored = std::fs::read_to_string(STORED).unwrap_or_default();
    assert_eq!(
        stored, generated,
        "{STORED} is not what the types say; if the change is meant, run\n\
         UPDATE_SCHEMA=1 cargo test -p grader-trace the_stored_schema"
    );
}

#[test]
fn every_line_of_a_trace_file_is_valid() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
    for line in lines(&varied()) {
        let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{line}");
    }
}

#[test]
fn a_damaged_line_is_not_valid() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
    let good = lines(&varied());
    assert!(good.len() > 20);
    let other_version = good[0].to_string().replace("trace/v1", "trace/v2");
    let no_task = good[1].to_string().replace("\"task\"", "\"tusk\"");
    for bad in [other_version, no_task, "{}".into(), "[]".into()] {
        let bad: Value = serde_json::from_str(&bad).expect("still JSON");
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}

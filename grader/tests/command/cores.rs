//! What is judged on all processors at once is judged as on one.

use crate::place::Place;
use crate::programs::{command, specimen_file};
use serde_json::{Map, Value};
use std::process::Command;

/// What a command writes, and what the same command writes on one processor.
fn both(command: &dyn Fn() -> Command) -> [Vec<u8>; 2] {
    let everywhere = command();
    let mut on_one = Command::new("taskset");
    on_one.args(["-c", "0"]).arg(everywhere.get_program()).args(everywhere.get_args());
    on_one.envs(everywhere.get_envs().filter_map(|(name, value)| Some((name, value?))));
    everywhere.get_current_dir().map(|folder| on_one.current_dir(folder));
    [everywhere, on_one].map(|mut command| command.output().expect("the grader starts").stdout)
}

/// Without texts that may hold a PID, which is another one in every run, and without the number of processors.
fn lasting(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains(|c: char| c.is_ascii_digit()) => Value::Null,
        Value::Array(list) => list.into_iter().map(lasting).collect(),
        Value::Object(object) => {
            let kept = object.into_iter().filter(|(name, _)| name != "processors");
            Value::Object(kept.map(|(name, value)| (name, lasting(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[test]
fn a_program_is_explored_on_one_processor_as_on_all() {
    let cases: [&[&str]; 4] =
        [&["fork_and_write", "4"], &["waits_for_any", "3"], &["looks_once"], &["fork_fails_badly"]];
    for mode in cases {
        let program: Vec<&str> = [specimen_file()].iter().chain(mode).copied().collect();
        let [all, one] = both(&|| command(&["explore", "--json", "--faults"], &program));
        assert!(!all.is_empty());
        assert_eq!(String::from_utf8_lossy(&all), String::from_utf8_lossy(&one), "{mode:?}");
    }
}

#[test]
fn the_course_is_checked_on_one_processor_as_on_all() {
    let place = Place::new();
    for what in [&["--solutions"][..], &[]] {
        let arguments = [&["check", "--all", "--format", "json"], what].concat();
        let [all, one] = both(&|| place.grader(&arguments)).map(|text| {
            let report: Value = serde_json::from_slice(&text).expect("a report");
            lasting(report)
        });
        assert!(all["exercises"].as_array().is_some_and(|exercises| exercises.len() > 1), "{all:#}");
        assert_eq!(all, one, "{what:?}");
    }
}

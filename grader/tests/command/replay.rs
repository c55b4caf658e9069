//! One schedule again: exactly that one, or a clear word on why not.

use crate::programs::{Answer, specimen};
use serde_json::Value;
use std::fs;

/// What the tracer wrote down of a replay: an event a line.
fn events(schedule: &str, mode: &[&str]) -> Vec<Value> {
    let answer = specimen(&["replay", "--json", schedule], mode);
    assert_eq!(answer.status, 0, "{}", answer.complaints);
    answer.text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Who wrote something, in the order in which it came.
fn writers(schedule: &str) -> Vec<u64> {
    let events = events(schedule, &["looks_once"]);
    let writes = events.iter().filter(|event| event["write"]["fd"] == 1);
    writes.map(|event| event["task"].as_u64().expect("a number")).collect()
}

#[test]
fn a_schedule_decides_who_comes_first() {
    assert_eq!(writers("0 0.0*2 0*3"), [1, 0]);
    assert_eq!(writers("0*4 0.0*2"), [0, 1]);
}

#[test]
fn a_schedule_may_come_from_a_file() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), "0*4\n0.0*2\n").expect("writable");
    assert_eq!(writers(file.path().to_str().expect("a name")), [0, 1]);
}

#[test]
fn it_is_drawn_like_any_run() {
    let answer = specimen(&["replay", "0*4 0.0*2"], &["looks_once"]);
    for words in ["Tasks\n", "What happened\n", "├─ fork ", "orphan: its parent is gone", "2 processes"] {
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
}

#[test]
fn a_deadlock_is_drawn_up_to_where_everybody_waits_and_ends_then() {
    let answer = specimen(&["replay", "0*2"], &["reads_its_own_pipe"]);
    assert_eq!(answer.status, 0);
    assert!(answer.text.contains("never woke up"), "{}", answer.text);
    assert!(answer.text.contains("its end comes only when the last write end"), "{}", answer.text);
    assert!(answer.complaints.contains("every process waited for another one"), "{}", answer.complaints);
}

#[test]
fn a_call_fails_where_the_schedule_says_so() {
    let events = events("0 0:error11", &["fork_fails_badly"]);
    assert!(events.iter().any(|event| event["fork"]["child"]["failed"] == 11), "{events:#?}");
}

#[test]
fn what_does_not_fit_is_told_in_one_message() {
    type Case = (&'static str, &'static [&'static str], i32, &'static str);
    let cases: [Case; 9] = [
        (
            "0*9",
            &["looks_once"],
            3,
            "after 4 of its 9 steps, 0 was to be next, but cannot go on now; 0.0 could",
        ),
        ("0 0.5", &["looks_once"], 3, "after 1 of its 2 steps, 0.5 was to be next"),
        ("0 0.0", &["looks_once"], 3, "after 2 of its 2 steps, the schedule is over, the program is not"),
        ("", &["looks_once"], 3, "the schedule is over, the program is not"),
        ("0*2", &["beyond", "shared_memory"], 3, "cannot be replayed: it shares memory"),
        ("0:nap", &["looks_once"], 2, "\"0:nap\": nothing of this name happens to a task"),
        ("0*1000001", &["looks_once"], 2, "\"0*1000001\": so often is nothing done"),
        ("nowhere", &["looks_once"], 2, "nor is there a file of this name"),
        ("/dev/null", &["looks_once"], 2, "/dev/null is a device, not a file: it holds no schedule"),
    ];
    for (schedule, mode, status, words) in cases {
        let Answer { text, complaints, status: ended } = specimen(&["replay", schedule], mode);
        assert_eq!(ended, status, "{schedule}: {complaints}");
        assert!(complaints.contains(words) && complaints.lines().count() == 1, "{schedule}: {complaints}");
        assert_eq!(text, "", "{schedule}");
    }
}

//! Every execution finds the same world, and what could not be explored does not hide what was.

use crate::programs::{Answer, command, specimen_file};
use grader::course::Scenario;
use grader::run::{Job, Proof, prove};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What a grader that is called in this folder answers.
fn within(folder: &Path, arguments: &[&str], program: &[&str]) -> Answer {
    let output = command(arguments, program).current_dir(folder).output().expect("the grader starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Answer {
        text: text(output.stdout),
        complaints: text(output.stderr),
        status: output.status.code().expect("an exit status"),
    }
}

fn explored(folder: &Path, program: &[&str]) -> Value {
    let answer = within(folder, &["explore", "--json"], program);
    assert_eq!(answer.complaints, "");
    serde_json::from_str(&answer.text).expect("it is JSON")
}

#[test]
fn a_file_that_one_execution_creates_is_not_there_in_the_next() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let found = explored(folder.path(), &[specimen_file(), "race_to_create", "lock"]);
    assert_eq!((&found["complete"], &found["distinct_outputs"]), (&json!(true), &json!("4")), "{found:#}");
    assert_eq!(
        found["outputs"],
        json!(["a first\nb late\n", "a late\nb first\n", "b first\na late\n", "b late\na first\n"])
    );
    assert!(!folder.path().join("lock").exists(), "the caller's folder stays as it is");
}

#[test]
fn what_is_changed_elsewhere_is_noticed_and_the_first_execution_still_counts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elsewhere = tempfile::tempdir_in("/var/tmp").expect("a temporary folder");
    let path = elsewhere.path().canonicalize().expect("there").join("lock");
    let path = path.to_str().expect("a name in UTF-8");
    let found = explored(folder.path(), &[specimen_file(), "race_to_create", path]);
    assert_eq!((&found["complete"], &found["executions"]), (&json!(false), &json!(1)), "{found:#}");
    assert!(
        found["why"].as_str().is_some_and(|why| why.contains(path) && why.contains("next execution")),
        "{found:#}"
    );
    assert_eq!(found["distinct_outputs_exact"], false);
}

#[test]
fn a_link_that_is_made_elsewhere_is_noticed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elsewhere = tempfile::tempdir_in("/var/tmp").expect("a temporary folder");
    let path = elsewhere.path().join("link");
    let path = path.to_str().expect("a name in UTF-8");
    let found = explored(folder.path(), &["ln", "-s", "anything", path]);
    assert!(found["why"].as_str().is_some_and(|why| why.contains(path)), "{found:#}");
}

#[test]
fn the_callers_files_are_there_under_their_names_and_are_not_changed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("writable");
    fs::write(inner.join("in"), "one\n").expect("writable");
    fs::write(folder.path().join("above"), "two\n").expect("writable");
    fs::write(folder.path().join("script"), "#!/bin/sh\ncat in ../above\necho three >in\n")
        .expect("writable");
    let found = explored(&inner, &["sh", "../script", "../above"]);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(["one\ntwo\n"])), "{found:#}");
    assert_eq!(fs::read_to_string(inner.join("in")).expect("still there"), "one\n");
}

#[test]
fn what_was_found_before_something_without_a_model_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = [specimen_file(), "waits_or_goes_beyond"];
    let found = explored(folder.path(), &program);
    assert_eq!((&found["complete"], &found["executions"]), (&json!(false), &json!(1)), "{found:#}");
    assert!(found["why"].as_str().is_some_and(|why| why.contains("setsid")), "{found:#}");
    let schedule = found["deadlocks"][0]["schedule"].as_str().expect("a schedule");
    let again = within(folder.path(), &["replay", schedule], &program);
    assert!(again.text.contains("never woke up"), "{}", again.text);
    let page = within(folder.path(), &["explore"], &program);
    assert_eq!(page.status, 3, "a claim about every schedule was asked for");
    let said = "can wait for ever; no claim about every schedule";
    assert!(page.text.starts_with('✗') && page.text.contains(said), "{}", page.text);
}

#[test]
fn whoever_asks_again_and_again_is_answered_once_the_others_have_moved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let found = explored(folder.path(), &[specimen_file(), "asks_in_a_loop"]);
    assert_eq!((&found["complete"], &found["executions"]), (&json!(false), &json!(1)), "{found:#}");
    assert!(
        found["why"].as_str().is_some_and(|why| why.contains("10000 steps, the last of them by ‹0›")),
        "{found:#}"
    );
    assert_eq!(found["outputs"], json!(["done\n"]));
}

/// What it comes to in one schedule says nothing about the next, and no proof rests on it.
#[test]
fn a_program_that_changes_files_elsewhere_is_not_proved_in_every_schedule() {
    let elsewhere = tempfile::tempdir_in("/var/tmp").expect("a temporary folder");
    let outside = elsewhere.path().join("lock");
    let exercise = grader::course::find("fork").expect("an exercise");
    let proof = |path: &str| {
        let args = vec!["race_to_create".into(), path.into()];
        let scenario = Scenario { args, ..(exercise.scenarios)().remove(0) };
        let (watch, scenarios) = (exercise.watch, vec![scenario.clone()]);
        let job =
            Job { program: specimen_file().into(), watch, order_counts: false, lines: false, scenarios };
        prove(&job, &scenario, &|_| true).expect("it runs")
    };
    assert!(matches!(proof("lock"), Proof::Always { .. }));
    let elsewhere = proof(outside.to_str().expect("a name in UTF-8"));
    assert!(matches!(&elsewhere, Proof::Unknown(why) if why.contains("next one")), "{elsewhere:?}");
}

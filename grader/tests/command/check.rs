//! `grader check`, and `grader` alone: verdicts, exit statuses, reports, and when cargo can be left out.

use crate::place::{Place, exercises, folder};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

fn run(mut command: Command) -> Output {
    command.output().expect("the grader starts")
}

fn report(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}; {said}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text_of_note(report: &Value, index: usize) -> &str {
    text(&report["exercises"][index]["note"])
}

/// The verdict on each exercise, in the order of the report.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let exercises = report["exercises"].as_array().expect("a list");
    exercises.iter().map(|exercise| (text(&exercise["id"]), text(&exercise["verdict"]))).collect()
}

/// All exercises with this verdict.
fn all(verdict: &'static str) -> Vec<(&'static str, &'static str)> {
    exercises().into_iter().map(|id| (id, verdict)).collect()
}

#[test]
fn every_solution_passes_with_all_points() {
    let place = Place::new();
    let output = run(place.grader(&["check", "--all", "--solutions", "--format", "json"]));
    let report = report(&output);
    assert_eq!(verdicts(&report), all("passed"));
    let schema =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report-v1.json")).expect("a schema");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a schema");
    assert!(schema.is_valid(&report), "{report:#}");
    assert_eq!(report["summary"]["passed"], exercises().len());
    assert_eq!(report["summary"]["points"]["earned"], report["summary"]["points"]["max"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!place.path(".forklings/progress.json").exists(), "solutions are not the learner's progress");
}

/// The check with this id, of the first exercise.
fn check<'r>(report: &'r Value, id: &str) -> &'r Value {
    let checks = report["exercises"][0]["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

#[test]
fn what_a_solution_does_always_is_judged_in_every_schedule() {
    let place = Place::new();
    let output = run(place.grader(&["check", "--all", "--solutions", "--format", "json"]));
    let report = report(&output);
    // Of what shares more than open files there is no model.
    let of_processes = |exercise: &&Value| folder(text(&exercise["id"])).starts_with("1-processes/");
    for exercise in report["exercises"].as_array().expect("a list").iter().filter(of_processes) {
        let checks = exercise["checks"].as_array().expect("a list");
        let proved = checks.iter().filter(|check| check["evidence"]["strength"] == "every-schedule").count();
        assert!(proved >= 3, "{exercise:#}");
    }
    let output = run(place.grader(&["check", "fork", "--solutions", "--format", "json"]));
    let schedules = check(&self::report(&output), "own-path")["evidence"]["executions"].clone();
    assert_eq!(schedules, 2, "parent and child speak in either order");
}

#[test]
fn every_skeleton_fails_by_one_finding_that_names_its_line() {
    let place = Place::new();
    let output = run(place.grader(&["check", "--all", "--format", "json"]));
    let report = report(&output);
    assert_eq!(verdicts(&report), all("failed"));
    for exercise in report["exercises"].as_array().expect("a list") {
        let id = exercise["id"].as_str().expect("an id");
        let checks = exercise["checks"].as_array().expect("a list");
        let failed: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "failed").collect();
        assert_eq!(failed.len(), 1, "{exercise:#}");
        assert!(
            failed[0]["finding"]["observed"].as_str().is_some_and(|text| text.starts_with("not written yet"))
        );
        let source = fs::read_to_string(place.source(id)).expect("a skeleton");
        let line = exercise["unwritten"]["line"].as_u64().expect("a line") as usize;
        assert!(source.lines().nth(line - 1).is_some_and(|text| text.contains("todo!")), "{id}: line {line}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn exercises_are_reported_in_the_order_of_the_course_and_once() {
    let place = Place::new();
    let output = run(place.grader(&["check", "wait", "hello", "wait", "--solutions", "--format", "json"]));
    assert_eq!(verdicts(&report(&output)), [("hello", "passed"), ("wait", "passed")]);
}

#[test]
fn one_that_does_not_compile_keeps_no_other_from_its_verdict() {
    let place = Place::new();
    place.solve("hello");
    fs::write(place.source("fork"), "fn main() { let x: u8 = \"text\"; }\n").expect("writable");
    let output = run(place.grader(&["check", "hello", "fork", "--format", "json"]));
    let report = report(&output);
    assert_eq!(verdicts(&report), [("hello", "passed"), ("fork", "build-failed")]);
    assert!(text_of_note(&report, 1).contains("mismatched types"), "{report:#}");
    assert_eq!(output.status.code(), Some(1));
    let page = String::from_utf8_lossy(&run(place.grader(&["check", "fork"])).stdout).into_owned();
    assert_eq!(page.matches("mismatched types").count(), 1, "an error is told once:\n{page}");
    assert!(page.contains("src/main.rs:1:"), "{page}");
}

/// The page of `fork` when its source is this, which does not compile.
fn page_of_source(place: &Place, source: &str) -> String {
    fs::write(place.source("fork"), source).expect("writable");
    let output = run(place.grader(&["check", "fork"]));
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_error_is_shown_to_its_last_word_and_what_is_left_out_is_counted() {
    let place = Place::new();
    let mistakes: String =
        (0..30).map(|n| format!("    let number_{n}: u8 = \"text\";\n    let unused_{n} = 0;\n")).collect();
    let page = page_of_source(&place, &format!("fn main() {{\n{mistakes}}}\n"));
    let shown = page.matches("error[E0308]: mismatched types").count();
    assert!((3..=10).contains(&shown), "{page}");
    assert_eq!(page.matches("expected due to this").count(), shown, "the last one is whole, too:\n{page}");
    assert!(
        page.contains(&format!("… {} more messages: cargo build -p fork shows all", 30 - shown)),
        "{page}"
    );
    // Wider than the page: what is wrong stands at the end of the line.
    let name = format!("L{}End", "ong".repeat(30));
    let source = format!("struct {name};\nfn main() {{ let _: u8 = {name}; }}\n");
    let page = page_of_source(&place, &source);
    let unbroken: String = page.split_whitespace().collect();
    assert!(unbroken.contains(&format!("expected`u8`,found`{name}`")), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
}

#[test]
fn errors_come_before_warnings_and_a_macros_error_is_whole() {
    let place = Place::new();
    let unused: String = (0..20).map(|n| format!("fn unused_{n}() {{}}\n")).collect();
    let source = format!(
        "{unused}macro_rules! add {{ ($a:expr) => {{ $a + \"text\" }} }}\nfn main() {{ let _ = add!(1); }}\n"
    );
    let page = page_of_source(&place, &source);
    let first = page.find("error[E0277]").unwrap_or_else(|| panic!("{page}"));
    assert!(page.find("warning").is_none_or(|warning| first < warning), "{page}");
    let unbroken = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unbroken.contains("this error originates in the macro `add`"), "{page}");
}

#[test]
fn a_function_that_the_linker_does_not_find_is_named() {
    let place = Place::new();
    let source =
        "unsafe extern \"C\" { safe fn forklings_nowhere() -> i32; }\nfn main() { forklings_nowhere(); }\n";
    let page = page_of_source(&place, source);
    let undefined = page.lines().find(|line| line.contains("undefined")).unwrap_or_else(|| panic!("{page}"));
    assert!(undefined.contains("forklings_nowhere"), "{page}");
    assert!(page.contains('…'), "the linker's command is cut, and that is marked:\n{page}");
    let report = report(&run(place.grader(&["check", "fork", "--format", "json"])));
    assert!(text_of_note(&report, 0).contains("forklings_nowhere"), "{report:#}");
}

#[test]
fn a_manifest_that_cargo_does_not_understand_keeps_no_other_from_its_verdict() {
    let place = Place::new();
    place.solve("hello");
    let manifest = place.path("exercises/1-processes/fork/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replace("\"fork\"", "\"my-fork\"")).expect("writable");
    let output = run(place.grader(&["check", "hello", "fork", "--format", "json"]));
    let report = report(&output);
    assert_eq!(verdicts(&report), [("hello", "passed"), ("fork", "build-failed")]);
    assert!(text_of_note(&report, 1).contains("reset fork"), "{report:#}");
    let page = String::from_utf8_lossy(&run(place.grader(&["check", "fork"])).stdout).into_owned();
    assert_eq!(page.matches("reset fork").count(), 1, "{page}");
}

#[test]
fn a_manifest_that_cannot_be_read_at_all_is_named_and_can_be_put_back() {
    let place = Place::new();
    place.solve("hello");
    fs::write(place.path("exercises/1-processes/fork/Cargo.toml"), "[package\n").expect("writable");
    let output = run(place.grader(&["check", "hello"]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot read exercises/1-processes/fork/Cargo.toml"), "{said}");
    assert!(said.contains("grader reset fork"), "{said}");
    assert_eq!(output.status.code(), Some(3), "hello may be right or wrong: there is no telling");
    run(place.grader(&["reset", "fork"]));
    assert_eq!(run(place.grader(&["check", "hello"])).status.code(), Some(0));
}

#[test]
fn a_program_in_another_language_is_graded_like_any() {
    let place = Place::new();
    let source = "#include <stdio.h>\nint main(void) { printf(\"hello world\\n\"); return 7; }\n";
    fs::write(place.path("hello.c"), source).expect("writable");
    let compiled =
        Command::new("cc").args(["-g", "-o", "hello-c", "hello.c"]).current_dir(place.root()).status();
    assert!(compiled.expect("a C compiler").success());
    let output = run(place.grader(&["check", "hello", "--program", "hello-c", "--format", "json"]));
    assert_eq!(verdicts(&report(&output)), [("hello", "passed")]);
}

#[test]
fn a_program_can_be_graded_without_a_workspace() {
    let place = Place::new();
    let mut grader = place.grader(&["check", "fork", "--program", "/bin/true", "--format", "json"]);
    grader.current_dir("/");
    assert_eq!(verdicts(&report(&run(grader))), [("fork", "failed")]);
}

#[test]
fn a_report_in_a_file_is_the_one_on_standard_output() {
    let place = Place::new();
    let arguments = ["check", "hello", "--solutions", "--format", "json"];
    let printed = run(place.grader(&arguments));
    let written = run(place.grader(&[&arguments[..], &["--output", "report.json"]].concat()));
    assert!(written.stdout.is_empty());
    let file: Value =
        serde_json::from_slice(&fs::read(place.path("report.json")).expect("written")).expect("JSON");
    assert_eq!(verdicts(&file), verdicts(&report(&printed)));
}

#[test]
fn alone_and_away_from_a_terminal_it_goes_once_over_the_course() {
    let place = Place::new();
    place.solve("hello");
    let output = run(place.grader(&[]));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for id in exercises() {
        assert!(text.lines().any(|line| line.contains(id)), "{id} is missing in\n{text}");
    }
    assert!(text.contains(&format!("1 of {} passed", exercises().len())), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn without_a_name_the_exercise_of_the_current_folder_is_meant() {
    let place = Place::new();
    let mut grader = place.grader(&["check", "--format", "json"]);
    grader.current_dir(place.path("exercises/1-processes/wait/src"));
    assert_eq!(verdicts(&report(&run(grader))), [("wait", "failed")]);
}

#[test]
fn without_a_name_the_next_unfinished_exercise_is_meant() {
    let place = Place::new();
    place.solve("hello");
    let next = |place: &Place| {
        let output = run(place.grader(&["check", "--format", "json"]));
        verdicts(&report(&output))[0].0.to_string()
    };
    assert_eq!([next(&place), next(&place)], ["hello", "fork"]);
}

#[test]
fn cargo_is_left_out_when_nothing_has_changed_and_not_otherwise() {
    let place = Place::new();
    place.solve("hello");
    let cargo = counting_cargo(&place);
    let checked = || {
        let mut grader = place.grader(&["check", "hello", "--format", "json"]);
        grader.env("CARGO", &cargo);
        let report = report(&run(grader));
        (
            verdicts(&report)[0].1.to_string(),
            fs::read_to_string(place.path("calls")).unwrap_or_default().len(),
        )
    };
    let (first, once) = checked();
    assert_eq!((first.as_str(), once > 0), ("passed", true));
    // What was written just before a build may have changed during it: only the second one is remembered for sure.
    let (_, before) = checked();
    assert_eq!(checked(), ("passed".to_string(), before));
    fs::write(place.source("hello"), "fn main() {}\n").expect("writable");
    let (changed, after) = checked();
    assert_eq!((changed.as_str(), after > before), ("failed", true));
}

#[test]
fn a_source_put_back_with_its_old_time_is_built_again() {
    let place = Place::new();
    let shipped = fs::read(place.source("hello")).expect("a skeleton");
    let old = fs::metadata(place.source("hello")).and_then(|found| found.modified()).expect("a time");
    place.solve("hello");
    for _ in 0..2 {
        let solved = report(&run(place.grader(&["check", "hello", "--format", "json"])));
        assert_eq!(verdicts(&solved), [("hello", "passed")]);
    }
    fs::write(place.source("hello"), shipped).expect("writable");
    let file = File::options().append(true).open(place.source("hello")).expect("a source");
    file.set_modified(old).expect("our own file");
    let back = report(&run(place.grader(&["check", "hello", "--format", "json"])));
    assert_eq!(verdicts(&back), [("hello", "failed")], "cargo goes by times, the grader must not");
}

/// A cargo that writes down each time it is called, in the file `calls`.
fn counting_cargo(place: &Place) -> PathBuf {
    let cargo = place.path("counting-cargo");
    let script = format!(
        "#!/bin/sh\necho call >> '{}'\nexec '{}' \"$@\"\n",
        place.path("calls").display(),
        env!("CARGO")
    );
    fs::write(&cargo, script).expect("writable");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("our own file");
    cargo
}

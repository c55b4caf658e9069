//! From runs to a verdict, on invented runs of `wait` and `fork`.

use super::*;
use crate::course::{exercises, find};
use grader_trace::{Builder, Errno, Fd, Operation, Outcome, Signal, Trace};

const P: TaskId = TaskId::ROOT;
const GREETING: &str = "hello world (pid:100)\n";
const CHILDS: &str = "hello, I am child (pid:101)\n";

fn run(exercise: &Exercise, scenario: &str, trace: Trace) -> Run {
    let scenario = (exercise.scenarios)().into_iter().find(|one| one.id == scenario);
    Run::invented(scenario.expect("a scenario of this exercise"), trace)
}

fn exercise(id: &str) -> &'static Exercise {
    find(id).expect("an exercise of the course")
}

/// A right answer to a fork that fails.
fn fork_failed() -> Trace {
    let mut run = Builder::new("fork");
    run.print(P, GREETING);
    run.fork_fails(P, Errno::EAGAIN);
    run.complain(P, "fork: EAGAIN\n");
    run.exit(P, 1);
    run.finish()
}

/// Runs of `fork`, right in all scenarios but these.
fn runs_of_fork(others: impl Fn(&str) -> Option<Trace>) -> Vec<Run> {
    let fork = exercise("fork");
    let right = |id: &str| if id == "fork-fails" { fork_failed() } else { (fork.wanted)() };
    (fork.scenarios)()
        .into_iter()
        .map(|scenario| run(fork, scenario.id, others(scenario.id).unwrap_or_else(|| right(scenario.id))))
        .collect()
}

fn outcome_of<'a>(grade: &'a Grade, id: &str) -> &'a CheckOutcome {
    &grade.checks.iter().find(|check| check.check.id == id).expect("a check of this exercise").outcome
}

fn failing(grade: &Grade) -> Vec<&'static str> {
    let fails = |check: &&CheckGrade| matches!(check.outcome, CheckOutcome::Fails { .. });
    grade.checks.iter().filter(fails).map(|check| check.check.id).collect()
}

#[test]
fn a_check_that_is_moot_names_a_check_of_its_exercise() {
    for exercise in exercises() {
        let nothing = (exercise.scenarios)().into_iter().map(|scenario| {
            let mut empty = Builder::new(exercise.id);
            empty.exit(P, 0);
            Run::invented(scenario, empty.finish())
        });
        let grade = grade(exercise, &nothing.collect::<Vec<_>>());
        let first = match exercise.id {
            "hello" => vec!["line"],
            // Four trees, and each is asked for by itself.
            "fork-tree" => vec!["chain", "fan", "doubling", "six"],
            // What the kernel refuses makes no task.
            "clone-flags" => vec!["one-task", "refused"],
            _ => vec![exercise.checks[0].id],
        };
        assert_eq!(failing(&grade), first, "an empty program, {}", exercise.id);
        for check in &grade.checks {
            if let CheckOutcome::Moot { because } = check.outcome {
                assert!(exercise.check(because).is_some(), "{}: {because}", exercise.id);
            }
        }
    }
}

#[test]
fn all_exercises_are_well_formed() {
    for exercise in exercises() {
        let scenarios: Vec<&str> = (exercise.scenarios)().iter().map(|scenario| scenario.id).collect();
        for (index, check) in exercise.checks.iter().enumerate() {
            assert!(exercise.checks[..index].iter().all(|other| other.id != check.id), "{} twice", check.id);
            assert!(check.scenarios.iter().all(|id| scenarios.contains(id)), "{} {}", exercise.id, check.id);
            assert!((2..=4).contains(&check.hints.len()), "{} {}", exercise.id, check.id);
            assert!(!check.see.is_empty() && !check.scenarios.is_empty(), "{} {}", exercise.id, check.id);
        }
        for scenario in &scenarios {
            assert!(exercise.checks.iter().any(|check| check.scenarios.contains(scenario)), "{scenario}");
        }
    }
    let points: Vec<u32> = exercises().iter().map(Exercise::points).collect();
    assert_eq!(points, [0, 10, 10, 10, 15, 15, 15, 20, 15, 15, 15, 15]);
}

#[test]
fn what_holds_in_every_scenario_passes_with_evidence_of_as_many_runs() {
    let grade = grade(exercise("fork"), &runs_of_fork(|_| None));
    assert_eq!((grade.verdict, grade.points), (Verdict::Passed, Points { earned: 10, max: 10 }));
    assert_eq!(grade.checks[0].evidence, Evidence { strength: Strength::Bounded, executions: 3 });
    let last = grade.checks.last().expect("checks");
    assert_eq!(last.evidence, Evidence { strength: Strength::OneRun, executions: 1 });
}

#[test]
fn one_bad_scenario_fails_the_check_and_is_named() {
    let mut late = Builder::new("fork");
    let c = late.fork(P);
    late.print(P, GREETING);
    late.print(P, "hello, I am parent of 101 (pid:100)\n");
    late.print(c, CHILDS);
    late.exit(c, 0);
    late.exit(P, 0);
    let late = late.finish();
    let grade = grade(exercise("fork"), &runs_of_fork(|id| (id == "slow-child").then(|| late.clone())));
    assert_eq!((grade.verdict, failing(&grade)), (Verdict::Failed, vec!["greeting"]));
    assert!(matches!(outcome_of(&grade, "greeting"), CheckOutcome::Fails { run: 1, .. }));
    assert_eq!(*outcome_of(&grade, "own-path"), CheckOutcome::Moot { because: "greeting" });
    assert_eq!(grade.points, Points { earned: 8, max: 10 });
}

#[test]
fn a_run_that_is_missing_or_was_called_off_cannot_be_told() {
    let fork = exercise("fork");
    let mut runs = runs_of_fork(|_| None);
    runs.remove(2);
    let one_missing = grade(fork, &runs);
    assert_eq!((one_missing.verdict, failing(&one_missing)), (Verdict::CannotTell, vec![]));
    let called_off = Builder::new("fork").end(Ending::Cancelled);
    let grade = grade(fork, &runs_of_fork(|id| (id == "plain").then(|| called_off.clone())));
    assert_eq!((grade.verdict, failing(&grade)), (Verdict::CannotTell, vec![]));
}

#[test]
fn a_root_killed_by_a_signal_has_crashed_and_is_judged_all_the_same() {
    let mut crash = Builder::new("fork");
    crash.print(P, GREETING);
    crash.crash(P, Signal(11));
    let crash = crash.finish();
    let grade = grade(exercise("fork"), &runs_of_fork(|id| (id != "fork-fails").then(|| crash.clone())));
    assert_eq!((grade.verdict, failing(&grade)), (Verdict::Crashed, vec!["one-child"]));
    assert_eq!(grade.note.as_deref(), Some("plain: SIGSEGV killed the program (100)"));
}

#[test]
fn a_parent_that_passes_its_childs_death_on_in_kind_has_not_crashed() {
    let wait = exercise("wait");
    let mut kind = Builder::new("wait");
    kind.print(P, GREETING);
    let c = kind.fork(P);
    kind.killed_by_plan(c, Signal::KILL);
    kind.wait(P, c);
    kind.crash(P, Signal::KILL);
    let kind = run(wait, "child-killed", kind.finish());
    assert_eq!(crash(&kind), None);
}

#[test]
fn a_run_that_never_ends_has_timed_out_and_says_who_slept_in_what() {
    let mut stalled = Builder::new("fork");
    stalled.print(P, GREETING);
    let c = stalled.fork(P);
    stalled.print(P, "hello, I am parent of 101 (pid:100)\n");
    stalled.reads_for_ever(c, Fd(0));
    stalled.waits_for_ever(P);
    let stalled = stalled.end(Ending::Stalled);
    let grade = grade(exercise("fork"), &runs_of_fork(|id| (id == "slow-parent").then(|| stalled.clone())));
    assert_eq!((grade.verdict, failing(&grade)), (Verdict::TimedOut, vec!["exit-status"]));
    let note = grade.note.unwrap_or_default();
    assert!(
        note.starts_with("slow-parent: when nobody could go on any more, the parent (100) slept in wait4"),
        "{note}"
    );
}

#[test]
fn a_line_that_may_have_been_lost_in_a_flood_is_not_called_missing() {
    let flood = |fd: i32| {
        let mut run = Builder::new("fork");
        run.print(P, GREETING);
        let c = run.fork(P);
        run.print(c, CHILDS);
        let (data, wanted) = ("no more was kept".into(), 1 << 20);
        run.event(c, Operation::Write { fd: Fd(fd), data, wanted, result: Outcome::Done(wanted) });
        run.exit(c, 0);
        run.exit(P, 0);
        let trace = run.finish();
        grade(exercise("fork"), &runs_of_fork(|id| (id == "plain").then(|| trace.clone())))
    };
    let on_stderr = flood(2);
    assert!(matches!(outcome_of(&on_stderr, "parent-line"), CheckOutcome::CannotTell(_)));
    assert_eq!(on_stderr.verdict, Verdict::CannotTell);
    let on_stdout = flood(1);
    assert!(matches!(outcome_of(&on_stdout, "parent-line"), CheckOutcome::CannotTell(_)));
    assert_eq!((on_stdout.verdict, failing(&on_stdout)), (Verdict::Failed, vec!["own-path"]));
}

/// A program that stops at a `todo!()`, as Rust reports it.
fn todo(run: &mut Builder, message: &str) {
    run.complain(P, "\nthread 'main' (100) panicked at src/main.rs:12:5:\n");
    run.complain(P, &format!("not yet implemented{message}\n"));
    run.complain(P, "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n");
    run.exit(P, 101);
}

#[test]
fn a_todo_in_the_run_as_it_comes_is_one_finding_in_words_and_all_else_is_moot() {
    let mut unwritten = Builder::new("fork");
    unwritten.print(P, GREETING);
    todo(&mut unwritten, ": fork, then speak");
    let unwritten = unwritten.finish();
    let grade = grade(exercise("fork"), &runs_of_fork(|_| Some(unwritten.clone())));
    assert_eq!((grade.verdict, failing(&grade)), (Verdict::Failed, vec!["one-child"]));
    assert_eq!((grade.unwritten, grade.points.earned), (Some("one-child"), 0));
    let CheckOutcome::Fails { finding, .. } = outcome_of(&grade, "one-child") else { panic!("it fails") };
    assert_eq!(finding.observed, "not written yet: fork, then speak (todo!() at src/main.rs:12:5)");
}

#[test]
fn a_todo_in_a_branch_for_special_circumstances_concerns_only_these() {
    let mut unwritten = Builder::new("fork");
    unwritten.print(P, GREETING);
    unwritten.fork_fails(P, Errno::EAGAIN);
    todo(&mut unwritten, "");
    let unwritten = unwritten.finish();
    let grade = grade(exercise("fork"), &runs_of_fork(|id| (id == "fork-fails").then(|| unwritten.clone())));
    assert_eq!((failing(&grade), grade.points.earned), (vec!["fork-fails"], 9));
    let CheckOutcome::Fails { finding, .. } = outcome_of(&grade, "fork-fails") else { panic!("it fails") };
    assert_eq!(finding.observed, "not written yet: the program stopped at the todo!() at src/main.rs:12:5");
}

#[test]
fn a_message_that_only_talks_of_what_is_not_implemented_is_no_todo() {
    let mut talks = Builder::new("fork");
    talks.print(P, GREETING);
    talks.fork_fails(P, Errno::EAGAIN);
    talks.complain(P, "retrying is not yet implemented: sorry\n");
    talks.exit(P, 1);
    let talks = talks.finish();
    let grade = grade(exercise("fork"), &runs_of_fork(|id| (id == "fork-fails").then(|| talks.clone())));
    assert_eq!(grade.verdict, Verdict::Passed);
}

//! What untraced runs come to, at the pace of the machine and on all of its processors, is among what was explored.

use super::real::explored;
use super::setting;
use super::text::{text, without_variables};
use grader_explorer::simulated::corpus::programs;
use grader_explorer::simulated::generate::{Random, Size, program};
use grader_explorer::simulated::{Op, Target};
use grader_trace::ExitStatus;
use std::collections::BTreeSet;
use std::process::Command;

/// What an untraced run shows of itself: how the root ended, and the output.
pub type Shown = (grader_explorer::simulated::outcome::Ended, String);

/// What so many runs came to, with their output in a pipe.
fn seen(program: &[Op], runs: u64) -> BTreeSet<Shown> {
    seen_by("interprets_again_and_again", &text(program), runs)
}

/// What so many runs in this mode of the specimen came to.
pub fn seen_by(mode: &str, text: &str, runs: u64) -> BTreeSet<Shown> {
    let output = Command::new(env!("CARGO_BIN_EXE_specimen"))
        .args([mode, text, "1", &runs.to_string()])
        .output()
        .expect("the specimen starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("ASCII");
    let shown: Vec<Shown> = lines
        .lines()
        .map(|line| {
            let (status, output) = line.split_once(' ').unwrap_or_else(|| panic!("{text}: {line}"));
            let status = ExitStatus::from_wait_status(status.parse().expect("a status word"));
            (status.into(), output.to_string())
        })
        .collect();
    assert_eq!(shown.len() as u64, runs);
    shown.into_iter().collect()
}

/// Whether somebody asks what became of a signal to the parent. Whoever started the program may reap the root at once
/// or later, and until then it can be sent signals: that is not the program's doing.
fn asks_after_its_parent(ops: &[Op]) -> bool {
    let answers = |op: &Op| matches!(op, Op::PrintAnswer | Op::ExitAnswer | Op::If(..));
    let kills = ops.iter().position(|op| matches!(op, Op::Kill(Target::Parent, _)));
    kills.is_some_and(|at| ops[at..].iter().any(answers))
        || ops.iter().any(|op| match op {
            Op::Fork(body) | Op::Handle { body, .. } => asks_after_its_parent(body),
            Op::If(_, then, otherwise) => asks_after_its_parent(then) || asks_after_its_parent(otherwise),
            _ => false,
        })
}

/// Whether somebody waits for a timer: that takes a second each time.
fn has_timers(ops: &[Op]) -> bool {
    ops.iter().any(|op| match op {
        Op::Alarm(_) => true,
        Op::Fork(body) => has_timers(body),
        _ => false,
    })
}

#[test]
fn untraced_runs_come_to_nothing_that_was_not_explored() {
    let runs = setting("FORKLINGS_KERNEL_RUNS", 40);
    let mut random = Random::new(setting("FORKLINGS_KERNEL_SEED", 4711));
    let mut corpus: Vec<Vec<Op>> = programs().into_iter().map(|(_, ops)| without_variables(&ops)).collect();
    while corpus.len() < 120 {
        let size = Size { tasks: 2 + random.below(3), operations: 1 + random.below(3) };
        corpus.push(without_variables(&program(&mut random, size)));
    }
    let (mut count, mut possible, mut met) = (0, 0, 0);
    let mut wrong = Vec::new();
    for program in corpus.iter().filter(|program| !asks_after_its_parent(program) && !has_timers(program)) {
        let found = explored(program, 1).unwrap_or_else(|why| panic!("{}: {why}", text(program)));
        let shown = found.outcomes.iter().map(|(tasks, outputs)| tasks[0].status.map(|root| (root, outputs)));
        // Who never ends cannot be waited for.
        if found.outcomes.keys().flatten().any(|task| task.status.is_none()) {
            continue;
        }
        let shown: BTreeSet<Shown> = shown
            .flatten()
            .flat_map(|(root, outputs)| outputs.iter().map(move |o| (root, o.clone())))
            .collect();
        let seen = seen(program, runs);
        for other in seen.difference(&shown) {
            wrong.push(format!("{}: {other:?} is not among {shown:?}", text(program)));
        }
        (count, possible, met) = (count + 1, possible + shown.len(), met + seen.len());
    }
    println!("{count} programs, {runs} runs of each: {met} of {possible} possible results were met");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40 && met > count, "runs that all come to the same show little");
}

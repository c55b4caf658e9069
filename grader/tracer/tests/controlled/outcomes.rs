//! What reduction finds on the real kernel is what plain enumeration finds on the simulated machine.

use super::real::explored;
use super::setting;
use super::simulated::{Outcomes, enumerated};
use super::text::{text, without_variables};
use grader_explorer::simulated::corpus::programs;
use grader_explorer::simulated::generate::{Random, Size, program};
use grader_explorer::simulated::{Op, program::CAPACITY};

/// A pipe of the kernel, in bytes.
const PIPE: usize = 65_536;

/// Both; `Err`: in words, what one found and the other did not. `None`: too many interleavings.
pub fn compared(program: &[Op], scale: usize, most: u64) -> Option<Result<(u64, u64), String>> {
    let all = enumerated(program, PIPE / scale, most)?;
    Some(match explored(program, scale) {
        Ok(found) if found.outcomes == all.outcomes => Ok((all.interleavings, found.report.judged)),
        Ok(found) => Err(format!(
            "{}\n{program:?}\nlost:{}\ngained:{}\n{:?}",
            text(program),
            beyond(&all.outcomes, &found.outcomes),
            beyond(&found.outcomes, &all.outcomes),
            found.report
        )),
        Err(why) => Err(format!("{}\n{program:?}\n{why}", text(program))),
    })
}

/// What is in the first and not in the second.
pub fn beyond(first: &Outcomes, second: &Outcomes) -> String {
    let mut lines = String::new();
    for (tasks, outputs) in first {
        for output in outputs {
            if !second.get(tasks).is_some_and(|known| known.contains(output)) {
                let outcome =
                    grader_explorer::simulated::Outcome { output: output.clone(), tasks: tasks.clone() };
                lines.push_str(&format!("\n  {outcome}"));
            }
        }
    }
    lines
}

#[test]
fn programs_made_by_hand_come_to_the_same_on_the_kernel() {
    let mut wrong = Vec::new();
    let (mut count, mut interleavings, mut traces) = (0, 0, 0);
    for (name, program) in programs() {
        let program = without_variables(&program);
        match compared(&program, 1, 200_000).unwrap_or_else(|| panic!("{name}: too large")) {
            Err(difference) => wrong.push(format!("{name}: {difference}")),
            Ok((all, found)) => {
                (count, interleavings, traces) = (count + 1, interleavings + all, traces + found)
            }
        }
    }
    assert!(wrong.is_empty(), "{} programs differ:\n{}", wrong.len(), wrong.join("\n"));
    println!("{count} programs: {interleavings} interleavings, {traces} executions on the kernel");
    assert!(count >= 40);
}

#[test]
fn generated_programs_come_to_the_same_on_the_kernel() {
    let programs = setting("FORKLINGS_KERNEL_PROGRAMS", 200);
    let most = setting("FORKLINGS_KERNEL_INTERLEAVINGS", 300);
    let mut random = Random::new(setting("FORKLINGS_KERNEL_SEED", 2026));
    let (mut count, mut too_large, mut interleavings, mut traces) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    while count < programs {
        let tasks = 2 + random.below(3);
        let size = Size { tasks, operations: 1 + random.below(6 - tasks) };
        let program = without_variables(&program(&mut random, size));
        match compared(&program, 1, most) {
            None => {
                too_large += 1;
                continue;
            }
            // No choice, nothing to compare.
            Some(Ok((1, _))) => continue,
            Some(Ok((all, found))) => (interleavings, traces) = (interleavings + all, traces + found),
            Some(Err(difference)) => wrong.push(difference),
        }
        count += 1;
    }
    wrong.sort_by_key(String::len);
    println!(
        "{count} programs: {interleavings} interleavings, {traces} executions on the kernel; \
         made anew: {too_large} had more than {most} interleavings"
    );
    let shown = wrong.iter().take(3).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} programs differ; the smallest:\n{shown}", wrong.len());
}

#[test]
fn signals_in_handlers_come_to_the_same_on_the_kernel() {
    use grader_explorer::simulated::Op::*;
    use grader_explorer::simulated::Target::{Child, Parent};
    use grader_explorer::simulated::corpus::{TERM, USR1, fork, handle, poll, wait};
    let sends = || fork([Kill(Parent, USR1)]);
    let programs = [
        // While a handler runs, its signal is held back.
        vec![handle(true, [Sleep, PrintAnswer]), sends(), sends(), wait(), wait()],
        vec![handle(false, [Print('('), Sleep, Print(')')]), sends(), sends(), Pause, Print('p')],
        vec![handle(false, [Pause, Print('!')]), sends(), sends(), wait()],
        vec![
            Pipe,
            handle(false, [poll(true), PrintAnswer]),
            sends(),
            fork([Kill(Parent, USR1), Write(0, 1, 1)]),
        ],
        vec![handle(false, [Sleep, PrintAnswer]), sends(), fork([Kill(Parent, TERM)]), wait()],
        vec![Pipe, handle(true, [Write(0, 1, 4)]), sends(), Read(0, 1), PrintAnswer],
        vec![
            handle(true, [Print('1')]),
            Handle { signal: TERM, restart: false, body: [Print('<'), Sleep, Print('>')].into() },
            fork([Kill(Parent, TERM), Kill(Parent, USR1)]),
            wait(),
            PrintAnswer,
        ],
        // A handler that ends its process, one that is changed, one that is inherited.
        vec![handle(true, [Exit(5)]), sends(), Print('p'), wait()],
        vec![handle(true, [Print('1')]), sends(), handle(true, [Print('2')]), wait()],
        vec![
            handle(false, [Print('!')]),
            fork([Pause, Print('c')]),
            Kill(Child(0), USR1),
            Kill(Child(0), USR1),
            wait(),
            PrintAnswer,
        ],
        vec![
            handle(false, [Exit(9)]),
            fork([Pipe, Read(0, 1), PrintAnswer]),
            Kill(Child(0), USR1),
            wait(),
            PrintAnswer,
        ],
    ];
    for program in programs {
        let result =
            compared(&program, 1, 500_000).unwrap_or_else(|| panic!("{}: too large", text(&program)));
        assert!(result.is_ok(), "{}", result.expect_err("not the same"));
    }
}

#[test]
fn full_pipes_come_to_the_same_on_the_kernel() {
    use grader_explorer::simulated::End;
    use grader_explorer::simulated::Op::*;
    use grader_explorer::simulated::corpus::{TERM, fork, wait};
    // Only so much at a time that a write is done at once or not at all.
    let programs = [
        vec![
            Pipe,
            Write(0, 1, 1),
            Write(0, 1, 2),
            fork([Read(0, 1), PrintAnswer]),
            Write(0, 1, 3),
            Print('w'),
        ],
        vec![Pipe, Write(0, 1, 1), Write(0, 1, 2), fork([Print('c')]), Write(0, 1, 3)],
        vec![
            Pipe,
            fork([Write(0, 1, 1), Print('a')]),
            fork([Write(0, 1, 2), Print('b')]),
            Write(0, 1, 3),
            Read(0, 1),
            PrintAnswer,
            wait(),
            wait(),
        ],
        vec![
            Pipe,
            Write(0, 2, 1),
            fork([Close(0, End::Read), Write(0, 1, 2), Print('c')]),
            Close(0, End::Read),
            wait(),
            PrintAnswer,
        ],
        vec![
            Pipe,
            Write(0, 2, 1),
            fork([Write(0, 1, 2)]),
            Kill(grader_explorer::simulated::Target::Child(0), TERM),
            wait(),
            PrintAnswer,
        ],
        vec![
            Pipe,
            Write(0, 2, 1),
            fork([Read(0, 2), PrintAnswer]),
            fork([Write(0, 1, 7)]),
            Write(0, 1, 8),
            Print('p'),
        ],
    ];
    for program in programs {
        let result = compared(&program, PIPE / CAPACITY, 100_000).expect("small");
        assert!(result.is_ok(), "{}", result.expect_err("not the same"));
    }
}

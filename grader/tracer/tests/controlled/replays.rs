//! A schedule is an execution: replayed it comes to the same, to the last byte of each footprint, and so does whatever
//! differs from it only in the order of steps that touch nothing in common.

use super::real::{SPECIMEN, explored, explored_by, machine, machine_for, order, tasks};
use super::setting;
use super::text::{text, without_variables};
use grader_explorer::simulated::corpus::programs;
use grader_explorer::simulated::generate::{Random, Size, program};
use grader_explorer::simulated::{Op, TaskOutcome};
use grader_explorer::{Dpor, End, Execution, Judgement, Schedule, explore, replay};
use grader_trace::order::trace_order::Canonical;
use grader_tracer::controlled::{Controlled, Deed};
use std::collections::BTreeSet;

/// An execution, as far as its schedule decides it.
pub struct Known {
    execution: Execution<Deed>,
    tasks: Vec<TaskOutcome>,
}

impl Known {
    pub fn of(machine: &Controlled<'_>, mut execution: Execution<Deed>) -> Known {
        for deed in execution.events.iter_mut().flatten() {
            deed.output = without_pids(&deed.output, machine);
        }
        Known { tasks: tasks(machine), execution }
    }

    fn canonical(&self) -> Canonical {
        order(&self.execution).canonical()
    }

    /// Whether another run of the same schedule came to the same.
    pub fn assert_same(&self, other: &Known, what: &str) {
        assert_eq!(self.execution.path.taken, other.execution.path.taken, "{what}");
        assert_eq!(self.execution.path.frontiers, other.execution.path.frontiers, "{what}");
        assert_eq!(self.execution.events, other.execution.events, "{what}");
        assert_eq!(self.tasks, other.tasks, "{what}");
    }
}

/// What was written, tasks named by their paths: their numbers are others in each execution.
fn without_pids(output: &[u8], machine: &Controlled<'_>) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(output).into_owned();
    for (path, pid) in machine.pids() {
        text = text.replace(&pid.to_string(), &format!("<{path}>"));
    }
    text.into_bytes()
}

/// Some executions of a program: at most so many.
fn executions(machine: &mut Controlled<'_>, most: u64) -> Vec<Known> {
    let mut known = Vec::new();
    let budget = grader_explorer::Budget { executions: 4 * most, steps: 400, ..Default::default() };
    let report = explore(machine, &mut Dpor::default(), &budget, |machine, execution| {
        known.push(Known::of(machine, execution.clone()));
        if known.len() as u64 == most { Judgement::Fails } else { Judgement::Holds }
    });
    report.expect("no trouble");
    known
}

/// Replays each of some executions so often, and as often in another order of the same; how many executions that were.
fn checked(name: &str, machine: &mut Controlled<'_>, most: u64, times: u64) -> u64 {
    let mut count = 0;
    for known in executions(machine, most) {
        let schedule = known.execution.path.schedule();
        let order = order(&known.execution);
        for seed in 0..times {
            let what = format!("{name}: {schedule}");
            let again = replay(machine, &schedule).unwrap_or_else(|trouble| panic!("{what}: {trouble}"));
            known.assert_same(&Known::of(machine, again), &what);

            let extension = order.random_extension(seed);
            let other = Schedule(extension.iter().map(|step| schedule.0[*step].clone()).collect());
            let what = format!("{name}: {schedule}\nas {other}");
            let execution = replay(machine, &other).unwrap_or_else(|trouble| panic!("{what}: {trouble}"));
            let other = Known::of(machine, execution);
            assert_eq!(other.tasks, known.tasks, "{what}");
            assert_eq!(other.execution.end, known.execution.end, "{what}");
            assert!(other.canonical() == known.canonical(), "another trace: {what}");
            count += 2;
        }
    }
    count
}

#[test]
fn a_schedule_and_every_other_order_of_its_independent_steps_are_one_execution() {
    let replays = setting("FORKLINGS_KERNEL_REPLAYS", 3_000);
    let mut random = Random::new(setting("FORKLINGS_KERNEL_SEED", 2026));
    let mut corpus: Vec<Vec<Op>> = programs().into_iter().map(|(_, ops)| without_variables(&ops)).collect();
    while corpus.len() < 100 {
        let size = Size { tasks: 2 + random.below(3), operations: 1 + random.below(3) };
        corpus.push(without_variables(&program(&mut random, size)));
    }
    let each = (replays / corpus.len() as u64).max(8);
    let most = each.isqrt().div_ceil(2);
    let mut count = 0;
    for program in &corpus {
        count += checked(&text(program), &mut machine(program, 1), most, each / most / 2);
    }
    println!("{count} executions of {} programs, none of which diverged", corpus.len());
    assert!(count > 500);
}

#[test]
fn schedules_of_c_programs_of_a_shell_and_of_rust_programs_replay() {
    let specimen = |mode: &[&str]| (SPECIMEN.to_string(), [&["specimen"], mode].concat().join("\n"));
    let mut commands = vec![
        specimen(&["fork_and_write", "3"]),
        specimen(&["waits_for_any", "3"]),
        specimen(&["fork_and_printf", "after"]),
        specimen(&["reads_its_own_pipe"]),
        specimen(&["looks_once"]),
        specimen(&["kills_or_is_late"]),
        ("/bin/sh".into(), "sh\n-c\necho hello | cat | wc".into()),
        ("/bin/sh".into(), "sh\n-c\ntrue & echo $!; wait; echo done".into()),
        ("/bin/sh".into(), "sh\n-c\n(sleep 1; echo late) & echo early; kill $!; wait $!; echo $?".into()),
    ];
    // Any other: `FORKLINGS_KERNEL_COMMAND="target/debug/pipe-solution"`.
    if let Ok(command) = std::env::var("FORKLINGS_KERNEL_COMMAND") {
        let program = command.split(' ').next().unwrap_or_default().to_string();
        commands = vec![(program, command.replace(' ', "\n"))];
    }
    let times = setting("FORKLINGS_KERNEL_REPLAYS", 200) / 40;
    let mut count = 0;
    for (program, argv) in commands {
        let argv: Vec<&str> = argv.split('\n').collect();
        count += checked(&argv.join(" "), &mut machine_for(&program, &argv), 4, times);
    }
    println!("{count} executions, none of which diverged");
    assert!(count > 0);
}

#[test]
fn a_signal_ends_the_shortest_sleep_whenever_it_is_to_come_meanwhile() {
    // What this thread starts inherits it: no sleep lasts longer than it must.
    // SAFETY: this prctl takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) }, 0);
    let mut machine = machine_for(SPECIMEN, &["specimen", "sleeps_for_a_moment"]);
    let found = explored_by(&mut machine).expect("it can be explored");
    let outputs: BTreeSet<&str> = found.outcomes.values().flatten().map(String::as_str).collect();
    assert_eq!(outputs, BTreeSet::from(["slept", "woken"]));
    checked("sleeps_for_a_moment", &mut machine, 8, 25);
}

#[test]
fn deadlocks_replay_too() {
    let (_, stuck) = programs().into_iter().find(|(name, _)| *name == "nobody closes").expect("it is there");
    assert!(
        explored(&stuck, 1)
            .is_ok_and(|found| found.outcomes.keys().all(|t| t.iter().any(|t| t.status.is_none())))
    );
    let mut machine = machine(&stuck, 1);
    let known = executions(&mut machine, 1).remove(0);
    assert_eq!(known.execution.end, End::Deadlock);
    let again = replay(&mut machine, &known.execution.path.schedule()).expect("it replays");
    known.assert_same(&Known::of(&machine, again), "deadlock");
}

//! Verdicts, faults, replay, shrinking.

use grader_explorer::faults::{Place, faults_in, search_with_faults};
use grader_explorer::shrink::{Complexity, changes};
use grader_explorer::simulated::Op::*;
use grader_explorer::simulated::corpus::*;
use grader_explorer::simulated::{Did, End as PipeEnd, Op, Outcome, Simulated, Target, Who};
use grader_explorer::*;
use grader_trace::{Errno, TaskPath};
use std::collections::BTreeSet;

pub type Judge = fn(&Outcome) -> bool;

pub fn judge(holds: Judge) -> impl FnMut(&Simulated, &Execution<Did>) -> Judgement {
    move |machine, _| if holds(&machine.outcome()) { Judgement::Holds } else { Judgement::Fails }
}

fn verdict(program: &[Op], holds: Judge) -> Verdict {
    search(&mut Simulated::new(program), &Budget::default(), judge(holds)).unwrap().verdict
}

fn counterexample(program: &[Op], holds: Judge) -> Schedule {
    match verdict(program, holds) {
        Verdict::Counterexample { schedule } => schedule,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_holds_in_every_schedule_is_complete_and_says_what_that_rests_on() {
    let program = [fork([Print('c')]), wait(), Print('p')];
    let expected = [Assumption::DeterministicGivenSchedule, Assumption::FootprintsAreWhole];
    let verdict = verdict(&program, |outcome| outcome.output == "cp" && outcome.unreaped() == 0);
    assert_eq!(verdict, Verdict::Complete { executions: 1, assumptions: expected.into() });
}

#[test]
fn a_sleep_in_place_of_a_wait_has_a_schedule_that_breaks_it() {
    let program = [fork([Print('c')]), Sleep, Print('p')];
    let holds: Judge = |outcome| outcome.output == "cp";
    let schedule = counterexample(&program, holds);
    let mut machine = Simulated::new(&program);
    let simple = shrink(&mut machine, &schedule, 100, judge(holds)).unwrap();
    assert_eq!(simple.to_string(), "0*4 0.0*2");
}

#[test]
fn a_signal_arrives_before_its_receiver_goes_on_from_a_call_that_shows_its_sender_gone() {
    let tail = [wait(), Print('p'), Print('q')];
    let program = [&[handle(true, [Print('!')]), fork([Kill(Target::Parent, USR1)])], &tail[..]].concat();
    assert!(matches!(verdict(&program, |o| o.output == "!pq"), Verdict::Complete { .. }));
    // Who looks at nothing may write one line more, and not two, after the sender has written that it has sent.
    let sender = fork([Kill(Target::Parent, USR1), Print('s')]);
    let program = [handle(true, [Print('!')]), sender, Print('p'), Print('q')];
    let possible: Judge = |outcome| !outcome.output.starts_with("spq");
    assert!(matches!(verdict(&program, possible), Verdict::Complete { .. }));
    let late = counterexample(&program, |outcome| outcome.output != "psq!");
    let mut machine = Simulated::new(&program);
    let real = |execution: &Execution<Did>| execution.path.is_real();
    assert!(real(&grader_explorer::replay(&mut machine, &late).unwrap()), "{late}");
}

/// Two processes send each other a signal and both go on: one of them was the second to send.
#[test]
fn two_signals_cannot_both_be_sent_before_the_other_and_be_late() {
    let sends = |target, lines: [Op; 2]| [&[Kill(target, USR1)], &lines[..]].concat();
    let child = sends(Target::Parent, [Print('c'), Print('d')]);
    let parent = sends(Target::Child(0), [Print('p'), Print('q')]);
    let program = [&[handle(true, [Print('!')]), Fork(child.into())], &parent[..]].concat();
    fn before(outcome: &Outcome) -> usize {
        outcome.output.split('!').next().unwrap_or_default().len()
    }
    assert!(matches!(verdict(&program, |outcome| before(outcome) < 3), Verdict::Complete { .. }));
    counterexample(&program, |outcome| before(outcome) < 2);
}

#[test]
fn a_budget_that_runs_out_is_said_to_have() {
    let program = children(5);
    let few = Budget { executions: 50, before_passes: 20, per_pass: 10, ..Budget::default() };
    let report = search(&mut Simulated::new(&program), &few, |_, _| Judgement::Holds).unwrap();
    assert!(matches!(report.verdict, Verdict::BudgetReached { explored: 1..=50 }), "{report:?}");
    let over = Budget { until: Some(std::time::Instant::now()), ..Budget::default() };
    let report = search(&mut Simulated::new(&program), &over, |_, _| Judgement::Holds).unwrap();
    assert_eq!(report.verdict, Verdict::BudgetReached { explored: 0 });
}

#[test]
fn executions_that_do_not_end_make_the_answer_inconclusive() {
    let program = [fork([Print('c')]), Sleep, Sleep, Sleep, Sleep, wait()];
    let short = Budget { steps: 5, ..Budget::default() };
    let report = search(&mut Simulated::new(&program), &short, |_, _| Judgement::Holds).unwrap();
    assert!(matches!(report.verdict, Verdict::Inconclusive { .. }), "{report:?}");
    // One of them may be too long before the bounded passes, and those after them not.
    let passes = Budget { before_passes: 1, ..short };
    let report = search(&mut Simulated::new(&program), &passes, |_, _| Judgement::Holds).unwrap();
    assert!(matches!(report.verdict, Verdict::Inconclusive { .. }), "{report:?}");
}

/// Asks whether its child has ended, and again, so often.
fn asks(times: usize) -> Vec<Op> {
    let again = if times == 1 { Vec::new() } else { asks(times - 1) };
    vec![Wait { who: Who::Any, nohang: true }, PrintAnswer, If(0, again.into(), [].into())]
}

#[test]
fn an_execution_that_is_too_long_shows_a_mistake_if_it_ends_once_everybody_gets_a_turn() {
    let program = [vec![fork([Sleep])], asks(20)].concat();
    let short = Budget { steps: 30, ..Budget::default() };
    let explored = |holds: Judge| {
        explore(&mut Simulated::new(&program), &mut Dpor::default(), &short, judge(holds)).unwrap().verdict
    };
    let verdict = explored(|outcome| !outcome.output.contains("(0)(0)(0)"));
    let Verdict::Counterexample { schedule } = verdict else { panic!("{verdict:?}") };
    assert!(schedule.0.len() < 15, "{schedule}");
    let replayed = grader_explorer::replay(&mut Simulated::new(&program), &schedule).unwrap();
    assert_eq!(replayed.end, End::Finished);
    assert!(matches!(explored(|outcome| !outcome.output.contains("(9)")), Verdict::Inconclusive { .. }));
}

/// A machine that prints something else every second time.
struct Moody(Simulated, Simulated, bool);

impl Machine for Moody {
    type Event = Did;

    fn restart(&mut self) -> Result<Frontier, Trouble> {
        self.2 = !self.2;
        if self.2 { self.0.restart() } else { self.1.restart() }
    }

    fn step(&mut self, choice: &Choice) -> Result<Step<Did>, Trouble> {
        if self.2 { self.0.step(choice) } else { self.1.step(choice) }
    }
}

#[test]
fn a_program_that_is_not_deterministic_given_its_schedule_is_recognised() {
    let one = Simulated::new(&[fork([Set(0, 1)]), Get(0), wait()]);
    let other = Simulated::new(&[fork([Set(0, 1)]), Get(1), wait()]);
    let mut moody = Moody(one.clone(), other, false);
    let report =
        explore(&mut moody, &mut Dpor::default(), &Budget::default(), |_, _| Judgement::Holds).unwrap();
    assert!(matches!(report.verdict, Verdict::Inconclusive { .. }), "{report:?}");
    let report = explore(&mut one.clone(), &mut Dpor::default(), &Budget::default(), |_, _| Judgement::Holds);
    assert!(matches!(report.unwrap().verdict, Verdict::Complete { executions: 2, .. }));
}

/// A machine that comes to something it cannot handle when a child moves.
struct Limited(Simulated, fn() -> Trouble);

impl Machine for Limited {
    type Event = Did;

    fn restart(&mut self) -> Result<Frontier, Trouble> {
        self.0.restart()
    }

    fn step(&mut self, choice: &Choice) -> Result<Step<Did>, Trouble> {
        if choice.task.0.is_empty() { self.0.step(choice) } else { Err((self.1)()) }
    }
}

#[test]
fn what_is_not_modelled_makes_the_answer_inconclusive_and_a_broken_machine_is_an_error() {
    let program = [fork([Print('c')]), Print('p')];
    let searched = |trouble| {
        let mut machine = Limited(Simulated::new(&program), trouble);
        search(&mut machine, &Budget::default(), |_, _| Judgement::Holds)
    };
    let unmodelled = searched(|| Trouble::Unmodelled("a socket".into())).unwrap().verdict;
    assert_eq!(unmodelled, Verdict::Inconclusive { why: "not modelled: a socket".into() });
    let broken = searched(|| Trouble::Broken("the tracee is gone".into()));
    assert_eq!(broken, Err(Trouble::Broken("the tracee is gone".into())));
}

#[test]
fn a_schedule_replays_to_the_same_execution_and_another_one_is_refused() {
    for (name, program) in programs() {
        let mut found = Vec::new();
        let mut machine = Simulated::new(&program);
        let keep = |machine: &Simulated, execution: &Execution<Did>| {
            found.push((execution.path.schedule(), machine.outcome(), execution.events.clone()));
            Judgement::Holds
        };
        explore(&mut machine, &mut Dpor::default(), &Budget::default(), keep).unwrap();
        for (schedule, outcome, events) in found {
            let saved: Schedule = schedule.to_string().parse().unwrap();
            let execution = replay(&mut machine, &saved).unwrap();
            assert_eq!((machine.outcome(), execution.events), (outcome, events), "{name}: {schedule}");
        }
    }
    let mut machine = Simulated::new(&[fork([Print('c')]), Print('p')]);
    for wrong in ["0*3", "0*3 0.0*3", "0.0", "0:expire", "0*4 0.0*2", ""] {
        let answer = replay(&mut machine, &wrong.parse().unwrap());
        assert!(matches!(answer, Err(Trouble::Diverged { .. })), "{wrong}: {:?}", answer.map(|e| e.end));
    }
}

#[test]
fn a_shrunk_counterexample_fails_and_no_single_change_makes_it_simpler() {
    let cases: [(Vec<Op>, Judge, &str); 5] = [
        (
            vec![
                Pipe,
                Pipe,
                fork([Sleep, Read(0, 1), Write(1, 1, 2)]),
                fork([Print('x')]),
                Sleep,
                Read(1, 1),
                Write(0, 1, 1),
            ],
            |outcome| !outcome.deadlock(),
            "0*5 0.0 0.1*2",
        ),
        (
            vec![fork([Print('c')]), fork([]), ask(), ask()],
            |outcome| outcome.unreaped() == 0,
            "0*5 0.0*2 0.1",
        ),
        (
            vec![handle(true, []), fork([Sleep, Kill(Target::Parent, USR1)]), Sleep, Pause, Print('p')],
            |outcome| !outcome.deadlock(),
            "0*3 0.0*3 0:signal10",
        ),
        (
            vec![
                Pipe,
                fork([Sleep, Write(0, 1, 3)]),
                Close(0, PipeEnd::Write),
                poll(true),
                when(0, [Print('t')], []),
            ],
            |outcome| !outcome.output.contains('t'),
            "0*3 0:expire 0*2 0.0*3",
        ),
        (
            vec![
                fork([Get(0), when(0, [Set(0, 1)], [Set(0, 2)])]),
                Get(0),
                when(0, [Set(0, 1)], [Set(0, 2)]),
                wait(),
                Get(0),
                PrintAnswer,
            ],
            |outcome| outcome.output == "(2)",
            "0*2 0.0*3 0*5",
        ),
    ];
    for (program, holds, expected) in cases {
        let mut machine = Simulated::new(&program);
        // Not the first: the last one found has more to lose.
        let mut failing = BTreeSet::new();
        explore(&mut machine, &mut Exhaustive::default(), &Budget::default(), |machine, execution| {
            if !holds(&machine.outcome()) {
                failing.insert(execution.path.schedule().to_string());
            }
            Judgement::Holds
        })
        .unwrap();
        let shrunk: BTreeSet<String> = failing
            .iter()
            .step_by(1 + failing.len() / 40)
            .map(|schedule| {
                let simple = shrink(&mut machine, &schedule.parse().unwrap(), 100, judge(holds)).unwrap();
                assert_nothing_is_simpler(&mut machine, &simple, holds);
                simple.to_string()
            })
            .collect();
        if !shrunk.contains(expected) {
            println!("{program:?}: {shrunk:?}");
        }
    }
}

fn assert_nothing_is_simpler(machine: &mut Simulated, simple: &Schedule, holds: Judge) {
    let complexity = Complexity::of(&replay(machine, simple).unwrap().path);
    assert!(!holds(&machine.outcome()), "{simple}");
    for change in changes(simple) {
        if let Ok(execution) = replay(machine, &change) {
            let simpler = Complexity::of(&execution.path) < complexity;
            assert!(!simpler || holds(&machine.outcome()), "{simple} can become {change}");
        }
    }
}

#[test]
fn shrinking_ends_after_so_many_tries_with_what_it_has() {
    let program = [fork([Print('c')]), fork([Print('d')]), Print('p'), wait(), wait()];
    let schedule: Schedule = "0 0.0 0 0.1 0 0.0 0.1 0*3".parse().unwrap();
    let within = |tries| {
        let patience = Patience { tries, until: None };
        shrink_within(&mut Simulated::new(&program), &schedule, 100, patience, |_, _| Judgement::Fails)
            .unwrap()
    };
    assert_eq!(within(0), schedule);
    let simplest = within(usize::MAX);
    assert!(simplest.switches() < within(1).switches() || within(1) == simplest, "one try is one try");
    assert!(simplest.switches() < schedule.switches());
}

#[test]
fn a_schedule_that_does_not_fail_cannot_be_shrunk() {
    let program = [fork([]), wait()];
    let schedule = "0 0.0 0*2".parse().unwrap();
    let answer = shrink(&mut Simulated::new(&program), &schedule, 100, |_, _| Judgement::Holds);
    assert!(matches!(answer, Err(Trouble::Diverged { .. })));
}

#[test]
fn a_fork_that_fails_is_tried_at_each_place_and_once_an_execution() {
    let program = [fork([fork([Print('g')]), Print('c')]), fork([Print('d')]), Print('p')];
    let mut machine = Simulated::new(&program).with_faults();
    let (mut faults, mut places) = (BTreeSet::new(), BTreeSet::new());
    let report = search_with_faults(&mut machine, &Budget::default(), |_, execution| {
        faults.insert(faults_in(&execution.path));
        for (at, (choice, _)) in execution.path.taken.iter().enumerate() {
            if let Act::Fail(fault) = choice.act {
                let before = execution.path.taken[..at].iter();
                let nth = before.filter(|(other, _)| other.task == choice.task).count();
                places.insert(Place { task: choice.task.clone(), nth, fault });
            }
        }
        Judgement::Holds
    });
    let Verdict::Complete { assumptions, .. } = report.unwrap().verdict else { panic!() };
    assert!(assumptions.contains(&Assumption::OneFault));
    assert_eq!(faults, [0, 1].into());
    let again = Fault::Error(Errno::EAGAIN);
    let place = |path: &[u16], nth| Place { task: TaskPath(path.to_vec()), nth, fault: again };
    assert_eq!(places, [place(&[], 0), place(&[], 1), place(&[0], 0)].into());
}

#[test]
fn a_short_read_is_found_and_its_schedule_replays() {
    let program = [Pipe, Write(0, 2, 7), Read(0, 2), PrintAnswer];
    let mut machine = Simulated::new(&program).with_faults();
    let holds: Judge = |outcome| outcome.output == "(77)";
    let report = search_with_faults(&mut machine, &Budget::default(), judge(holds)).unwrap();
    let Verdict::Counterexample { schedule } = report.verdict else { panic!("{report:?}") };
    assert_eq!(schedule.to_string(), "0*2 0:short1 0*3");
    replay(&mut machine, &schedule).unwrap();
    assert_eq!(machine.outcome().output, "(7)");
}

//! Schedules with few preemptions: which they are, what they find, and what they never say.

use super::answers::{Judge, judge};
use grader_explorer::simulated::Op::*;
use grader_explorer::simulated::corpus::*;
use grader_explorer::simulated::{Op, Simulated};
use grader_explorer::*;
use std::collections::BTreeSet;

/// The schedules that a strategy runs, in its order.
fn schedules(program: &[Op], strategy: &mut impl Strategy, most: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut machine = Simulated::new(program);
    let report = explore(&mut machine, strategy, &Budget::default(), |_, execution| {
        if execution.path.preemptions() <= most {
            found.push(execution.path.schedule().to_string());
        }
        Judgement::Holds
    });
    assert!(report.is_ok(), "{report:?}");
    found
}

#[test]
fn a_pass_runs_each_schedule_within_its_bound_once_and_no_other() {
    let mut count = 0;
    for (name, program) in programs() {
        let all = schedules(&program, &mut Exhaustive::default(), usize::MAX);
        if all.len() > 1_000 {
            continue;
        }
        let mut passes = Bounded::new(0);
        let mut in_passes = Vec::new();
        for most in 0..=3 {
            let expected: BTreeSet<String> =
                schedules(&program, &mut Exhaustive::default(), most).into_iter().collect();
            let found = schedules(&program, &mut Bounded::new(most), usize::MAX);
            assert_eq!(found.len(), expected.len(), "{name} at {most}: each once");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{name} at {most}");
            passes.allow(most);
            in_passes.extend(schedules(&program, &mut passes, usize::MAX));
            assert_eq!(in_passes.len(), expected.len(), "{name}: what a pass has run, no later one runs");
            assert_eq!(in_passes.iter().cloned().collect::<BTreeSet<_>>(), expected, "{name} up to {most}");
            count += 1;
        }
    }
    assert!(count > 100, "{count} comparisons");
}

/// Two tasks look whether somebody was there; if not, they take the place. Then they do much that the other one could
/// notice.
fn both_look_and_take(much: usize) -> Vec<Op> {
    let follows = || vec![Set(1, 1); much];
    let takes = || [vec![Set(0, 1)], follows(), vec![Exit(9)]].concat();
    let looks = || vec![Get(0), If(0, takes().into(), follows().into())];
    [vec![Fork(looks().into())], looks()].concat()
}

/// Not both have taken it.
fn one_has_taken(outcome: &simulated::Outcome) -> bool {
    let taken = Some(simulated::outcome::Ended::Exited(9));
    outcome.tasks.iter().filter(|task| task.status == taken).count() < 2
}

#[test]
fn a_mistake_near_the_start_is_not_behind_all_orders_of_what_follows() {
    let program = both_look_and_take(7);
    let mut machine = Simulated::new(&program);
    let late = explore(&mut machine, &mut Dpor::default(), &Budget::default(), judge(one_has_taken)).unwrap();
    let soon = search(&mut machine, &Budget::default(), judge(one_has_taken)).unwrap();
    assert!(matches!(late.verdict, Verdict::Counterexample { .. }), "{late:?}");
    let Verdict::Counterexample { schedule } = &soon.verdict else { panic!("{soon:?}") };
    println!("{} executions without passes, {} with them", late.judged, soon.judged);
    assert!(late.judged > 1_000 && soon.judged < 300, "{} and {}", late.judged, soon.judged);
    let simple = shrink(&mut machine, schedule, 200, judge(one_has_taken)).unwrap();
    assert_eq!(replay(&mut machine, &simple).unwrap().path.preemptions(), 1, "{simple}");
}

#[test]
fn whoever_looks_at_every_schedule_goes_on_after_the_passes_where_he_was() {
    let program = children(5);
    let mut machine = Simulated::new(&program);
    let budget = Budget { before_passes: 30, per_pass: 7, ..Budget::default() };
    let alone = explore(&mut machine, &mut Dpor::default(), &budget, |_, _| Judgement::Holds).unwrap();
    let mut seen = 0;
    let both = search(&mut machine, &budget, |_, _| {
        seen += 1;
        Judgement::Holds
    })
    .unwrap();
    assert_eq!(alone.verdict, both.verdict, "the passes count for nothing");
    assert!(matches!(both.verdict, Verdict::Complete { executions: 31.., .. }), "{both:?}");
    assert_eq!((both.judged, both.judged - alone.judged), (seen, 4 * 7));
}

#[test]
fn a_search_that_is_soon_done_makes_no_passes() {
    for (name, program) in programs() {
        let mut machine = Simulated::new(&program);
        let alone = explore(&mut machine, &mut Dpor::default(), &Budget::default(), |_, _| Judgement::Holds);
        let both = search(&mut machine, &Budget::default(), |_, _| Judgement::Holds);
        if alone.as_ref().is_ok_and(|report| report.judged + report.abandoned <= 256) {
            assert_eq!(alone, both, "{name}");
        }
    }
}

/// For each of these, what goes wrong needs so many preemptions and no fewer.
#[test]
fn bounded_passes_find_bugs_by_their_number_of_preemptions_and_never_say_complete() {
    let increment = || [Get(0), when(0, [Set(0, 1)], [Set(0, 2)])];
    let lost_update = {
        let [load, store] = increment();
        let [theirs, also] = increment();
        vec![fork([theirs, also]), load, store, wait(), Get(0), PrintAnswer]
    };
    let cases: [(usize, Vec<Op>, Judge); 3] = [
        (0, vec![fork([Print('c')]), Print('p')], |outcome| outcome.output == "cp"),
        (1, lost_update, |outcome| outcome.output == "(2)"),
        // The parent is put aside before its first look, the child between its stores.
        (
            2,
            vec![fork([Set(0, 1), Set(1, 1)]), Get(0), when(1, [Get(1), when(0, [Exit(9)], [])], [])],
            |outcome| outcome.tasks[0].status != Some(simulated::outcome::Ended::Exited(9)),
        ),
    ];
    for (preemptions, program, holds) in cases {
        for bound in 0..=3 {
            let mut machine = Simulated::new(&program);
            let pass =
                explore(&mut machine, &mut Bounded::new(bound), &Budget::default(), judge(holds)).unwrap();
            match pass.verdict {
                Verdict::Counterexample { .. } => assert!(bound >= preemptions, "{program:?} at {bound}"),
                Verdict::BudgetReached { .. } => assert!(bound < preemptions, "{program:?} at {bound}"),
                other => panic!("{other:?}"),
            }
        }
    }
    let mut all = Bounded::new(100);
    let report =
        explore(&mut Simulated::new(&children(2)), &mut all, &Budget::default(), |_, _| Judgement::Holds);
    assert!(matches!(report.unwrap().verdict, Verdict::BudgetReached { .. }));
}

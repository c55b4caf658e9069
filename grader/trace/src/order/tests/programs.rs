//! Orders of small programs whose answers are known from elsewhere.

use super::brute::{self, step};
use crate::TaskPath;
use crate::order::{Always, Count, Footprint, Listing, Outputs, Step, TraceOrder, rules};
use num_bigint::BigUint;
use std::time::{Duration, Instant};

const PLENTY: usize = 10_000_000;

fn child(parent: &TaskPath, nth: u16) -> TaskPath {
    TaskPath([&parent.0[..], &[nth]].concat())
}

/// `for i in 0..rounds { fork(); write i }` and the ends of all tasks, breadth first.
fn fork_tree(rounds: u16, text: impl Fn(u16) -> String, ends: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut tasks = vec![(TaskPath::default(), 0)];
    for round in 0..rounds {
        let mut born = Vec::new();
        for (task, children) in &mut tasks {
            let new = child(task, *children);
            *children += 1;
            let mut fork = step(&task.0, "");
            fork.touched = rules::fork(task);
            fork.births.push(new.clone());
            steps.push(fork);
            born.push((new, 0));
        }
        tasks.extend(born);
        steps.extend(tasks.iter().map(|(task, _)| step(&task.0, &text(round))));
    }
    if ends {
        steps.extend(
            tasks.iter().map(|(task, _)| Step { touched: rules::exit(task, &[]), ..step(&task.0, "") }),
        );
    }
    steps
}

fn count(orders: &[TraceOrder]) -> Count {
    let mut all = Outputs::new();
    orders.iter().for_each(|order| all.add(order));
    all.count(PLENTY)
}

fn exactly(number: &str) -> Count {
    Count::Exactly(number.parse().expect("a number"))
}

#[test]
fn the_fork_tree_has_as_many_outputs_as_are_known_and_is_counted_in_time() {
    let known = [(1, "1"), (2, "3"), (3, "279"), (4, "127952289"), (5, "11969760319978270261269")];
    for (rounds, outputs) in known {
        let begun = Instant::now();
        let order = TraceOrder::new(fork_tree(rounds, |round| round.to_string(), true));
        assert_eq!(count(&[order]), exactly(outputs), "{rounds} rounds");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "{rounds} rounds took {took:?}");
    }
}

#[test]
fn lines_that_name_their_task_make_every_schedule_of_the_writes_an_output() {
    let mut steps = fork_tree(3, |_| String::new(), false);
    for (index, step) in steps.iter_mut().enumerate().filter(|(_, step)| step.births.is_empty()) {
        step.output = format!("hello from {index}\n").into_bytes();
    }
    let order = TraceOrder::new(steps);
    let writes = order.steps().iter().filter(|step| step.births.is_empty()).count();
    assert_eq!(writes, 14);
    // 14 writes in two equal trees of 7: by the hook length formula 14! / (7·3·3)².
    assert_eq!(count(&[order]), exactly("21964800"));
}

#[test]
fn longer_lines_that_begin_alike_are_no_more_outputs() {
    let order = TraceOrder::new(fork_tree(4, |round| format!("Hello, this is round {round}\n"), false));
    assert_eq!(count(&[order]), exactly("127952289"));
}

#[test]
fn the_schedules_of_the_fork_tree_are_as_many_as_are_known() {
    let schedules = |rounds| TraceOrder::new(fork_tree(rounds, |_| String::new(), true)).extensions(PLENTY);
    assert_eq!(schedules(2), Some(BigUint::from(33_264u32)));
    assert_eq!(schedules(3).map(|count| count.to_string().len()), Some(17), "4.4·10¹⁶");
}

#[test]
fn a_line_after_all_waits_changes_nothing_in_the_count() {
    let mut steps = fork_tree(3, |round| round.to_string(), true);
    let root = TaskPath::default();
    let tasks: Vec<TaskPath> =
        steps.iter().filter(|step| !step.births.is_empty()).flat_map(|s| s.births.clone()).collect();
    steps.retain(|step| step.task != root || step.touched != rules::exit(&root, &[]));
    for task in tasks {
        steps.push(Step { touched: rules::reap(&root, &task, &[]), ..step(&[], "") });
    }
    steps.push(step(&[], "done"));
    assert_eq!(count(&[TraceOrder::new(steps)]), exactly("279"));
}

/// The parent forks, the child writes and ends, the parent waits and writes.
fn fork_and_wait() -> TraceOrder {
    let (root, born) = (TaskPath::default(), TaskPath(vec![0]));
    let mut fork = Step { touched: rules::fork(&root), ..step(&[], "") };
    fork.births.push(born.clone());
    TraceOrder::new(vec![
        fork,
        step(&[0], "child\n"),
        Step { touched: rules::exit(&born, &[]), ..step(&[0], "") },
        Step { touched: rules::reap(&root, &born, &[]), ..step(&[], "") },
        step(&[], "parent\n"),
    ])
}

#[test]
fn with_a_wait_the_childs_line_always_comes_first() {
    let order = fork_and_wait();
    assert_eq!(order.always_before(1, 4), Always::Yes);
    assert_eq!(count(&[order]), exactly("1"));
}

#[test]
fn without_a_wait_it_does_not_and_a_schedule_shows_it() {
    let steps = fork_and_wait().steps().to_vec();
    let order = TraceOrder::new([&steps[..3], &steps[4..]].concat());
    let Always::No(witness) = order.always_before(1, 3) else { panic!("{order:?}") };
    assert!(order.is_extension(&witness));
    assert_eq!(brute::output(&order, &witness), b"parent\nchild\n");
}

#[test]
fn what_belongs_to_no_schedule_is_no_extension() {
    let order = fork_and_wait();
    assert!(order.is_extension(&[0, 1, 2, 3, 4]));
    for wrong in [&[0, 1, 3, 2, 4][..], &[0, 1, 2, 3], &[0, 1, 2, 3, 3], &[0, 1, 2, 3, 7], &[1, 0, 2, 3, 4]] {
        assert!(!order.is_extension(wrong), "{wrong:?}");
    }
}

#[test]
fn aa_by_one_task_and_a_by_another_make_one_output() {
    let order = TraceOrder::new(vec![step(&[0], "aa"), step(&[1], "a")]);
    assert_eq!(brute::extensions(&order).len(), 2);
    assert_eq!(count(&[order]), exactly("1"));
}

#[test]
fn two_silent_children_reaped_in_either_order_are_different_executions_and_one_output() {
    let (root, first, second) = (TaskPath::default(), TaskPath(vec![0]), TaskPath(vec![1]));
    let end = |task: &TaskPath| Step { touched: rules::exit(task, &[]), ..step(&task.0, "") };
    let wait = |touched| Step { touched, ..step(&[], "") };
    let oldest_first = TraceOrder::new(vec![
        end(&first),
        end(&second),
        wait(rules::reap(&root, &first, &[])),
        wait(rules::reap(&root, &second, &[])),
        step(&[], "done"),
    ]);
    let youngest_first = TraceOrder::new(vec![
        end(&second),
        wait(rules::reap(&root, &second, std::slice::from_ref(&first))),
        end(&first),
        wait(rules::reap(&root, &first, &[])),
        step(&[], "done"),
    ]);
    assert_ne!(oldest_first.canonical(), youngest_first.canonical());
    assert_eq!(count(&[oldest_first, youngest_first]), exactly("1"));
}

#[test]
fn no_execution_has_no_output_and_a_silent_one_has_the_empty_one() {
    assert_eq!(count(&[]), exactly("0"));
    assert_eq!(Outputs::new().first(9, PLENTY), Listing { outputs: vec![], complete: true });
    let mut silent = Outputs::new();
    silent.add(&TraceOrder::new(Vec::new()));
    assert_eq!(silent.count(PLENTY), exactly("1"));
    assert_eq!(silent.first(9, PLENTY), Listing { outputs: vec![vec![]], complete: true });
}

#[test]
fn over_budget_the_answer_is_a_lower_bound_that_grows_with_the_budget() {
    let order = TraceOrder::new(fork_tree(5, |round| round.to_string(), false));
    let truth: BigUint = "11969760319978270261269".parse().expect("a number");
    let mut last = BigUint::ZERO;
    for budget in [1, 100, 2_000] {
        let mut outputs = Outputs::new();
        outputs.add(&order);
        let Count::AtLeast(bound) = outputs.count(budget) else { panic!("{budget} cannot suffice") };
        assert!(last < bound && bound < truth, "{bound} with a budget of {budget}");
        last = bound;
    }
}

#[test]
fn a_listing_without_budget_does_not_claim_to_be_complete() {
    let mut outputs = Outputs::new();
    outputs.add(&TraceOrder::new(fork_tree(3, |round| round.to_string(), false)));
    assert_eq!(outputs.first(9, 5), Listing { outputs: vec![], complete: false });
    let three = outputs.first(3, PLENTY);
    assert_eq!(three.outputs, [b"00111122222222", b"00111212222222", b"00111221222222"]);
    assert!(!three.complete);
    let all = outputs.first(279, PLENTY);
    assert!(all.complete && all.outputs.len() == 279);
}

#[test]
fn many_schedules_give_up_counting_in_time() {
    let order = TraceOrder::new(fork_tree(3, |_| String::new(), true));
    assert_eq!(order.extensions(3), None);
}

#[test]
fn a_long_series_of_lines_is_no_trouble() {
    let steps: Vec<Step> = (0..3000).map(|line| step(&[], &format!("{line}\n"))).collect();
    let order = TraceOrder::new(steps);
    assert_eq!(order.extensions(PLENTY), Some(BigUint::from(1u32)));
    assert_eq!(count(&[order]), exactly("1"));
}

#[test]
fn an_unclassified_call_is_in_order_with_every_task() {
    let all = Step { touched: Footprint::everything(), ..step(&[0], "") };
    let order = TraceOrder::new(vec![step(&[1], "a"), all, step(&[2], "b")]);
    assert!(order.before(0, 1) && order.before(1, 2) && order.before(0, 2));
    assert_eq!(order.covers(2), [1], "the first one is already known to come before");
}

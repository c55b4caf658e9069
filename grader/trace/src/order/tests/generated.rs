//! Generated orders: every answer against trying everything.

use super::brute::{self, step};
use crate::TaskPath;
use crate::order::extension::Random;
use crate::order::{Always, Count, Footprint, Name, Outputs, Resource, Step, TraceOrder};
use num_bigint::BigUint;
use std::collections::BTreeSet;

const PLENTY: usize = 1_000_000;
const TEXTS: [&str; 8] = ["", "a", "aa", "ab", "b", "ba", "a", "b"];

/// A few tasks, the first of which may create the others; steps that write, change and observe a few things, and
/// joins: a last step of one task that waits for all others.
fn generate(random: &mut Random) -> TraceOrder {
    let tasks = 1 + random.below(4) as u16;
    let length = 2 + random.below(7);
    let things = 1 + random.below(2);
    let mut steps = Vec::new();
    if random.below(2) == 0 {
        let mut birth = step(&[], TEXTS[random.below(8) as usize]);
        birth.births = (0..tasks).map(|task| TaskPath(vec![task])).collect();
        steps.push(birth);
    }
    for _ in 0..length {
        let task = random.below(u64::from(tasks)) as u16;
        let mut new = step(&[task], TEXTS[random.below(8) as usize]);
        let thing = Resource::Object(Name { by: TaskPath::default(), nth: random.below(things) as u32 });
        new.touched = match random.below(6) {
            0 => Footprint::nothing().changes(thing),
            1 => Footprint::nothing().observes(thing),
            2 => Footprint::nothing().counts(thing),
            _ => Footprint::nothing(),
        };
        steps.push(new);
    }
    if random.below(6) == 0 {
        steps.push(Step { touched: Footprint::everything(), ..step(&[0], TEXTS[random.below(8) as usize]) });
    }
    TraceOrder::new(steps)
}

fn some_orders(seed: u64, count: usize) -> Vec<TraceOrder> {
    let mut random = Random(seed);
    (0..count).map(|_| generate(&mut random)).collect()
}

fn assert_outputs(orders: &[TraceOrder]) {
    let truth: Vec<Vec<u8>> = brute::outputs(orders).into_iter().collect();
    let mut all = Outputs::new();
    orders.iter().for_each(|order| all.add(order));
    assert_eq!(all.count(PLENTY), Count::Exactly(BigUint::from(truth.len())), "{orders:#?}");
    assert_eq!(all.first(usize::MAX, PLENTY).outputs, truth, "{orders:#?}");
    assert_eq!(all.first(2, PLENTY).outputs, truth[..truth.len().min(2)], "{orders:#?}");
    for budget in [0, 1, 3, 10] {
        if let Count::AtLeast(bound) = all.count(budget) {
            assert!(bound <= BigUint::from(truth.len()), "{bound} is too many: {orders:#?}");
        }
    }
}

/// Whether four writes stand like the letter N: what makes an order more than a term of series and parallels.
fn has_an_n(order: &TraceOrder) -> bool {
    let writes: Vec<usize> =
        (0..order.len()).filter(|step| !order.steps()[*step].output.is_empty()).collect();
    let before = |a: &usize, b: &usize| order.before(*a, *b);
    let beside = |a: &usize, b: &usize| a != b && !before(a, b) && !before(b, a);
    let top =
        |a: &usize, b: &usize, c: &usize| writes.iter().any(|d| before(b, d) && beside(a, d) && beside(c, d));
    let side = |a: &usize, b: &usize| writes.iter().any(|c| before(a, c) && before(b, c) && top(a, b, c));
    writes.iter().any(|a| writes.iter().any(|b| beside(a, b) && side(a, b)))
}

#[test]
fn outputs_of_one_order_are_those_of_all_its_schedules() {
    let orders = some_orders(1, 600);
    let free = orders.iter().filter(|order| brute::extensions(order).len() > 50).count();
    assert!(free > 50, "only {free} have many schedules");
    let tangled = orders.iter().filter(|order| has_an_n(order)).count();
    assert!(tangled > 50, "only {tangled} are tangled");
    orders.iter().for_each(|order| assert_outputs(std::slice::from_ref(order)));
}

#[test]
fn outputs_of_several_orders_are_united() {
    some_orders(2, 400).chunks(3).for_each(assert_outputs);
}

#[test]
fn schedules_are_counted_as_they_are_listed() {
    for order in some_orders(3, 300) {
        let truth = BigUint::from(brute::extensions(&order).len());
        assert_eq!(order.extensions(PLENTY), Some(truth), "{order:#?}");
    }
}

#[test]
fn always_before_agrees_with_all_schedules_and_its_witness_is_one() {
    for order in some_orders(4, 100) {
        let all = brute::extensions(&order);
        for (a, b) in
            (0..order.len()).flat_map(|a| (0..order.len()).map(move |b| (a, b))).filter(|(a, b)| a != b)
        {
            let at = |schedule: &[usize], step| schedule.iter().position(|other| *other == step);
            let first = |schedule: &Vec<usize>| at(schedule, a) < at(schedule, b);
            match order.always_before(a, b) {
                Always::Yes => assert!(all.iter().all(first), "{a} {b} {order:#?}"),
                Always::No(witness) => {
                    assert!(!first(&witness) && all.contains(&witness), "{a} {b} {order:#?}")
                }
            }
        }
    }
}

/// Runs the steps in another order; what they touched and wrote stays the same.
fn rerun(order: &TraceOrder, schedule: &[usize]) -> TraceOrder {
    TraceOrder::new(schedule.iter().map(|step| order.steps()[*step].clone()).collect())
}

#[test]
fn every_schedule_of_an_execution_has_its_canonical_form() {
    for order in some_orders(5, 100) {
        for schedule in brute::extensions(&order).iter().take(200) {
            assert_eq!(rerun(&order, schedule).canonical(), order.canonical(), "{schedule:?} of {order:#?}");
        }
    }
}

#[test]
fn a_schedule_that_reverses_a_conflict_has_another_canonical_form() {
    let mut reversed = 0;
    for order in some_orders(6, 200) {
        for later in 1..order.len() {
            let (a, b) = (&order.steps()[later - 1], &order.steps()[later]);
            if a.task == b.task || a.births.contains(&b.task) || !order.before(later - 1, later) {
                continue;
            }
            let mut schedule: Vec<usize> = (0..order.len()).collect();
            schedule.swap(later - 1, later);
            assert_ne!(rerun(&order, &schedule).canonical(), order.canonical(), "{later} of {order:#?}");
            reversed += 1;
        }
    }
    assert!(reversed > 50, "only {reversed} conflicts were reversed");
}

#[test]
fn random_schedules_are_schedules_and_reach_all_of_a_small_execution() {
    for order in some_orders(7, 60) {
        let all: BTreeSet<Vec<usize>> = brute::extensions(&order).into_iter().collect();
        let drawn: BTreeSet<Vec<usize>> = (0..400).map(|seed| order.random_extension(seed)).collect();
        assert!(drawn.is_subset(&all), "{order:#?}");
        assert!(all.len() > 20 || drawn == all, "{} of {}: {order:#?}", drawn.len(), all.len());
    }
}

#[test]
fn a_seed_says_everything() {
    let order = &some_orders(8, 1)[0];
    assert_eq!(order.random_extension(42), order.random_extension(42));
}

#[test]
fn where_no_step_waits_for_two_every_schedule_is_equally_likely() {
    // One task of three steps beside one of one step: four schedules.
    let order = TraceOrder::new(vec![step(&[0], "a"), step(&[0], "b"), step(&[0], "c"), step(&[1], "d")]);
    let mut drawn = std::collections::BTreeMap::new();
    (0..4000).for_each(|seed| *drawn.entry(order.random_extension(seed)).or_insert(0) += 1);
    assert_eq!(drawn.len(), 4);
    assert!(drawn.values().all(|times| (900..1100).contains(times)), "{drawn:?}");
}

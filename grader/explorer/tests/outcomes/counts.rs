//! How many traces there are.

use super::compare::{outcomes, reduced};
use grader_explorer::Exhaustive;
use grader_explorer::simulated::Op::*;
use grader_explorer::simulated::corpus::*;
use grader_explorer::simulated::{Simulated, Stdout};

#[test]
fn n_children_and_n_waits_have_as_many_traces_as_there_are_parking_functions() {
    for (count, traces) in [(2, 3), (3, 16), (4, 125), (5, 1296)] {
        let found = reduced(Simulated::new(&children(count)));
        assert_eq!(found.report.judged, traces, "{count} children");
    }
}

#[test]
fn what_touches_nothing_in_common_is_run_once() {
    let program = [fork([Set(0, 1), Get(0)]), fork([Set(1, 1), Sleep]), Set(2, 1), wait_for(0), wait_for(1)];
    let found = reduced(Simulated::new(&program));
    // A wait that sleeps has not happened yet: whether the child or the wait came first is nothing that one could see.
    assert_eq!(found.report.judged, 1);
    let all = outcomes(Simulated::new(&program), Exhaustive::default(), 100_000);
    assert!(all.complete() && all.report.judged > 300, "{:?}", all.report);
}

#[test]
fn lines_on_an_observed_stdout_cost_no_traces() {
    let program = [fork([Print('a'), Print('b')]), fork([Print('c')]), Print('d')];
    assert_eq!(reduced(Simulated::new(&program)).report.judged, 12);
    assert_eq!(reduced(Simulated::new(&program).stdout(Stdout::Observed)).report.judged, 1);
}

#[test]
fn no_trace_is_run_twice() {
    use grader_explorer::{Budget, Dpor, Judgement, Path, explore};
    use std::collections::BTreeSet;
    /// The order of dependent steps, which is what a trace is.
    fn canonical(path: &Path) -> Vec<String> {
        let mut seen: Vec<(&grader_trace::TaskPath, usize)> = Vec::new();
        let names: Vec<String> = (path.taken.iter())
            .map(|(choice, _)| {
                let nth = seen.iter().filter(|(task, _)| *task == &choice.task).count();
                seen.push((&choice.task, nth));
                format!("{choice}#{nth}")
            })
            .collect();
        let mut order = Vec::new();
        for (later, (choice, footprint)) in path.taken.iter().enumerate() {
            let dependent = |earlier: &usize| {
                let (other, touched) = &path.taken[*earlier];
                other.task == choice.task || touched.conflicts(footprint)
            };
            let before: BTreeSet<&String> = (0..later).filter(dependent).map(|i| &names[i]).collect();
            order.push(format!("{} after {before:?}", names[later]));
        }
        order.sort();
        order
    }
    for (name, program) in programs() {
        let mut traces = BTreeSet::new();
        let mut machine = Simulated::new(&program);
        let report = explore(&mut machine, &mut Dpor::default(), &Budget::default(), |_, execution| {
            assert!(traces.insert(canonical(&execution.path)), "{name}: {}", execution.path.schedule());
            Judgement::Holds
        });
        assert_eq!(report.unwrap().judged, traces.len() as u64);
    }
}

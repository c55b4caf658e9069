//! What a program reads from the processor's counter, its schedule decides: such a program replays, which it does not
//! where the processor answers by itself.

use super::real::{SPECIMEN, machine_for, tasks};
use grader_explorer::simulated::outcome::Ended;
use grader_explorer::{Dpor, Judgement, Trouble, explore, replay};
use grader_trace::{ExitStatus, Signal};
use grader_tracer::controlled::Controlled;
use std::collections::BTreeSet;

fn specimen(mode: &[&str]) -> Controlled<'static> {
    machine_for(SPECIMEN, &[&["specimen"], mode].concat())
}

/// What comes out of the program's only schedule, run so often.
fn outputs(machine: &mut Controlled<'_>, times: u32) -> BTreeSet<String> {
    let mut output = BTreeSet::new();
    let mut schedule = None;
    explore(machine, &mut Dpor::default(), &Default::default(), |_, execution| {
        schedule.get_or_insert(execution.path.schedule());
        Judgement::Holds
    })
    .expect("no trouble");
    for _ in 0..times {
        let again = replay(machine, schedule.as_ref().expect("an execution")).expect("it replays");
        let bytes = again.events.into_iter().flatten().flat_map(|deed| deed.output).collect();
        output.insert(String::from_utf8(bytes).expect("letters"));
    }
    output
}

#[test]
fn a_program_that_heeds_the_counter_replays_in_children_and_after_an_exec_too() {
    let by_copy = outputs(&mut specimen(&["heeds_the_counter"]), 20);
    assert_eq!(by_copy.len(), 1, "{by_copy:?}");
    let text = by_copy.first().expect("one");
    assert_eq!(text.len(), 4 * 24, "{text}");
    assert!(text.contains('a') && text.contains('b'), "{text}");
    let by_exec = outputs(&mut specimen(&["heeds_the_counter"]).with_exec_each_time(), 5);
    assert_eq!(by_exec, by_copy);
}

#[test]
fn it_does_not_where_the_processor_answers() {
    let output = outputs(&mut specimen(&["heeds_the_counter", "alone"]).with_true_counter(), 20);
    assert!(output.len() > 1, "{output:?}");
}

#[test]
fn a_fault_with_another_cause_arrives() {
    for (how, ended) in [("handled", ExitStatus::Exited(7)), ("", ExitStatus::Killed(Signal(libc::SIGSEGV)))]
    {
        let mut machine = specimen(&["crashes_after_the_counter", how]);
        assert_eq!(outputs(&mut machine, 3).len(), 1);
        assert_eq!(tasks(&machine)[0].status, Some(Ended::from(ended)), "{how}");
    }
}

#[test]
fn where_a_trap_would_change_what_a_signal_does_no_claim_is_made() {
    let mut machine = specimen(&["ignores_what_traps"]);
    let trouble = grader_explorer::Machine::restart(&mut machine).expect_err("it cannot go on");
    assert!(matches!(&trouble, Trouble::Unmodelled(what) if what.contains("counter")), "{trouble}");
}

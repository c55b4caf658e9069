//! What goes wrong with few preemptions is found soon on the kernel, too, however much follows it.

use super::folder::Folder;
use super::real::{machine_within, tasks};
use grader_explorer::simulated::outcome::Ended;
use grader_explorer::{Budget, Dpor, Execution, Judgement, Verdict, explore, replay, search};
use grader_tracer::controlled::{Controlled, Deed};

/// Two processes look whether there is a file, and write to it again and again. Whoever has seen none ends with 1. Both
/// can.
const BOTH_LOOK_AND_MAKE: &str =
    "f(Asi-0002(AaAaAaAaAax001)(AaAaAaAaAa))Asi-0002(AaAaAaAaAax001)(AaAaAaAaAa)";

fn judge(machine: &Controlled<'_>, _: &Execution<Deed>) -> Judgement {
    let made = tasks(machine).iter().filter(|task| task.status == Some(Ended::Exited(1))).count();
    if made == 2 { Judgement::Fails } else { Judgement::Holds }
}

#[test]
fn a_mistake_near_the_start_of_a_real_program_is_not_behind_all_orders_of_what_follows() {
    let folder = Folder::new();
    let mut machine = machine_within(folder.path(), BOTH_LOOK_AND_MAKE);
    let budget = Budget { executions: 600, steps: 400, ..Budget::default() };
    let late = explore(&mut machine, &mut Dpor::default(), &budget, judge).expect("as foreseen");
    assert_eq!(late.verdict, Verdict::BudgetReached { explored: 600 });
    let soon = search(&mut machine, &budget, judge).expect("as foreseen");
    let Verdict::Counterexample { schedule } = &soon.verdict else { panic!("{soon:?}") };
    println!("more than {} executions without passes, {} with them", late.judged, soon.judged);
    assert!(soon.judged < 300, "{}", soon.judged);
    let execution = replay(&mut machine, schedule).expect("it was executed before");
    assert_eq!(judge(&machine, &execution), Judgement::Fails);
}

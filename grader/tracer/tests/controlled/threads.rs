//! Threads: started, woken and ended one at a time.

use super::real::{SPECIMEN, machine_for};
use grader_explorer::{Budget, Dpor, Judgement, explore};

#[test]
fn threads_start_sleep_and_end_in_every_schedule() {
    let mut machine = machine_for(SPECIMEN, &["specimen", "four_threads"]).with_threads();
    let budget = Budget { executions: 300, ..Budget::default() };
    let mut count = 0;
    let report = explore(&mut machine, &mut Dpor::default(), &budget, |_, execution| {
        count += 1;
        if count < 4 { println!("{:?} {}", execution.end, execution.path.schedule()); }
        Judgement::Holds
    });
    println!("{count} {report:?}");
    assert!(report.is_ok());
}

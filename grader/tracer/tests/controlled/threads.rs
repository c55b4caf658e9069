//! Threads: started, woken and ended one at a time.

use super::real::machine_for;
use grader_explorer::{Budget, Dpor, Judgement, explore};
use std::collections::BTreeMap;

#[test]
fn c_counters() {
    let program = std::env::var("CTR").expect("set");
    let args = std::env::var("CTRARGS").expect("set");
    let argv: Vec<&str> = ["ctr"].into_iter().chain(args.split(' ')).collect();
    let mut machine = machine_for(&program, &argv).with_threads();
    loop {
        let mut outputs: BTreeMap<String, u64> = BTreeMap::new();
        let began = std::time::Instant::now();
        let report = explore(&mut machine, &mut Dpor::default(), &Budget::default(), |_, execution| {
            let bytes = execution.events.iter().flatten().flat_map(|deed| deed.output.clone()).collect();
            *outputs.entry(String::from_utf8(bytes).expect("text")).or_default() += 1;
            Judgement::Holds
        });
        println!("{outputs:?} {report:?} {:?}", began.elapsed());
        if !machine.finds_more() { break; }
    }
}

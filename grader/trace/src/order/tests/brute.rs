//! All linear extensions and all outputs, by trying everything.

use crate::order::{Step, TraceOrder};
use crate::{TaskPath, order::Footprint};
use std::collections::BTreeSet;

/// A step that touches nothing and writes this.
pub fn step(task: &[u16], output: &str) -> Step {
    Step {
        task: TaskPath(task.to_vec()),
        touched: Footprint::nothing(),
        births: Vec::new(),
        output: output.as_bytes().to_vec(),
    }
}

/// Every linear extension, found without the order's own functions but `before`.
pub fn extensions(order: &TraceOrder) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    extend(order, &mut Vec::new(), &mut found);
    found
}

fn extend(order: &TraceOrder, so_far: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    if so_far.len() == order.len() {
        found.push(so_far.clone());
    }
    for step in 0..order.len() {
        let ready = (0..order.len()).all(|other| !order.before(other, step) || so_far.contains(&other));
        if ready && !so_far.contains(&step) {
            so_far.push(step);
            extend(order, so_far, found);
            so_far.pop();
        }
    }
}

/// What comes out if the steps run in this order.
pub fn output(order: &TraceOrder, schedule: &[usize]) -> Vec<u8> {
    schedule.iter().flat_map(|step| order.steps()[*step].output.clone()).collect()
}

/// Every output of these orders.
pub fn outputs<'a>(orders: impl IntoIterator<Item = &'a TraceOrder>) -> BTreeSet<Vec<u8>> {
    let of = |order| extensions(order).into_iter().map(|schedule| output(order, &schedule));
    orders.into_iter().flat_map(of).collect()
}

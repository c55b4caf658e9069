//! What is left of a run: in /proc, by the mark in its environment and by its PIDs.

use std::fs;

/// Nothing with this mark is alive, and none of these PIDs is a child of this process any more.
pub fn assert_nothing_left(mark: &str, pids: &[i32]) {
    let alive = survivors(mark);
    assert!(
        alive.is_empty(),
        "alive after the run: {:?}",
        alive.iter().map(|p| describe(*p)).collect::<Vec<_>>()
    );
    let children: Vec<String> = pids
        .iter()
        .filter(|pid| parent(**pid) == Some(std::process::id() as i32))
        .map(|p| describe(*p))
        .collect();
    assert!(children.is_empty(), "not reaped after the run: {children:?}");
}

/// A process and all that descend from it, as far as they are alive.
pub fn descendants(pid: i32) -> Vec<i32> {
    let mut family = Vec::new();
    let mut next = vec![pid];
    while let Some(pid) = next.pop() {
        if state(pid).is_none_or(|state| state == 'Z') {
            continue;
        }
        family.push(pid);
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            next.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        }
    }
    family
}

/// The state letter of a process; `None` if it is gone.
fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// The PIDs of all living processes that have this mark in their environment.
pub fn survivors(mark: &str) -> Vec<i32> {
    let wanted = format!("STAGE={mark}");
    let is_marked = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    processes().into_iter().filter(is_marked).collect()
}

fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc is there");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The PID of a process's parent; `None` if it is gone.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn describe(pid: i32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.split_whitespace().take(4).collect::<Vec<_>>().join(" ")
}

//! `wait`: an order proved, not hoped for. The parent's line comes after the child's end, in every run.
//!
//! Who fails by what, so that one mistake is one finding:
//! - never waiting is `reaped`: what a wait would have answered, and what follows it, is moot;
//! - waiting, but after the line, is `after-child`; if the line then has a made-up `wc`, that is part of it;
//! - a line after the wait with other numbers than it should have is `parent-line`.

use super::circumstance::{child_fails, child_killed, fork_fails, plain, slow_child, slow_parent};
use super::ending::{nobody_is_left, with_success};
use super::failure::{FORK_FAILS, STATUS_DECODED};
use super::family::{Family, ONE_CHILD};
use super::lines::{self, CHILD_LINE, GREETING, OWN_PATH};
use super::reaping::{self, NO_BUSY_WAIT, REAPED};
use super::saying::{Said, Saying};
use crate::course::naming::in_words;
use crate::course::{Check, Exercise, Finding, Judgement, Objection, Run, premise};
use grader_trace::{Builder, Stamp, TaskId, Trace};
use grader_tracer::Watch;

/// The exercise.
pub const EXERCISE: Exercise = Exercise {
    id: "wait",
    chapter: "1-processes",
    title: "the parent speaks when the child has ended",
    aha: "wait makes an order certain; sleep only makes it likely.",
    counted: true,
    watch: WATCH,
    order_counts: true,
    scenarios: || vec![plain(), slow_child(), slow_parent(), fork_fails(), child_killed(), child_fails()],
    checks: &[
        Check { points: 1, ..ONE_CHILD },
        GREETING,
        Check { points: 1, ..CHILD_LINE },
        Check { points: 1, ..REAPED_HERE },
        Check { points: 1, judge: parent_line, ..PARENT_LINE },
        Check { points: 1, judge: after_child, ..AFTER_CHILD },
        Check { points: 1, judge: own_path, ..OWN_PATH },
        Check { points: 1, ..NO_BUSY_WAIT },
        Check { points: 1, judge: exit_status, ..EXIT_STATUS },
        Check { points: 1, ..STATUS_DECODED },
        Check { points: 1, ..FORK_FAILS },
    ],
    wanted,
};

/// What the checks about parent and child ask about. A run that stalls is noticed only where sleeps are watched.
pub const WATCH: Watch = Watch { reads: false, ..Watch::ALL };

const REAPED_HERE: Check = Check { judge: reaped, ..REAPED };

/// "The parent's line says what wait returned." Its judge depends on what the exercise says before.
pub const PARENT_LINE: Check = Check {
    id: "parent-line",
    claim: "The parent says `hello, I am parent of C (wc:W) (pid:P)`; C is its child, W what wait returned.",
    why: "wait returns the PID of the child that has ended, and stores its status elsewhere. With many children \
          that PID is the only way to know whose status it is.",
    points: 0,
    hints: &[
        "Three numbers, three sources: fork, wait, getpid.",
        "What wait returns is a PID (or -1); the status is what it stores through its argument.",
        "let wc = waitpid(child, None)?.pid(); the line is println!(\"hello, I am parent of {child} (wc:{wc}) \
         (pid:{})\", getpid()).",
    ],
    see: &["wait(2)", "fork(2)", "getpid(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: parent_line,
};

/// "The order is certain." Its judge depends on what the exercise says before.
pub const AFTER_CHILD: Check = Check {
    id: "after-child",
    claim: "The parent's line comes after a wait call that told it of the child's end.",
    why: "Without that, the order is luck. A sleep makes it likely; only a wait makes it certain, since it does not \
          return before the child has ended.",
    points: 0,
    hints: &[
        "What would your program print if the child did not get the processor for a whole second?",
        "Nothing but a wait (or what builds on it) holds the parent until the child has ended; no sleep does.",
        "Call waitpid(child, None) before the parent's println!, and use its answer in it.",
    ],
    see: &["wait(2)", "sched(7)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: after_child,
};

/// "The parent tells by its status that the child succeeded." Its judge depends on what can go wrong before.
pub const EXIT_STATUS: Check = Check {
    id: "exit-status",
    claim: "The parent ends with exit status 0 when the child did, and everybody ends.",
    why: "Whoever started the program does the same with it: it waits for the end, and asks whether the work was done. 0 \
          is yes.",
    points: 0,
    hints: &[
        "Does the parent come to its end, and with which number? It is not the PID, and not the status word.",
        "The status word holds more than the exit code: WEXITSTATUS takes the code out of it.",
        "match status { WaitStatus::Exited(_, code) => ExitCode::from(code as u8), _ => … }",
    ],
    see: &["exit(3)", "wait(2)"],
    scenarios: &["plain", "slow-child", "slow-parent"],
    judge: exit_status,
};

fn reaped(run: &Run) -> Judgement {
    reaping::reaped(Family::of(run)?.trace)
}

fn parent_line(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    premise("reaped", reaped(run))?;
    says_what_wait_returned(&family)
}

/// Judges [`PARENT_LINE`], given that the child was reaped.
pub fn says_what_wait_returned(family: &Family) -> Judgement {
    let pid = i64::from(family.child.pid.0);
    let judgement = lines::parent_line(family, Some(pid));
    let made_up = |said: &Said| match said.saying {
        Saying::Parent { child, wc: Some(wc), .. } => {
            child == pid && wc != pid && !follows_wait(family, said)
        }
        _ => false,
    };
    match lines::said_by_parent(family, "") {
        Ok(said) if made_up(&said) => Err(Objection::Moot { because: AFTER_CHILD.id }),
        _ => judgement,
    }
}

/// When the parent learned that its child had ended, and by which event.
fn told(family: &Family) -> Option<(usize, Stamp)> {
    let (event, _) = family.trace.told_of_end(family.parent.id, family.child.id)?;
    Some((event, family.trace.events()[event].effect()))
}

fn follows_wait(family: &Family, said: &Said) -> bool {
    told(family).is_some_and(|(_, moment)| moment < said.span.0)
}

fn after_child(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    premise("child-line", lines::child_line(&family))?;
    premise("reaped", reaped(run))?;
    speaks_after_the_end(&family)
}

/// Judges [`AFTER_CHILD`], given that the child said its line and was reaped.
pub fn speaks_after_the_end(family: &Family) -> Judgement {
    let said = match lines::said_by_parent(family, "the parent's line") {
        Ok(said) => said,
        Err(Objection::Fails(_)) => return Err(Objection::Moot { because: PARENT_LINE.id }),
        Err(objection) => return Err(objection),
    };
    let (the_parent, the_child) = (family.the_parent(), family.the_child());
    match told(family) {
        Some((event, _)) if follows_wait(family, &said) => {
            Ok(format!("{} before {the_parent} wrote its line", reaping::told(family.trace, event)))
        }
        late => {
            let alive = match family.child.end {
                Some((ended, _)) if ended < said.span.0 => "had ended by then, but nobody had asked",
                _ => "was still alive",
            };
            let expected = format!(
                "a wait call returns {}, and only then {the_parent} writes its line",
                family.child.pid
            );
            let observed = format!("{the_parent} wrote its line first: {the_child} {alive}");
            let events = said.events.iter().copied().chain(late.map(|(event, _)| event));
            Err(Finding::new(expected, observed).at(events).into())
        }
    }
}

fn own_path(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    premise("reaped", reaped(run))?;
    lines::own_branches(run, &family, |_| true)?;
    premise("greeting", lines::greeting(run))?;
    premise("child-line", lines::child_line(&family))?;
    premise("parent-line", parent_line(run))?;
    lines::own_path(&family, |_| true)
}

fn exit_status(run: &Run) -> Judgement {
    let family = Family::of(run)?;
    nobody_is_left(family.trace)?;
    passes_success_on(&family, || {
        premise("child-line", lines::child_line(&family))?;
        premise("parent-line", parent_line(run))
    })
}

/// Judges [`EXIT_STATUS`] when everybody has ended; `explained` is asked when the parent did not succeed.
pub fn passes_success_on(family: &Family, explained: impl FnOnce() -> Result<(), Objection>) -> Judgement {
    let mut finding = match with_success(family.trace, family.parent) {
        Ok(sentence) => return Ok(sentence),
        Err(finding) => finding,
    };
    explained()?;
    if let Some((_, status)) = family.child.end {
        let (observed, the_child) = (&finding.observed, family.the_child());
        finding.observed = format!("{observed}; {the_child} had ended with {}", in_words(status));
    }
    Err(finding.into())
}

/// The run as it should be.
fn wanted() -> Trace {
    let mut run = Builder::new("wait");
    run.print(TaskId::ROOT, "hello world (pid:100)\n");
    let child = run.fork(TaskId::ROOT);
    let waiting = run.now();
    run.print(child, "hello, I am child (pid:101)\n");
    run.exit(child, 0);
    run.wait_since(waiting, TaskId::ROOT, child);
    run.print(TaskId::ROOT, "hello, I am parent of 101 (wc:101) (pid:100)\n");
    run.exit(TaskId::ROOT, 0);
    run.finish()
}

#[cfg(test)]
mod tests;

//! What is worth drawing of a trace: its events without the noise, folded, as steps in order.
//!
//! ```text
//! events ─▶ acts (noise left out) ─▶ folded ─▶ with sleeps, zombies and orphans ─▶ steps
//! ```
//!
//! Invariant: an event that the caller points at is never left out.

mod acts;
mod deeds;
mod fates;
mod fold;
mod noise;

use grader_trace::{Change, Errno, Event, ExitStatus, Fd, Object, Pid, Selector, Signal, Stamp, TaskId};
use grader_trace::{Text, Trace};

/// Something that happened to a task, as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// To whom.
    pub(crate) task: TaskId,
    /// When; the order of the steps.
    pub(crate) when: Stamp,
    /// What.
    pub(crate) act: Act,
    /// The events it stands for, as indices into the trace's events.
    pub(crate) events: Vec<usize>,
    /// How many alike it stands for.
    pub(crate) times: usize,
    /// The grader made it so.
    pub(crate) injected: bool,
    /// Why one should look at it.
    pub(crate) mark: Option<Mark>,
}

/// Why one should look at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// A check points at it.
    Found,
    /// It is the first one that differs from what was wanted.
    Differs,
    /// It is what was wanted instead.
    Wanted,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// The program starts.
    Starts,
    /// It makes another task.
    Forks { child: TaskId, word: &'static str },
    /// It fails to.
    ForkFails { word: &'static str, errno: Errno },
    /// It becomes another program.
    Execs { argv: Vec<Text> },
    /// It fails to.
    ExecFails { path: Text, argv: Vec<Text>, errno: Errno },
    /// It writes.
    Writes { to: Object, text: Text, bytes: u64 },
    /// It reads: so many bytes, and perhaps the end.
    Reads { from: Object, bytes: u64, ended: bool },
    /// It closes descriptors.
    Closes(Vec<(Fd, Object)>),
    /// It makes a descriptor lead where another one leads.
    Dups { from: Fd, to: Fd, object: Object },
    /// It does something else, in these words.
    Does(String),
    /// It goes to sleep in a call. `woken`: the call came back.
    Sleeps { why: Sleep, woken: bool },
    /// A call that it slept in returns, and nothing else is to be told of it.
    Wakes { errno: Option<Errno> },
    /// A wait call tells of a child. `looks_only`: WNOWAIT, the child stays.
    Learns { child: Option<TaskId>, pid: Pid, change: Change, looks_only: bool },
    /// A wait call with WNOHANG says that there is nothing yet. `naps`: sleeps between such calls.
    Nothing { call: String, naps: usize },
    /// A wait call fails.
    WaitFails { errno: Errno },
    /// A signal reaches it.
    Signalled { signal: Signal, from: Option<TaskId> },
    /// It stops.
    Stops(Signal),
    /// It goes on after a stop.
    GoesOn,
    /// It ends: the whole process, or only this thread of it.
    Ends { status: ExitStatus, thread: bool },
    /// It has ended, and nobody waits for it yet.
    Rots,
    /// Its parent ended without having waited for it.
    Unreaped,
    /// Its parent ended before it did.
    Orphaned,
    /// The run is over, and it is still there. `zombie`: it has ended.
    Remains { zombie: bool },
    /// So many more steps like the one before.
    More(usize),
}

/// In what a task sleeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sleep {
    /// A wait call.
    Wait(Selector),
    /// A read: nothing is there.
    Read(Object),
    /// A write: it is full.
    Write(Object),
    /// A sleep by the clock.
    Clock,
    /// Any other call.
    Call(String),
}

/// The steps of a trace, in order. The events in `focus` are kept even if they are noise.
pub(crate) fn story(trace: &Trace, focus: &[usize]) -> Vec<Step> {
    let mut acts = acts::acts(trace, focus);
    fold::repeated_answers(&mut acts);
    let mut steps = acts::with_sleeps(acts);
    steps.sort_by_key(|step| step.when);
    fates::add(trace, &mut steps);
    steps.sort_by_key(|step| step.when);
    let mut steps = fold::neighbours(steps, focus);
    for event in focus {
        if let Some(step) = steps.iter_mut().find(|step| step.events.contains(event)) {
            step.mark = Some(Mark::Found);
        }
    }
    steps
}

impl Step {
    fn of(task: TaskId, when: Stamp, act: Act) -> Step {
        Step { task, when, act, events: Vec::new(), times: 1, injected: false, mark: None }
    }
}

/// An event with its index.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    index: usize,
    event: &'a Event,
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::{Builder, Disposition, Operation, Outcome};

    const ROOT: TaskId = TaskId::ROOT;

    fn acts(trace: &Trace) -> Vec<Act> {
        story(trace, &[]).into_iter().map(|step| step.act).collect()
    }

    #[test]
    fn noise_is_left_out_unless_somebody_points_at_it() {
        let mut run = Builder::new("x");
        let cache = run.open(ROOT, "/etc/ld.so.cache", 0, 0);
        run.close(ROOT, cache);
        run.event(
            ROOT,
            Operation::Disposition {
                signal: Signal(13),
                action: Disposition::Ignore,
                flags: 0,
                result: Outcome::Done(()),
            },
        );
        run.exit(ROOT, 0);
        let trace = run.finish();
        assert_eq!(story(&trace, &[]).len(), 2);
        let pointed: Vec<Step> = story(&trace, &[1]).into_iter().filter(|step| step.mark.is_some()).collect();
        assert!(
            matches!(pointed[..], [Step { act: Act::Closes(_), mark: Some(Mark::Found), .. }]),
            "{pointed:?}"
        );
    }

    #[test]
    fn a_search_along_path_is_told_by_its_last_attempt() {
        let mut run = Builder::new("x");
        for folder in ["/usr/local/bin/wc", "/usr/bin/wc", "/bin/wc"] {
            run.exec_answers(ROOT, folder, &["wc"], Outcome::Failed(Errno::ENOENT));
        }
        let failed: Vec<Act> =
            acts(&run.finish()).into_iter().filter(|act| matches!(act, Act::ExecFails { .. })).collect();
        assert!(
            matches!(&failed[..], [Act::ExecFails { path, .. }] if *path == "/bin/wc".into()),
            "{failed:?}"
        );
    }

    #[test]
    fn a_wait_sleeps_only_if_others_did_something_meanwhile() {
        let story_of = |late: bool| {
            let mut run = Builder::new("x");
            let child = run.fork(ROOT);
            let early = run.now();
            run.exit(child, 0);
            let begin = if late { run.now() } else { early };
            run.wait_since(begin, ROOT, child);
            acts(&run.finish())
        };
        let sleeps = |acts: &[Act]| acts.iter().any(|act| matches!(act, Act::Sleeps { .. }));
        assert!(sleeps(&story_of(false)));
        assert!(!sleeps(&story_of(true)));
    }

    #[test]
    fn a_child_is_drawn_as_a_zombie_if_its_parent_did_something_else_first() {
        let story_of = |busy: bool| {
            let mut run = Builder::new("x");
            let child = run.fork(ROOT);
            run.exit(child, 0);
            if busy {
                run.print(ROOT, "busy\n");
            }
            run.wait(ROOT, child);
            acts(&run.finish()).contains(&Act::Rots)
        };
        assert!(story_of(true));
        assert!(!story_of(false));
    }

    #[test]
    fn answers_in_vain_are_counted_however_the_child_fills_the_time() {
        let mut run = Builder::new("x");
        let child = run.fork(ROOT);
        for line in ["a\n", "b\n", "c\n"] {
            run.wait_nohang(ROOT);
            run.event(ROOT, Operation::Sleep { result: Outcome::Done(()) });
            run.print(child, line);
        }
        let steps = story(&run.finish(), &[]);
        let asked: Vec<&Step> = steps.iter().filter(|step| matches!(step.act, Act::Nothing { .. })).collect();
        assert_eq!(
            asked.iter().map(|step| (step.times, &step.act)).collect::<Vec<_>>(),
            [(3, &Act::Nothing { call: "wait4".into(), naps: 3 })]
        );
    }

    #[test]
    fn pieces_of_a_line_are_joined_and_lines_are_not() {
        let mut run = Builder::new("x");
        for piece in ["hel", "lo\n", "again\n"] {
            run.print(ROOT, piece);
        }
        let texts: Vec<Text> = acts(&run.finish())
            .into_iter()
            .filter_map(|act| match act {
                Act::Writes { text, .. } => Some(text),
                _ => None,
            })
            .collect();
        assert_eq!(texts, [Text::from("hello\n"), Text::from("again\n")]);
    }

    #[test]
    fn a_kill_by_the_grader_is_told_at_the_end_that_it_caused() {
        let steps = story(&super::super::scenes::child_killed(), &[]);
        let injected: Vec<&Act> = steps.iter().filter(|step| step.injected).map(|step| &step.act).collect();
        assert_eq!(injected, [&Act::Ends { status: ExitStatus::Killed(Signal::KILL), thread: false }]);
    }
}

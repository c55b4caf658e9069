//! From events to acts: what each one is called, what its descriptor leads to, whether it slept.

use super::deeds::words;
use super::noise::{Image, is_noise};
use super::{Act, Numbered, Sleep, Step};
use grader_trace::sorted::SortedMap;
use grader_trace::{
    CloneFlags, Disposition, Event, ExitStatus, Fd, Fork, Futex, Map, Object, Operation, Outcome, PipeEnd,
    Remap, Sender, Signal, Site, Stamp, Tables, TaskId, Text, Trace,
};
use std::ops::Range;

/// A step, and the event in which its task may have slept before it.
pub(super) struct Draft {
    pub(super) step: Step,
    sleep: Option<(Sleep, Stamp)>,
    /// It is only worth telling if the task slept.
    only_asleep: bool,
}

impl Draft {
    /// Whether it is a sleep by the clock.
    pub(super) fn is_nap(&self) -> bool {
        matches!((&self.sleep, &self.step.act), (Some((Sleep::Clock, _)), Act::Wakes { errno: None }))
    }
}

/// The acts of a trace, in the order in which their events began.
pub(super) fn acts(trace: &Trace, focus: &[usize]) -> Vec<Draft> {
    let objects = objects(trace);
    let stacks = stacks(trace);
    let mut images = vec![Image::default(); trace.tasks().len()];
    let mut killed_by_us: Vec<TaskId> = Vec::new();
    let mut drafts = vec![draft(Step::of(TaskId::ROOT, Stamp(0), Act::Starts))];
    for (index, event) in trace.events().iter().enumerate() {
        let Some(image) = images.get_mut(event.task.index()) else { continue };
        let object = objects[index].as_ref();
        let numbered = Numbered { index, event };
        if event.injected && is_deadly(trace, index) {
            killed_by_us.push(event.task);
            continue;
        }
        let wanted = focus.contains(&index) || event.injected;
        let beside = is_noise(&event.op, object, *image) || concerns_no_thread(trace, numbered, &stacks);
        if !wanted && (beside || is_told_otherwise(trace, numbered)) {
            continue;
        }
        image.warm = true;
        if let Operation::Exec(exec) = &event.op
            && exec.result == Outcome::Done(())
        {
            *image = Image { foreign: true, ..Image::default() };
        }
        if let Operation::Disposition { signal: Signal::CHLD, action, .. } = &event.op {
            image.hears_of_children = *action == Disposition::Handler;
        }
        if let Operation::Fork(Fork { child: Outcome::Done(child), .. }) = &event.op
            && let Some(of_child) = images.get(event.task.index()).copied()
            && let Some(slot) = images.get_mut(child.task.index())
        {
            *slot = of_child;
        }
        let act = act_of(trace, numbered, object);
        drafts.extend(act.map(|mut draft| {
            let ends = matches!(draft.step.act, Act::Ends { .. });
            draft.step.injected |= ends && killed_by_us.contains(&event.task);
            draft
        }));
    }
    drafts
}

/// Splits what slept while others did something into falling asleep and waking up.
pub(super) fn with_sleeps(drafts: Vec<Draft>) -> Vec<Step> {
    let mut moments: Vec<(Stamp, TaskId)> = drafts
        .iter()
        .filter(|draft| !draft.only_asleep)
        .map(|draft| (draft.step.when, draft.step.task))
        .collect();
    moments.sort_unstable();
    let mut steps = Vec::new();
    for Draft { step, sleep, only_asleep } in drafts {
        let Some((why, from)) = sleep else {
            steps.push(step);
            continue;
        };
        let until = step.when;
        let by_the_clock = why == Sleep::Clock;
        let inside = moments.partition_point(|(when, _)| *when <= from);
        let slept = moments[inside..]
            .iter()
            .take_while(|(when, _)| *when < until)
            .any(|(_, task)| *task != step.task);
        let woken = until != Stamp::END;
        if slept || !woken {
            let event = step.events.first().copied();
            let events: Vec<usize> = event.into_iter().collect();
            steps.push(Step { events, ..Step::of(step.task, from, Act::Sleeps { why, woken }) });
        }
        let told = match step.act {
            Act::Wakes { .. } => slept,
            _ => slept || !only_asleep,
        };
        if woken && told {
            steps.push(step);
        } else if woken && by_the_clock {
            let sleeps = Act::Does("sleeps a while".into());
            steps.push(Step { act: sleeps, ..step });
        }
    }
    steps
}

fn draft(step: Step) -> Draft {
    Draft { step, sleep: None, only_asleep: false }
}

/// For every event, what its descriptor leads to just before its effect.
fn objects(trace: &Trace) -> Vec<Option<Object>> {
    let mut objects = vec![None; trace.events().len()];
    Tables::walk(trace, |event, tables| {
        let fd = match &event.op {
            Operation::Close { fd, .. } | Operation::Read { fd, .. } | Operation::Write { fd, .. } => *fd,
            Operation::Dup { from, .. } => *from,
            _ => return,
        };
        let index = trace.events().partition_point(|other| other.begin < event.begin);
        if let Some(slot) = objects.get_mut(index) {
            *slot = tables.get(event.task, fd).map(|ofd| ofd.object.clone());
        }
    });
    objects
}

/// The mappings in which tasks have their stacks, each with the index of its mmap: the youngest one at that place when
/// clone was called.
fn stacks(trace: &Trace) -> SortedMap<usize, Range<u64>> {
    let mut stacks = SortedMap::new();
    let mut mapped: Vec<(usize, Range<u64>)> = Vec::new();
    for (index, event) in trace.events().iter().enumerate() {
        match &event.op {
            Operation::Map(Map { length, result: Outcome::Done(start), .. }) => {
                mapped.push((index, *start..start.saturating_add(*length)));
            }
            Operation::Fork(Fork { given: Some(given), .. }) => {
                let highest = given.stack.wrapping_sub(1);
                stacks.extend(mapped.iter().rfind(|(_, range)| range.contains(&highest)).cloned());
            }
            _ => {}
        }
    }
    stacks
}

/// Whether memory is mapped, or a thread pointer is noted, that has nothing to do with a thread made by hand.
fn concerns_no_thread(
    trace: &Trace,
    Numbered { index, event }: Numbered,
    stacks: &SortedMap<usize, Range<u64>>,
) -> bool {
    match &event.op {
        Operation::Map(map) => map.result.done().is_some() && !stacks.contains_key(&index),
        Operation::Remap(Remap { start, length, .. }) => !stacks
            .range(..index)
            .any(|(_, stack)| *start < stack.end && stack.start < start.saturating_add(*length)),
        Operation::ThreadPointer { .. } => !trace.task(event.task).birth.flags.has(CloneFlags::SETTLS),
        _ => false,
    }
}

/// So many events further on, what is looked for has nothing to do with it any more.
const NEAR: usize = 4096;

/// Whether another event tells the same story better.
fn is_told_otherwise(trace: &Trace, Numbered { index, event }: Numbered) -> bool {
    // A bomb of kills must not make this quadratic.
    let mut later = trace.events()[index + 1..].iter().take(NEAR);
    match &event.op {
        // A signal of nobody else that ends or stops a task: its end or stop says so.
        Operation::Signal { signal, sender } => {
            let own = trace.task(trace.task(event.task).process).pid;
            let stops = later.find(|next| next.task == event.task).map(|next| &next.op);
            let from_nobody_else = *sender == Sender::Kernel || *sender == Sender::Process(own);
            from_nobody_else && (is_deadly(trace, index) || stops == Some(&Operation::Stop(*signal)))
        }
        // A kill that arrives: the arrow of the signal says so.
        Operation::Kill { signal, result: Outcome::Done(()), .. } => {
            later.any(|next| arrives(trace, next, event.task, *signal))
        }
        // A search along PATH: the last attempt says all.
        Operation::Exec(exec) if exec.result.error().is_some() => later
            .find(|next| next.task == event.task)
            .is_some_and(|next| matches!(&next.op, Operation::Exec(again) if again.argv == exec.argv)),
        _ => false,
    }
}

/// Whether event `index` is a signal that ends its task.
fn is_deadly(trace: &Trace, index: usize) -> bool {
    let event = &trace.events()[index];
    let next = trace.events()[index + 1..].iter().take(NEAR).find(|next| next.task == event.task);
    match (&event.op, next.map(|next| &next.op)) {
        (Operation::Signal { signal, .. }, Some(Operation::Exit(ExitStatus::Killed(by)))) => signal == by,
        _ => false,
    }
}

fn arrives(trace: &Trace, event: &Event, from: TaskId, wanted: Signal) -> bool {
    match event.op {
        Operation::Signal { signal, sender: Sender::Process(pid) } => {
            signal == wanted && trace.task(trace.task(from).process).pid == pid
        }
        _ => false,
    }
}

fn act_of(trace: &Trace, Numbered { index, event }: Numbered, object: Option<&Object>) -> Option<Draft> {
    let object_or = |fd: Fd| object.cloned().unwrap_or(Object::Other(format!("fd {fd}")));
    let done = event.effect();
    let mut slept = None;
    let mut only_asleep = false;
    let (when, act) = match &event.op {
        Operation::Fork(fork) => (event.begin, fork_act(trace, event.task, fork)?),
        Operation::Exec(exec) => match exec.result {
            Outcome::Failed(errno) => {
                (done, Act::ExecFails { path: exec.path.clone(), argv: exec.argv.clone(), errno })
            }
            Outcome::Done(()) => (done, Act::Execs { argv: exec.argv.clone() }),
            Outcome::Unfinished => return None,
        },
        Operation::Exit(status) => {
            let thread = trace.task(event.task).is_thread();
            (event.begin, Act::Ends { status: *status, thread })
        }
        Operation::Wait(wait) => {
            if !wait.nohang {
                slept = Some(Sleep::Wait(wait.selector));
            }
            let act = match wait.result {
                Outcome::Done(Some(news)) => Act::Learns {
                    child: news.task.filter(|child| child.index() < trace.tasks().len()),
                    pid: news.pid,
                    change: news.change,
                    looks_only: wait.nowait,
                },
                Outcome::Done(None) => Act::Nothing { call: wait.call.clone(), naps: 0 },
                Outcome::Failed(errno) => Act::WaitFails { errno },
                Outcome::Unfinished => Act::Wakes { errno: None },
            };
            (done, act)
        }
        Operation::Read { fd, result, .. } => {
            let from = object_or(*fd);
            slept = Some(Sleep::Read(from.clone()));
            let act = match result {
                Outcome::Done(bytes) => Act::Reads { from, bytes: *bytes, ended: *bytes == 0 },
                Outcome::Failed(errno) => Act::Does(format!("read → {errno}")),
                Outcome::Unfinished => Act::Wakes { errno: None },
            };
            (done, act)
        }
        Operation::Write { fd, data, result, .. } => {
            let to = object_or(*fd);
            let in_pipe = matches!(to, Object::Pipe(_, PipeEnd::Write));
            slept = in_pipe.then(|| Sleep::Write(to.clone()));
            match result {
                // What is written into a pipe is read before the write returns.
                Outcome::Done(bytes) => {
                    let when = if in_pipe { event.begin } else { done };
                    (when, Act::Writes { to, text: beginning(data), bytes: *bytes })
                }
                Outcome::Failed(errno) => (done, Act::Does(format!("write → {errno}"))),
                Outcome::Unfinished => (done, Act::Wakes { errno: None }),
            }
        }
        Operation::Close { fd, .. } => (done, Act::Closes(vec![(*fd, object_or(*fd))])),
        Operation::Dup { from, result: Outcome::Done(to), .. } => {
            (done, Act::Dups { from: *from, to: *to, object: object_or(*from) })
        }
        Operation::Sleep { result } => {
            slept = Some(Sleep::Clock);
            (done, Act::Wakes { errno: result.error() })
        }
        Operation::Futex(Futex { op, result: Outcome::Done(_) | Outcome::Unfinished, .. }) if op.waits() => {
            slept = Some(Sleep::Call("futex".into()));
            only_asleep = true;
            (done, Act::Wakes { errno: None })
        }
        Operation::Await { call, result, .. } => {
            slept = Some(Sleep::Call(call.clone()));
            only_asleep = true;
            (done, Act::Wakes { errno: result.error() })
        }
        Operation::Signal { signal, sender } => {
            let from = match sender {
                Sender::Process(pid) => trace.task_with_pid(*pid, event.begin).map(|task| task.id),
                Sender::Kernel => None,
            };
            (event.begin, Act::Signalled { signal: *signal, from })
        }
        Operation::Stop(signal) => (event.begin, Act::Stops(*signal)),
        Operation::Continue => (event.begin, Act::GoesOn),
        Operation::Access { .. } => (done, Act::Does(format!("{}{}", words(&event.op)?, line_of(event)))),
        other => (done, Act::Does(words(other)?)),
    };
    let sleep = slept.map(|why| (why, event.begin));
    let step = Step { events: vec![index], injected: event.injected, ..Step::of(event.task, when, act) };
    Some(Draft { step, sleep, only_asleep })
}

/// As much of what was written as can be of interest.
fn beginning(data: &Text) -> Text {
    Text::from(&data.0[..data.0.len().min(1024)])
}

/// A birth, or an attempt at one; none that the tree of tasks does not know (from a damaged file).
fn fork_act(trace: &Trace, creator: TaskId, fork: &Fork) -> Option<Act> {
    let word = match fork.flags {
        flags if flags.has(CloneFlags::THREAD) => "thread",
        flags if flags.has(CloneFlags::VFORK) => "vfork",
        flags if flags.has(CloneFlags::VM) => "clone",
        _ => "fork",
    };
    match fork.child {
        Outcome::Done(child) => {
            let born = trace.tasks().get(child.task.index())?;
            (born.birth.creator == Some(creator)).then_some(Act::Forks { child: child.task, word })
        }
        Outcome::Failed(errno) => Some(Act::ForkFails { word, errno }),
        Outcome::Unfinished => None,
    }
}

/// Where in the source it happened, in short: an access has no name but its line.
fn line_of(event: &Event) -> String {
    let file =
        |site: &Site| site.file.rsplit_once('/').map_or(site.file.clone(), |(_, name)| name.to_owned());
    event.site.as_ref().map_or(String::new(), |site| format!("  {}:{}", file(site), site.line))
}

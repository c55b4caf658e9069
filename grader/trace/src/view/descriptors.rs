//! Descriptor tables over time: who holds which end of which pipe, and when.
//!
//! A task has a *table*; a slot of the table leads to an *open file description*
//! (OFD); several slots, in several tables, may lead to the same one. See open(2),
//! "Open file descriptions". fork copies the table, CLONE_FILES shares it, exec
//! closes the slots marked close-on-exec and ends the sharing.

use crate::model::births::CloneFlags;
use crate::model::event::{Event, Object, Trace};
use crate::model::ids::{Fd, Stamp, TaskId, Text};
use crate::model::operation::{OpenFlags, Operation, Outcome};
use crate::sorted::SortedMap;
use serde::{Deserialize, Serialize};

/// An open file description, named in the order in which they were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfdId(pub u32);

/// A pipe, named in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct PipeId(pub u32);

/// One end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PipeEnd {
    /// What read(2) takes.
    Read,
    /// What write(2) takes.
    Write,
}

/// An open file description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ofd {
    /// What it leads to.
    pub object: Object,
    /// How it was opened; access mode only, where it was not opened by name.
    pub flags: OpenFlags,
}

/// A slot of a descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Where it leads.
    pub ofd: OfdId,
    /// FD_CLOEXEC.
    pub cloexec: bool,
}

/// A descriptor table.
pub type Table = SortedMap<Fd, Slot>;

/// All descriptor tables at one moment.
#[derive(Debug, Clone)]
pub struct Tables {
    ofds: Vec<Ofd>,
    tables: Vec<Table>,
    /// The table of each living task.
    of: Vec<Option<usize>>,
    pipes: u32,
    terminal: Option<Text>,
}

impl Tables {
    /// The tables when everything that took effect before `moment`, and nothing else, had done so.
    pub fn at(trace: &Trace, moment: Stamp) -> Tables {
        let mut last = Tables::new(trace);
        for event in in_order_of_effect(trace) {
            if event.effect() >= moment {
                break;
            }
            last.apply(event);
        }
        last
    }

    /// Goes through the whole trace; `visit` sees each event with the tables just before its effect.
    pub fn walk(trace: &Trace, mut visit: impl FnMut(&Event, &Tables)) {
        let mut tables = Tables::new(trace);
        for event in in_order_of_effect(trace) {
            visit(event, &tables);
            tables.apply(event);
        }
    }

    /// The table of a living task.
    pub fn table(&self, task: TaskId) -> Option<&Table> {
        self.of.get(task.index()).copied().flatten().map(|index| &self.tables[index])
    }

    /// What a descriptor of a task leads to.
    pub fn get(&self, task: TaskId, fd: Fd) -> Option<&Ofd> {
        self.table(task)?.get(&fd).map(|slot| self.ofd(slot.ofd))
    }

    /// An open file description.
    pub fn ofd(&self, id: OfdId) -> &Ofd {
        &self.ofds[id.0 as usize]
    }

    /// Who holds this end of this pipe.
    pub fn holders(&self, pipe: PipeId, end: PipeEnd) -> Vec<(TaskId, Fd)> {
        let wanted = Object::Pipe(pipe, end);
        let tasks = (0..self.of.len() as u32).map(TaskId);
        tasks
            .flat_map(|task| self.table(task).into_iter().flatten().map(move |(fd, slot)| (task, *fd, slot)))
            .filter(|(_, _, slot)| self.ofd(slot.ofd).object == wanted)
            .map(|(task, fd, _)| (task, fd))
            .collect()
    }

    fn new(trace: &Trace) -> Tables {
        let mut tables = Tables {
            ofds: Vec::new(),
            tables: vec![Table::new()],
            of: vec![None; trace.tasks().len()],
            pipes: 0,
            terminal: trace.header().terminal.clone(),
        };
        tables.of[0] = Some(0);
        for (fd, object) in &trace.header().descriptors {
            let flags = OpenFlags(if *fd == Fd(0) { 0 } else { 1 });
            let ofd = tables.open(object.clone(), flags);
            tables.tables[0].insert(*fd, Slot { ofd, cloexec: false });
        }
        tables
    }

    fn open(&mut self, object: Object, flags: OpenFlags) -> OfdId {
        self.ofds.push(Ofd { object, flags });
        OfdId(self.ofds.len() as u32 - 1)
    }

    fn apply(&mut self, event: &Event) {
        match &event.op {
            Operation::Fork(fork) => {
                if let Outcome::Done(child) = fork.child {
                    self.born(event.task, child.task, fork.flags);
                }
            }
            Operation::Exec(exec) if exec.result == Outcome::Done(()) => self.exec(event.task),
            Operation::Exit(_) => {
                if let Some(table) = self.of.get_mut(event.task.index()) {
                    *table = None;
                }
            }
            Operation::Open { path, flags, result: Outcome::Done(fd), .. } => {
                let object = self.object_of(event.task, path);
                let ofd = self.open(object, *flags);
                self.set(event.task, *fd, Slot { ofd, cloexec: flags.has(OpenFlags::CLOEXEC) });
            }
            Operation::Close { fd, result: Outcome::Done(()) } => {
                if let Some(table) = self.table_mut(event.task) {
                    table.remove(fd);
                }
            }
            Operation::CloseRange { first, last, mark_only, result: Outcome::Done(()) } => {
                let inside = |fd: &Fd| u32::try_from(fd.0).is_ok_and(|n| (*first..=*last).contains(&n));
                if let Some(table) = self.table_mut(event.task) {
                    if *mark_only {
                        table
                            .iter_mut()
                            .filter(|(fd, _)| inside(fd))
                            .for_each(|(_, slot)| slot.cloexec = true);
                    } else {
                        table.retain(|fd, _| !inside(fd));
                    }
                }
            }
            Operation::Dup { from, cloexec, result: Outcome::Done(to) } => {
                self.dup(event.task, *from, *to, *cloexec)
            }
            Operation::SetCloexec { fd, cloexec, result: Outcome::Done(()) } => {
                if let Some(slot) = self.table_mut(event.task).and_then(|table| table.get_mut(fd)) {
                    slot.cloexec = *cloexec;
                }
            }
            Operation::Pipe { cloexec, result: Outcome::Done((read, write)) } => {
                let pipe = PipeId(self.pipes);
                self.pipes += 1;
                for (fd, end, access) in [(*read, PipeEnd::Read, 0), (*write, PipeEnd::Write, 1)] {
                    let ofd = self.open(Object::Pipe(pipe, end), OpenFlags(access));
                    self.set(event.task, fd, Slot { ofd, cloexec: *cloexec });
                }
            }
            Operation::SocketPair { cloexec, result: Outcome::Done((one, other)) } => {
                for fd in [*one, *other] {
                    let ofd = self.open(Object::Other("socketpair".into()), OpenFlags(2));
                    self.set(event.task, fd, Slot { ofd, cloexec: *cloexec });
                }
            }
            Operation::Call { call, args, result: Outcome::Done(_) }
                if call == "unshare" && CloneFlags(args[0]).has(CloneFlags::FILES) =>
            {
                self.unshare(event.task);
            }
            Operation::NewDescriptor { call, cloexec, result: Outcome::Done(fd) } => {
                let ofd = self.open(Object::Other(call.clone()), OpenFlags(2));
                self.set(event.task, *fd, Slot { ofd, cloexec: *cloexec });
            }
            _ => {}
        }
    }

    fn born(&mut self, creator: TaskId, child: TaskId, flags: CloneFlags) {
        let Some(table) = self.of.get(creator.index()).copied().flatten() else { return };
        if child.index() >= self.of.len() {
            return;
        }
        self.of[child.index()] = Some(if flags.has(CloneFlags::FILES) { table } else { self.copy(table) });
    }

    fn exec(&mut self, task: TaskId) {
        self.unshare(task);
        if let Some(own) = self.table_mut(task) {
            own.retain(|_, slot| !slot.cloexec);
        }
    }

    fn unshare(&mut self, task: TaskId) {
        if let Some(table) = self.of.get(task.index()).copied().flatten() {
            self.of[task.index()] = Some(self.copy(table));
        }
    }

    fn copy(&mut self, table: usize) -> usize {
        self.tables.push(self.tables[table].clone());
        self.tables.len() - 1
    }

    fn dup(&mut self, task: TaskId, from: Fd, to: Fd, cloexec: bool) {
        if let Some(slot) = self.table(task).and_then(|table| table.get(&from)).copied()
            && from != to
        {
            self.set(task, to, Slot { ofd: slot.ofd, cloexec });
        }
    }

    fn set(&mut self, task: TaskId, fd: Fd, slot: Slot) {
        if let Some(table) = self.table_mut(task) {
            table.insert(fd, slot);
        }
    }

    fn table_mut(&mut self, task: TaskId) -> Option<&mut Table> {
        let index = self.of.get(task.index()).copied().flatten()?;
        self.tables.get_mut(index)
    }

    /// What a name leads to: a name may stand for a descriptor of the task, or for the run's terminal.
    fn object_of(&self, task: TaskId, path: &Text) -> Object {
        let name = path.as_str().unwrap_or_default();
        let numbered = ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|folder| name.strip_prefix(folder));
        let fd = match name {
            "/dev/stdin" => Some(Fd(0)),
            "/dev/stdout" => Some(Fd(1)),
            "/dev/stderr" => Some(Fd(2)),
            _ => numbered.and_then(|number| number.parse().ok()).map(Fd),
        };
        if let Some(ofd) = fd.and_then(|fd| self.get(task, fd)) {
            return ofd.object.clone();
        }
        match &self.terminal {
            Some(terminal) if terminal == path || name == "/dev/tty" => Object::Stdout,
            _ => Object::File(path.clone()),
        }
    }
}

fn in_order_of_effect(trace: &Trace) -> Vec<&Event> {
    let mut events: Vec<&Event> = trace.events().iter().collect();
    events.sort_unstable_by_key(|event| (event.effect(), event.begin));
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;

    #[test]
    fn a_pipe_end_is_held_by_every_process_that_did_not_close_it() {
        let mut run = Builder::new("pipe");
        let (read, write) = run.pipe(TaskId::ROOT, false);
        let child = run.fork(TaskId::ROOT);
        run.close(child, write);
        let trace = run.finish();
        let tables = Tables::at(&trace, Stamp::END);
        assert_eq!(tables.holders(PipeId(0), PipeEnd::Write), [(TaskId::ROOT, write)]);
        assert_eq!(tables.holders(PipeId(0), PipeEnd::Read), [(TaskId::ROOT, read), (child, read)]);
    }

    #[test]
    fn exec_closes_what_is_marked_and_dup2_takes_the_mark_off() {
        let mut run = Builder::new("redirect");
        let (read, write) = run.pipe(TaskId::ROOT, true);
        run.dup2(TaskId::ROOT, write, Fd(1));
        run.exec(TaskId::ROOT, "/bin/cat", &["cat"]);
        let trace = run.finish();
        let tables = Tables::at(&trace, Stamp::END);
        let table = tables.table(TaskId::ROOT).expect("the root is alive");
        assert_eq!(table.keys().copied().collect::<Vec<_>>(), [Fd(0), Fd(1), Fd(2)]);
        assert_eq!(tables.ofd(table[&Fd(1)].ofd).object, Object::Pipe(PipeId(0), PipeEnd::Write));
        assert!(!table.contains_key(&read));
    }

    #[test]
    fn the_end_of_a_process_closes_its_descriptors() {
        let mut run = Builder::new("pipe");
        run.pipe(TaskId::ROOT, false);
        let child = run.fork(TaskId::ROOT);
        run.exit(child, 0);
        let trace = run.finish();
        let tables = Tables::at(&trace, Stamp::END);
        assert!(tables.table(child).is_none());
        assert_eq!(tables.holders(PipeId(0), PipeEnd::Read).len(), 1);
    }
}

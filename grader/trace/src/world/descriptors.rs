//! Descriptor tables, and what their slots lead to.

use super::{Look, World, paths, pipes};
use crate::model::event::Object;
use crate::model::ids::{Fd, Signal, TaskPath, Text};
use crate::order::{Footprint, Name, Resource, rules};
use crate::view::descriptors::PipeEnd;
use std::ops::RangeInclusive;

/// A slot of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) file: Name,
    pub(super) cloexec: bool,
}

/// An open file description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenFile {
    pub(super) what: What,
    pub(super) nonblock: bool,
    /// How many slots lead to it.
    pub(super) holders: u32,
    /// It was there when a task that holds it forked: from then on its offset may be another's concern. (That both
    /// still hold it would not do: it depends on the schedule.)
    pub(super) shared: bool,
}

/// What an open file description is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The run's standard output or standard error: only the grader sees in which order they are written.
    Observed {
        stdout: bool,
    },
    File(Text),
    Pipe(Name, PipeEnd),
    /// Something without a model, by the call that made it.
    Unknown(String),
}

impl What {
    pub(super) fn given(object: &Object) -> What {
        match object {
            Object::Stdout => What::Observed { stdout: true },
            Object::Stderr => What::Observed { stdout: false },
            Object::File(path) => What::File(path.clone()),
            Object::Pipe(..) => What::Unknown("a pipe from outside".into()),
            Object::Other(call) => What::Unknown(call.clone()),
        }
    }
}

/// Descriptor numbers, as far as there can be any.
pub(super) fn numbers(first: u32, last: u32) -> RangeInclusive<i32> {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    number(first)..=number(last)
}

impl Look {
    /// Whether it sleeps depends on O_NONBLOCK.
    fn observes_flags(self, file: &Name) -> Look {
        Look { footprint: self.footprint.observes(Resource::Object(file.clone())), ..self }
    }
}

impl World {
    /// Where a descriptor leads.
    pub(super) fn file(&self, path: &TaskPath, fd: Fd) -> Option<(&Name, &OpenFile)> {
        let slot = self.tasks.get(path)?.slots.get(&fd.0)?;
        self.files.get(&slot.file).map(|file| (&slot.file, file))
    }

    /// Whether a descriptor leads to the run's standard output.
    pub fn leads_to_stdout(&self, path: &TaskPath, fd: Fd) -> bool {
        let file = self.file(self.process_of(path), fd);
        file.is_some_and(|(_, file)| file.what == What::Observed { stdout: true })
    }

    /// Whether a descriptor leads to the run's standard output or standard error.
    pub(super) fn is_observed(&self, path: &TaskPath, fd: Fd) -> bool {
        self.file(path, fd).is_some_and(|(_, file)| matches!(file.what, What::Observed { .. }))
    }

    /// Puts a new open file description into a slot.
    pub(super) fn open(&mut self, path: &TaskPath, fd: Fd, what: What, cloexec: bool, nonblock: bool) {
        let Some(task) = self.task_mut(path) else { return };
        let file = task.name(path);
        self.files.insert(file.clone(), OpenFile { what, nonblock, holders: 0, shared: false });
        self.put(path, fd, file, cloexec);
    }

    fn put(&mut self, path: &TaskPath, fd: Fd, file: Name, cloexec: bool) {
        self.close(path, fd.0);
        if let Some(file) = self.files.get_mut(&file) {
            file.holders += 1;
        }
        if let Some(task) = self.task_mut(path) {
            task.slots.insert(fd.0, Slot { file, cloexec });
        }
    }

    pub(super) fn dup(&mut self, path: &TaskPath, from: Fd, to: Fd, cloexec: bool) {
        if from == to {
            return;
        }
        let slot = self.tasks.get(path).and_then(|task| task.slots.get(&from.0));
        if let Some(file) = slot.map(|slot| slot.file.clone()) {
            self.put(path, to, file, cloexec);
        }
    }

    pub(super) fn close(&mut self, path: &TaskPath, fd: i32) {
        let Some(slot) = self.task_mut(path).and_then(|task| task.slots.remove(&fd)) else { return };
        let Some(file) = self.files.get_mut(&slot.file) else { return };
        file.holders = file.holders.saturating_sub(1);
        if file.holders > 0 {
            return;
        }
        let gone = self.files.remove(&slot.file);
        if let Some(OpenFile { what: What::Pipe(pipe, _), .. }) = gone
            && !self.is_held(&pipe, PipeEnd::Read)
            && !self.is_held(&pipe, PipeEnd::Write)
        {
            self.pipes.remove(&pipe);
        }
    }

    pub(super) fn close_range(&mut self, path: &TaskPath, range: RangeInclusive<i32>, mark_only: bool) {
        let Some(task) = self.task_mut(path) else { return };
        if range.is_empty() {
            return;
        }
        let numbers: Vec<i32> = task.slots.range(range).map(|(fd, _)| *fd).collect();
        for fd in numbers {
            if mark_only {
                self.set_cloexec(path, Fd(fd), true);
            } else {
                self.close(path, fd);
            }
        }
    }

    pub(super) fn set_cloexec(&mut self, path: &TaskPath, fd: Fd, cloexec: bool) {
        if let Some(slot) = self.task_mut(path).and_then(|task| task.slots.get_mut(&fd.0)) {
            slot.cloexec = cloexec;
        }
    }

    pub(super) fn set_nonblock(&mut self, path: &TaskPath, fd: Fd, nonblock: bool) {
        let Some(name) = self.file(path, fd).map(|(name, _)| name.clone()) else { return };
        if let Some(file) = self.files.get_mut(&name)
            && let What::Pipe(..) = file.what
        {
            file.nonblock = nonblock;
        }
    }

    /// What closing these descriptors touches: tables are private, pipe ends are not.
    pub(super) fn close_touches(&self, path: &TaskPath, range: RangeInclusive<i32>) -> Footprint {
        let Some(task) = self.tasks.get(path) else { return Footprint::nothing() };
        if range.is_empty() {
            return Footprint::nothing();
        }
        let files = task.slots.range(range).filter_map(|(_, slot)| self.files.get(&slot.file));
        files.fold(Footprint::nothing(), |sum, file| match &file.what {
            What::Pipe(pipe, end) => sum.and(rules::close_end(pipe, *end)),
            _ => sum,
        })
    }

    /// O_NONBLOCK belongs to the open file description, which others may share. It is nobody's concern but a pipe's.
    pub(super) fn nonblock_touches(&self, path: &TaskPath, fd: Fd) -> Footprint {
        match self.file(path, fd) {
            Some((name, OpenFile { what: What::Pipe(..), .. })) => {
                Footprint::nothing().changes(Resource::Object(name.clone()))
            }
            _ => Footprint::nothing(),
        }
    }

    /// Looking at an open file, or moving its offset.
    pub(super) fn use_touches(&self, path: &TaskPath, fd: Fd) -> Footprint {
        match self.file(path, fd) {
            Some((name, OpenFile { what: What::File(text), shared, .. })) => {
                self.by_name(paths::file_read(text, shared.then_some(name)))
            }
            _ => Footprint::nothing(),
        }
    }

    /// What using a file touches, now that it may have several names.
    pub(super) fn by_name(&self, touches: Footprint) -> Footprint {
        let matters = self.has_links && touches != Footprint::nothing();
        if matters { Footprint::everything() } else { touches }
    }

    /// What others write to a mapped file is seen in memory at any time: that is no call at which one could stop.
    pub(super) fn look_map(&self, path: &TaskPath, fd: Fd) -> Result<Look, String> {
        match self.file(path, fd) {
            Some((_, OpenFile { what: What::File(text), .. })) if paths::is_private(text) => {
                Ok(Look::ready(Footprint::nothing()))
            }
            None if fd.0 >= 0 => Ok(Look::ready(Footprint::nothing())),
            _ => Err("it shares memory (mmap with MAP_SHARED), of which there is no model yet".into()),
        }
    }

    pub(super) fn look_read(
        &self,
        path: &TaskPath,
        fd: Fd,
        wanted: u64,
        positioned: bool,
    ) -> Result<Look, String> {
        let Some((name, file)) = self.file(path, fd) else { return Ok(Look::ready(Footprint::nothing())) };
        match &file.what {
            What::Observed { .. } => Err("it reads from its standard output or standard error".into()),
            What::File(text) => {
                let offset = (!positioned && file.shared).then_some(name);
                Ok(Look::ready(self.by_name(paths::file_read(text, offset))))
            }
            What::Pipe(pipe, PipeEnd::Read) => {
                if file.nonblock {
                    self.must_be_held(pipe, PipeEnd::Write)?;
                }
                Ok(self.look_pipe_read(pipe, wanted, file.nonblock).observes_flags(name))
            }
            What::Pipe(_, PipeEnd::Write) => Ok(Look::ready(Footprint::nothing())),
            What::Unknown(call) => Err(format!("it reads what {call} made, of which there is no model")),
        }
    }

    pub(super) fn look_write(
        &self,
        path: &TaskPath,
        fd: Fd,
        wanted: u64,
        positioned: bool,
    ) -> Result<Look, String> {
        let Some((name, file)) = self.file(path, fd) else { return Ok(Look::ready(Footprint::nothing())) };
        match &file.what {
            What::Observed { stdout: true } if self.output_counts => {
                Ok(Look::ready(Footprint::nothing().changes(Resource::Offset(name.clone()))))
            }
            What::Observed { .. } => Ok(Look::ready(rules::observed_output())),
            What::File(text) => {
                let offset = (!positioned && file.shared).then_some(name);
                Ok(Look::ready(self.by_name(paths::file_write(text, offset))))
            }
            What::Pipe(pipe, PipeEnd::Write)
                if self.keeps_back(path, Signal(pipes::SIGPIPE)) && !self.is_held(pipe, PipeEnd::Read) =>
            {
                Err("it writes to a pipe that nobody reads while it blocks SIGPIPE, of which there is no model".into())
            }
            What::Pipe(pipe, PipeEnd::Write) => {
                self.must_be_held(pipe, PipeEnd::Read)?;
                Ok(self.look_pipe_write(path, pipe, wanted, file.nonblock).observes_flags(name))
            }
            What::Pipe(_, PipeEnd::Read) => Ok(Look::ready(Footprint::nothing())),
            What::Unknown(call) => Err(format!("it writes to what {call} made, of which there is no model")),
        }
    }

    pub(super) fn has_read(&mut self, path: &TaskPath, fd: Fd, bytes: u64) {
        if let Some(What::Pipe(pipe, _)) = self.file(path, fd).map(|(_, file)| file.what.clone())
            && let Some(pipe) = self.pipes.get_mut(&pipe)
        {
            pipe.take(bytes);
        }
    }

    pub(super) fn has_written(&mut self, path: &TaskPath, fd: Fd, bytes: u64) {
        if let Some(What::Pipe(pipe, _)) = self.file(path, fd).map(|(_, file)| file.what.clone())
            && let Some(pipe) = self.pipes.get_mut(&pipe)
        {
            pipe.put(bytes);
        }
    }

    pub(super) fn make_pipe(&mut self, path: &TaskPath, ends: (Fd, Fd), cloexec: bool, nonblock: bool) {
        let Some(task) = self.task_mut(path) else { return };
        let pipe = task.name(path);
        self.pipes.insert(pipe.clone(), super::Pipe::default());
        self.open(path, ends.0, What::Pipe(pipe.clone(), PipeEnd::Read), cloexec, nonblock);
        self.open(path, ends.1, What::Pipe(pipe, PipeEnd::Write), cloexec, nonblock);
    }

    /// Whether anybody holds this end of a pipe.
    pub(super) fn is_held(&self, pipe: &Name, end: PipeEnd) -> bool {
        self.files.values().any(|file| file.what == What::Pipe(pipe.clone(), end))
    }

    /// News that a reader of this pipe waits for.
    pub(super) fn news_for_readers(&self, pipe: &Name) -> Vec<Resource> {
        let taken = self.pipes.get(pipe).map_or(0, |pipe| pipe.taken);
        let data = Resource::PipeData(pipe.clone(), crate::order::Span::since(taken));
        vec![data, Resource::PipeHeld(pipe.clone(), PipeEnd::Write)]
    }
}

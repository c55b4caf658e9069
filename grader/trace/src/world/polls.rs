//! Waiting for several descriptors. See poll(2).

use super::ask::{Polled, Timeout};
use super::descriptors::What;
use super::{Look, World};
use crate::model::ids::TaskPath;
use crate::order::{Footprint, Resource};
use crate::view::descriptors::PipeEnd;

impl World {
    pub(super) fn look_poll(
        &self,
        path: &TaskPath,
        fds: &[Polled],
        timeout: Timeout,
    ) -> Result<Look, String> {
        let waits = matches!(timeout, Timeout::Never) && fds.len() == 1;
        let (mut ready, mut seen, mut on) = (false, Footprint::nothing(), Vec::new());
        for polled in fds.iter().filter(|polled| polled.fd.0 >= 0) {
            let Some((_, file)) = self.file(path, polled.fd) else {
                // POLLNVAL is news.
                ready = true;
                continue;
            };
            match &file.what {
                What::File(_) => ready |= polled.input || polled.output,
                What::Observed { .. } if polled.input => {
                    return Err("it waits for input from its standard output or standard error".into());
                }
                What::Observed { .. } => ready |= polled.output,
                What::Pipe(pipe, PipeEnd::Read) => {
                    self.must_be_held(pipe, PipeEnd::Write).or_else(|why| waits.then_some(()).ok_or(why))?;
                    let (has, touches) = self.has_input(pipe);
                    // The end of the file is told even to those who did not ask.
                    ready |= has && (polled.input || !self.is_held(pipe, PipeEnd::Write));
                    // … and told besides to those who got data (POLLHUP).
                    let writers = Resource::PipeHeld(pipe.clone(), PipeEnd::Write);
                    seen = seen.and(touches).observes(writers);
                    on.extend(self.news_for_readers(pipe));
                }
                What::Pipe(pipe, PipeEnd::Write) => {
                    self.must_be_held(pipe, PipeEnd::Read)?;
                    let (has, touches) = self.has_room(pipe);
                    ready |= has && (polled.output || !self.is_held(pipe, PipeEnd::Read));
                    seen = seen.and(touches);
                    on.push(Resource::PipeRoom(pipe.clone()));
                    on.push(Resource::PipeHeld(pipe.clone(), PipeEnd::Read));
                }
                What::Unknown(call) => {
                    return Err(format!("it polls what {call} made, of which there is no model"));
                }
            }
        }
        Ok(match timeout {
            _ if ready => Look::ready(seen),
            Timeout::Zero => Look::ready(seen),
            Timeout::Some => Look { timed: true, ..Look::blocked(on, seen) },
            Timeout::Never => Look::blocked(on, seen),
        })
    }
}

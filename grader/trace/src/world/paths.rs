//! Which files of the system are the same for everybody, and what using the others touches.
//!
//! A file is named by the path it was opened with, and touched as a whole. Where two paths may lead to one file (there
//! is a `..` in one of them, or somebody has made a link or moved a file) every use of a file conflicts with all else.

use super::descriptors::What;
use crate::model::ids::Text;
use crate::model::operation::OpenFlags;
use crate::order::{Footprint, Name, Resource};

/// Folders that programs of a course read and do not change.
const SYSTEM: [&[u8]; 11] = [
    b"/usr/",
    b"/lib/",
    b"/lib64/",
    b"/bin/",
    b"/sbin/",
    b"/etc/",
    b"/opt/",
    b"/nix/",
    b"/proc/self/",
    b"/proc/sys/",
    b"/sys/",
];

/// Devices without a state.
const DEVICES: [&[u8]; 5] = [b"/dev/null", b"/dev/zero", b"/dev/full", b"/dev/urandom", b"/dev/random"];

/// Names of the run's own terminal and descriptors.
const OWN: [&[u8]; 6] =
    [b"/dev/tty", b"/dev/pts/", b"/dev/std", b"/dev/fd/", b"/proc/self/fd/", b"/proc/thread-self/fd/"];

/// Whether nobody changes what this path leads to.
pub(super) fn is_private(path: &Text) -> bool {
    let bytes = path.as_bytes();
    !goes_up(path) && SYSTEM.iter().any(|folder| bytes.starts_with(folder)) || DEVICES.contains(&bytes)
}

/// Whether where a path leads cannot be told from its name.
fn goes_up(path: &Text) -> bool {
    path.as_bytes().split(|byte| *byte == b'/').any(|part| part == b"..")
}

/// Whether this is a device, which has neither contents nor an offset.
fn is_device(path: &Text) -> bool {
    DEVICES.contains(&path.as_bytes())
}

/// Texts about processes say how far others have got.
fn is_about_processes(path: &Text) -> bool {
    path.as_bytes().starts_with(b"/proc/") && !is_private(path)
}

/// What a path leads to once it is open.
pub(super) fn behind(path: &Text) -> What {
    if OWN.iter().any(|own| path.as_bytes().starts_with(own)) {
        return What::Unknown(format!("opening {path}"));
    }
    What::File(path.clone())
}

/// What opening a path touches.
pub(super) fn opened(path: &Text, flags: OpenFlags) -> Footprint {
    let changes = flags.writes() || flags.has(OpenFlags::CREAT) || flags.has(OpenFlags::TRUNC);
    if is_device(path) || matches!(behind(path), What::Unknown(_)) {
        Footprint::nothing()
    } else if changes {
        changed(path)
    } else {
        looked_at(path)
    }
}

/// A path is looked at.
pub(super) fn looked_at(path: &Text) -> Footprint {
    contents_seen(path).and(on_the_way(path))
}

/// A path, or what it leads to, is changed.
pub(super) fn changed(path: &Text) -> Footprint {
    contents_changed(path).and(on_the_way(path))
}

/// Whoever uses a path sees that the folders on the way to it are there. Those of processes are named by PIDs.
fn on_the_way(path: &Text) -> Footprint {
    if is_private(path) || is_about_processes(path) {
        return Footprint::nothing();
    }
    let bytes = path.as_bytes();
    let ends = bytes.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    ends.fold(Footprint::nothing(), |sum, end| sum.observes(Resource::Path(Text::from(&bytes[..end]))))
}

fn contents_seen(path: &Text) -> Footprint {
    if is_private(path) {
        Footprint::nothing()
    } else if is_about_processes(path) || goes_up(path) {
        Footprint::everything()
    } else {
        Footprint::nothing().observes(Resource::Path(path.clone()))
    }
}

fn contents_changed(path: &Text) -> Footprint {
    if goes_up(path) {
        Footprint::everything()
    } else {
        Footprint::nothing().changes(Resource::Path(path.clone()))
    }
}

/// A read of an open file; `offset` is the description whose offset moves, if others could see that.
pub(super) fn file_read(path: &Text, offset: Option<&Name>) -> Footprint {
    moves(path, contents_seen(path), offset)
}

/// A write to an open file.
pub(super) fn file_write(path: &Text, offset: Option<&Name>) -> Footprint {
    if is_device(path) {
        return Footprint::nothing();
    }
    moves(path, contents_changed(path), offset)
}

fn moves(path: &Text, touches: Footprint, offset: Option<&Name>) -> Footprint {
    match offset.filter(|_| !is_device(path)) {
        Some(offset) => touches.changes(Resource::Offset(offset.clone())),
        None => touches,
    }
}

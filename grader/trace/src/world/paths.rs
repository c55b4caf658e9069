//! Which files of the system are the same for everybody, and what using the others touches.
//!
//! A file is named by the path it was opened with, and touched as a whole. That two paths may lead to one file (a link)
//! is not seen; programs that make links are refused where that could matter.

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
    SYSTEM.iter().any(|folder| bytes.starts_with(folder)) || DEVICES.contains(&bytes)
}

/// Texts about processes say how far others have got.
fn is_about_processes(path: &Text) -> bool {
    path.as_bytes().starts_with(b"/proc/") && !is_private(path)
}

/// What opening a path touches.
pub(super) fn opened(path: &Text, flags: OpenFlags) -> Result<Footprint, String> {
    if OWN.iter().any(|own| path.as_bytes().starts_with(own)) {
        return Err(format!("it opens {path}, of which there is no model"));
    }
    let changes = flags.writes() || flags.has(OpenFlags::CREAT) || flags.has(OpenFlags::TRUNC);
    Ok(if DEVICES.contains(&path.as_bytes()) {
        Footprint::nothing()
    } else if changes {
        changed(path)
    } else {
        looked_at(path)
    })
}

/// A path is looked at.
pub(super) fn looked_at(path: &Text) -> Footprint {
    if is_private(path) {
        Footprint::nothing()
    } else if is_about_processes(path) {
        Footprint::everything()
    } else {
        Footprint::nothing().observes(Resource::Path(path.clone()))
    }
}

/// A path, or what it leads to, is changed.
pub(super) fn changed(path: &Text) -> Footprint {
    Footprint::nothing().changes(Resource::Path(path.clone()))
}

/// A read of an open file; `offset` is the description whose offset moves.
pub(super) fn file_read(path: &Text, offset: Option<&Name>) -> Footprint {
    moves(path, looked_at(path), offset)
}

/// A write to an open file.
pub(super) fn file_write(path: &Text, offset: Option<&Name>) -> Footprint {
    if DEVICES.contains(&path.as_bytes()) {
        return Footprint::nothing();
    }
    moves(path, changed(path), offset)
}

/// Offsets of files that nobody changes count only if the description is shared; that is rare, and their readers are
/// those who opened them.
fn moves(path: &Text, touches: Footprint, offset: Option<&Name>) -> Footprint {
    match offset.filter(|_| !is_private(path)) {
        Some(offset) => touches.changes(Resource::Offset(offset.clone())),
        None => touches,
    }
}

//! What is left out: the loader's work, a runtime's preparations, what every program does at its end.

use grader_trace::{Disposition, Fd, Object, Operation, Outcome, Signal, Text};

/// What is known of a program image while its events pass by.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Image {
    /// It is not the program that was started, but one that a task became.
    pub(super) foreign: bool,
    /// It has done something of its own; before that, its runtime prepares itself.
    pub(super) warm: bool,
    /// It has a handler for SIGCHLD.
    pub(super) hears_of_children: bool,
}

/// Whether an operation is noise. `object` is what its descriptor leads to.
pub(super) fn is_noise(op: &Operation, object: Option<&Object>, image: Image) -> bool {
    match op {
        Operation::Open { path, .. } => is_plumbing(path),
        Operation::Read { .. } | Operation::Write { .. } => {
            matches!(object, Some(Object::File(path)) if is_plumbing(path))
        }
        Operation::Close { fd, result } => {
            result.error().is_some()
                || match object {
                    Some(Object::Pipe(..)) => image.foreign && is_standard(*fd),
                    Some(Object::Stdout | Object::Stderr) => image.foreign,
                    _ => image.foreign || !is_standard(*fd),
                }
        }
        Operation::Disposition { signal, action, result, .. } => {
            // SIGPIPE, SIGSEGV and SIGBUS are Rust's own business; 32 and 33 are the C library's.
            let runtimes_own = matches!(signal.0, 7 | 11 | 13 | 32 | 33);
            image.foreign || runtimes_own || *action == Disposition::Default || result.done().is_none()
        }
        Operation::Await { .. } => !image.warm,
        Operation::Signal { signal, .. } => *signal == Signal::CHLD && !image.hears_of_children,
        Operation::SetCloexec { .. } => true,
        Operation::Call { call, .. } => matches!(&call[..], "set_tid_address" | "mremap"),
        Operation::NewDescriptor { result, .. } => matches!(result, Outcome::Failed(_)) && image.foreign,
        Operation::Sleep { .. } => false,
        _ => false,
    }
}

fn is_standard(fd: Fd) -> bool {
    (0..=2).contains(&fd.0)
}

/// Files that programs read to get ready, not because of what they are for.
fn is_plumbing(path: &Text) -> bool {
    const FOLDERS: [&[u8]; 10] = [
        b"/lib",
        b"/usr/lib",
        b"/usr/share/",
        b"/usr/local/lib",
        b"/etc/ld.so",
        b"/etc/nsswitch",
        b"/etc/localtime",
        b"/proc/self/",
        b"/proc/filesystems",
        b"/sys/",
    ];
    let bytes = path.as_bytes();
    let name = path.file_name();
    FOLDERS.iter().any(|folder| bytes.starts_with(folder))
        || name.ends_with(b".so")
        || name.windows(4).any(|part| part == b".so.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::OpenFlags;

    fn open(path: &str) -> Operation {
        let (flags, result) = (OpenFlags(0), Outcome::Done(Fd(3)));
        Operation::Open { path: Text::from(path), flags, mode: 0, result }
    }

    #[test]
    fn the_loaders_files_are_noise_and_the_learners_are_not() {
        for path in ["/etc/ld.so.cache", "/lib/x86_64-linux-gnu/libc.so.6", "./libmine.so", "/proc/self/maps"]
        {
            assert!(is_noise(&open(path), None, Image::default()), "{path}");
        }
        for path in ["input.txt", "/etc/passwd", "/tmp/also.sound", "/proc/12/status"] {
            assert!(!is_noise(&open(path), None, Image::default()), "{path}");
        }
    }

    #[test]
    fn a_runtimes_first_poll_is_noise_and_a_later_one_is_not() {
        let poll = Operation::Await { call: "poll".into(), timed: true, result: Outcome::Done(0) };
        assert!(is_noise(&poll, None, Image::default()));
        assert!(!is_noise(&poll, None, Image { warm: true, ..Image::default() }));
    }
}

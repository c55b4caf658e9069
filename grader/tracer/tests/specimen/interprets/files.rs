//! Files in the working directory, which is empty at first: `f` and `g`, the folder `d`, and `d/f`.

use super::answer;
use crate::kernel::close;
use libc::c_int;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// What `Ao` and `Ap` have opened last; −1 if nothing.
static OPENED: AtomicI32 = AtomicI32::new(-1);

/// One operation; what it answered.
pub fn run(what: u8) -> i64 {
    let opened = OPENED.load(Relaxed);
    match what {
        // Whoever makes it first has made it.
        b'c' => made(open(c"f", libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY)),
        b'i' => made(open(c"d/f", libc::O_CREAT | libc::O_WRONLY)),
        b'a' => {
            let fd = open(c"f", libc::O_CREAT | libc::O_APPEND | libc::O_WRONLY);
            let written = write(fd, b"aa");
            made(fd).min(written)
        }
        b'o' => opens(open(c"f", libc::O_CREAT | libc::O_RDWR)),
        b'p' => opens(open(c"/bin/echo", libc::O_RDONLY)),
        b'w' => write(opened, b"w"),
        b'r' => {
            let mut byte = 0u8;
            // SAFETY: there is room for one byte.
            let got = answer(unsafe { libc::read(opened, (&raw mut byte).cast(), 1) } as i64);
            if got == 1 { byte.into() } else { got }
        }
        // SAFETY: lseek takes numbers.
        b'l' => answer(unsafe { libc::lseek(opened, 0, libc::SEEK_CUR) }),
        // SAFETY: the paths are static strings, here and below.
        b'u' => answer(unsafe { libc::unlink(c"f".as_ptr()) }.into()),
        // SAFETY: as above.
        b'm' => answer(unsafe { libc::mkdir(c"d".as_ptr(), 0o700) }.into()),
        // SAFETY: as above.
        b'd' => answer(unsafe { libc::rmdir(c"d".as_ptr()) }.into()),
        // SAFETY: as above.
        b'h' => answer(unsafe { libc::chdir(c"d".as_ptr()) }.into()),
        // SAFETY: as above.
        b'n' => answer(unsafe { libc::rename(c"f".as_ptr(), c"g".as_ptr()) }.into()),
        b's' => size(c"f"),
        b'g' => size(c"g"),
        b't' => size(c"./d/..//f"),
        other => panic!("no operation on files `{}`", char::from(other)),
    }
}

fn open(path: &CStr, flags: c_int) -> c_int {
    // SAFETY: the path is a static string.
    unsafe { libc::open(path.as_ptr(), flags, 0o600) }
}

/// 1, or the error.
fn made(fd: c_int) -> i64 {
    let answer = answer(fd.into());
    if answer < 0 {
        return answer;
    }
    close(fd);
    1
}

fn opens(fd: c_int) -> i64 {
    OPENED.store(fd, Relaxed);
    answer(fd.into()).min(1)
}

fn write(fd: c_int, bytes: &[u8]) -> i64 {
    // SAFETY: the bytes are alive, and the length is theirs.
    answer(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } as i64)
}

fn size(path: &CStr) -> i64 {
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the path is a static string, and there is room for what stat writes.
    let result = answer(unsafe { libc::stat(path.as_ptr(), stat.as_mut_ptr()) }.into());
    // SAFETY: zeroes are a valid stat, too.
    if result < 0 { result } else { unsafe { stat.assume_init() }.st_size }
}

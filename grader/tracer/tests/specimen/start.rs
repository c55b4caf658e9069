//! What a program finds when it starts.

use crate::kernel::*;
use std::arch::asm;
use std::ptr;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("tells_its_descriptors", []) => tells_its_descriptors(),
        ("tells_its_umask", []) => tells_its_umask(),
        ("ignored_by_the_kernel", []) => ignored_by_the_kernel(),
        ("calls_of_another_architecture", []) => calls_of_another_architecture(),
        ("x32", []) => x32(),
        ("strings_at_the_edge", []) => strings_at_the_edge(),
        ("tour_of_descriptors", []) => tour_of_descriptors(),
        ("shares_a_table", []) => shares_a_table(),
        _ => return None,
    }
    Some(0)
}

/// The descriptors that are open, and whether exec closes them.
fn descriptors() -> Vec<(i32, bool)> {
    let open = |fd: i32| {
        // SAFETY: fcntl(F_GETFD) takes numbers only.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        (flags >= 0).then_some((fd, flags & libc::FD_CLOEXEC != 0))
    };
    (0..100).filter_map(open).collect()
}

fn tell_descriptors() {
    let words = descriptors()
        .into_iter()
        .map(|(fd, cloexec)| if cloexec { format!("{fd}x") } else { fd.to_string() });
    say(&(words.collect::<Vec<_>>().join(" ") + "\n"));
}

fn tells_its_descriptors() {
    tell_descriptors();
    let stdin = std::fs::read_link("/proc/self/fd/0").expect("/proc is there");
    say(&format!("{}\n", stdin.display()));
}

fn tells_its_umask() {
    // SAFETY: umask takes a number.
    let mask = unsafe { libc::umask(0) };
    say(&format!("{mask:03o}\n"));
}

/// Calls that do not exist here: io_uring, and a number that is none.
fn ignored_by_the_kernel() {
    for call in [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register, -1] {
        // SAFETY: none of these does anything.
        let answer = unsafe { libc::syscall(call, 1, ptr::null_mut::<u8>(), 0, 0, 0, 0) };
        assert_eq!((answer, errno()), (-1, libc::ENOSYS), "call {call}");
    }
}

/// getpid by the 32-bit gate.
fn calls_of_another_architecture() {
    let answer: i64;
    // SAFETY: getpid touches no memory; the registers that the gate changes are named.
    unsafe {
        asm!("int 0x80", inlateout("rax") 20i64 => answer, out("r8") _, out("r9") _, out("r10") _, out("r11") _)
    };
    unreachable!("int 0x80 answered {answer}");
}

/// getpid by its number in the x32 ABI.
fn x32() {
    // SAFETY: getpid touches no memory.
    let answer = unsafe { libc::syscall(0x4000_0000 | libc::SYS_getpid) };
    unreachable!("an x32 call answered {answer}");
}

/// Strings whose last byte is the last of a page, with nothing behind it.
fn strings_at_the_edge() {
    const PAGE: usize = 4096;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let pages = unsafe { libc::mmap(ptr::null_mut(), 3 * PAGE, protection, flags, -1, 0) };
    assert_ne!(pages, libc::MAP_FAILED);
    // SAFETY: the third page of the mapping is made above.
    let third = unsafe { pages.cast::<u8>().add(2 * PAGE) };
    // SAFETY: nobody uses the third page.
    done("munmap", unsafe { libc::munmap(third.cast(), PAGE) });
    // One that ends at the edge, one that crosses a page's edge and ends at the next, one without an end.
    for (length, closed) in [(20, true), (PAGE + 10, true), (30, false)] {
        let path =
            ["/nowhere".as_bytes(), &vec![b'/'; length - 9], if closed { b"\0" } else { b"x" }].concat();
        // SAFETY: the path is shorter than the two pages before the edge.
        let place = unsafe { third.sub(path.len()) };
        // SAFETY: `place` begins as many bytes before the edge as are copied.
        unsafe { ptr::copy_nonoverlapping(path.as_ptr(), place, path.len()) };
        // SAFETY: the kernel checks the path that it is given.
        let answer = unsafe { libc::open(place.cast(), libc::O_RDONLY) };
        let expected = match (length > PAGE, closed) {
            (true, _) => libc::ENAMETOOLONG,
            (false, true) => libc::ENOENT,
            (false, false) => libc::EFAULT,
        };
        assert_eq!((answer, errno()), (-1, expected), "a path of {length} bytes");
    }
    // Bytes up to the edge, and an argument vector that ends there.
    // SAFETY: 6 bytes before the edge belong to the mapping.
    let place = unsafe { third.sub(6) };
    // SAFETY: see above.
    unsafe { ptr::copy_nonoverlapping(c"edge\n".as_ptr().cast(), place, 6) };
    // SAFETY: see above.
    assert_eq!(unsafe { libc::write(1, place.cast(), 5) }, 5);
    let argv = [place.cast::<libc::c_char>().cast_const(), ptr::null()];
    // SAFETY: 24 bytes before the edge belong to the mapping.
    let vector = unsafe { third.sub(24) };
    // SAFETY: see above; a page's end is aligned for pointers, and so is 24 bytes before it. The string lies at the
    // last 6 bytes, the vector's 16 end before them.
    unsafe { ptr::copy_nonoverlapping(argv.as_ptr().cast::<u8>(), vector, 16) };
    // SAFETY: path, vector and its string end as they should; the environment is empty.
    unsafe { libc::execve(c"/nowhere".as_ptr(), vector.cast(), [ptr::null()].as_ptr()) };
    assert_eq!(errno(), libc::ENOENT);
}

/// Whatever changes a table of descriptors; after each step the table is told.
fn tour_of_descriptors() {
    let mut ends = [0i32; 2];
    let pair = ends.as_mut_ptr().expose_provenance() as i64;
    let null = c"/dev/null".as_ptr().expose_provenance() as i64;
    let cloexec = i64::from(libc::O_CLOEXEC);
    let (unix, stream) = (i64::from(libc::AF_UNIX), i64::from(libc::SOCK_STREAM));
    let steps = [
        (libc::SYS_open, [null, libc::O_RDONLY.into(), 0, 0]),
        (libc::SYS_open, [null, i64::from(libc::O_RDWR) | cloexec, 0, 0]),
        (libc::SYS_dup, [3, 0, 0, 0]),
        (libc::SYS_dup2, [4, 9, 0, 0]),
        (libc::SYS_dup3, [3, 10, cloexec, 0]),
        (libc::SYS_fcntl, [3, libc::F_DUPFD.into(), 20, 0]),
        (libc::SYS_fcntl, [3, libc::F_DUPFD_CLOEXEC.into(), 20, 0]),
        (libc::SYS_fcntl, [3, libc::F_SETFD.into(), libc::FD_CLOEXEC.into(), 0]),
        (libc::SYS_ioctl, [4, libc::FIONCLEX as i64, 0, 0]),
        (libc::SYS_pipe2, [pair, cloexec, 0, 0]),
        (libc::SYS_socketpair, [unix, stream, 0, pair]),
        (libc::SYS_eventfd2, [0, cloexec, 0, 0]),
        (libc::SYS_close_range, [5, 9, libc::CLOSE_RANGE_CLOEXEC.into(), 0]),
        (libc::SYS_close_range, [20, u32::MAX.into(), 0, 0]),
    ];
    for (call, [a, b, c, d]) in steps {
        // SAFETY: the only addresses are those of a static string and of two numbers that are alive.
        done("a step", unsafe { libc::syscall(call, a, b, c, d) });
        tell_descriptors();
    }
    become_specimen(&["tells_its_descriptors"]);
}

/// A child with CLONE_FILES opens, and the parent closes; a thread unshares and closes for itself alone.
fn shares_a_table() {
    let flags = libc::CLONE_FILES | libc::SIGCHLD;
    // SAFETY: without CLONE_VM this is fork.
    let child = done("clone", unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) });
    if child == 0 {
        exit(open("/dev/null", libc::O_RDONLY));
    }
    expect_exit(child as i32, 3);
    tell_descriptors();
    std::thread::spawn(|| {
        // SAFETY: unshare takes a number.
        done("unshare", unsafe { libc::unshare(libc::CLONE_FILES) });
        close(3);
    })
    .join()
    .expect("the thread ends");
    tell_descriptors();
    close(3);
    tell_descriptors();
}

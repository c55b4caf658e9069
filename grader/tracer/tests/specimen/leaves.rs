//! Programs that leave something for others: files in folders that all share, and objects of System V and POSIX.

use crate::kernel::*;
use std::ffi::{CStr, CString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::ptr;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("leaves_a_file", [path]) => leaves_a_file(path),
        ("leaves_and_executes", [path]) => leaves_and_executes(path),
        ("leaves_by_way_of_a_link", [link, folder, name]) => leaves_by_way_of_a_link(link, folder, name),
        ("leaves_an_object", [what, name]) => leaves_an_object(what, name),
        ("both_look_and_make", [lines]) => return Some(both_look_and_make(number(lines))),
        _ => return None,
    }
    Some(0)
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// Says whether there is such a file, and makes it. Two children and two waits make that several executions.
fn leaves_a_file(path: &str) {
    let found = fs::exists(path).expect("it can be looked for");
    fs::write(path, "left").expect("it can be made");
    say(if found { "old\n" } else { "new\n" });
    child(|| 0);
    child(|| 0);
    wait(-1);
    wait(-1);
}

/// Makes a file that can be executed, and executes it.
fn leaves_and_executes(path: &str) {
    fs::write(path, fs::read("/bin/echo").expect("it can be read")).expect("it can be made");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its own file");
    let file = CString::new(path).expect("a name without NUL");
    let arguments = [c"echo".as_ptr(), c"executed".as_ptr(), ptr::null()];
    // SAFETY: strings that end with NUL, and a list that ends with null.
    done("execv", unsafe { libc::execv(file.as_ptr(), arguments.as_ptr()) });
}

/// Makes a link to a folder, and a folder in it by way of the link.
fn leaves_by_way_of_a_link(link: &str, folder: &str, name: &str) {
    std::os::unix::fs::symlink(folder, link).expect("a link");
    fs::create_dir(format!("{link}/{name}")).expect("a folder");
}

/// An object that stays when its maker is gone.
fn leaves_an_object(what: &str, name: &str) {
    let key = || number(name) as libc::key_t;
    let mode = libc::IPC_CREAT | 0o600;
    match what {
        // SAFETY: this call takes numbers, and so do the next two.
        "segment" => drop(done("shmget", unsafe { libc::shmget(key(), 4096, mode) })),
        // SAFETY: as above.
        "semaphore" => drop(done("semget", unsafe { libc::semget(key(), 1, mode) })),
        // SAFETY: as above.
        "queue" => drop(done("msgget", unsafe { libc::msgget(key(), mode) })),
        "named_queue" => {
            let name = CString::new(name).expect("a name without NUL");
            let none = ptr::null_mut::<libc::mq_attr>();
            // SAFETY: the name ends with NUL; no attributes are given.
            done("mq_open", unsafe {
                libc::mq_open(name.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600, none)
            });
        }
        "named_memory" => shares_named_memory(&CString::new(name).expect("a name without NUL")),
        other => panic!("there is no object `{other}`"),
    }
}

fn shares_named_memory(name: &CStr) {
    // SAFETY: the name ends with NUL.
    let fd = done("shm_open", unsafe { libc::shm_open(name.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600) });
    // SAFETY: this call takes numbers.
    done("ftruncate", unsafe { libc::ftruncate(fd, 4096) });
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: no address is asked for, so that no mapping is touched that is in use.
    let at = unsafe { libc::mmap(ptr::null_mut(), 4096, access, libc::MAP_SHARED, fd, 0) };
    assert_ne!(at, libc::MAP_FAILED, "a page of shared memory");
}

/// Two processes look whether there is a file `taken`; whoever sees none makes it. Then they write many lines to a file
/// that both have open. Ends with 1 if both have made it.
fn both_look_and_make(lines: usize) -> i32 {
    let log = open("log", libc::O_CREAT | libc::O_APPEND | libc::O_WRONLY);
    let makes = || {
        let made = !fs::exists("taken").expect("it can be looked for");
        if made {
            close(open("taken", libc::O_CREAT | libc::O_WRONLY));
        }
        (0..lines).for_each(|_| assert_eq!(write(log, b"line\n"), 5));
        made
    };
    let child = child(|| i32::from(makes()));
    let made = makes();
    let status = wait(child);
    i32::from(made && libc::WEXITSTATUS(status) == 1)
}

//! Interprets programs of the explorer's simulated machine with real system calls.
//!
//! The text is what `tests/controlled/text.rs` writes: letters with numbers of a fixed width, bodies in parentheses.
//! Everything is read before the first call, so that a child or a handler allocates nothing.

mod again;
mod beyond;
mod files;
mod reader;

use crate::kernel::{close, done, dup2, exit, on_signal, parent, pid, pipe, say};
use again::{jitter, once, terminal};
use libc::{c_int, pid_t};
use reader::{Op, Reader, collect};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicUsize, Ordering::Relaxed};

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("interprets", [text, scale]) => {
            let ops = prepare(text, scale);
            run(ops);
            exit(0)
        }
        ("interprets_again_and_again" | "interprets_on_terminals", [text, scale, times]) => {
            let ends = if mode == "interprets_on_terminals" { terminal } else { pipe };
            let ops = prepare(text, scale);
            JITTERS.store(true, Relaxed);
            // Whoever is left behind comes here, and is waited for.
            // SAFETY: this option takes one number.
            done("prctl", unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) });
            (0..times.parse().expect("a number")).for_each(|_: u32| say(&once(ops, ends)));
            exit(0)
        }
        ("fills_and_drains", steps) => {
            fills_and_drains(steps);
            exit(0)
        }
        _ => None,
    }
}

/// Writes and reads so many bytes each, of a pipe of its own, without waiting: `w4096 r10`.
fn fills_and_drains(steps: &[&str]) {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for two descriptors.
    done("pipe2", unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK) });
    let mut bytes = vec![0u8; 1 << 17];
    for step in steps {
        let (what, count) = step.split_at(1);
        let count: usize = count.parse().expect("a number");
        if what == "w" {
            // SAFETY: the buffer is alive, and longer than any step. EAGAIN is an answer like others.
            unsafe { libc::write(ends[1], bytes.as_ptr().cast(), count) };
        } else {
            // SAFETY: as above.
            unsafe { libc::read(ends[0], bytes.as_mut_ptr().cast(), count) };
        }
    }
}

fn prepare(text: &str, scale: &str) -> &'static [Op] {
    let _ = SCALE.set(scale.parse().expect("how many bytes a byte is"));
    let ops: &'static [Op] = Reader::new(text).list().leak();
    let mut handlers = Vec::new();
    collect(ops, &mut handlers);
    let _ = HANDLERS.set(handlers);
    ME.store(pid(), Relaxed);
    // Rust ignores it, and the simulated machine's programs do not.
    on_signal(libc::SIGPIPE, libc::SIG_DFL, 0);
    ops
}

/// One byte of the simulated machine is so many bytes here.
static SCALE: OnceLock<usize> = OnceLock::new();
/// Every handler of the program.
static HANDLERS: OnceLock<Vec<&'static [Op]>> = OnceLock::new();
/// The kernel must know which of them it is to call, or changing one would take two steps.
static FUNCTIONS: [extern "C" fn(c_int); 6] =
    [handle::<0>, handle::<1>, handle::<2>, handle::<3>, handle::<4>, handle::<5>];

/// Whether calls are spread in time.
static JITTERS: AtomicBool = AtomicBool::new(false);

static ANSWER: AtomicI64 = AtomicI64::new(0);
static ME: AtomicI32 = AtomicI32::new(0);
static PARENT: AtomicI32 = AtomicI32::new(0);
static CHILDREN: [AtomicI32; 16] = [const { AtomicI32::new(0) }; 16];
static BORN: AtomicUsize = AtomicUsize::new(0);
/// Read end and write end of each pipe; −1 if closed.
static PIPES: [[AtomicI32; 2]; 8] = [const { [const { AtomicI32::new(-1) }; 2] }; 8];
static MADE: AtomicUsize = AtomicUsize::new(0);

fn run(ops: &'static [Op]) {
    for op in ops {
        jitter();
        let answer = match op {
            Op::Block(_)
            | Op::Ignore(_)
            | Op::Raise(_)
            | Op::Suspend
            | Op::Unblock
            | Op::Nonblock(..)
            | Op::Cloexec(..) => {
                beyond::run(op);
                continue;
            }
            Op::File(what) => files::run(*what),
            Op::WaitOtherwise(how) => beyond::wait(*how),
            Op::Group(what) => beyond::group(*what),
            Op::Onto(pipe) => match end(*pipe, 1) {
                -1 => -i64::from(libc::EBADF),
                fd => {
                    dup2(fd, 1);
                    0
                }
            },
            Op::Exec => beyond::exec(),
            Op::Vfork { execs } => beyond::vfork(*execs),
            Op::Print(letter) => {
                output(&[*letter]);
                continue;
            }
            Op::PrintAnswer => {
                print_answer();
                continue;
            }
            Op::Handle { signal, kind, index, .. } => {
                beyond::handle(*signal as c_int, FUNCTIONS[index.load(Relaxed)] as libc::sighandler_t, *kind);
                continue;
            }
            Op::If(number, then, otherwise) => {
                run(if ANSWER.load(Relaxed) == *number { then } else { otherwise });
                continue;
            }
            Op::Exit(status) => exit(*status),
            Op::ExitAnswer => exit((ANSWER.load(Relaxed) & 0xff) as i32),
            Op::Fork(body) => fork(body),
            Op::Wait { nth, nohang } => wait(*nth, *nohang),
            Op::Pipe => {
                let (read, write) = pipe();
                let ends = &PIPES[MADE.fetch_add(1, Relaxed)];
                ends[0].store(read, Relaxed);
                ends[1].store(write, Relaxed);
                0
            }
            Op::Read(pipe, wanted) => read(end(*pipe, 0), *wanted),
            Op::Write(pipe, bytes, digit) => write(end(*pipe, 1), *bytes, *digit),
            Op::Close(pipe, which) => match end(*pipe, *which) {
                -1 => -i64::from(libc::EBADF),
                fd => {
                    PIPES[*pipe][*which].store(-1, Relaxed);
                    close(fd);
                    0
                }
            },
            Op::Poll { pipe, timed } => poll(end(*pipe, 0), *timed),
            Op::Kill(None, signal) => kill(PARENT.load(Relaxed), *signal),
            Op::Kill(Some(nth), signal) => kill(CHILDREN[*nth].load(Relaxed), *signal),
            // SAFETY: pause takes nothing.
            Op::Pause => answer(unsafe { libc::pause() }.into()),
            Op::Alarm(how) => beyond::alarm(*how),
            Op::Sleep => sleep(ptr::null_mut()),
            Op::SleepRest => {
                let mut rest = libc::timespec { tv_sec: 0, tv_nsec: 0 };
                sleep(&raw mut rest);
                rest.tv_nsec
            }
            Op::AskParent => {
                let parent = parent();
                i64::from(PARENT.load(Relaxed) == 0 || parent == PARENT.load(Relaxed))
            }
        };
        ANSWER.store(answer, Relaxed);
    }
}

/// A handler's answers are its own.
extern "C" fn handle<const NTH: usize>(_: c_int) {
    let before = ANSWER.load(Relaxed);
    if let Some(handlers) = HANDLERS.get() {
        run(handlers[NTH]);
    }
    ANSWER.store(before, Relaxed);
}

/// What a call answered, errors as negative numbers.
fn answer(result: i64) -> i64 {
    if result == -1 {
        -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        result
    }
}

fn end(pipe: usize, which: usize) -> c_int {
    if pipe < MADE.load(Relaxed) { PIPES[pipe][which].load(Relaxed) } else { -1 }
}

fn fork(body: &'static [Op]) -> i64 {
    // SAFETY: there is one thread, so the child may do whatever its parent may.
    match unsafe { libc::fork() } {
        0 => {
            PARENT.store(ME.load(Relaxed), Relaxed);
            ME.store(pid(), Relaxed);
            BORN.store(0, Relaxed);
            ANSWER.store(0, Relaxed);
            run(body);
            exit(0)
        }
        -1 => answer(-1),
        child => {
            CHILDREN[BORN.fetch_add(1, Relaxed)].store(child, Relaxed);
            1
        }
    }
}

fn wait(nth: Option<usize>, nohang: bool) -> i64 {
    let whom: pid_t = match nth {
        None => -1,
        Some(nth) if nth < BORN.load(Relaxed) => CHILDREN[nth].load(Relaxed),
        // Nobody is one's own child.
        Some(_) => ME.load(Relaxed),
    };
    wait_for(whom, if nohang { libc::WNOHANG } else { 0 })
}

fn wait_for(whom: pid_t, options: c_int) -> i64 {
    let mut status = 0;
    // SAFETY: `status` is a live int, and waitpid writes nothing else.
    let child = unsafe { libc::waitpid(whom, &raw mut status, options) };
    if child <= 0 {
        return answer(child.into());
    }
    news(child, status)
}

/// Which child has ended, and how, as one number.
fn news(child: pid_t, status: c_int) -> i64 {
    let nth = CHILDREN.iter().position(|known| known.load(Relaxed) == child).map_or(0, |nth| nth as i64);
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 50 + libc::WTERMSIG(status) };
    100 * (nth + 1) + i64::from(code)
}

/// The digits that came, one for each `SCALE` bytes.
fn read(fd: c_int, wanted: usize) -> i64 {
    let scale = *SCALE.get().unwrap_or(&1);
    let mut bytes = [0u8; 1 << 16];
    // SAFETY: the buffer is alive, and twice the scale is the most that a program wants.
    let got = unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), (wanted * scale).min(bytes.len())) };
    if got < 0 {
        return answer(got as i64);
    }
    bytes[..got as usize]
        .iter()
        .step_by(scale)
        .fold(0, |number, digit| 10 * number + i64::from(digit.wrapping_sub(b'0')))
}

fn write(fd: c_int, bytes: usize, digit: u8) -> i64 {
    let scale = *SCALE.get().unwrap_or(&1);
    let mut buffer = [0u8; 1 << 16];
    let length = (bytes * scale).min(buffer.len());
    buffer[..length].fill(digit);
    // SAFETY: the buffer is alive and at least so long.
    let done = answer(unsafe { libc::write(fd, buffer.as_ptr().cast(), length) } as i64);
    if done < 0 { done } else { done / scale as i64 }
}

/// poll(2) for input. What is closed is not asked about.
fn poll(fd: c_int, timed: bool) -> i64 {
    if fd < 0 {
        return -i64::from(libc::EBADF);
    }
    let mut entry = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one live entry.
    answer(unsafe { libc::poll(&raw mut entry, 1, if timed { 1 } else { -1 }) }.into())
}

fn kill(target: pid_t, signal: c_int) -> i64 {
    // SAFETY: kill takes two numbers.
    answer(unsafe { libc::kill(target, signal) }.into())
}

fn sleep(rest: *mut libc::timespec) -> i64 {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 300_000 };
    // SAFETY: the time is alive, and the rest is either not asked for or alive, too.
    answer(unsafe { libc::nanosleep(&raw const time, rest) }.into())
}

fn output(bytes: &[u8]) {
    // SAFETY: the bytes are alive, and the length is theirs.
    let _ = unsafe { libc::write(1, bytes.as_ptr().cast(), bytes.len()) };
}

/// In parentheses, in one write, without allocating.
fn print_answer() {
    let answer = ANSWER.load(Relaxed);
    let mut text = [0u8; 24];
    let mut at = text.len() - 1;
    text[at] = b')';
    let mut rest = answer.unsigned_abs();
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if answer < 0 {
        at -= 1;
        text[at] = b'-';
    }
    at -= 1;
    text[at] = b'(';
    output(&text[at..]);
}

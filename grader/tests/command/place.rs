//! A copy of the course to work on, and the circumstances in which the grader is started.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The checkout that is being tested.
pub const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The exercises, in their order.
pub fn exercises() -> Vec<&'static str> {
    grader::course::exercises().iter().map(|exercise| exercise.id).collect()
}

/// The folder of an exercise in each of the three trees: its chapter's and its own.
pub fn folder(id: &str) -> String {
    let exercise = grader::course::find(id).expect("an exercise");
    format!("{}/{id}", exercise.chapter)
}

/// A copy of the course.
pub struct Place(TempDir);

impl Place {
    /// A new one, in which what exercises depend on is already built.
    pub fn new() -> Place {
        static WARM: OnceLock<PathBuf> = OnceLock::new();
        let warm = WARM.get_or_init(warm);
        let place = Place(tempfile::tempdir().expect("a temporary folder"));
        write_course(place.root());
        copy(&warm.join("target"), &place.path("target"));
        place
    }

    /// Its topmost folder.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// A file or folder in it.
    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// The source of an exercise.
    pub fn source(&self, id: &str) -> PathBuf {
        self.path(&format!("exercises/{}/src/main.rs", folder(id)))
    }

    /// Makes the reference solution the learner's work.
    pub fn solve(&self, id: &str) {
        let solution = self.path(&format!("solutions/{}/src/main.rs", folder(id)));
        let text = fs::read(solution).expect("a solution");
        fs::write(self.source(id), text).expect("writable");
    }

    /// The grader, started in this copy with these arguments.
    pub fn grader(&self, arguments: &[&str]) -> Command {
        let mut grader = Command::new(env!("CARGO_BIN_EXE_grader"));
        grader.current_dir(self.root()).args(arguments).env_remove("CARGO_TARGET_DIR").env_remove("NO_COLOR");
        grader
    }
}

/// A place in which the dependencies are built once, and which stays for the next time.
fn warm() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("course");
    fs::create_dir_all(&root).expect("a folder");
    write_course(&root);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", "hello-solution"])
        .current_dir(&root)
        .env_remove("CARGO_TARGET_DIR")
        .status();
    assert!(built.expect("cargo").success(), "the dependencies of the exercises do not build");
    root
}

/// Writes a workspace with the exercises as shipped, the solutions and the fixtures.
fn write_course(root: &Path) {
    let checkout = Path::new(CHECKOUT);
    fs::write(root.join("Cargo.toml"), manifest(checkout)).expect("writable");
    fs::copy(checkout.join("Cargo.lock"), root.join("Cargo.lock")).expect("a lock file");
    for part in ["exercises", "solutions", "fixtures"] {
        copy(&checkout.join(part), &root.join(part));
    }
    for id in exercises() {
        let shipped = checkout.join(format!("grader/skeletons/{id}.rs"));
        let package = root.join("exercises").join(folder(id));
        fs::create_dir_all(package.join("src")).expect("a folder");
        fs::copy(shipped, package.join("src/main.rs")).expect("a skeleton");
        let manifest = fs::read_to_string(root.join("solutions").join(folder(id)).join("Cargo.toml"));
        let manifest = manifest.expect("a manifest").replace(&format!("{id}-solution"), id);
        fs::write(package.join("Cargo.toml"), manifest).expect("writable");
    }
}

/// The checkout's manifest, without the grader's own packages.
fn manifest(checkout: &Path) -> String {
    let text = fs::read_to_string(checkout.join("Cargo.toml")).expect("a manifest");
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).expect("a dependency");
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"exercises/*/*\", \"solutions/*/*\"]\n\n\
         [workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         [workspace.dependencies]\n{}\n{}\n",
        line("libc ="),
        line("nix =")
    )
}

/// Copies a folder with the times of its files: cargo goes by them. What is large is linked instead; libraries and
/// programs are never changed in place.
fn copy(from: &Path, to: &Path) {
    const LARGE: u64 = 1 << 16;
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let found = entry.metadata().expect("its properties");
        if found.is_dir() {
            copy(&source, &target);
        } else if found.len() < LARGE || fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target).expect("a copy");
            let time = found.modified().expect("a time");
            File::options()
                .append(true)
                .open(&target)
                .and_then(|file| file.set_modified(time))
                .expect("our own");
        }
    }
}

/// Circumstances that a command starts in.
pub trait Circumstances {
    /// System calls that fail, each with its error, as in a container with a strict profile.
    fn without(&mut self, denied: &[(libc::c_long, i32)]) -> &mut Command;

    /// No file can be made longer than this, as on a disk that is full.
    fn with_files_up_to(&mut self, bytes: u64) -> &mut Command;
}

impl Circumstances for Command {
    fn without(&mut self, denied: &[(libc::c_long, i32)]) -> &mut Command {
        let filter = filter(denied);
        // SAFETY: what runs between fork and exec makes two system calls and does not allocate.
        unsafe { self.pre_exec(move || install(&filter)) }
    }

    fn with_files_up_to(&mut self, bytes: u64) -> &mut Command {
        // SAFETY: what runs between fork and exec makes two system calls and does not allocate.
        unsafe { self.pre_exec(move || limit_files(bytes)) }
    }
}

/// A seccomp program: these calls fail, all others are let through.
fn filter(denied: &[(libc::c_long, i32)]) -> Vec<libc::sock_filter> {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut program = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0)];
    for (call, error) in denied {
        let test = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        program.push(libc::sock_filter { code: test, jt: 0, jf: 1, k: *call as u32 });
        program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | *error as u32));
    }
    program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
    program
}

fn install(filter: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: this prctl takes numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // SAFETY: the program is alive and as long as it says; the kernel copies it.
    check(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) })
}

fn limit_files(bytes: u64) -> io::Result<()> {
    // SAFETY: sets a disposition; it survives exec, so that writing too much is an error and not a death.
    if unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) } == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: `limit` is alive during the call.
    check(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) })
}

fn check(answer: libc::c_int) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

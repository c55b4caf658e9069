//! The machine, the tools and the folders that the grader needs.

use super::{Sign, State};
use crate::examine;
use crate::run::{ENVIRONMENT, Scratch};
use crate::submission::locate_program;
use crate::workspace::Workspace;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Kernel, architecture, processors, and the filters that are already around us.
pub fn machine() -> Vec<Sign> {
    let machine = examine::machine();
    let processors = match machine.processors {
        1 => "1 processor; runs follow one another".to_string(),
        several => format!("{several} processors; as many runs at a time"),
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or("?").to_string()
    };
    let filtered = match field("Seccomp:").as_str() {
        "0" => "no seccomp filter around the grader".to_string(),
        _ => "the grader itself runs under a seccomp filter, as in a container".to_string(),
    };
    let user = field("Uid:").split_whitespace().next().unwrap_or("?").to_string();
    vec![
        Sign::new("kernel", State::Well, format!("Linux {}, {}", machine.kernel, machine.architecture)),
        Sign::new("processors", State::Well, processors),
        Sign::new("user", State::Well, format!("uid {user}; {filtered}")),
    ]
}

/// What builds programs, and what graded programs run.
pub fn tools() -> Vec<Sign> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    vec![version(&cargo), linker(), classics(), scratch()]
}

fn version(cargo: &OsStr) -> Sign {
    const NAME: &str = "cargo";
    let answer = Command::new(cargo).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    match answer {
        Ok(output) if output.status.success() => {
            Sign::new(NAME, State::Well, String::from_utf8_lossy(&output.stdout).trim())
        }
        _ => Sign::new(
            NAME,
            State::Missing,
            "it does not start; without it nothing but --program can be checked. Rust comes from https://rustup.rs",
        ),
    }
}

fn linker() -> Sign {
    match locate_program(OsStr::new("cc")) {
        Ok(path) => Sign::new("linker", State::Well, path.display().to_string()),
        Err(_) => Sign::new(
            "linker",
            State::Missing,
            "there is no cc in PATH; rustc cannot link. Install gcc or clang (Debian: apt-get install gcc)",
        ),
    }
}

/// The commands that graded programs become, where they look for them.
fn classics() -> Sign {
    let folders = ENVIRONMENT[0].1;
    let missing: Vec<&str> = ["cat", "echo", "wc"]
        .into_iter()
        .filter(|name| !folders.split(':').any(|folder| Path::new(folder).join(name).is_file()))
        .collect();
    match missing.is_empty() {
        true => Sign::new("commands", State::Well, format!("cat, echo and wc are in {folders}")),
        false => Sign::new(
            "commands",
            State::Missing,
            format!("{} is not in {folders}; exercises that exec it cannot pass", missing.join(", ")),
        ),
    }
}

fn scratch() -> Sign {
    let folder = env::temp_dir();
    let tried = Scratch::new().and_then(|scratch| fs::write(scratch.path().join("file"), "x"));
    match tried {
        Ok(()) => Sign::new("temporary files", State::Well, format!("{} takes them", folder.display())),
        Err(error) => Sign::new("temporary files", State::Missing, format!("{}: {error}", folder.display())),
    }
}

/// The course.
pub fn workspace(workspace: Option<&Workspace>) -> Sign {
    match workspace {
        Some(workspace) => Sign::new("workspace", State::Well, workspace.root().display().to_string()),
        None => Sign::new(
            "workspace",
            State::Noted,
            "none here; change into your clone, or name it with --workspace DIR",
        ),
    }
}

//! One call of cargo, and what it says.

use super::Built;
use crate::course;
use crate::interrupt::{self, Building};
use crate::problem::{Problem, plain};
use crate::submission::Package;
use crate::terminal::how_to_call_without_cargo;
use grader_trace::sorted::SortedMap;
use serde::Deserialize;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What cargo is asked for.
#[derive(Debug, Clone)]
pub struct Call {
    /// The manifest of the workspace.
    pub manifest: PathBuf,
    /// What to build: `-p NAME …` and the like.
    pub arguments: Vec<OsString>,
}

/// What cargo made of it, by the folder of the package and the name of the program.
#[derive(Debug, Default)]
pub struct Outcome {
    programs: SortedMap<(PathBuf, String), Artifact>,
    said_of: SortedMap<(PathBuf, String), Said>,
    success: bool,
    /// The topmost folder of the workspace.
    root: PathBuf,
    /// The last words of cargo itself.
    said: Vec<String>,
}

/// What the compiler said of one program.
#[derive(Debug, Default)]
struct Said {
    /// The errors, each in a line, and as rustc lays it out.
    errors: Vec<(String, String)>,
    /// Everything else, as rustc lays it out.
    warnings: Vec<String>,
}

/// A program that cargo has built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The file.
    pub executable: PathBuf,
    /// Cargo saw no reason to build it again.
    pub fresh: bool,
}

/// A line of cargo's JSON. See "External tools" in the Cargo book.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Target,
    executable: Option<PathBuf>,
    #[serde(default)]
    fresh: bool,
    message: Option<Diagnostic>,
    #[serde(default)]
    success: bool,
}

#[derive(Deserialize, Default)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Diagnostic>,
}

/// A place in the source that a diagnostic is about.
#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    is_primary: bool,
}

impl Diagnostic {
    /// Whether it tells the learner something: notes on the number of errors do not.
    fn counts(&self) -> bool {
        matches!(self.level.as_str(), "error" | "warning") && !self.message.starts_with("aborting due to")
    }

    /// The error in one line, if it is one: what is wrong, and where; of a linker's, what it has not found.
    fn error(&self) -> Option<String> {
        let place = self.spans.iter().find(|span| span.is_primary);
        let place = place.map(|span| format!("{}, line {}", span.file_name, span.line_start));
        let of_linker = || {
            let mut lines = self.children.iter().flat_map(|note| note.message.lines());
            lines.find(|line| line.contains(": undefined ")).map(|line| line.trim().to_owned())
        };
        let more = place.or_else(of_linker).map(|more| format!(" ({more})"));
        (self.level == "error").then(|| format!("{}{}", self.message, more.unwrap_or_default()))
    }
}

/// Calls cargo and listens to it. `news` hears what it is doing.
pub fn call(call: &Call, news: &(dyn Fn(&str) + Sync)) -> Result<Outcome, Problem> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(&cargo)
        .args(["build", "--keep-going", "--message-format=json", "--manifest-path"])
        .arg(&call.manifest)
        .args(&call.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: the compilers that it starts can be told to end together.
        .process_group(0)
        .spawn()
        .map_err(|error| {
            let (cargo, error) = (cargo.display(), plain(&error));
            Problem::Environment(format!("cannot start {cargo}: {error}; Rust comes from https://rustup.rs"))
        })?;
    let _building = Building::of(child.id());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut outcome = std::thread::scope(|scope| {
        let listener = scope.spawn(|| stderr.map(|stream| last_words(stream, news)).unwrap_or_default());
        let root = call.manifest.parent().map(Path::to_path_buf).unwrap_or_default();
        let mut outcome = Outcome { root, ..Outcome::default() };
        for line in stdout.into_iter().flat_map(|stream| BufReader::new(stream).lines()).map_while(Result::ok)
        {
            if let Ok(message) = serde_json::from_str(&line) {
                outcome.take(message);
            }
        }
        outcome.said = listener.join().unwrap_or_default();
        outcome
    });
    let ended = child.wait().map_err(|error| {
        Problem::Environment(format!("cannot wait for {}: {}", cargo.display(), plain(&error)))
    })?;
    interrupt::heed()?;
    outcome.success &= ended.success();
    Ok(outcome)
}

/// Passes on what cargo says, and keeps the end of it.
fn last_words(stream: impl std::io::Read, news: &(dyn Fn(&str) + Sync)) -> Vec<String> {
    const KEPT: usize = 40;
    let mut said = std::collections::VecDeque::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        news(line.trim());
        if said.len() == KEPT {
            said.pop_front();
        }
        said.push_back(line);
    }
    said.into()
}

impl Said {
    /// All of it: what has to be mended comes first.
    fn diagnostics(&self) -> Vec<String> {
        self.errors.iter().map(|(_, said)| said).chain(&self.warnings).cloned().collect()
    }

    fn summary(&self) -> String {
        match &self.errors[..] {
            [] => "it does not compile".to_string(),
            [(only, _)] => format!("it does not compile: {only}"),
            [(first, _), ..] => {
                format!("it does not compile, with {} errors; the first: {first}", self.errors.len())
            }
        }
    }
}

impl Outcome {
    fn take(&mut self, message: Message) {
        let Message { reason, manifest_path, target, executable, fresh, message, success } = message;
        let folder = manifest_path.parent().map(Path::to_path_buf).unwrap_or_default();
        let program = (folder, target.name);
        match (reason.as_str(), executable, message) {
            ("compiler-artifact", Some(executable), _) => {
                self.programs.insert(program, Artifact { executable, fresh });
            }
            ("compiler-message", _, Some(said)) if said.counts() => {
                let of = self.said_of.entry(program).or_default();
                let error = said.error();
                let rendered = said.rendered.unwrap_or(said.message);
                match error {
                    Some(error) => of.errors.push((error, rendered)),
                    None => of.warnings.push(rendered),
                }
            }
            ("build-finished", ..) => self.success = success,
            _ => {}
        }
    }

    /// The program of this name in the package of this folder.
    pub fn program(&self, folder: &Path, name: &str) -> Option<&Artifact> {
        self.programs.get(&(folder.to_path_buf(), name.to_string()))
    }

    /// What became of a package.
    pub fn of(&self, package: &Package) -> Built {
        if let Some(artifact) = self.program(&package.folder, &package.name) {
            return Built::Program(artifact.executable.clone());
        }
        if let Some(said) = self.said_of.get(&(package.folder.clone(), package.name.clone())) {
            return Built::Broken { reason: said.summary(), diagnostics: said.diagnostics() };
        }
        let said = self.said.join("\n");
        match (self.blames(package), self.success) {
            (true, _) => Built::Broken {
                reason: "cargo does not understand its Cargo.toml".to_string(),
                diagnostics: vec![said],
            },
            (false, true) => Built::Unknown(format!("cargo made no program named {}", package.name)),
            (false, false) => Built::Unknown(self.stopped()),
        }
    }

    /// Why cargo built nothing at all. It reads every manifest of a workspace before it builds any of it.
    fn stopped(&self) -> String {
        const MEMBER: &str = "failed to load manifest for workspace member `";
        let said = self.said.join("\n");
        let member = said.split_once(MEMBER).and_then(|(_, rest)| rest.split_once('`'));
        let Some(folder) = member.map(|(folder, _)| Path::new(folder)) else {
            return format!("cargo stopped:\n{said}");
        };
        let shown = folder.strip_prefix(&self.root).unwrap_or(folder).display();
        let id = folder.file_name().unwrap_or_default().to_string_lossy();
        let reset = match course::find(&id) {
            Some(exercise) => {
                let reset = how_to_call_without_cargo(&format!("reset {}", exercise.id));
                format!(" To have it as it was shipped (yours is kept):\n  {reset}")
            }
            None => String::new(),
        };
        format!(
            "cargo cannot read {shown}/Cargo.toml, and builds nothing in this workspace until it can.{reset}\n\n{said}"
        )
    }

    /// Whether cargo gave up because of this package's manifest, before it built anything.
    pub fn blames(&self, package: &Package) -> bool {
        let folder = package.folder.display();
        let words = [
            format!("failed to load manifest for workspace member `{folder}`"),
            format!("failed to parse manifest at `{folder}/Cargo.toml`"),
            format!("package ID specification `{}` did not match", package.name),
        ];
        let said = self.said.join("\n");
        !self.success && words.iter().any(|words| said.contains(words))
    }
}

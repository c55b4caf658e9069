//! Building: packages go in, executables or what the compiler says come out.
//!
//! ```text
//! packages ─▶ fit for the compiler? ─▶ unchanged since last time? ─▶ one call of cargo ─▶ Built
//!             (submission)              (record)                     (cargo)
//! ```
//!
//! Invariant: an executable handed out was built from the sources as they are now. One package that
//! does not build never keeps another from being built.

mod cargo;
mod circumstances;
mod record;
mod stamp;

use crate::problem::Problem;
use crate::submission::{Package, Unfit};
use crate::workspace::{Memory, Workspace};
use cargo::Call;
use record::Record;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::SystemTime;

/// What came of building one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Built {
    /// The program, ready to run.
    Program(PathBuf),
    /// It cannot be built: the learner's affair.
    Broken {
        /// A sentence that says why.
        reason: String,
        /// What the compiler said, one text a diagnostic.
        diagnostics: Vec<String>,
    },
    /// It was not found out whether it can be built.
    Unknown(String),
}

/// Where programs are built.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// The root of a cargo workspace.
    pub root: PathBuf,
    /// How cargo is asked for one program: `-p` a package, or `--bin` of the only package there is.
    pub select: &'static str,
    /// Where to remember what was built from what.
    pub memory: Memory,
}

impl Workshop {
    /// The learner's workspace.
    pub fn of(workspace: &Workspace) -> Workshop {
        Workshop { root: workspace.root().to_path_buf(), select: "-p", memory: workspace.memory() }
    }

    fn call(&self, packages: &[&Package]) -> Call {
        let select = |package: &&Package| [OsString::from(self.select), package.name.clone().into()];
        let arguments = packages.iter().flat_map(select).collect();
        Call { manifest: self.root.join("Cargo.toml"), arguments }
    }
}

/// Builds programs, each independently of the others. The answer has their order.
///
/// `news` hears what cargo is doing, for whoever watches.
pub fn build(
    workshop: &Workshop,
    packages: &[Package],
    news: &(dyn Fn(&str) + Sync),
) -> Result<Vec<Built>, Problem> {
    let mut built: Vec<Option<Built>> = packages.iter().map(|package| refused(workshop, package)).collect();
    let mut record = Record::load(workshop);
    let mut wanted = Vec::new();
    for (index, (package, built)) in packages.iter().zip(&mut built).enumerate() {
        if built.is_none() {
            match record.fresh(package) {
                Some(executable) => *built = Some(Built::Program(executable)),
                None => wanted.push((index, package)),
            }
        }
    }
    if !wanted.is_empty() {
        let packages: Vec<&Package> = wanted.iter().map(|(_, package)| *package).collect();
        let fresh = build_now(workshop, &packages, news, &mut record)?;
        for ((index, _), outcome) in wanted.iter().zip(fresh) {
            built[*index] = Some(outcome);
        }
    }
    let unasked = || Built::Unknown("cargo did not say what became of it".to_string());
    Ok(built.into_iter().map(|outcome| outcome.unwrap_or_else(unasked)).collect())
}

/// What can be said without the compiler.
fn refused(workshop: &Workshop, package: &Package) -> Option<Built> {
    let unfit = package.inspect().err()?;
    let file = unfit.path().strip_prefix(&workshop.root).unwrap_or(unfit.path()).display();
    let reason = format!("it cannot be built: {file} {}", unfit.reason());
    Some(match &unfit {
        Unfit::Unreadable(..) => Built::Unknown(reason),
        _ => Built::Broken { reason, diagnostics: Vec::new() },
    })
}

fn build_now(
    workshop: &Workshop,
    packages: &[&Package],
    news: &(dyn Fn(&str) + Sync),
    record: &mut Record,
) -> Result<Vec<Built>, Problem> {
    let started = SystemTime::now();
    let call = workshop.call(packages);
    let mut outcome = cargo::call(&call, news)?;
    // Cargo compares times only. A file put back with its old time is one that cargo takes for built.
    if record.refresh_misjudged(packages, &outcome) {
        outcome = cargo::call(&call, news)?;
    }
    let mut built: Vec<Built> = packages.iter().map(|package| outcome.of(package)).collect();
    // One whose manifest is not what it should be keeps cargo from building anything: once more, without it.
    let others: Vec<&Package> = packages.iter().copied().filter(|package| !outcome.blames(package)).collect();
    if (1..packages.len()).contains(&others.len()) {
        let outcome = cargo::call(&workshop.call(&others), news)?;
        for (package, built) in packages.iter().zip(&mut built) {
            if others.contains(package) {
                *built = outcome.of(package);
            }
        }
    }
    record.update(packages, &built, started);
    record.save(workshop);
    Ok(built)
}

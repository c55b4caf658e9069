//! What the last build was made from, so that a build of the same can be left out.

use super::cargo::Outcome;
use super::circumstances;
use super::stamp::Stamp;
use super::{Built, Workshop};
use crate::replace::Lasting;
use crate::submission::Package;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const SCHEMA: &str = "grader/builds/v1";
const FILE: &str = "builds.json";

/// The record of a workspace.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    schema: String,
    circumstances: u64,
    packages: BTreeMap<String, Entry>,
}

/// A program, and all that it was built from.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    executable: PathBuf,
    built: Stamp,
    /// `None` stands for a file that was not there.
    inputs: Vec<(PathBuf, Option<Stamp>)>,
    /// Of the bytes of all sources.
    content: u64,
}

impl Record {
    /// The record of the last build; an empty one if there is none, or if it was made in other circumstances.
    pub fn load(workshop: &Workshop) -> Record {
        let circumstances = circumstances::digest(&workshop.root);
        let text = fs::read(workshop.memory.file(FILE)).unwrap_or_default();
        match serde_json::from_slice::<Record>(&text) {
            Ok(record) if record.schema == SCHEMA && record.circumstances == circumstances => record,
            _ => Record { schema: SCHEMA.into(), circumstances, packages: BTreeMap::new() },
        }
    }

    /// The program of a package, if nothing that it was built from has changed.
    pub fn fresh(&self, package: &Package) -> Option<PathBuf> {
        let entry = self.packages.get(&package.name)?;
        let same = Stamp::of(&entry.executable) == Some(entry.built)
            && entry.inputs.iter().all(|(path, stamp)| Stamp::of(path) == *stamp);
        same.then(|| entry.executable.clone())
    }

    /// Gives a new time to sources that differ from those of the last build although cargo calls them built;
    /// tells whether there were any.
    pub fn refresh_misjudged(&self, packages: &[&Package], outcome: &Outcome) -> bool {
        let mut any = false;
        for package in packages {
            let Some(entry) = self.packages.get(&package.name) else { continue };
            let fresh = outcome.program(&package.folder, &package.name).is_some_and(|program| program.fresh);
            if fresh
                && Stamp::of(&entry.executable) == Some(entry.built)
                && content(&entry.inputs) != entry.content
            {
                any |= touch(&package.source);
            }
        }
        any
    }

    /// Writes down what was built, from what. Anything touched since `started` is left out: it may have changed while
    /// it was being read.
    pub fn update(&mut self, packages: &[&Package], built: &Vec<Built>, started: SystemTime) {
        for (package, built) in packages.iter().zip(built) {
            self.packages.remove(&package.name);
            let Built::Program(executable) = built else { continue };
            let Some(stamp) = Stamp::of(executable) else { continue };
            let inputs: Vec<_> = inputs(package, executable)
                .into_iter()
                .map(|path| (path.clone(), Stamp::of(&path)))
                .collect();
            let settled = |(_, stamp): &(PathBuf, Option<Stamp>)| {
                stamp.is_none_or(|stamp| stamp.settled_before(started))
            };
            if inputs.iter().all(settled) {
                let content = content(&inputs);
                let entry = Entry { executable: executable.clone(), built: stamp, inputs, content };
                self.packages.insert(package.name.clone(), entry);
            }
        }
    }

    /// Keeps the record for the next time. Without it the next check is slower and nothing else, so that a
    /// file system that refuses it is no reason to complain.
    pub fn save(&self, workshop: &Workshop) {
        if let Ok(text) = serde_json::to_vec(self) {
            let _ = workshop.memory.keep(FILE, &text, Lasting::Process);
        }
    }
}

/// All files that a program was built from, and those that would matter if they appeared.
fn inputs(package: &Package, executable: &Path) -> Vec<PathBuf> {
    let mut files = vec![package.manifest(), package.folder.join("build.rs"), package.source.clone()];
    files.push(package.folder.clone());
    files.extend(package.modules());
    let listed = fs::read_to_string(executable.with_extension("d")).unwrap_or_default();
    files.extend(sources(&listed).into_iter().map(|path| package.folder.join(path)));
    files.sort_unstable();
    files.dedup();
    files
}

/// The sources that a `.d` file names: `PROGRAM: SOURCE SOURCE …`, blanks in names escaped.
fn sources(listed: &str) -> Vec<PathBuf> {
    let Some((_, names)) = listed.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let mut files = vec![String::new()];
    let mut letters = names.chars();
    while let Some(letter) = letters.next() {
        match (letter, files.last_mut()) {
            ('\\', Some(file)) => file.extend(letters.next()),
            (' ', _) => files.push(String::new()),
            (letter, Some(file)) => file.push(letter),
            (_, None) => {}
        }
    }
    files.into_iter().filter(|file| !file.is_empty()).map(PathBuf::from).collect()
}

fn content(inputs: &[(PathBuf, Option<Stamp>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (path, _) in inputs.iter().filter(|(path, _)| path.is_file()) {
        fs::read(path).unwrap_or_default().hash(&mut hasher);
    }
    hasher.finish()
}

fn touch(path: &Path) -> bool {
    let file = fs::File::options().write(true).open(path);
    file.and_then(|file| file.set_modified(SystemTime::now())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_in_a_dep_info_file_are_read_as_one() {
        let listed = "/t/debug/fork: /a\\ b/src/main.rs /c/x.txt\n\n/c/x.txt:\n";
        assert_eq!(sources(listed), [PathBuf::from("/a b/src/main.rs"), PathBuf::from("/c/x.txt")]);
    }
}

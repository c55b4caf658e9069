//! What else a build depends on: the toolchain, cargo's settings, the environment, the workspace.

use super::stamp::Stamp;
use std::collections::hash_map::DefaultHasher;
use std::env;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Variables that cargo or rustc heed, by the beginnings of their names.
const HEEDED: [&str; 9] = [
    "PATH",
    "CARGO_BUILD_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_ENCODED_",
    "CARGO_HOME",
    "CARGO_INCREMENTAL",
    "CARGO_UNSTABLE_",
    "RUST",
];

/// Variables of these names that only concern the running program.
const IGNORED: [&str; 4] = ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_LOG", "RUST_RECURSION_COUNT"];

/// A number that changes when any of it does, for a workspace with this root.
pub fn digest(root: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    variables().hash(&mut hasher);
    for path in files(root) {
        let stamp = Stamp::of(&path);
        (path, stamp).hash(&mut hasher);
    }
    hasher.finish()
}

fn variables() -> Vec<(OsString, OsString)> {
    let heeded = |name: &str| HEEDED.iter().any(|start| name.starts_with(start)) && !IGNORED.contains(&name);
    let mut found: Vec<_> = env::vars_os().filter(|(name, _)| name.to_str().is_some_and(heeded)).collect();
    found.sort_unstable();
    found
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = vec![root.join("Cargo.toml"), root.join("Cargo.lock")];
    for folder in root.ancestors() {
        let settings = [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"];
        files.extend(settings.map(|name| folder.join(name)));
    }
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    files.extend(["config.toml", "config"].map(|name| cargo_home.join(name)));
    files.extend(compilers());
    // rustup: which toolchain is the default, and when each was last updated.
    let rustup_home = env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
    files.push(rustup_home.join("settings.toml"));
    let updates = std::fs::read_dir(rustup_home.join("update-hashes"));
    let mut updates: Vec<_> = updates.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    updates.sort_unstable();
    files.extend(updates);
    files
}

/// The compiler that cargo would start, as far as can be told without starting it.
fn compilers() -> Vec<PathBuf> {
    let named = ["RUSTC", "RUSTC_WRAPPER"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let beside = env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name("rustc"));
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("rustc")).find(|file| file.is_file());
    named.chain(beside).chain(found).collect()
}

//! The tracer's own test program: a mode for everything that a traced program may do.

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Builds it; where it lies.
pub fn build() -> Result<PathBuf, String> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--profile", "test", "--package", "grader-tracer", "--bin", "specimen"])
        .args(["--message-format", "json"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.ok_or_else(|| format!("no specimen: {}", String::from_utf8_lossy(&output.stderr)))
}

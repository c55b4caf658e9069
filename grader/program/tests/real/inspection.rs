//! What is said of a file before it is run.

use grader_program::{DebugInfo, inspect};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A program with debug information: this test.
fn own() -> PathBuf {
    std::env::current_exe().expect("the path of this test")
}

fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("file");
    fs::write(&path, bytes).expect("write the file");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("allow it to be executed");
    path
}

/// This test's own program with some of its header's bytes replaced.
fn patched(patches: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = fs::read(own()).expect("read this test");
    for (at, new) in patches {
        bytes[*at..*at + new.len()].copy_from_slice(new);
    }
    bytes
}

#[test]
fn a_debug_program_will_have_lines() {
    let inspection = inspect(&own()).expect("a program");
    assert_eq!(inspection.debug_info, DebugInfo::Present);
    assert!(inspection.position_independent);
    assert!(inspection.interpreter.is_some_and(|path| path.is_absolute()));
}

#[test]
fn a_system_program_will_have_none() {
    let inspection = inspect(Path::new("/bin/sh")).expect("a program");
    assert_eq!(inspection.debug_info, DebugInfo::Missing);
}

#[test]
fn what_cannot_be_run_is_refused_in_words() {
    let header = &patched(&[])[..64];
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty", vec![], "it is empty"),
        ("text", b"int main(void) {}\n".to_vec(), "not a program (no ELF file)"),
        ("rubbish", vec![0xff; 1000], "not a program (no ELF file)"),
        ("script", b"#!/bin/sh -e\necho\n".to_vec(), "a script for /bin/sh -e;"),
        (
            "script without a line end",
            b"#! /usr/bin/env python3".to_vec(),
            "a script for /usr/bin/env python3;",
        ),
        ("script with rubbish", b"#!/bin/\x1b[2J\xff\n".to_vec(), r"a script for /bin/\u{1b}[2J"),
        ("only the magic number", b"\x7fELF".to_vec(), "it ends before it is complete"),
        ("only a header", header.to_vec(), "it ends before it is complete"),
        ("32 bits", patched(&[(4, &[1]), (18, &[3, 0])]), "it was built for x86 (32 bits)"),
        ("x32", patched(&[(4, &[1])]), "(x32)"),
        ("ARM", patched(&[(18, &[183, 0])]), "it was built for ARM (64 bits)"),
        ("big endian", patched(&[(5, &[2]), (16, &[0, 3]), (18, &[0, 22])]), "it was built for IBM Z"),
        ("unheard of", patched(&[(18, &[0x34, 0x12])]), "machine number 4660"),
        ("an object file", patched(&[(16, &[1])]), "it is an object file"),
        ("a core dump", patched(&[(16, &[4])]), "it is the core dump"),
        ("an unknown type", patched(&[(16, &[77])]), "an ELF file of an unknown type"),
    ];
    for (name, bytes, expected) in cases {
        let folder = tempfile::tempdir().expect("make a folder");
        let path = file(&folder, bytes);
        let error = inspect(&path).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.starts_with(&format!("cannot run {}: ", path.display())), "{name}: {error}");
    }
}

#[test]
fn a_shared_library_is_not_a_program() {
    let maps = fs::read_to_string("/proc/self/maps").expect("read the mappings");
    let library = maps.split_ascii_whitespace().find(|path| path.contains("/libgcc_s.so"));
    let error = inspect(Path::new(library.expect("libgcc is mapped"))).expect_err("a library").to_string();
    assert!(error.contains("it is a shared library"), "{error}");
}

#[test]
fn what_is_not_a_file_is_refused_without_opening_it() {
    let folder = tempfile::tempdir().expect("make a folder");
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("make a FIFO");
    let cases: [(&Path, &str); 4] = [
        (folder.path(), "it is a folder"),
        (&fifo, "it is a FIFO"),
        (Path::new("/dev/null"), "it is a device"),
        (Path::new("/nowhere/at/all"), "No such file or directory"),
    ];
    for (path, expected) in cases {
        let error = inspect(path).expect_err("no program").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_program_that_nobody_may_execute_is_refused() {
    let folder = tempfile::tempdir().expect("make a folder");
    let path = file(&folder, &patched(&[]));
    assert!(inspect(&path).is_ok());
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("forbid it");
    let error = inspect(&path).expect_err("not executable").to_string();
    assert!(error.contains("chmod +x"), "{error}");
}

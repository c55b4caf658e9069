//! Verdicts do not depend on who asks, nor on what a container's profile denies.

use crate::place::{Circumstances, Place};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

/// The verdicts on the checks of the only exercise of a report.
fn verdicts(output: &Output) -> Vec<(String, String)> {
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}; {}", String::from_utf8_lossy(&output.stderr)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let checks = report["exercises"][0]["checks"].as_array().expect("a list");
    checks.iter().map(|check| (text(&check["id"]), text(&check["verdict"]))).collect()
}

/// A solution, built, in a place that everybody can reach.
fn built(place: &Place, id: &str) -> String {
    let checked = place.grader(&["check", id, "--solutions"]).output().expect("the grader starts");
    assert!(checked.status.success());
    let program = place.path(id);
    fs::copy(place.path(&format!("target/debug/{id}-solution")), &program).expect("a program");
    fs::set_permissions(place.root(), fs::Permissions::from_mode(0o755)).expect("our own folder");
    program.to_string_lossy().into_owned()
}

#[test]
fn an_ordinary_user_gets_the_same_verdicts() {
    let place = Place::new();
    let program = built(&place, "wait");
    let arguments = ["check", "wait", "--program", &program, "--format", "json"];
    let ours = place.grader(&arguments).output().expect("the grader starts");
    let grader = place.path("grader");
    fs::copy(env!("CARGO_BIN_EXE_grader"), &grader).expect("a program");
    let mut theirs = Command::new(&grader);
    theirs.args(arguments).current_dir(place.root());
    // Only root can become somebody else; an ordinary user is one already.
    // SAFETY: geteuid takes nothing and cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        theirs.uid(65534).gid(65534);
    }
    let theirs = theirs.output().expect("the grader starts");
    assert_eq!(verdicts(&theirs), verdicts(&ours));
    assert!(verdicts(&ours).iter().all(|(_, verdict)| verdict == "passed"));
}

#[test]
fn the_default_profile_of_a_container_changes_no_verdict() {
    let place = Place::new();
    let program = built(&place, "exec");
    let arguments = ["check", "exec", "--program", &program, "--format", "json"];
    let free = place.grader(&arguments).output().expect("the grader starts");
    let mut contained = place.grader(&arguments);
    contained.without(&[
        (libc::SYS_clone3, libc::ENOSYS),
        (libc::SYS_process_vm_readv, libc::EPERM),
        (libc::SYS_kcmp, libc::EPERM),
        (libc::SYS_pidfd_getfd, libc::EPERM),
        (libc::SYS_personality, libc::EPERM),
        (libc::SYS_unshare, libc::EPERM),
    ]);
    let contained = contained.output().expect("the grader starts");
    assert_eq!(verdicts(&contained), verdicts(&free));
    assert!(verdicts(&free).iter().all(|(_, verdict)| verdict == "passed"));
}

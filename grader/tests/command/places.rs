//! What a program changes in /tmp and /dev/shm is its own, and gone with the execution that changed it.

use crate::place::Circumstances;
use crate::programs::{command, specimen_file};
use grader::course::Scenario;
use grader::run::{Job, Proof, prove};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A name that nobody else uses.
fn name() -> String {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    format!("forklings-test-{}-{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
}

/// Whether this machine lets us have places of our own; if not, says on the real standard error that nothing was tested.
fn namespaces() -> bool {
    let tried = Command::new("unshare").args(["--user", "--map-current-user", "--mount", "true"]).output();
    let there = tried.is_ok_and(|tried| tried.status.success());
    if !there {
        let line = b"SKIPPED: namespaces are forbidden here; no program had a /tmp of its own\n";
        std::io::stderr().write_all(line).expect("standard error is open");
    }
    there
}

/// What the grader finds in all schedules of the specimen.
fn found(grader: &mut Command) -> Value {
    let output = grader.output().expect("the grader starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

fn explored(mode: &[&str]) -> Value {
    found(&mut command(&["explore", "--json"], &[&[specimen_file()], mode].concat()))
}

const RACE: [&str; 4] = ["a first\nb late\n", "a late\nb first\n", "b first\na late\n", "b late\na first\n"];

#[test]
fn two_who_race_for_a_file_in_a_shared_place_do_so_anew_in_each_execution() {
    if !namespaces() {
        return;
    }
    for place in ["/tmp", "/dev/shm"] {
        let path = format!("{place}/{}", name());
        let found = explored(&["race_to_create", &path]);
        assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(RACE)), "{found:#}");
        assert!(!fs::exists(&path).expect("it can be looked for"), "{path} is left behind");
    }
}

#[test]
fn an_ordinary_user_has_places_of_his_own_too() {
    if !namespaces() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
    let (grader, specimen) = (folder.path().join("grader"), folder.path().join("specimen"));
    fs::copy(env!("CARGO_BIN_EXE_grader"), &grader).expect("a program");
    fs::copy(specimen_file(), &specimen).expect("a program");
    let path = format!("/tmp/{}", name());
    let mut theirs = Command::new(&grader);
    theirs.current_dir(folder.path()).args(["explore", "--json", "--"]).arg(&specimen);
    theirs.args(["race_to_create", &path]);
    // Only root can become somebody else; an ordinary user is one already.
    // SAFETY: geteuid takes nothing and cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        theirs.uid(65534).gid(65534);
    }
    let found = found(&mut theirs);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(RACE)), "{found:#}");
    assert!(!fs::exists(&path).expect("it can be looked for"), "{path} is left behind");
}

#[test]
fn what_one_execution_leaves_the_next_one_does_not_find_nor_does_anybody_else() {
    if !namespaces() {
        return;
    }
    let path = format!("/tmp/{}", name());
    let found = explored(&["leaves_a_file", &path]);
    let expected = (&json!(true), &json!(3), &json!(["new\n"]));
    assert_eq!((&found["complete"], &found["executions"], &found["outputs"]), expected, "{found:#}");
    assert!(!fs::exists(&path).expect("it can be looked for"), "{path} is left behind");
    let schedule = found["ends"][0]["schedule"].as_str().expect("a schedule");
    let replayed = command(&["replay", schedule], &[specimen_file(), "leaves_a_file", &path]).output();
    let replayed = replayed.expect("the grader starts");
    assert!(String::from_utf8_lossy(&replayed.stdout).contains("new"), "{replayed:?}");
    assert!(!fs::exists(&path).expect("it can be looked for"), "{path} is left behind by a replay");
}

#[test]
fn what_is_there_is_seen_and_stays_as_it_is() {
    if !namespaces() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("file");
    fs::write(&path, "mine").expect("writable");
    let found = explored(&["leaves_a_file", path.to_str().expect("a name in UTF-8")]);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(["old\n"])), "{found:#}");
    assert_eq!(fs::read_to_string(&path).expect("still there"), "mine");
}

#[test]
fn a_program_that_was_made_there_is_executed() {
    if !namespaces() {
        return;
    }
    let path = format!("/tmp/{}", name());
    let found = explored(&["leaves_and_executes", &path]);
    let expected = (&json!(true), &json!(["executed\n"]));
    assert_eq!((&found["complete"], &found["outputs"]), expected, "{found:#}");
    assert!(!fs::exists(&path).expect("it can be looked for"), "{path} is left behind");
}

#[test]
fn what_is_changed_elsewhere_by_way_of_a_link_there_is_noticed() {
    if !namespaces() {
        return;
    }
    let elsewhere = tempfile::tempdir_in("/var/tmp").expect("a temporary folder");
    let folder = elsewhere.path().canonicalize().expect("there");
    let folder = folder.to_str().expect("a name in UTF-8");
    let found = explored(&["leaves_by_way_of_a_link", &format!("/tmp/{}", name()), folder, "made"]);
    let why = found["why"].as_str().unwrap_or_default();
    assert!(why.contains(&format!("{folder}/made")), "{found:#}");
}

/// None of these objects has a model, and none is made.
#[test]
fn of_objects_that_outlive_their_makers_nothing_is_left_behind() {
    let name = name();
    let key = 0x464f_0000 | (std::process::id() & 0xffff);
    let (number, slashed) = (key.to_string(), format!("/{name}"));
    let cases = [
        ("segment", &number, "it calls shmget, of which there is no model"),
        ("semaphore", &number, "it calls semget, of which there is no model"),
        ("queue", &number, "it calls msgget, of which there is no model"),
        ("named_queue", &slashed, "it calls mq_open, of which there is no model"),
        ("named_memory", &slashed, "it shares memory"),
    ];
    for (what, name, expected) in cases {
        let found = explored(&["leaves_an_object", what, name]);
        let why = found["why"].as_str().unwrap_or_default();
        assert!(found["complete"] == false && why.contains(expected), "{what}: {found:#}");
    }
    for list in ["shm", "sem", "msg"] {
        let objects = fs::read_to_string(format!("/proc/sysvipc/{list}")).expect("the kernel's list");
        let keys = objects.lines().filter_map(|line| line.split_whitespace().next());
        assert!(!keys.into_iter().any(|other| other == number), "{list}: {objects}");
    }
    if namespaces() {
        assert!(!Path::new("/dev/shm").join(&name).exists());
    } else {
        // Then it is made, and that is told.
        let _ = fs::remove_file(Path::new("/dev/shm").join(&name));
    }
}

#[test]
fn without_namespaces_the_first_execution_counts_and_what_to_do_is_told() {
    let path = format!("/tmp/{}", name());
    let mut grader = command(&["explore", "--json"], &[specimen_file(), "race_to_create", &path]);
    grader.without(&[(libc::SYS_unshare, libc::EPERM)]);
    let found = found(&mut grader);
    let made = fs::remove_file(&path);
    assert_eq!((&found["complete"], &found["executions"]), (&json!(false), &json!(1)), "{found:#}");
    let why = found["why"].as_str().unwrap_or_default();
    assert!(["unshare", "user namespaces", &path].iter().all(|word| why.contains(word)), "{why}");
    made.expect("it has made the file");
}

#[test]
fn a_program_of_the_course_may_use_tmp_and_is_proved_in_every_schedule() {
    if !namespaces() {
        return;
    }
    let path = format!("/tmp/{}", name());
    let exercise = grader::course::find("fork").expect("an exercise");
    let args = vec!["race_to_create".into(), path.clone()];
    let scenario = Scenario { args, ..(exercise.scenarios)().remove(0) };
    let (watch, scenarios) = (exercise.watch, vec![scenario.clone()]);
    let job = Job { program: specimen_file().into(), watch, order_counts: false, lines: false, scenarios };
    let proof = prove(&job, &scenario, &|_| true).expect("it runs");
    assert!(matches!(proof, Proof::Always { executions: 3.., .. }), "{proof:?}");
    assert!(!fs::exists(&path).expect("it can be looked for"), "{path} is left behind");
}

#[test]
fn a_program_that_leaves_nothing_there_is_explored_as_without_namespaces() {
    let mode = [specimen_file(), "waits_for_any", "3"];
    let mut without = command(&["explore", "--json"], &mode);
    without.without(&[(libc::SYS_unshare, libc::EPERM)]);
    assert_eq!(explored(&mode[1..]), found(&mut without));
}

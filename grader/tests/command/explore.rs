//! Every schedule of a program: counts that are known otherwise, what goes wrong in some of them, and programs of
//! which no claim can be made.

use crate::programs::{about, command, specimen, specimen_file};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// An exploration as JSON, which must be valid.
fn explored(options: &[&str], mode: &[&str]) -> Value {
    let answer = specimen(&[&["explore", "--json"], options].concat(), mode);
    assert_eq!(answer.complaints, "");
    valid(&answer.text)
}

fn valid(text: &str) -> Value {
    let schema: Value =
        serde_json::from_str(include_str!("../../schema/exploration-v1.json")).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let json: Value = serde_json::from_str(text).expect("it is JSON");
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{text}");
    json
}

/// What is asked, of which mode, and what must be found.
type Case<'a> = (&'a [&'a str], &'a [&'a str], Value);

fn examine(cases: &[Case<'_>]) {
    for (options, mode, expected) in cases {
        let found = explored(options, mode);
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(found[key], *value, "{options:?} {mode:?}: {key}");
        }
    }
}

#[test]
fn outputs_are_counted_from_one_execution() {
    let counts = |many: &str| json!({"complete": true, "executions": 1, "distinct_outputs": many, "distinct_outputs_exact": true});
    examine(&[
        (&[], &["fork_and_write", "2"], counts("3")),
        (&[], &["fork_and_write", "3"], counts("279")),
        (&[], &["fork_and_write", "4"], counts("127952289")),
        (&[], &["fork_and_write", "5"], counts("11969760319978270261269")),
    ]);
}

#[test]
fn there_are_as_many_executions_as_ways_to_reap() {
    let traces = |many: u64| json!({"complete": true, "executions": many, "distinct_outputs": "1", "unreaped": {"min": 0, "max": 0}});
    examine(&[
        (&[], &["waits_for_any", "2"], traces(3)),
        (&[], &["waits_for_any", "3"], traces(16)),
        (&[], &["waits_for_any", "4"], traces(125)),
    ]);
}

#[test]
fn what_a_buffer_holds_at_a_fork_comes_out_twice() {
    let lines = |many: u64| json!({"complete": true, "processes": {"min": 8, "max": 8}, "lines": {"min": many, "max": many}});
    examine(&[
        (&["--stdout", "tty"], &["fork_and_printf", "after"], lines(14)),
        (&["--stdout", "pipe"], &["fork_and_printf", "after"], lines(24)),
        (&["--stdout", "tty"], &["fork_and_printf", "before"], lines(20)),
        (&["--stdout", "pipe"], &["fork_and_printf", "before"], lines(24)),
    ]);
}

#[test]
fn pids_in_the_output_are_named_by_their_tasks() {
    let found = explored(&[], &["looks_once"]);
    let either = ["child ‹0.0›\nparent ‹0›\n", "parent ‹0›\nchild ‹0.0›\n"];
    assert_eq!(found["outputs"], json!(either));
    assert_eq!(found["distinct_outputs"], "2");
}

#[test]
fn a_process_that_only_some_schedules_leave_unreaped_is_found_with_one_that_does() {
    let found = explored(&[], &["looks_once"]);
    assert_eq!((&found["unreaped"]["min"], &found["unreaped"]["max"]), (&json!(0), &json!(1)));
    let schedule = found["unreaped"]["schedule"].as_str().expect("a schedule");
    let again = specimen(&["replay", schedule], &["looks_once"]);
    assert_eq!(again.status, 0, "{}", again.complaints);
    assert!(again.text.contains("orphan"), "{}", again.text);
}

#[test]
fn a_deadlock_is_found_with_the_lines_on_which_everybody_waits() {
    let found = explored(&[], &["reads_its_own_pipe"]);
    assert_eq!(found["complete"], true);
    let deadlock = &found["deadlocks"][0];
    let calls: Vec<&Value> =
        deadlock["waiting"].as_array().expect("a list").iter().map(|w| &w["call"]).collect();
    assert_eq!(calls, ["wait", "read"]);
    let site = &deadlock["waiting"][1]["site"];
    assert!(site["file"].as_str().is_some_and(|file| file.ends_with("kernel.rs")), "{site}");
    let schedule = deadlock["schedule"].as_str().expect("a schedule");
    let again = specimen(&["replay", schedule], &["reads_its_own_pipe"]);
    assert!(again.text.contains("killed when nobody could go on"), "{}", again.text);
}

#[test]
fn a_zombie_that_a_deadlock_leaves_is_no_other_finding() {
    let found = explored(&[], &["pauses_too_late"]);
    assert_eq!(found["complete"], true, "{found:#}");
    assert_eq!(found["deadlocks"][0]["waiting"][0]["call"], "poll or pause", "{found:#}");
    assert_eq!(found["unreaped"].get("schedule"), None, "{found:#}");
}

#[test]
fn a_child_that_may_be_killed_too_early_has_two_outputs() {
    let found = explored(&[], &["kills_or_is_late"]);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(["", "alive\n"])));
}

#[test]
fn who_has_reaped_a_child_was_told_of_its_end_before_doing_anything_else() {
    let found = explored(&[], &["says_when_a_child_has_ended"]);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(["!ab"])));
}

/// Linux closes what a process holds before it tells anybody of its end.
#[test]
fn the_end_of_a_pipe_does_not_say_that_its_writer_has_ended() {
    let found = explored(&[], &["asks_at_the_end"]);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(["ended", "not yet"])));
}

#[test]
fn a_timer_that_runs_out_too_early_ends_no_pause() {
    let found = explored(&[], &["sets_a_timer_and_pauses"]);
    assert_eq!(found["complete"], true, "{found:#}");
    let schedule = found["deadlocks"][0]["schedule"].as_str().expect("a schedule");
    let again = specimen(&["replay", schedule], &["sets_a_timer_and_pauses"]);
    assert!(again.text.contains("killed when nobody could go on"), "{}", again.text);
}

#[test]
fn what_is_left_of_a_sleep_that_a_timer_ends_is_the_same_in_every_run() {
    let found = explored(&[], &["is_woken_from_a_sleep"]);
    assert_eq!((&found["complete"], &found["outputs"]), (&json!(true), &json!(["", "8.999999000\n"])));
}

#[test]
fn a_call_that_fails_shows_what_is_wrong_only_then() {
    let found = explored(&["--faults"], &["fork_fails_badly"]);
    assert_eq!((&found["complete"], &found["deadlocks"]), (&json!(true), &json!([])));
    let fault = &found["faults"][1];
    assert_eq!(fault["fault"], "fork fails with EAGAIN");
    assert_eq!(fault["possible"], "this kernel does it");
    assert_eq!(fault["deadlocks"][0]["schedule"], "0 0:error11");
    assert!(explored(&[], &["fork_fails_badly"]).get("faults").is_none(), "nobody asked");
}

#[test]
fn each_place_at_which_a_call_could_fail_is_tried_and_labelled() {
    let found = explored(&["--faults"], &["reads_once"]);
    let of = |fault: &Value| json!([fault["fault"], fault["possible"], fault["outputs"]]);
    let faults: Vec<Value> = found["faults"].as_array().expect("a list").iter().map(of).collect();
    assert_eq!(
        faults,
        [
            json!(["pipe fails with EMFILE", "this kernel does it", [""]]),
            json!(["fork fails with EAGAIN", "this kernel does it", [""]]),
            json!(["a read or write moves one byte only", "POSIX allows it", ["h"]]),
            json!(["a read or write moves one byte only", "POSIX allows it", ["h"]]),
        ]
    );
    assert_eq!((&found["outputs"], &found["complete"]), (&json!(["hello"]), &json!(true)));
}

/// For each fault: who allows it, and what the program writes then.
fn faults(mode: &[&str], fault: &str) -> Vec<Value> {
    let found = explored(&["--faults"], mode);
    assert_eq!(found["complete"], true, "{found:#}");
    let faults = found["faults"].as_array().expect("a list").iter().filter(|one| one["fault"] == fault);
    faults.map(|one| json!([one["possible"], one["outputs"]])).collect()
}

#[test]
fn a_call_that_sleeps_is_interrupted_only_where_a_handler_lets_that_happen() {
    let interrupted =
        |flags| faults(&["sleeps_in_calls", flags], "a wait, read or write is interrupted (EINTR)");
    // Where the child was quicker, nothing sleeps.
    let of = |output: &str| json!(["this kernel does it", [output, "1 true 1 0"]]);
    // A signal has come, and its handler has run.
    assert_eq!(interrupted("interrupting"), [of("-4 true 1 1"), of("1 false 1 1"), of("1 true -4 1")]);
    assert_eq!(interrupted("restarting"), [] as [Value; 0]);
}

#[test]
fn reads_and_writes_of_a_file_come_up_short() {
    // In the working directory: a file elsewhere would still be there for the next execution.
    let short = faults(&["writes_and_reads", "file"], "a read or write moves one byte only");
    let of = |output: &str| json!(["POSIX allows it", [output]]);
    assert_eq!(short, [of("11"), of("51"), of("5")]);
}

#[test]
fn time_that_is_up_is_no_claim_and_no_fault() {
    let begun = Instant::now();
    let found = explored(&["--budget", "1"], &["waits_for_any", "9"]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!((&found["complete"], &found["why"]), (&json!(false), &json!("there was no time for more")));
    assert_eq!(found["distinct_outputs_exact"], false);
}

#[test]
fn of_what_cannot_be_explored_the_reason_is_told() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let program = &copy_of_the_specimen(place.path());
    let cases: [(&str, &[&str], &str); 19] = [
        ("3", &["without_end", "computing"], "a task computes for more than 3 s between two calls"),
        (
            "60",
            &["without_end", "private_calls"],
            "more than 50000 calls in a row that others could not notice",
        ),
        ("60", &["without_end", "visible_calls"], "an execution has more than 10000 steps"),
        ("60", &["without_end", "sleeping"], "an execution has more than 10000 steps"),
        ("60", &["without_end", "writing"], "an execution has more than 10000 steps"),
        ("60", &["without_end", "forking_and_waiting"], "it makes more than 1000 processes"),
        ("60", &["without_end", "a_chain"], "it makes more than 1000 processes"),
        ("60", &["without_end", "flooding"], "it writes more than 1 MiB to its standard output"),
        ("60", &["without_end", "forking"], "more than 256 processes live at once"),
        ("60", &["without_end", "a_bomb"], "more than 256 processes live at once"),
        ("60", &["beyond", "timer"], "it calls timer_create, of which there is no model"),
        ("60", &["beyond", "computing_time"], "it sets a timer that runs while it computes"),
        ("60", &["beyond", "shared_memory"], "it shares memory"),
        ("60", &["beyond", "terminal"], "it reads what opening /dev/stdout made"),
        ("60", &["beyond", "network"], "it calls connect"),
        ("60", &["beyond", "stop"], "it sends SIGSTOP"),
        ("60", &["beyond", "vfork_and_ask"], "it asks with WNOHANG for a child that ended in vfork"),
        ("60", &["beyond", "session"], "it calls setsid"),
        ("60", &["beyond", "chance"], "the same schedule once wrote"),
    ];
    for (budget, mode, why) in cases {
        let program: Vec<&str> = [&program[..]].iter().chain(mode).copied().collect();
        let answer = about(&["explore", "--json", "--budget", budget], &program);
        assert_eq!((answer.status, &answer.complaints[..]), (3, ""), "{mode:?}: {}", answer.text);
        let found = valid(&answer.text);
        assert_eq!(found["complete"], false, "{mode:?}");
        assert!(found["why"].as_str().is_some_and(|said| said.contains(why)), "{mode:?}: {}", found["why"]);
    }
    assert_eq!(running(program), [] as [String; 0]);
}

#[test]
fn a_program_with_its_owners_rights_is_not_judged_without_them() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let program = copy_of_the_specimen(place.path());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).expect("our own file");
    let ours = about(&["explore", "--json"], &[&program, "looks_once"]);
    assert_eq!((ours.status, &valid(&ours.text)["complete"]), (0, &json!(true)), "the rights are our own");
    if std::os::unix::fs::chown(&program, Some(65534), None).is_err() {
        // Only root can give a file away; the rest was seen.
        return;
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).expect("root may");
    let theirs = about(&["explore", "--json"], &[&program, "looks_once"]);
    let found = valid(&theirs.text);
    assert_eq!((theirs.status, &found["executions"]), (3, &json!(0)), "{found}");
    assert!(found["why"].as_str().is_some_and(|why| why.contains("set-uid")), "{found}");
}

#[test]
fn a_script_is_a_program_like_any_other() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let text = place.path().join("text");
    fs::write(&text, "#!/bin/sh\nread line\necho \"[$line]\"\n").expect("writable");
    fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).expect("our own file");
    let answer = about(&["explore", "--json"], &[&copied(&text, &place.path().join("script"))]);
    let found = valid(&answer.text);
    assert_eq!((answer.status, &found["complete"], &found["outputs"]), (0, &json!(true), &json!(["[]\n"])));
}

#[test]
fn ctrl_c_ends_an_exploration_and_all_that_it_has_started() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let program = copy_of_the_specimen(place.path());
    for mode in ["computing", "private_calls", "visible_calls"] {
        let mut explore = command(&["explore", "--budget", "600"], &[&program, "without_end", mode]);
        let mut grader = explore.stdout(Stdio::piped()).spawn().expect("the grader starts");
        let begun = Instant::now();
        while running(&program).is_empty() && grader.try_wait().expect("a child of ours").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{mode} does not start");
            thread::sleep(Duration::from_millis(2));
        }
        // SAFETY: kill takes two numbers; the grader has not been waited for, so that the PID is its own.
        unsafe { libc::kill(grader.id() as i32, libc::SIGINT) };
        let ended = grader.wait().expect("a child of ours");
        // Visible calls may have come to their limit just before.
        assert!(ended.signal() == Some(libc::SIGINT) || mode == "visible_calls", "{mode}: {ended}");
        assert_eq!(running(&program), [] as [String; 0], "{mode}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    for arguments in [&["--budget", "0"][..], &["--budget", "soon"], &["--stdout", "file"]] {
        let answer = specimen(&[&["explore"], arguments].concat(), &["looks_once"]);
        assert_eq!((answer.status, &answer.text[..]), (2, ""), "{arguments:?}");
    }
    assert_eq!(about(&["explore"], &["no-such-command"]).status, 3);
    assert_eq!(about(&["explore"], &[]).status, 2);
}

#[test]
fn people_get_a_page() {
    let page = specimen(&["explore"], &["looks_once"]).text;
    for words in [
        "every schedule of specimen looks_once was covered",
        "2 executions",
        "outputs    2 different ones",
        "not reaped up to one process, none in some schedules",
        "  │ child ‹0.0›\n  │ parent ‹0›\n",
        "A process that its parent does not reap\n  ‹0› specimen looks_once",
        "orphan: its parent is gone",
        "kernel.rs:",
        " replay '0*4 0.0*2' -- ",
        "That these are all rests on this",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let stuck = specimen(&["explore"], &["reads_its_own_pipe"]).text;
    assert!(stuck.starts_with("✗") && stuck.contains("can wait for ever"), "{stuck}");
    let unknown = specimen(&["explore"], &["beyond", "shared_memory"]).text;
    assert!(unknown.starts_with("? no claim about every schedule of"), "{unknown}");
    assert!(
        unknown.contains("It shares memory (mmap with MAP_SHARED), of which there is no model yet."),
        "{unknown}"
    );
}

/// The specimen under a name of its own, so that what runs it can be told from what others run.
fn copy_of_the_specimen(folder: &Path) -> String {
    copied(Path::new(specimen_file()), &folder.join("specimen"))
}

/// A program, copied. By another process: nobody can run a file that is open for writing here, as it would be in a
/// child that another test has just forked.
fn copied(from: &Path, to: &Path) -> String {
    assert!(Command::new("cp").args([from, to]).status().expect("cp").success());
    to.to_str().expect("a name in UTF-8").to_owned()
}

/// The processes that run this file.
fn running(file: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("proc").map(|entry| entry.expect("an entry").path());
    let runs = |process: &std::path::PathBuf| {
        fs::read_link(process.join("exe")).is_ok_and(|exe| exe == Path::new(file))
    };
    processes.filter(runs).map(|process| process.display().to_string()).collect()
}

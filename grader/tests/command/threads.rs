//! Threads: programs in C, whose every schedule is known, and what cannot be known of others.

use crate::programs::about;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Two threads add to a counter, so often each; `LOCK` and `UNLOCK` are what is around it.
const COUNTER: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t signal = PTHREAD_COND_INITIALIZER;
static int counter, times;
static void *adds(void *unused) {
    for (int i = 0; i < times; i++) {
        FIRST;
        counter++;
        LAST;
    }
    return unused;
}
static void *adds_too(void *unused) {
    for (int i = 0; i < times; i++) {
        SECOND;
        counter++;
        LAST;
    }
    return unused;
}
int main(int argc, char **argv) {
    pthread_t one, two;
    times = argc > 1 ? atoi(argv[1]) : 1;
    pthread_create(&one, NULL, adds, NULL);
    pthread_create(&two, NULL, adds_too, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    printf("%d\n", counter);
    return 0;
}
"#;

/// The program, compiled with this in place of what is around the counter.
fn counter(folder: &Path, options: &[&str], [first, second, last]: [&str; 3]) -> String {
    let (source, program) = (folder.join("counter.c"), folder.join("counter"));
    let text = COUNTER.replace("FIRST", first).replace("SECOND", second).replace("LAST", last);
    std::fs::write(&source, text).expect("the folder is writable");
    let mut cc = Command::new("cc");
    cc.args(["-g", "-pthread", "-w"]).args(options).arg("-o").arg(&program).arg(&source);
    assert!(cc.status().expect("there is a C compiler").success());
    program.to_str().expect("a name in UTF-8").to_owned()
}

const NOTHING: [&str; 3] = ["", "", ""];
const ONE_LOCK: [&str; 3] =
    ["pthread_mutex_lock(&lock)", "pthread_mutex_lock(&lock)", "pthread_mutex_unlock(&lock)"];

fn explored(program: &[&str]) -> Value {
    let answer = about(&["explore", "--json"], program);
    assert_eq!((answer.status, &answer.complaints[..]), (0, ""), "{}", answer.text);
    let found: Value = serde_json::from_str(&answer.text).expect("it is JSON");
    assert_eq!(found["complete"], true, "{}", answer.text);
    found
}

fn outputs(found: &Value) -> Vec<&str> {
    found["outputs"].as_array().expect("outputs").iter().filter_map(|output| output.as_str()).collect()
}

#[test]
fn a_racy_counter_comes_to_all_values_that_it_can_come_to() {
    let folder = tempfile::tempdir().expect("a folder");
    for options in [&["-O0"][..], &["-O0", "-s"]] {
        let program = counter(folder.path(), options, NOTHING);
        for (times, values) in [("1", &["1\n", "2\n"][..]), ("2", &["2\n", "3\n", "4\n"])] {
            let found = explored(&[&program, times]);
            assert_eq!(outputs(&found), values, "{times}");
            assert_eq!((&found["processes"]["max"], &found["threads"]["max"]), (&1.into(), &2.into()));
        }
    }
}

#[test]
fn the_schedule_that_loses_an_update_is_shown_load_by_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = counter(folder.path(), &["-O0"], NOTHING);
    let found = explored(&[&program]);
    let reached = found["reached"].as_array().expect("outputs with schedules");
    let lost = reached.iter().find(|one| one["output"] == "1\n").expect("one of them is 1");
    let shown = about(&["replay", lost["schedule"].as_str().expect("a text")], &[&program]).text;
    let line = COUNTER.lines().position(|line| line.contains("counter++")).expect("it is there") + 1;
    let at = |what: &str| shown.find(what).unwrap_or_else(|| panic!("{what}: {shown}"));
    assert_eq!(shown.matches("load → 0").count(), 2, "{shown}");
    assert_eq!(shown.matches("store 1").count(), 2, "{shown}");
    assert!(at("load → 0") < at("store 1") && shown.contains(&format!("counter.c:{line}")), "{shown}");
    assert!(shown.rfind("load → 0") < Some(shown.rfind("store 1").expect("it is there")), "{shown}");
}

#[test]
fn a_lock_around_it_loses_nothing_and_two_in_different_order_may_wait_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let locked = counter(folder.path(), &["-O0"], ONE_LOCK);
    assert_eq!(outputs(&explored(&[&locked])), ["2\n"]);
    let both = [
        "pthread_mutex_lock(&lock); pthread_mutex_lock(&other)",
        "pthread_mutex_lock(&other); pthread_mutex_lock(&lock)",
        "pthread_mutex_unlock(&lock); pthread_mutex_unlock(&other)",
    ];
    let crossed = counter(folder.path(), &["-O0"], both);
    let found = explored(&[&crossed]);
    assert_eq!(found["deadlocks"].as_array().map(Vec::len), Some(1), "{found}");
    let page = about(&["explore"], &[&crossed]).text;
    assert_eq!(page.matches("sleeps in").count(), 2, "{page}");
    assert!(page.contains("pthread_mutex_lock"), "{page}");
}

#[test]
fn what_is_not_known_of_threads_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let waits = ["pthread_mutex_lock(&lock)", "pthread_cond_signal(&signal)", ""];
    let spins = ["while (!*(volatile int *)&counter)", "", ""];
    for (around, why) in [
        (waits, "it calls pthread_cond_signal while it has threads"),
        (spins, "an execution has more than 10000 steps"),
    ] {
        let program = counter(folder.path(), &["-O0"], around);
        let answer = about(&["explore", "--json"], &[&program]);
        assert_eq!((answer.status, &answer.complaints[..]), (3, ""), "{}", answer.text);
        let found: Value = serde_json::from_str(&answer.text).expect("it is JSON");
        assert!(found["why"].as_str().is_some_and(|said| said.contains(why)), "{}", found["why"]);
    }
}

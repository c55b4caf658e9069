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
        // Of 6 and 70 interleavings no task can tell more apart than these; see the model beside the tracer.
        for (times, executions, values) in [("1", 4, &["1\n", "2\n"][..]), ("2", 34, &["2\n", "3\n", "4\n"])]
        {
            let found = explored(&[&program, times]);
            assert_eq!((outputs(&found), &found["executions"]), (values.to_vec(), &executions.into()));
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
    assert_eq!(page.matches("sleeps in").count(), 3, "{page}");
    assert!(page.contains("pthread_mutex_lock") && page.contains("pthread_join"), "{page}");
}

/// What a program in Rust comes to, and in how many executions; `main` is what its first thread does.
fn of_rust(folder: &Path, options: &[&str], items: &str, main: &str) -> (Vec<String>, u64) {
    let (source, program) = (folder.join("threads.rs"), folder.join("threads"));
    let text = format!("use std::sync::*;\nuse std::thread;\n{items}\nfn main() {{\n{main}\n}}\n");
    std::fs::write(&source, text).expect("the folder is writable");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "-g", "-Awarnings"]).args(options).arg("-o").arg(&program).arg(&source);
    assert!(rustc.status().expect("there is a compiler").success());
    let found = explored(&[program.to_str().expect("a name in UTF-8")]);
    let outputs = outputs(&found).into_iter().map(String::from).collect();
    (outputs, found["executions"].as_u64().expect("a number"))
}

#[test]
fn threads_of_the_standard_library_are_steps_of_the_program_and_not_of_the_library() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = "let all = [adds, adds].map(thread::spawn); all.map(|one| one.join().unwrap()); \
                println!(\"{}\", value());";
    let racy = "static mut X: u32 = 0;\nfn adds() { unsafe { X += 1 } }\nfn value() -> u32 { unsafe { X } }";
    let locked = "static X: Mutex<u32> = Mutex::new(0);\nfn adds() { *X.lock().unwrap() += 1 }\n\
                  fn value() -> u32 { *X.lock().unwrap() }";
    for options in [&[][..], &["-O"]] {
        let (outputs, executions) = of_rust(folder.path(), options, racy, main);
        // Optimised, the addition is one instruction, and still two steps.
        assert_eq!((&outputs[..], executions), (&["1\n".to_owned(), "2\n".to_owned()][..], 4), "{options:?}");
        let (outputs, _) = of_rust(folder.path(), options, locked, main);
        assert_eq!(outputs, ["2\n"], "{options:?}");
    }
}

#[test]
fn what_lies_on_the_stack_of_one_thread_and_is_lent_to_another_is_shared() {
    let folder = tempfile::tempdir().expect("a folder");
    let main = "let mut x = 0u32; let lent = &raw mut x as usize;\n\
                let other = thread::spawn(move || unsafe { *(lent as *mut u32) += 1 });\n\
                unsafe { (&raw mut x).write_volatile((&raw const x).read_volatile() + 1) };\n\
                other.join().unwrap(); println!(\"{x}\");";
    let (found, _) = of_rust(folder.path(), &[], "", main);
    assert_eq!(found, ["1\n", "2\n"]);
    let text = r#"
#include <pthread.h>
#include <stdio.h>
static void *adds(void *x) { (*(volatile int *)x)++; return x; }
int main(void) {
    volatile int x = 0;
    pthread_t other;
    pthread_create(&other, NULL, adds, (void *)&x);
    x++;
    pthread_join(other, NULL);
    printf("%d\n", x);
    return 0;
}
"#;
    let (source, program) = (folder.path().join("lent.c"), folder.path().join("lent"));
    std::fs::write(&source, text).expect("the folder is writable");
    for options in [&["-O0"][..], &["-O2"]] {
        let mut cc = Command::new("cc");
        cc.args(["-g", "-pthread"]).args(options).arg("-o").arg(&program).arg(&source);
        assert!(cc.status().expect("there is a C compiler").success());
        let found = explored(&[program.to_str().expect("a name in UTF-8")]);
        assert_eq!(outputs(&found), ["1\n", "2\n"], "{options:?}");
    }
}

/// A program in C, compiled: `items`, then two threads that do `one` and `two`, and what is done once both have ended.
fn of_two(folder: &Path, items: &str, [one, two, last]: [&str; 3]) -> String {
    let (source, program) = (folder.join("two.c"), folder.join("two"));
    let text = format!(
        "#include <pthread.h>\n#include <semaphore.h>\n#include <stdio.h>\n#include <unistd.h>\n#include <fcntl.h>\n{items}\n\
         static void *does_one(void *unused) {{ {one} return unused; }}\n\
         static void *does_two(void *unused) {{ {two} return unused; }}\n\
         int main(void) {{ pthread_t one, two; sem_init(&gate, 0, 1); pthread_barrier_init(&line, NULL, 2);\n\
         pthread_create(&one, NULL, does_one, NULL); pthread_create(&two, NULL, does_two, NULL);\n\
         pthread_join(one, NULL); pthread_join(two, NULL); {last} return 0; }}\n"
    );
    std::fs::write(&source, text).expect("the folder is writable");
    let mut cc = Command::new("cc");
    cc.args(["-g", "-pthread", "-o"]).arg(&program).arg(&source);
    assert!(cc.status().expect("there is a C compiler").success());
    program.to_str().expect("a name in UTF-8").to_owned()
}

#[test]
fn what_the_c_library_has_to_keep_threads_in_order_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = "static sem_t gate; static pthread_barrier_t line; static int x, y, seen[2];\n\
                 static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\n\
                 static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;\n\
                 static pthread_rwlock_t shelf = PTHREAD_RWLOCK_INITIALIZER;";
    let waits = "pthread_mutex_lock(&lock); while (!x) pthread_cond_wait(&changed, &lock); pthread_mutex_unlock(&lock);";
    let tells =
        "pthread_mutex_lock(&lock); x = 1; pthread_cond_signal(&changed); pthread_mutex_unlock(&lock);";
    // Whoever waits has looked, and does not sleep yet: nobody wakes it later.
    let tells_without_lock = "x = 1; pthread_cond_signal(&changed);";
    let [adds, says] = ["sem_wait(&gate); x++; sem_post(&gate);", "printf(\"%d\\n\", x);"];
    let both = "printf(\"%d%d\\n\", seen[0], seen[1]);";
    for (does, values, deadlocks) in [
        ([waits, tells, says], &["1\n"][..], 0),
        ([waits, tells_without_lock, says], &["", "1\n"], 1),
        ([adds, adds, says], &["2\n"], 0),
        (["sem_wait(&gate); x++;", adds, says], &["", "2\n"], 1),
        (
            [
                "x = 1; pthread_barrier_wait(&line); seen[0] = y;",
                "y = 1; pthread_barrier_wait(&line); seen[1] = x;",
                both,
            ],
            &["11\n"],
            0,
        ),
        (["x = 1; seen[0] = y;", "y = 1; seen[1] = x;", both], &["01\n", "10\n", "11\n"], 0),
        (
            [
                "pthread_rwlock_wrlock(&shelf); x++; y++; pthread_rwlock_unlock(&shelf);",
                "pthread_rwlock_rdlock(&shelf); seen[0] = x; seen[1] = y; pthread_rwlock_unlock(&shelf);",
                both,
            ],
            &["00\n", "11\n"],
            0,
        ),
    ] {
        let found = explored(&[&of_two(folder.path(), items, does)]);
        let knots = found["deadlocks"].as_array().map(Vec::len);
        assert_eq!((outputs(&found), knots), (values.to_vec(), Some(deadlocks)), "{does:?}");
    }
}

#[test]
fn system_calls_touch_the_memory_that_they_are_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = "static sem_t gate; static pthread_barrier_t line; static char text[] = \"a\\n\";";
    let [changes, says] = ["text[0] = 'x';", "write(1, text, 2);"];
    let file = folder.path().join("b");
    std::fs::write(&file, "b").expect("the folder is writable");
    let reads = format!("int fd = open(\"{}\", O_RDONLY); read(fd, text, 1); close(fd);", file.display());
    for (does, values) in [([says, changes, ""], ["a\n", "x\n"]), ([&reads, changes, says], ["b\n", "x\n"])] {
        let found = explored(&[&of_two(folder.path(), items, does)]);
        assert_eq!(outputs(&found), values, "{does:?}");
    }
}

#[test]
fn what_is_not_known_of_threads_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let waits = ["", "", "pthread_cond_timedwait(&signal, &lock, &(struct timespec){0})"];
    let spins = ["while (!*(volatile int *)&counter)", "", ""];
    for (around, why) in [
        (waits, "it calls pthread_cond_timedwait while it has threads"),
        (spins, "an execution has more than 10000 steps"),
    ] {
        let program = counter(folder.path(), &["-O0"], around);
        let answer = about(&["explore", "--json"], &[&program]);
        assert_eq!((answer.status, &answer.complaints[..]), (3, ""), "{}", answer.text);
        let found: Value = serde_json::from_str(&answer.text).expect("it is JSON");
        assert!(found["why"].as_str().is_some_and(|said| said.contains(why)), "{}", found["why"]);
    }
}

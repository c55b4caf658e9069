//! The programs that both must see alike.

#[path = "../specimen/mod.rs"]
mod specimen;

use super::case::Case;
use grader::build::{Built, build};
use grader::course;
use grader::report::model::Verdict;
use grader::verify::cases::{self, Kind};
use grader::verify::{bench, header::Expected};
use grader::workspace::Workspace;
use std::path::Path;

/// What every Linux machine has.
pub fn system() -> Vec<Case> {
    vec![
        Case::new("env", "/usr/bin/env", &[]),
        Case::new("true", "/bin/true", &[]),
        Case::new("false", "/bin/false", &[]),
        Case::new("cat-a-file", "/bin/cat", &["words"]).with_file("words", "one\ntwo\n"),
        Case::shell("pipeline", "echo one two | wc"),
        Case::shell("pipeline-of-three", "echo one two | cat | wc -w"),
        Case::shell("background", "true & wait"),
        Case::shell("pipeline-and-background", "echo a | cat; false & wait $!; echo $?"),
        Case::shell("subshells", "(echo one; (echo two; exit 3); echo $?)"),
        Case::shell(
            "redirections",
            "echo one >a; cat <a >b 2>&1; echo two >>b; cat b 3<a; exec 3<&-; ls nothing 2>/dev/null",
        ),
        Case::shell("substitution", "x=$(echo one; echo two); echo $x $(cat a)").with_file("a", "three\n"),
        Case::shell("killed-by-itself", "kill -TERM $$"),
        Case::shell("killed-for-good", "kill -KILL $$"),
        Case::shell("kills-its-child", "sleep 100 & kill -TERM $!; wait $!; echo $?"),
        Case::shell("trap", "trap 'echo caught' USR1; kill -USR1 $$; echo after"),
        Case::shell("ignored-signal", "trap '' USR1; kill -USR1 $$; sh -c 'kill -USR1 $$; echo alive'"),
        Case::shell("not-found", "/nowhere/nothing; no-such-command; echo $?"),
        Case::shell("status-of-a-pipeline", "true | false; echo $?; exit 7"),
        Case::shell("here-document", "cat <<END\nsome words\nEND\n"),
        Case::shell("orphan", "(sleep 0 & exec true)"),
        Case::new("timeout-not-reached", "/usr/bin/timeout", &["30", "/bin/echo", "in time"]),
        Case::new("timeout-reached", "/usr/bin/timeout", &["0.3", "/bin/sleep", "30"]),
        Case::new("xargs", "/usr/bin/xargs", &["-a", "words", "-n", "1", "echo"])
            .with_file("words", "a b c d\n"),
        Case::new("xargs-in-parallel", "/usr/bin/xargs", &["-a", "words", "-P", "2", "-n", "1", "/bin/echo"])
            .with_file("words", "a b c d e\n"),
        Case::new("find-exec", "/usr/bin/find", &[".", "-type", "f", "-exec", "wc", "-c", "{}", ";"])
            .with_file("a", "one"),
        Case::new("find-exec-plus", "/usr/bin/find", &[".", "-type", "f", "-exec", "wc", "-c", "{}", "+"])
            .with_file("a", "one")
            .with_file("b", "two"),
        Case::new("make", "/usr/bin/make", &[]).with_file("Makefile", MAKEFILE),
        Case::new("make-j2", "/usr/bin/make", &["-j2"]).with_file("Makefile", PARALLEL_MAKEFILE),
    ]
}

/// `one` can only end while `two` runs, and `two` only after `one`: with two jobs at a time, make is in the same
/// situation whenever one of them ends.
const PARALLEL_MAKEFILE: &str = "\
all: three
\t@cat three
gates:
\tmkfifo first second && touch gates
one: gates
\tcat first > one; exec 3>second
two: gates
\techo 2 > first; cat second > two
three: one two
\tcat one two > three
";

const MAKEFILE: &str = "\
all: three
\t@cat three
one:
\techo 1 > one
two:
\techo 2 > two
three: one two
\tcat one two > three
";

/// The solutions and the fixtures of all exercises that end by themselves, built as `grader verify` builds
/// them, each in the plain scenario of its exercise.
pub fn course() -> Result<Vec<Case>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf);
    let workspace = Workspace::find(root.as_deref()).map_err(|problem| problem.to_string())?;
    let exercises: Vec<_> = course::exercises().iter().collect();
    let (cases, strays) = cases::collect(&workspace, &exercises).map_err(|problem| problem.to_string())?;
    if !strays.is_empty() {
        return Err(strays.join("\n"));
    }
    let bench = bench::set_up(&workspace, &cases).map_err(|problem| problem.to_string())?;
    let built = build(&bench.workshop, &bench.packages, &|_| ()).map_err(|problem| problem.to_string())?;
    let mut programs = Vec::new();
    for (case, built) in cases.iter().zip(built) {
        if !ends_by_itself(&case.kind) {
            continue;
        }
        let name = format!("{}-{}", case.exercise.id, case.name());
        if LEFT_TO_CHANCE.contains(&&name[..]) {
            continue;
        }
        let Built::Program(program) = built else { return Err(format!("{name}: {built:?}")) };
        let plain = (case.exercise.scenarios)().into_iter().next();
        let plain = plain.ok_or_else(|| format!("{} has no scenario", case.exercise.id))?;
        let files = plain.files.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
        programs.push(Case { name, program, args: plain.args, files });
    }
    Ok(programs)
}

/// What these do depends on how far others have got, or on what /proc says of them: two runs need not have the same
/// calls in them, whoever watches.
const LEFT_TO_CHANCE: [&str; 26] = [
    "address-space-thread-instead",
    "clone-flags-never-waits",
    "clone-flags-waits-afterwards",
    "pipe-handler-keeps-a-log",
    "raw-thread-naps",
    "raw-thread-reads-before-it-waits",
    "raw-thread-small-stack",
    "raw-thread-threads-print",
    "tls-adds-in-a-wrong-place",
    "tls-allocates-in-the-thread",
    "tls-asks-for-errno",
    "tls-does-not-wait",
    "tls-first-word-is-zero",
    "tls-no-pointer",
    "tls-prints-in-the-thread",
    "tls-reads-before-it-waits",
    "tls-total-for-all",
    "tls-with-thread-local",
    "wait-asks-after-the-pipe",
    "wait-handler-drops-the-status",
    "wait-one-pipe-both-ways",
    "wait-reads-then-asks-once",
    "zombies-asks-ps",
    "zombies-looks-at-itself",
    "zombies-takes-those-that-are-ready",
    "zombies-waits-once",
];

fn ends_by_itself(kind: &Kind) -> bool {
    !matches!(kind, Kind::Fixture(_, Expected::Fails { verdict: Verdict::TimedOut, .. }))
}

/// Modes of the tracer's own test program: births, ends and execs of every kind.
pub fn specimen() -> Result<Vec<Case>, String> {
    let program = specimen::build()?;
    let case = |mode: &&[&str]| Case::new(&format!("specimen {}", mode.join(" ")), &program, mode);
    Ok(MODES.iter().map(case).collect())
}

const MODES: &[&[&str]] = &[
    &["exec_by_thread"],
    &["vfork"],
    &["posix_spawn"],
    &["clone_like_fork"],
    &["clone_with_memory"],
    &["clone3"],
    &["clone_parent", "clone"],
    &["clone_parent", "clone3"],
    &["sibling_of_root"],
    &["children", "20"],
    &["orphan"],
    &["daemon"],
    &["subreaper", "reaps"],
    &["subreaper", "leaves"],
    &["leader_first", "exit"],
    &["leader_first", "exit_group"],
    &["leader_first", "signal"],
    &["leader_first", "exec"],
    &["child_with_leader_first", "exit"],
    &["child_with_leader_first", "exit_group"],
    &["child_with_leader_first", "signal"],
    &["kills_itself", "15"],
    &["kills_itself", "9"],
    &["kills_itself", "40"],
    &["zombie"],
    &["nobody_waits"],
    &["bustle"],
];

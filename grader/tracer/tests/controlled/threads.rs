//! Threads: what C programs of a few threads come to is what a model says that knows nothing of the explorer.
//!
//! The model enumerates all interleavings of the threads' operations, one after the other as if there were one memory;
//! a plain `++` is a load and a store. The programs are compiled by the machine's own C compiler, without optimisation.

use super::folder::Folder;
use super::real::machine_for;
use super::setting;
use grader_explorer::simulated::generate::Random;
use grader_explorer::{Budget, Dpor, End, Judgement, Verdict, explore};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    /// `r = v`
    Load(usize),
    /// `v = number`
    Store(usize, i32),
    /// `v++`
    Add(usize),
    /// The same, as one instruction.
    AtomicAdd(usize),
    /// `r = (v == old) ? (v = new, old) : v`, as one instruction.
    CompareSwap(usize, i32, i32),
    Lock,
    Unlock,
}

const VARIABLES: usize = 2;

type Program = Vec<Vec<Op>>;

/// A number for each variable; for each thread what it has read, in turn.
type Final = (Vec<i32>, Vec<Vec<i32>>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    variables: Vec<i32>,
    read: Vec<Vec<i32>>,
    at: Vec<usize>,
    /// What a thread has loaded, in the middle of an [`Op::Add`].
    loaded: Vec<Option<i32>>,
    holder: Option<usize>,
}

/// All that a program can come to.
fn model(program: &Program) -> BTreeSet<Final> {
    let threads = program.len();
    let start = State {
        variables: vec![0; VARIABLES],
        read: vec![Vec::new(); threads],
        at: vec![0; threads],
        loaded: vec![None; threads],
        holder: None,
    };
    let (mut seen, mut open, mut finals) = (BTreeSet::from([start.clone()]), vec![start], BTreeSet::new());
    while let Some(state) = open.pop() {
        if (0..threads).all(|thread| state.at[thread] == program[thread].len()) {
            finals.insert((state.variables.clone(), state.read.clone()));
        }
        for (thread, ops) in program.iter().enumerate() {
            let next = ops.get(state.at[thread]).and_then(|op| step(&state, thread, *op));
            if let Some(next) = next.filter(|next| !seen.contains(next)) {
                seen.insert(next.clone());
                open.push(next);
            }
        }
    }
    finals
}

fn step(state: &State, thread: usize, op: Op) -> Option<State> {
    let mut next = state.clone();
    next.at[thread] += 1;
    match op {
        Op::Load(variable) => next.read[thread].push(state.variables[variable]),
        Op::Store(variable, number) => next.variables[variable] = number,
        Op::Add(variable) => match next.loaded[thread].take() {
            Some(loaded) => next.variables[variable] = loaded + 1,
            None => {
                next.loaded[thread] = Some(state.variables[variable]);
                next.at[thread] -= 1;
            }
        },
        Op::AtomicAdd(variable) => next.variables[variable] += 1,
        Op::CompareSwap(variable, old, new) => {
            next.read[thread].push(state.variables[variable]);
            if state.variables[variable] == old {
                next.variables[variable] = new;
            }
        }
        Op::Lock if state.holder.is_some() => return None,
        Op::Lock => next.holder = Some(thread),
        Op::Unlock => next.holder = None,
    }
    Some(next)
}

/// The program in C; it writes what it came to in one line.
fn in_c(program: &Program) -> String {
    let mut text = String::from(
        "#include <pthread.h>\n#include <stdio.h>\n#include <unistd.h>\n\
         static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\nint v0, v1;\n",
    );
    for (thread, ops) in program.iter().enumerate() {
        text += &format!("int r{thread}[8];\nvoid *t{thread}(void *x) {{\n");
        let mut reads = 0;
        for op in ops {
            let mut read = || {
                reads += 1;
                format!("r{thread}[{}]", reads - 1)
            };
            text += &match op {
                Op::Load(v) => format!("{} = v{v};\n", read()),
                Op::Store(v, number) => format!("v{v} = {number};\n"),
                Op::Add(v) => format!("v{v}++;\n"),
                Op::AtomicAdd(v) => format!("__sync_fetch_and_add(&v{v}, 1);\n"),
                Op::CompareSwap(v, old, new) => {
                    format!("{} = __sync_val_compare_and_swap(&v{v}, {old}, {new});\n", read())
                }
                Op::Lock => "pthread_mutex_lock(&m);\n".into(),
                Op::Unlock => "pthread_mutex_unlock(&m);\n".into(),
            };
        }
        text += "return 0;\n}\n";
    }
    text += "int main(void) {\npthread_t t[8];\n";
    for thread in 0..program.len() {
        text += &format!("pthread_create(&t[{thread}], 0, t{thread}, 0);\n");
    }
    text += "char line[256]; int n = 0;\n";
    for thread in 0..program.len() {
        text += &format!("pthread_join(t[{thread}], 0);\n");
    }
    text += "n += sprintf(line, \"%d %d\", v0, v1);\n";
    for (thread, ops) in program.iter().enumerate() {
        let reads = ops.iter().filter(|op| matches!(op, Op::Load(_) | Op::CompareSwap(..))).count();
        text += "n += sprintf(line + n, \" /\");\n";
        for read in 0..reads {
            text += &format!("n += sprintf(line + n, \" %d\", r{thread}[{read}]);\n");
        }
    }
    text + "write(1, line, n);\nreturn 0;\n}\n"
}

fn final_of(line: &str) -> Final {
    let mut parts = line
        .split('/')
        .map(|part| part.split_whitespace().map(|word| word.parse().expect("a number")).collect());
    (parts.next().expect("the variables"), parts.collect())
}

/// Compiles a program in a folder.
fn compiled(folder: &Path, text: &str) -> PathBuf {
    let (source, program) = (folder.join("program.c"), folder.join("program"));
    std::fs::write(&source, text).expect("the folder can be written to");
    let status =
        Command::new("cc").args(["-O0", "-g", "-pthread", "-w", "-o"]).arg(&program).arg(&source).status();
    assert!(status.expect("there is a C compiler").success(), "{text}");
    program
}

/// What a compiled program comes to in every schedule, and in how many executions that is known.
fn explored(program: &Path) -> (BTreeSet<String>, u64) {
    let path = program.to_str().expect("UTF-8");
    let mut machine = machine_for(path, &["program"]).with_threads();
    loop {
        let mut outputs = BTreeSet::new();
        let report = explore(&mut machine, &mut Dpor::default(), &Budget::default(), |_, execution| {
            assert!(matches!(execution.end, End::Finished | End::Deadlock), "{:?}", execution.end);
            let bytes = execution.events.iter().flatten().flat_map(|deed| deed.output.clone()).collect();
            outputs.insert(String::from_utf8(bytes).expect("text"));
            Judgement::Holds
        });
        let report = report.expect("the kernel can be asked");
        let Verdict::Complete { executions, .. } = report.verdict else { panic!("{report:?}") };
        if !machine.finds_more() {
            return (outputs, executions);
        }
    }
}

fn compare(program: &Program) -> u64 {
    let folder = Folder::new();
    let text = in_c(program);
    let (outputs, executions) = explored(&compiled(folder.path(), &text));
    let finals: BTreeSet<Final> = outputs.iter().map(|line| final_of(line)).collect();
    assert_eq!(finals, model(program), "{text}");
    executions
}

#[test]
fn a_racy_counter_reaches_the_values_that_are_possible_and_no_others() {
    for (times, values) in [(1, 1..=2), (2, 2..=4), (3, 2..=6)] {
        let program = vec![vec![Op::Add(0); times]; 2];
        let reached: Vec<i32> = model(&program).into_iter().map(|(variables, _)| variables[0]).collect();
        assert_eq!(reached, values.collect::<Vec<_>>(), "the model itself");
        compare(&program);
    }
}

#[test]
fn locks_and_atomic_instructions_lose_nothing() {
    let locked = vec![vec![Op::Lock, Op::Add(0), Op::Unlock]; 2];
    let atomic = vec![vec![Op::AtomicAdd(0); 2]; 2];
    for (program, value) in [(locked, 2), (atomic, 4)] {
        assert_eq!(
            model(&program).into_iter().map(|(variables, _)| variables[0]).collect::<Vec<_>>(),
            [value]
        );
        compare(&program);
    }
}

#[test]
fn programs_made_by_chance_come_to_what_the_model_says() {
    let mut random = Random::new(setting("FORKLINGS_KERNEL_SEED", 2026));
    for _ in 0..setting("FORKLINGS_KERNEL_THREADS", 12) {
        compare(&generated(&mut random));
    }
}

fn generated(random: &mut Random) -> Program {
    let threads = 2 + random.below(2);
    let most = if threads == 2 { 4 } else { 2 };
    (0..threads)
        .map(|_| {
            let locks = random.below(4) == 0;
            let ops = (0..1 + random.below(most)).map(|_| operation(random)).collect();
            if locks { [vec![Op::Lock], ops, vec![Op::Unlock]].concat() } else { ops }
        })
        .collect()
}

fn operation(random: &mut Random) -> Op {
    let variable = random.below(VARIABLES);
    match random.below(6) {
        0 | 1 => Op::Load(variable),
        2 => Op::Store(variable, 1 + random.below(3) as i32),
        3 => Op::Add(variable),
        4 => Op::AtomicAdd(variable),
        _ => Op::CompareSwap(variable, random.below(2) as i32, 5),
    }
}

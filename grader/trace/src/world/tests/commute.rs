//! In random worlds: steps of different tasks that touch nothing in common come to the same in either order, and
//! neither of them alters, enables or disables the other.

use super::cast::*;
use crate::model::ids::{Fd, Signal, TaskPath, Text};
use crate::model::operation::{Disposition, OpenFlags};
use crate::model::status::ExitStatus;
use crate::model::waits::Selector;
use crate::order::Footprint;
use crate::world::{Arrival, Ask, DupTo, Look, Polled, Setting, Timeout, WaitFor, World};
use std::collections::BTreeMap;

/// What a task may do next.
#[derive(Debug, Clone, PartialEq)]
enum Move {
    Call(Ask, Look),
    /// A signal arrives before the call, or while it sleeps; then that it sleeps is something that was seen.
    Signal {
        ask: Ask,
        signal: Signal,
        kills: bool,
        wakes: bool,
        footprint: Footprint,
    },
    /// A timer runs out, and nothing arrives yet.
    RunOut(Footprint),
}

impl Move {
    fn footprint(&self) -> &Footprint {
        match self {
            Move::Call(_, look) => &look.footprint,
            Move::Signal { footprint, .. } | Move::RunOut(footprint) => footprint,
        }
    }

    fn is_ready(&self) -> bool {
        !matches!(self, Move::Call(_, Look { blocked: Some(_), .. }))
    }

    fn done(&self, world: &World, path: &TaskPath) -> World {
        let mut world = world.clone();
        match self {
            Move::Call(ask, _) => world.does(path, ask),
            Move::Signal { signal, kills, .. } => world.gets(path, *signal, *kills),
            Move::RunOut(_) => world.runs_out(path),
        }
        world
    }

    /// The same move in another world, if it is still there.
    fn again(&self, world: &World, path: &TaskPath) -> Option<Move> {
        match self {
            Move::Call(ask, _) => Some(Move::Call(ask.clone(), world.look(path, ask).ok()?)),
            Move::RunOut(_) => world.may_run_out(path).map(Move::RunOut),
            Move::Signal { ask, signal, wakes, .. } => {
                let mut arrivals = Move::arrivals(world, path, ask).into_iter();
                arrivals.find(|now| matches!(now, Move::Signal { signal: s, wakes: w, .. } if s == signal && w == wakes))
            }
        }
    }

    fn arrivals(world: &World, path: &TaskPath, ask: &Ask) -> Vec<Move> {
        let Ok(look) = world.look(path, ask) else { return Vec::new() };
        let mut moves = Vec::new();
        for arrival in world.arrivals(path, ask) {
            let Arrival { signal, kills, .. } = arrival;
            let mut add = |wakes, footprint| {
                moves.push(Move::Signal { ask: ask.clone(), signal, kills, wakes, footprint });
            };
            if arrival.before {
                add(false, arrival.footprint.clone());
            }
            if arrival.interrupts {
                add(true, arrival.footprint.and(look.footprint.clone()));
            }
        }
        moves
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn signal(&mut self) -> Signal {
        self.of(&[USR1, USR1, TERM, PIPE, Signal::CHLD, Signal(28), Signal::ALRM, Signal::KILL])
    }

    fn fd(&mut self, world: &World, path: &TaskPath) -> i32 {
        let open: Vec<i32> = world.tasks[path].slots.keys().copied().filter(|fd| *fd > 2).collect();
        if open.is_empty() || self.chance(9) { self.below(9) as i32 } else { self.of(&open) }
    }

    /// What a task stands before.
    fn ask(&mut self, world: &World, path: &TaskPath) -> Ask {
        let fd = self.fd(world, path);
        let bytes = self.of(&[1, 2, 2, 3, 4096, 4097, 30_000, 70_000]);
        let everyone: Vec<TaskPath> = world.everyone().map(|(path, _)| path.clone()).collect();
        let name = Text::from(self.of(&["/a", "/a", "/b", "/d", "/d/f", "/etc/f"]));
        let dispositions = [Disposition::Handler, Disposition::Ignore, Disposition::Default];
        match self.below(25) {
            0 | 1 if everyone.len() < 5 => self.of(&[FORK, FORK, FORK, VFORK]),
            2 => Ask::Exit(ExitStatus::Exited(0)),
            3..=5 => {
                let one = Selector::Pid(pid_of(&self.of(&everyone)));
                let selector = self.of(&[Selector::Any, one]);
                Ask::Wait(WaitFor { selector, nohang: self.chance(2), nowait: self.chance(5) })
            }
            6 => Ask::GetParent,
            7 if world.pipes.len() < 3 => Ask::Pipe { cloexec: self.chance(3), nonblock: self.chance(3) },
            8 | 9 => write(fd, bytes),
            10 | 11 => read(fd, bytes),
            12 => close(fd),
            13 => Ask::Dup { from: Fd(fd), to: DupTo::At(Fd(self.below(7) as i32)), cloexec: self.chance(2) },
            14 | 15 => {
                let (input, output) = (self.chance(2), self.chance(3));
                let polled = Polled { fd: Fd(fd), input, output };
                Ask::Poll {
                    fds: vec![polled],
                    timeout: self.of(&[Timeout::Zero, Timeout::Some, Timeout::Never]),
                }
            }
            16 | 17 => match self.signal() {
                // Who is killed while it has lent its memory is refused, in whichever order it came to that.
                Signal::KILL if world.tasks.values().any(|task| task.vfork.is_some()) => Ask::Sleep,
                signal => kill(&self.of(&everyone), signal),
            },
            18 => action(self.signal(), self.of(&dispositions), self.of(&[0, RESTART, 2, RESET])),
            19 => Ask::Mask(bit(self.signal()) * self.below(2) as u64),
            20 => self.of(&[Ask::Pause(None), Ask::Pause(Some(0)), Ask::Sleep, Ask::Exec]),
            21 => Ask::Open { path: name, flags: OpenFlags(self.of(&[0, 1, OpenFlags::CREAT])) },
            22 => self.of(&[
                Ask::LookAt(name.clone()),
                Ask::Change(name),
                Ask::UseFile(Fd(fd)),
                Ask::Link("link".into()),
            ]),
            23 => Ask::SetTimer(self.of(&[Setting::Off, Setting::Once, Setting::Repeats])),
            _ => Ask::SetNonblock { fd: Fd(fd), nonblock: self.chance(2) },
        }
    }

    /// Everything that a task may do next, if it stands before a call that the world has a model of.
    fn moves(&mut self, world: &World, path: &TaskPath) -> Vec<Move> {
        let ask = self.ask(world, path);
        let Ok(look) = world.look(path, &ask) else { return Vec::new() };
        let signals = Move::arrivals(world, path, &ask).into_iter();
        let timer = world.may_run_out(path).map(Move::RunOut);
        signals.chain(timer).chain([Move::Call(ask, look)]).collect()
    }
}

/// Which pairs were met, by their calls' names: a test of nothing would be easy to write.
type Met = BTreeMap<String, u32>;

fn word(of: &Move) -> String {
    let text = match of {
        Move::Call(ask, _) => format!("{ask:?}"),
        Move::Signal { .. } => "Signal".into(),
        Move::RunOut(_) => "RunOut".into(),
    };
    text.split([' ', '(']).next().unwrap_or_default().to_string()
}

/// The two in both orders, if they are independent. A blocked one is not done.
fn check(world: &World, a: (&TaskPath, &Move), b: (&TaskPath, &Move), met: &mut Met) -> Result<(), String> {
    let ((a, first), (b, second)) = (a, b);
    if !first.is_ready() || first.footprint().conflicts(second.footprint()) {
        return Ok(());
    }
    let once = first.done(world, a);
    let story = |what: &str| format!("{what}\n{a} {first:?}\n{b} {second:?}\nin {world:?}");
    let Some(again) = second.again(&once, b) else { return Err(story("the second is gone after the first")) };
    if again != *second {
        return Err(story(&format!("the second is another one after the first: {again:?}")));
    }
    if let Move::Call(ask, _) = second
        && second.is_ready()
        && world.answer(b, ask) != once.answer(b, ask)
    {
        return Err(story("the second answers otherwise after the first"));
    }
    if !second.is_ready() {
        *met.entry(format!("{} beside blocked {}", word(first), word(second))).or_default() += 1;
        return Ok(());
    }
    let swapped = first.done(&second.done(world, b), a);
    if again.done(&once, b).comparable() != swapped.clone().comparable() {
        let other = again.done(&once, b);
        return Err(story(&format!("the order makes a difference: {other:?}\n{swapped:?}")));
    }
    *met.entry(format!("{} beside {}", word(first), word(second))).or_default() += 1;
    Ok(())
}

impl World {
    /// How bytes lie in a pipe's slots is seen only by writes that come near to filling it, and they conflict with
    /// reads; how much there is must be the same.
    fn comparable(mut self) -> World {
        for pipe in self.pipes.values_mut() {
            let bytes = pipe.bytes();
            pipe.slots = [(0, bytes)].into();
        }
        self
    }
}

#[test]
fn steps_that_touch_nothing_in_common_commute() {
    let setting =
        |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().expect("a number"));
    let walks = setting("FORKLINGS_WORLD_WALKS", 4_000);
    let mut dice = Dice(setting("FORKLINGS_WORLD_SEED", 2026));
    let mut met = Met::new();
    let mut wrong: BTreeMap<String, (u32, String)> = BTreeMap::new();
    for _ in 0..walks {
        let mut world = World::fresh();
        for _ in 0..24 {
            let paths: Vec<TaskPath> = world.living().cloned().collect();
            let all: Vec<(TaskPath, Vec<Move>)> =
                paths.iter().map(|path| (path.clone(), dice.moves(&world, path))).collect();
            for (a, mine) in &all {
                for (b, theirs) in all.iter().filter(|(b, _)| a != b) {
                    for (first, second) in mine.iter().flat_map(|m| theirs.iter().map(move |t| (m, t))) {
                        if let Err(story) = check(&world, (a, first), (b, second), &mut met) {
                            let key = format!("{} beside {}", word(first), word(second));
                            let known = wrong.entry(key).or_insert((0, story.clone()));
                            known.0 += 1;
                            if story.len() < known.1.len() {
                                known.1 = story;
                            }
                        }
                    }
                }
            }
            let ready: Vec<(&TaskPath, &Move)> = all
                .iter()
                .flat_map(|(path, moves)| moves.iter().map(move |m| (path, m)))
                .filter(|(_, m)| m.is_ready())
                // Too many would have ended before anything could happen.
                .filter(|(_, m)| word(m) != "Exit" || dice.chance(4))
                .collect();
            if ready.is_empty() {
                continue;
            }
            let (path, next) = dice.of(&ready);
            world = next.done(&world, path);
        }
    }
    for (key, (count, story)) in &wrong {
        println!("{key}: {count}, such as {story}\n");
    }
    if let Some((_, story)) = wrong.values().min_by_key(|(_, story)| story.len()) {
        panic!("{} kinds of pairs do not commute; the smallest: {story}", wrong.len());
    }
    println!("{} pairs of {} kinds commute", met.values().sum::<u32>(), met.len());
    for pair in [
        "Fork beside Fork",
        "Exit beside Exit",
        "Write beside Read",
        "Kill beside Wait",
        "Signal beside Signal",
        "RunOut beside Kill",
    ] {
        assert!(met.contains_key(pair), "{pair} was never met");
    }
}

//! What the benchmarks have in common: taking times in turn, medians, one small table.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub mod checkout;

use std::time::{Duration, Instant};

/// What a benchmark cannot go on without, as a sentence.
pub type Measured<T> = Result<T, String>;

/// One of several ways to do the same thing.
pub struct Way<'a> {
    /// What it is called in the table.
    pub name: &'a str,
    /// Does it once.
    pub run: Box<dyn FnMut() -> Measured<()> + 'a>,
    /// What comes before each time, and does not count.
    prepare: Box<dyn FnMut() -> Measured<()> + 'a>,
}

impl<'a> Way<'a> {
    pub fn new(name: &'a str, run: impl FnMut() -> Measured<()> + 'a) -> Way<'a> {
        Way { name, run: Box::new(run), prepare: Box::new(|| Ok(())) }
    }

    /// The same, after something that does not count.
    pub fn after(self, prepare: impl FnMut() -> Measured<()> + 'a) -> Way<'a> {
        Way { prepare: Box::new(prepare), ..self }
    }
}

/// Times of one way, shortest first.
pub struct Times {
    pub name: String,
    wall: Vec<Duration>,
    processor: Vec<Duration>,
}

impl Times {
    pub fn new(name: &str) -> Times {
        Times { name: name.into(), wall: Vec::new(), processor: Vec::new() }
    }

    /// Takes the time of one run.
    pub fn take(&mut self, run: impl FnOnce() -> Measured<()>) -> Measured<()> {
        let (start, before) = (Instant::now(), processor_time()?);
        run()?;
        self.wall.push(start.elapsed());
        self.processor.push(processor_time()?.saturating_sub(before));
        self.wall.sort();
        self.processor.sort();
        Ok(())
    }

    /// Half of the runs were quicker.
    pub fn median(&self) -> Duration {
        self.wall[self.wall.len() / 2]
    }

    fn quartiles(&self) -> (Duration, Duration) {
        let count = self.wall.len();
        (self.wall[count / 4], self.wall[3 * count / 4])
    }

    fn processor(&self) -> Duration {
        self.processor[self.processor.len() / 2]
    }
}

/// Processor time of this process and of all that it has waited for, theirs included.
fn processor_time() -> Measured<Duration> {
    let of = |whose| {
        // SAFETY: all-zero bytes are a valid rusage.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is alive, and getrusage writes nothing else.
        if unsafe { libc::getrusage(whose, &raw mut usage) } != 0 {
            return Err(format!("getrusage: {}", std::io::Error::last_os_error()));
        }
        let time = |part: libc::timeval| {
            Duration::from_secs(part.tv_sec as u64) + Duration::from_micros(part.tv_usec as u64)
        };
        Ok(time(usage.ru_utime) + time(usage.ru_stime))
    };
    Ok(of(libc::RUSAGE_SELF)? + of(libc::RUSAGE_CHILDREN)?)
}

/// Does each way once to warm up, then all of them in turn, `rounds` times: whatever slows the machine down for a
/// while slows all of them.
pub fn in_turn(rounds: usize, ways: &mut [Way<'_>]) -> Measured<Vec<Times>> {
    for way in ways.iter_mut() {
        (way.prepare)()?;
        (way.run)()?;
    }
    let mut all: Vec<Times> = ways.iter().map(|way| Times::new(way.name)).collect();
    for _ in 0..rounds {
        for (way, times) in ways.iter_mut().zip(&mut all) {
            (way.prepare)()?;
            times.take(&mut way.run)?;
        }
    }
    Ok(all)
}

/// Prints medians, the middle half, and the ratio of each median to that of the first way; then the same of
/// processor time, which tells more on a machine that has other things to do.
pub fn table(title: &str, all: &[Times]) {
    println!("{title}");
    println!(
        "  {:<28} {:>10}  {:>21}  {:>6}   {:>10} {:>6}",
        "", "median", "middle half", "ratio", "processor", "ratio"
    );
    for times in all {
        let (low, high) = times.quartiles();
        let ratio = |of: fn(&Times) -> Duration| of(times).as_secs_f64() / of(&all[0]).as_secs_f64();
        println!(
            "  {:<28} {:>10}  {:>10} {:>10}  {:>6.3}   {:>10} {:>6.3}",
            times.name,
            shown(times.median()),
            shown(low),
            shown(high),
            ratio(Times::median),
            shown(times.processor()),
            ratio(Times::processor),
        );
    }
}

/// `123.4 ms`, `12.34 s`.
pub fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 10.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

/// How often to measure: the number on the command line, if there is one. Cargo adds words of its own.
pub fn rounds(otherwise: usize) -> usize {
    std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .filter(|rounds| *rounds > 0)
        .unwrap_or(otherwise)
}

/// Keeps this process, and all that it starts, on so many processors at most; tells how many there are.
pub fn stay_on_processors(most: usize) -> Measured<usize> {
    // SAFETY: all-zero bytes are an empty set of processors.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: reads the caller's own set into a live place of the right size.
    if unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) } != 0 {
        return Err(format!("sched_getaffinity: {}", std::io::Error::last_os_error()));
    }
    // SAFETY: all-zero bytes are an empty set of processors.
    let mut few: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let mut count = 0;
    for index in 0..libc::CPU_SETSIZE as usize {
        // SAFETY: the index is below the number of processors that the set has room for.
        if count < most && unsafe { libc::CPU_ISSET(index, &set) } {
            // SAFETY: as above.
            unsafe { libc::CPU_SET(index, &mut few) };
            count += 1;
        }
    }
    // SAFETY: the set is alive and of the size given.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&few), &raw const few) } {
        0 => Ok(count),
        _ => Err(format!("sched_setaffinity: {}", std::io::Error::last_os_error())),
    }
}

/// Prints a benchmark, or why there is none.
pub fn main(benchmark: impl FnOnce() -> Measured<()>) -> std::process::ExitCode {
    match benchmark() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            std::process::ExitCode::FAILURE
        }
    }
}

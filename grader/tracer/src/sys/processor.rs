//! Which processor a thread runs on. Tracer and tracees on one: a stop then costs about a tenth.

use grader_trace::sorted::SortedMap;
use std::io;
use std::sync::Mutex;

/// How many threads of this process were kept to each processor.
static KEPT: Mutex<SortedMap<usize, usize>> = Mutex::new(SortedMap::new());

/// A processor to which a thread keeps. Dropped, it is free for another thread; the first one stays there.
pub(crate) struct Kept(usize);

impl Drop for Kept {
    fn drop(&mut self) {
        let mut kept = KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(threads) = kept.get_mut(&self.0) {
            *threads = threads.saturating_sub(1);
        }
    }
}

/// Keeps the calling thread, and all that it starts, on one of the processors on which it may run: one to which
/// fewest others keep, and if there is a choice, the one that it is on.
pub(crate) fn keep_to_one() -> io::Result<Kept> {
    // SAFETY: all-zero bytes are an empty set of processors.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is alive and of the size given.
    if unsafe { libc::sched_getaffinity(0, size_of_val(&allowed), &raw mut allowed) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the index lies within the set.
    let is_allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &allowed) };
    // SAFETY: sched_getcpu takes nothing, and answers a number.
    let here = usize::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(0);
    let mut kept = KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let busy = |cpu: &usize| (kept.get(cpu).copied().unwrap_or(0), *cpu != here);
    let Some(cpu) = (0..libc::CPU_SETSIZE as usize).filter(is_allowed).min_by_key(busy) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    // SAFETY: all-zero bytes are an empty set of processors.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the index lies within the set.
    unsafe { libc::CPU_SET(cpu, &mut one) };
    // SAFETY: the set is alive and of the size given.
    if unsafe { libc::sched_setaffinity(0, size_of_val(&one), &raw const one) } != 0 {
        return Err(io::Error::last_os_error());
    }
    *kept.entry(cpu).or_default() += 1;
    Ok(Kept(cpu))
}

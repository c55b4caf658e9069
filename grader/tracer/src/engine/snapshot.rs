//! Copies what it takes to find a source line afterwards. See [`grader_trace::Snapshot`].

use crate::arch;
use crate::sys::memory::Memory;
use grader_trace::{Module, Snapshot};
use libc::{pid_t, user_regs_struct};
use std::path::PathBuf;
use std::sync::Arc;

/// How much of a stack is copied. Deep enough for what lies between a `println!` and its write.
const STACK_BYTES: usize = 16 << 10;

/// Takes a snapshot of a stopped task. `known`: the files mapped into it, as far as they were looked up.
pub(crate) fn take(tid: pid_t, known: &mut Option<Arc<[Module]>>, registers: &user_regs_struct) -> Snapshot {
    let holds = |modules: &Arc<[Module]>| {
        modules.iter().any(|module| module.executable && (module.start..module.end).contains(&registers.rip))
    };
    let modules = match known {
        Some(modules) if holds(modules) => modules,
        _ => known.insert(modules(tid).into()),
    };
    Snapshot {
        registers: arch::dwarf(registers),
        stack_start: registers.rsp,
        stack: stack(tid, registers.rsp),
        modules: modules.clone(),
    }
}

/// The top of a stack, copied once into a place of the right size: it is short in most programs.
fn stack(tid: pid_t, pointer: u64) -> Arc<[u8]> {
    let mut bytes = [0; STACK_BYTES];
    let count = Memory(tid).fill(pointer, &mut bytes);
    Arc::from(&bytes[..count])
}

/// The files mapped into a process. See proc_pid_maps(5).
pub(crate) fn modules(pid: pid_t) -> Vec<Module> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines().filter_map(module).collect()
}

/// Whether a process has memory for code that belongs to no file.
#[cfg(feature = "controlled")]
pub(crate) fn has_code_in_no_file(pid: pid_t) -> bool {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.get(1).is_some_and(|permissions| permissions.contains('x')) && words.len() < 6
    })
}

fn module(line: &str) -> Option<Module> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?;
    let offset = words.next()?;
    let path = words.nth(2)?.trim_start();
    let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
    if path.is_empty() {
        return None;
    }
    Some(Module {
        path: PathBuf::from(path),
        start: number(start)?,
        end: number(end)?,
        offset: number(offset)?,
        executable: permissions.as_bytes().get(2) == Some(&b'x'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_maps_is_read_with_spaces_in_the_path() {
        let line = "55d0c0a00000-55d0c0a01000 r-xp 00002000 fe:00 1234                       /tmp/a b";
        let module = module(line).expect("a mapped file");
        assert_eq!(module.path, PathBuf::from("/tmp/a b"));
        assert_eq!((module.start, module.offset, module.executable), (0x55d0_c0a0_0000, 0x2000, true));
    }

    #[test]
    fn anonymous_memory_is_no_module() {
        assert_eq!(module("7ffc0000-7ffc1000 rw-p 00000000 00:00 0 "), None);
    }
}

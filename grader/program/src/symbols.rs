//! The functions that a program's symbol table names. See elf(5), "String and symbol tables".

use crate::elf::{Elf, Record};

const SYMBOL_BYTES: usize = 24;
/// STT_FUNC, in the lower half of a symbol's information.
const FUNCTION: u32 = 2;
/// Larger tables are not those of a program.
const MOST_BYTES: u64 = 64 << 20;

/// A function that is part of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its readable name: a path, without what tells apart the copies that a compiler makes.
    pub name: String,
    /// How many bytes of code it has.
    pub length: u64,
}

/// The functions whose names `wanted` likes, by their addresses as the linker gave them.
pub(crate) fn functions(elf: &Elf, wanted: impl Fn(&str) -> bool) -> Vec<(u64, Function)> {
    read(elf, wanted).unwrap_or_default()
}

fn read(elf: &Elf, wanted: impl Fn(&str) -> bool) -> Option<Vec<(u64, Function)>> {
    let bytes = |name: &str| elf.section(name).and_then(|section| elf.bytes(section, MOST_BYTES).ok());
    let (symbols, names) = (bytes(".symtab")?, bytes(".strtab")?);
    let functions =
        symbols.chunks_exact(SYMBOL_BYTES).map(Record).filter(|entry| entry.u32(4) & 0xf == FUNCTION);
    let named = functions.filter_map(|entry| {
        let name = names.get(entry.u32(0) as usize..)?.split(|byte| *byte == 0).next()?;
        let name = readable(std::str::from_utf8(name).ok()?)?;
        wanted(&name).then(|| (entry.u64(8), Function { name, length: entry.u64(16) }))
    });
    Some(named.collect())
}

/// `std::sys::sync::mutex::futex::Mutex::lock`, whichever way it is mangled.
fn readable(name: &str) -> Option<String> {
    let name = rustc_demangle::try_demangle(name).ok()?;
    Some(format!("{name:#}").replace(['<', '>'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_mangle_a_name_read_the_same() {
        let names = [
            "_ZN3std3sys4sync5mutex5futex5Mutex4lock17h0123456789abcdefE",
            "_RNvMNtNtNtNtCs4OPCkQjwDhr_3std3sys4sync5mutex5futexNtB2_5Mutex4lock",
        ];
        for name in names {
            assert_eq!(readable(name).as_deref(), Some("std::sys::sync::mutex::futex::Mutex::lock"));
        }
        assert_eq!(readable("main"), None);
    }
}

//! The debug information of one file, unit by unit.
//!
//! A program that prints a line holds one small unit of the learner's and one
//! huge unit of the standard library. So only the address ranges of the units
//! are read at first; a unit is read when an address falls into it, once for
//! all addresses of a stack, and not at all if none of its files is wanted.

use crate::elf::Elf;
use crate::functions::{Scope, scopes};
use crate::lines::{Row, Source, names_a_file, rows, source_of};
use gimli::{
    AttributeValue, DebugInfoOffset, Dwarf, DwarfSections, EndianSlice, LittleEndian, SectionId, Unit,
};
use grader_trace::sorted::SortedMap;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) type Bytes<'a> = EndianSlice<'a, LittleEndian>;
pub(crate) type UnitRef<'unit, 'a> = gimli::UnitRef<'unit, Bytes<'a>>;
pub(crate) type Entry<'a> = gimli::DebuggingInformationEntry<Bytes<'a>>;

/// A program with more debug information than this is shown without lines.
const MOST_BYTES: u64 = 96 << 20;

/// The sections that are read; all others stay empty.
const SECTIONS: [SectionId; 9] = [
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
];

/// What the debug information says of an address: one function, and the line it is at.
///
/// An address in an inlined function has several, the innermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub function: Option<String>,
    pub source: Option<Source>,
    /// This function has no frame of its own: the next one holds a copy of its code.
    pub inlined: bool,
}

/// The debug information of one file.
#[derive(Debug)]
pub(crate) struct Units {
    sections: DwarfSections<Vec<u8>>,
    bytes: usize,
    ranges: Vec<UnitRange>,
    known: Mutex<HashMap<u64, Arc<[Location]>>>,
}

/// Some code of a unit.
#[derive(Debug, Clone, Copy)]
struct UnitRange {
    begin: u64,
    end: u64,
    unit: DebugInfoOffset<usize>,
}

impl Units {
    /// That of a file, if it has any in a form that is read here.
    pub fn load(elf: &Elf) -> Option<Units> {
        elf.section(".debug_info")?;
        elf.section(".debug_line")?;
        let present = || SECTIONS.iter().filter_map(|id| elf.section(id.name()));
        let bytes: u64 = present().map(|section| section.size).sum();
        if bytes > MOST_BYTES || present().any(|section| section.compressed) {
            return None;
        }
        let load = |id: SectionId| match elf.section(id.name()) {
            Some(section) if SECTIONS.contains(&id) => elf.bytes(section, MOST_BYTES),
            _ => Ok(Vec::new()),
        };
        let sections = DwarfSections::load(load).ok()?;
        let mut debug =
            Units { sections, bytes: bytes as usize, ranges: Vec::new(), known: Mutex::default() };
        debug.ranges = debug.ranges();
        Some(debug)
    }

    /// How many bytes it takes to keep it.
    pub fn size(&self) -> usize {
        self.bytes + self.ranges.len() * size_of::<UnitRange>()
    }

    /// What is at these addresses. Units none of whose files is wanted are left out.
    pub fn locate(&self, addresses: &[u64], wanted: &dyn Fn(&Path) -> bool) -> HashMap<u64, Arc<[Location]>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing: SortedMap<usize, Vec<u64>> = SortedMap::new();
        for &address in addresses.iter().filter(|address| !known.contains_key(*address)) {
            if let Some(unit) = self.unit_at(address) {
                missing.entry(unit.0).or_default().push(address);
            }
        }
        let dwarf = self.dwarf();
        for (offset, addresses) in missing {
            let Some(unit) = unit(&dwarf, DebugInfoOffset(offset)) else { continue };
            let unit = gimli::UnitRef::new(&dwarf, &unit);
            if names_a_file(unit, wanted) {
                known.extend(locations(unit, &addresses));
            }
        }
        let found = |address: &u64| Some((*address, Arc::clone(known.get(address)?)));
        addresses.iter().filter_map(found).collect()
    }

    fn dwarf(&self) -> Dwarf<Bytes<'_>> {
        self.sections.borrow(|bytes| Bytes::new(bytes, LittleEndian))
    }

    fn unit_at(&self, address: u64) -> Option<DebugInfoOffset<usize>> {
        let covers = |range: &&UnitRange| (range.begin..range.end).contains(&address);
        self.ranges.iter().find(covers).map(|range| range.unit)
    }

    /// The address ranges of all units. Damaged units are left out.
    fn ranges(&self) -> Vec<UnitRange> {
        let dwarf = self.dwarf();
        let mut ranges = Vec::new();
        let mut headers = dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            let Some(offset) = header.debug_info_offset() else { continue };
            let Ok(unit) = dwarf.unit(header) else { continue };
            let unit = gimli::UnitRef::new(&dwarf, &unit);
            let Ok(mut entries) = unit.entries_raw(None) else { continue };
            let mut root = Entry::null();
            if entries.read_entry(&mut root).is_ok() {
                each_range(unit, &root, &mut |begin, end| {
                    ranges.push(UnitRange { begin, end, unit: offset })
                });
            }
        }
        ranges
    }
}

/// The address ranges of an entry.
///
/// Not by gimli's own means: those add without a check, and a damaged file can make them overflow.
pub(crate) fn each_range<'a>(unit: UnitRef<'_, 'a>, entry: &Entry<'a>, found: &mut dyn FnMut(u64, u64)) {
    if let Some(list) = entry.attr_value(gimli::DW_AT_ranges) {
        let Ok(Some(mut ranges)) = unit.attr_ranges(list) else { return };
        while let Ok(Some(range)) = ranges.next() {
            found(range.begin, range.end);
        }
        return;
    }
    let Some(begin) = entry.attr_value(gimli::DW_AT_low_pc) else { return };
    let Ok(Some(begin)) = unit.attr_address(begin) else { return };
    let end = match entry.attr_value(gimli::DW_AT_high_pc) {
        Some(AttributeValue::Udata(size)) => begin.checked_add(size),
        Some(end) => unit.attr_address(end).ok().flatten(),
        None => None,
    };
    // Functions that the linker dropped stand at address zero.
    if let Some(end) = end
        && begin != 0
    {
        found(begin, end);
    }
}

/// The unit that starts at an offset.
pub(crate) fn unit<'a>(dwarf: &Dwarf<Bytes<'a>>, offset: DebugInfoOffset<usize>) -> Option<Unit<Bytes<'a>>> {
    dwarf.unit(dwarf.unit_header(offset).ok()?).ok()
}

/// What is at these addresses of a unit. Each address gets an answer, if an empty one.
fn locations(unit: UnitRef, addresses: &[u64]) -> Vec<(u64, Arc<[Location]>)> {
    let rows = rows(unit, addresses);
    let scopes = scopes(unit, addresses);
    let located = addresses.iter().zip(rows).zip(scopes);
    located.map(|((address, row), scopes)| (*address, chain(unit, row, scopes).into())).collect()
}

/// The functions an address is in, the innermost first, each with the line it is at.
fn chain(unit: UnitRef, row: Option<Row>, scopes: Vec<Scope>) -> Vec<Location> {
    let mut source = row.and_then(|row| source_of(unit, row));
    if scopes.is_empty() {
        return source
            .map(|source| Location { function: None, source: Some(source), inlined: false })
            .into_iter()
            .collect();
    }
    let mut locations = Vec::with_capacity(scopes.len());
    for scope in scopes.into_iter().rev() {
        let caller = scope.call.and_then(|row| source_of(unit, row));
        let here = std::mem::replace(&mut source, caller);
        locations.push(Location { function: scope.name, source: here, inlined: scope.inlined });
    }
    locations
}

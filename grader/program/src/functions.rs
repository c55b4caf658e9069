//! From an address to the functions it is in, inlined ones too.

use crate::lines::Row;
use crate::units::{Bytes, Entry, UnitRef, each_range, unit};
use gimli::{AttributeValue, DebugInfoOffset, UnitOffset};

/// Names may refer to names; compilers never build longer chains than three.
const MOST_REFERENCES: usize = 8;

/// A function that an address is in.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Its name, readable, with the path of its modules where the compiler gave one.
    pub name: Option<String>,
    /// Whether its code is part of the function around it.
    pub inlined: bool,
    /// If it is: where that one calls it.
    pub call: Option<Row>,
}

/// For each address the functions it is in, the outermost first.
pub(crate) fn scopes(unit: UnitRef, addresses: &[u64]) -> Vec<Vec<Scope>> {
    let mut found: Vec<Vec<Scope>> = addresses.iter().map(|_| Vec::new()).collect();
    let Ok(mut entries) = unit.entries_raw(None) else { return found };
    let mut entry = Entry::null();
    // The depth of the outermost function that covers one of the addresses, while inside it.
    let mut inside: Option<isize> = None;
    while !entries.is_empty() {
        match entries.read_entry(&mut entry) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => break,
        }
        if inside.is_some_and(|depth| entry.depth() <= depth) {
            inside = None;
        }
        let inlined = match entry.tag() {
            gimli::DW_TAG_subprogram => false,
            gimli::DW_TAG_inlined_subroutine if inside.is_some() => true,
            _ => continue,
        };
        each_range(unit, &entry, &mut |begin, end| {
            for (scopes, address) in found.iter_mut().zip(addresses) {
                if (begin..end).contains(address) {
                    inside.get_or_insert(entry.depth());
                    let call = if inlined { call(unit, &entry) } else { None };
                    scopes.push(Scope { name: name(unit, &entry), inlined, call });
                }
            }
        });
    }
    found
}

/// Where an inlined function is called.
fn call<'a>(unit: UnitRef<'_, 'a>, entry: &Entry<'a>) -> Option<Row> {
    let AttributeValue::FileIndex(file) = entry.attr_value(gimli::DW_AT_call_file)? else { return None };
    // Before DWARF 5 number 0 means that the file is not known.
    if file == 0 && unit.header.version() < 5 {
        return None;
    }
    let line = entry.attr_value(gimli::DW_AT_call_line)?.udata_value()?;
    Some(Row { file, line: u32::try_from(line).ok().filter(|line| *line != 0) })
}

/// The name of a function, in the form its author would write it.
fn name<'a>(unit: UnitRef<'_, 'a>, entry: &Entry<'a>) -> Option<String> {
    let names = names(unit, entry, MOST_REFERENCES);
    if let Some(linkage) = &names.linkage
        && let Ok(demangled) = rustc_demangle::try_demangle(linkage)
    {
        return Some(format!("{demangled:#}"));
    }
    names.plain.or(names.linkage)
}

/// The names that an entry and those it refers to give to a function.
#[derive(Debug, Default)]
struct Names {
    plain: Option<String>,
    linkage: Option<String>,
}

fn names<'a>(unit: UnitRef<'_, 'a>, entry: &Entry<'a>, references: usize) -> Names {
    let text = |attribute| {
        let value = unit.attr_string(entry.attr_value(attribute)?).ok()?;
        Some(value.to_string_lossy().into_owned())
    };
    let mut names = Names {
        plain: text(gimli::DW_AT_name),
        linkage: text(gimli::DW_AT_linkage_name).or_else(|| text(gimli::DW_AT_MIPS_linkage_name)),
    };
    let origin = [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification]
        .into_iter()
        .find_map(|attribute| entry.attr_value(attribute));
    if names.linkage.is_none()
        && references > 0
        && let Some(origin) = origin
        && let Some(more) = names_at(unit, origin, references - 1)
    {
        names.linkage = more.linkage;
        names.plain = names.plain.or(more.plain);
    }
    names
}

fn names_at<'a>(
    from: UnitRef<'_, 'a>,
    reference: AttributeValue<Bytes<'a>>,
    references: usize,
) -> Option<Names> {
    match reference {
        AttributeValue::UnitRef(offset) => names_in(from, offset, references),
        AttributeValue::DebugInfoRef(offset) => {
            let (start, offset) = unit_around(from, offset)?;
            let other = unit(from.dwarf, start)?;
            names_in(gimli::UnitRef::new(from.dwarf, &other), offset, references)
        }
        _ => None,
    }
}

fn names_in(unit: UnitRef, offset: UnitOffset<usize>, references: usize) -> Option<Names> {
    let mut entry = Entry::null();
    let mut entries = unit.entries_raw(Some(offset)).ok()?;
    entries.read_entry(&mut entry).ok()?.then(|| names(unit, &entry, references))
}

/// The unit that holds an entry, and where the entry is in it.
fn unit_around(
    from: UnitRef,
    entry: DebugInfoOffset<usize>,
) -> Option<(DebugInfoOffset<usize>, UnitOffset<usize>)> {
    let mut headers = from.dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        if let Some(offset) = entry.to_unit_offset(&header) {
            return Some((header.debug_info_offset()?, offset));
        }
    }
    None
}

//! From an address to file and line: the line table of one unit.

use crate::units::{Bytes, UnitRef};
use gimli::{FileEntry, LineProgramHeader};
use std::path::Path;

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as the compiler recorded it: relative paths are joined to the directory it ran in.
    pub file: String,
    /// The line, from 1; none for code that the compiler made up or merged from several lines.
    pub line: Option<u32>,
}

/// A line of a file, by the file's number in the unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub file: u64,
    pub line: Option<u32>,
}

/// The rows of the line table that these addresses are in.
pub(crate) fn rows(unit: UnitRef, addresses: &[u64]) -> Vec<Option<Row>> {
    let mut found = vec![None; addresses.len()];
    let Some(program) = unit.line_program.clone() else { return found };
    let mut rows = program.rows();
    let mut before: Option<(u64, Row)> = None;
    while let Ok(Some((_, row))) = rows.next_row() {
        if let Some((start, before)) = before {
            for (slot, address) in found.iter_mut().zip(addresses) {
                if slot.is_none() && (start..row.address()).contains(address) {
                    *slot = Some(before);
                }
            }
        }
        before = (!row.end_sequence()).then(|| {
            let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
            (row.address(), Row { file: row.file_index(), line })
        });
    }
    found
}

pub(crate) fn source_of(unit: UnitRef, row: Row) -> Option<Source> {
    let header = unit.line_program.as_ref()?.header();
    let file = path(unit, header, header.file(row.file)?)?;
    Some(Source { file, line: row.line })
}

/// The path of a file: the directory of the compilation, the file's directory, its name.
fn path<'a>(
    unit: UnitRef<'_, 'a>,
    header: &LineProgramHeader<Bytes<'a>>,
    file: &FileEntry<Bytes<'a>>,
) -> Option<String> {
    let text = |value| Some(unit.attr_string(value).ok()?.to_string_lossy());
    let mut path = unit.comp_dir.map(|bytes| bytes.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(directory) = file.directory(header) {
        join(&mut path, &text(directory)?);
    }
    join(&mut path, &text(file.path_name())?);
    Some(path)
}

fn join(path: &mut String, more: &str) {
    if more.starts_with('/') {
        path.clear();
    } else if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(more.strip_prefix("./").unwrap_or(more));
}

/// Whether any of the files that a unit was compiled from is wanted.
pub(crate) fn names_a_file(unit: UnitRef, wanted: &dyn Fn(&Path) -> bool) -> bool {
    let Some(program) = &unit.line_program else { return false };
    let header = program.header();
    let first = header.file(0).into_iter();
    first
        .chain(header.file_names())
        .any(|file| path(unit, header, file).is_some_and(|path| wanted(Path::new(&path))))
}

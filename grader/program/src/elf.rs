//! The file format of programs: just enough of ELF to find segments and sections.
//!
//! Sizes and offsets come from the file and are believed only after they have
//! been compared with its length. See elf(5).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;
const SECTION_HEADER_BYTES: usize = 64;
/// Section names longer than this, all together, are not the work of a linker.
const MOST_NAME_BYTES: u64 = 1 << 20;

pub(crate) const TYPE_OBJECT: u16 = 1;
pub(crate) const TYPE_FIXED: u16 = 2;
pub(crate) const TYPE_SHARED: u16 = 3;
pub(crate) const TYPE_CORE: u16 = 4;
pub(crate) const MACHINE_X86_64: u16 = 62;

pub(crate) const SEGMENT_LOAD: u32 = 1;
pub(crate) const SEGMENT_DYNAMIC: u32 = 2;
pub(crate) const SEGMENT_INTERPRETER: u32 = 3;
/// What the loader makes read-only once it has put the addresses there.
pub(crate) const SEGMENT_RELRO: u32 = 0x6474_e552;
const SEGMENT_EXECUTABLE: u32 = 1;
const SEGMENT_WRITABLE: u32 = 2;

const SECTION_WITHOUT_BYTES: u32 = 8;
const SECTION_COMPRESSED: u64 = 0x800;

/// The first bytes of any ELF file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    /// 1 for 32 bits, 2 for 64.
    pub class: u8,
    /// 1 for little endian, 2 for big.
    pub order: u8,
    /// One of `TYPE_…`.
    pub kind: u16,
    /// One of `MACHINE_…`, or another number.
    pub machine: u16,
}

/// A part of the file that is mapped when the program starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub kind: u32,
    pub executable: bool,
    pub writable: bool,
    pub offset: u64,
    pub address: u64,
    pub file_bytes: u64,
}

/// A named part of the file.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub name: String,
    pub address: u64,
    pub offset: u64,
    pub size: u64,
    pub compressed: bool,
}

/// Why a file could not be taken for an ELF file of the layout that is read here.
#[derive(Debug)]
pub(crate) enum Malformed {
    /// It could not be read.
    Unreadable(io::Error),
    /// It begins with something else. The first bytes.
    OtherFormat(Vec<u8>),
    /// It is one, for a kind of machine whose layout is not read here.
    OtherLayout(Identity),
    /// It says that there is more of it than there is.
    Truncated,
}

impl From<io::Error> for Malformed {
    fn from(error: io::Error) -> Malformed {
        Malformed::Unreadable(error)
    }
}

/// An open ELF file, 64 bits and little endian.
#[derive(Debug)]
pub(crate) struct Elf {
    file: File,
    length: u64,
    pub identity: Identity,
    pub segments: Vec<Segment>,
    pub sections: Vec<Section>,
}

impl Elf {
    /// Reads the headers of a file.
    ///
    /// A section table that is damaged counts as none: the program runs without it.
    pub fn read(file: File) -> Result<Elf, Malformed> {
        let length = file.metadata()?.len();
        let start = read_up_to(&file, HEADER_BYTES)?;
        if !start.starts_with(b"\x7fELF") {
            return Err(Malformed::OtherFormat(start));
        }
        let identity = identity(&start).ok_or(Malformed::Truncated)?;
        if identity.class != 2 || identity.order != 1 {
            return Err(Malformed::OtherLayout(identity));
        }
        let header = Record(start.get(..HEADER_BYTES).ok_or(Malformed::Truncated)?);
        let mut elf = Elf { file, length, identity, segments: Vec::new(), sections: Vec::new() };
        let segments = elf.table(header.u64(32), header.u16(54), header.u16(56), PROGRAM_HEADER_BYTES)?;
        elf.segments = segments.chunks_exact(PROGRAM_HEADER_BYTES).map(|at| segment(Record(at))).collect();
        if elf
            .segments
            .iter()
            .any(|part| part.kind == SEGMENT_LOAD && !elf.holds(part.offset, part.file_bytes))
        {
            return Err(Malformed::Truncated);
        }
        elf.sections = elf.sections(header).unwrap_or_default();
        Ok(elf)
    }

    /// The section of that name, if it has bytes in this file.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The first segment of a kind.
    pub fn segment(&self, kind: u32) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.kind == kind)
    }

    /// The bytes of a section. More than `most` are not read.
    pub fn bytes(&self, section: &Section, most: u64) -> io::Result<Vec<u8>> {
        self.bytes_at(section.offset, section.size, most)
    }

    /// Some bytes of the file. More than `most` are not read.
    pub fn bytes_at(&self, offset: u64, size: u64, most: u64) -> io::Result<Vec<u8>> {
        if size > most || !self.holds(offset, size) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; size as usize];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// The address that the linker gave to a byte of code, by its place in the file.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        let segment = self.segments.iter().find(|segment| {
            segment.kind == SEGMENT_LOAD
                && segment.executable
                && offset.checked_sub(segment.offset).is_some_and(|into| into < segment.file_bytes)
        })?;
        Some(segment.address.wrapping_add(offset - segment.offset))
    }

    /// The few bytes of code before an address.
    pub fn code_before(&self, address: u64) -> Option<Vec<u8>> {
        const LONGEST_CALL: u64 = 7;
        let segment = self.segments.iter().find(|segment| {
            segment.kind == SEGMENT_LOAD
                && segment.executable
                && address.checked_sub(segment.address).is_some_and(|into| into <= segment.file_bytes)
        })?;
        let into = address - segment.address;
        let size = into.min(LONGEST_CALL);
        self.bytes_at(segment.offset.checked_add(into - size)?, size, LONGEST_CALL).ok()
    }

    fn holds(&self, offset: u64, size: u64) -> bool {
        offset.checked_add(size).is_some_and(|end| end <= self.length)
    }

    fn table(&self, offset: u64, entry: u16, count: u16, expected: usize) -> Result<Vec<u8>, Malformed> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let size = u64::from(count) * expected as u64;
        if usize::from(entry) != expected || !self.holds(offset, size) {
            return Err(Malformed::Truncated);
        }
        Ok(self.bytes_at(offset, size, size)?)
    }

    fn sections(&self, header: Record) -> Result<Vec<Section>, Malformed> {
        let table = self.table(header.u64(40), header.u16(58), header.u16(60), SECTION_HEADER_BYTES)?;
        let entries = || table.chunks_exact(SECTION_HEADER_BYTES).map(Record);
        let Some(names) = entries().nth(usize::from(header.u16(62))) else { return Ok(Vec::new()) };
        let names = self.bytes_at(names.u64(24), names.u64(32), MOST_NAME_BYTES)?;
        let present = entries().filter(|entry| {
            entry.u32(4) != SECTION_WITHOUT_BYTES && self.holds(entry.u64(24), entry.u64(32))
        });
        Ok(present.filter_map(|entry| section(entry, &names)).collect())
    }
}

fn read_up_to(file: &File, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn identity(start: &[u8]) -> Option<Identity> {
    let (class, order) = (*start.get(4)?, *start.get(5)?);
    let number = |at: usize| {
        let bytes = [*start.get(at)?, *start.get(at + 1)?];
        Some(if order == 2 { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    Some(Identity { class, order, kind: number(16)?, machine: number(18)? })
}

fn segment(entry: Record) -> Segment {
    Segment {
        kind: entry.u32(0),
        executable: entry.u32(4) & SEGMENT_EXECUTABLE != 0,
        writable: entry.u32(4) & SEGMENT_WRITABLE != 0,
        offset: entry.u64(8),
        address: entry.u64(16),
        file_bytes: entry.u64(32),
    }
}

fn section(entry: Record, names: &[u8]) -> Option<Section> {
    let name = names.get(entry.u32(0) as usize..)?.split(|byte| *byte == 0).next()?;
    Some(Section {
        name: String::from_utf8_lossy(name).into_owned(),
        compressed: entry.u64(8) & SECTION_COMPRESSED != 0,
        address: entry.u64(16),
        offset: entry.u64(24),
        size: entry.u64(32),
    })
}

/// The little-endian numbers of a table's entry. Nothing is read beyond its end: zero stands there.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a>(pub &'a [u8]);

impl Record<'_> {
    pub fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    pub fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    pub fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        if let Some(bytes) = at.checked_add(N).and_then(|end| self.0.get(at..end)) {
            array.copy_from_slice(bytes);
        }
        array
    }
}

//! What wc prints: three numbers, and a name.

use grader_trace::Text;

/// Lines, words, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Newlines.
    pub lines: usize,
    /// Runs of what is no white space.
    pub words: usize,
    /// Bytes.
    pub bytes: usize,
}

impl Counts {
    /// The counts of these bytes.
    pub fn of(bytes: &[u8]) -> Counts {
        let words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
        Counts { lines: bytes.iter().filter(|byte| **byte == b'\n').count(), words, bytes: bytes.len() }
    }

    /// Whether a line says just this, followed by `name` (nothing, if wc read its standard input). The width
    /// of the columns is free: it differs between makes of wc.
    pub fn are_in(self, line: &Text, name: &str) -> bool {
        let Some(line) = line.as_str() else { return false };
        let wanted = [self.lines, self.words, self.bytes].map(|number| number.to_string());
        let wanted = wanted.iter().map(String::as_str).chain((!name.is_empty()).then_some(name));
        line.split_ascii_whitespace().eq(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_any_width_is_read() {
        let counts = Counts::of(b"hello world\n");
        assert_eq!(counts, Counts { lines: 1, words: 2, bytes: 12 });
        assert!(counts.are_in(&Text::from("      1       2      12"), ""));
        assert!(counts.are_in(&Text::from(" 1  2 12 a.txt"), "a.txt"));
        assert!(!counts.are_in(&Text::from(" 1  2 12 a.txt"), ""));
        assert!(!counts.are_in(&Text::from(" 1  2 13"), ""));
    }
}

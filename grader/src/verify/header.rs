//! The opening lines of a fixture: what must come of it, and whose mistake it is.
//!
//! ```text
//! //! fails: one-child
//! //! verdict: crashed
//! //! Somebody who …
//! ```
//!
//! or `//! passes` and a sentence. The verdict is there only where it is another than `failed`.

use crate::report::model::Verdict;

/// What must come of a fixture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// It passes.
    Passes,
    /// It fails by this check and no other, with this verdict.
    Fails {
        /// The check.
        check: String,
        /// The verdict on the exercise.
        verdict: Verdict,
    },
}

/// Reads the header of a fixture; the reason why there is none.
pub fn read(text: &str) -> Result<Expected, String> {
    let mut lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let first = lines.next().unwrap_or_default();
    let (verdict, about): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("verdict:"));
    if about.iter().all(|line| line.is_empty()) {
        return Err("below its first line a `//!` line must say what it does".into());
    }
    let verdict = match verdict.first().and_then(|line| line.strip_prefix("verdict:")).map(str::trim) {
        None => Verdict::Failed,
        Some("crashed") => Verdict::Crashed,
        Some("timed-out") => Verdict::TimedOut,
        Some(other) => return Err(format!("its verdict is `{other}`; it can be `crashed` or `timed-out`")),
    };
    match first.strip_prefix("fails:").map(str::trim) {
        Some(check) if !check.is_empty() => Ok(Expected::Fails { check: check.to_string(), verdict }),
        None if first == "passes" && verdict == Verdict::Failed => Ok(Expected::Passes),
        _ => Err("its first line must be `//! fails: CHECK` or `//! passes`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fixture_promises_is_read() {
        let fails = |check: &str, verdict| Ok(Expected::Fails { check: check.into(), verdict });
        assert_eq!(read("//! passes\n//! Unusual.\n"), Ok(Expected::Passes));
        assert_eq!(read("//! fails: reaped\n//! Somebody.\n"), fails("reaped", Verdict::Failed));
        assert_eq!(
            read("//! fails: reaped\n//! verdict: timed-out\n//! Somebody\n//! who.\n\nfn main() {}\n"),
            fails("reaped", Verdict::TimedOut)
        );
    }

    #[test]
    fn a_fixture_that_promises_nothing_is_refused() {
        for text in ["", "fn main() {}\n", "//! fails:\n//! Somebody.\n", "//! passes\nfn main() {}\n"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}

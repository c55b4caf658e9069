//! How a process ended.

use super::ids::Signal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a task ended, decoded from the status word. See wait(2), "WIFEXITED".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExitStatus {
    /// It called exit with this code (0–255).
    Exited(u8),
    /// This signal ended it.
    Killed(Signal),
}

impl ExitStatus {
    /// Decodes the status word that wait4(2) stores and `PTRACE_EVENT_EXIT` reports.
    pub fn from_wait_status(word: i32) -> ExitStatus {
        match word & 0x7f {
            0 => ExitStatus::Exited((word >> 8) as u8),
            signal => ExitStatus::Killed(Signal(signal)),
        }
    }

    /// Exit code 0.
    pub fn success(self) -> bool {
        self == ExitStatus::Exited(0)
    }
}

impl fmt::Display for ExitStatus {
    /// `exit status 3`, `killed by SIGSEGV`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitStatus::Exited(code) => write!(f, "exit status {code}"),
            ExitStatus::Killed(signal) => write!(f, "killed by {signal}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_word_is_decoded_as_wait_2_says() {
        assert_eq!(ExitStatus::from_wait_status(3 << 8), ExitStatus::Exited(3));
        assert_eq!(ExitStatus::from_wait_status(9), ExitStatus::Killed(Signal::KILL));
        assert_eq!(ExitStatus::from_wait_status(11 | 0x80), ExitStatus::Killed(Signal(11)));
    }
}

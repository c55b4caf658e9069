//! What only those ask about who make threads by hand: mapped memory, futexes, what clone is given beside its flags.

use super::operation::Outcome;
use serde::{Deserialize, Serialize};

/// The addresses that clone is given. See clone(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Given {
    /// The address above the new task's stack; 0 if it goes on with its creator's.
    pub stack: u64,
    /// The word in which CLONE_PARENT_SETTID stores its number.
    pub parent_word: u64,
    /// The word that CLONE_CHILD_CLEARTID clears when it is gone.
    pub child_word: u64,
    /// What CLONE_SETTLS makes its thread pointer.
    pub thread_pointer: u64,
}

/// What memory may be used for, `PROT_…`. See mmap(2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Access(pub u32);

impl Access {
    /// Nothing: PROT_NONE.
    pub const NONE: Access = Access(0);
    /// To be read and written.
    pub const READ_WRITE: Access = Access(3);

    /// Whether it may be written.
    pub fn writes(self) -> bool {
        self.0 & 2 != 0
    }
}

/// mmap(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Map {
    /// How many bytes.
    pub length: u64,
    /// What for.
    pub access: Access,
    /// MAP_ANONYMOUS: no file is behind it.
    pub anonymous: bool,
    /// MAP_SHARED: what is written there is written for the children, too.
    pub shared: bool,
    /// Where it lies.
    pub result: Outcome<u64>,
}

/// munmap(2), and mprotect(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Remap {
    /// The first address.
    pub start: u64,
    /// How many bytes.
    pub length: u64,
    /// What they may be used for now; not there if they are unmapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Success or not.
    pub result: Outcome<()>,
}

/// The operation of a futex call, with its flags. See futex(2), "Futex operations".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct FutexOp(pub u32);

impl FutexOp {
    /// FUTEX_WAIT: sleep, if the word has this value.
    pub const WAIT: FutexOp = FutexOp(0);
    /// FUTEX_WAKE: wake so many who sleep.
    pub const WAKE: FutexOp = FutexOp(1);
    /// FUTEX_PRIVATE_FLAG: only threads of one process can meet here.
    pub const PRIVATE: u32 = 0x80;

    const COMMAND: u32 = 0x7f;
    const WAIT_BITSET: u32 = 9;

    /// FUTEX_WAIT, or FUTEX_WAIT_BITSET.
    pub fn waits(self) -> bool {
        matches!(self.0 & Self::COMMAND, 0 | Self::WAIT_BITSET)
    }

    /// FUTEX_PRIVATE_FLAG.
    pub fn is_private(self) -> bool {
        self.0 & Self::PRIVATE != 0
    }
}

/// futex(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Futex {
    /// What is done.
    pub op: FutexOp,
    /// The word.
    pub word: u64,
    /// The value that it must have for a sleep; of a wake, how many wake up.
    pub value: u32,
    /// Whether the clock can end it.
    pub timed: bool,
    /// 0 after a sleep; of a wake, how many woke up.
    pub result: Outcome<u64>,
}

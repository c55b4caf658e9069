//! The kernel's interface, one thin safe wrapper a call. All `unsafe` of the package is here and in `start`.

pub(crate) mod clock;
pub(crate) mod memory;
#[cfg(feature = "controlled")]
pub(crate) mod probe;
pub(crate) mod process;
#[cfg(feature = "controlled")]
pub(crate) mod processor;
pub(crate) mod ptrace;
pub(crate) mod wait;

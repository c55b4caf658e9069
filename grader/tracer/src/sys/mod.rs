//! The kernel's interface, one thin safe wrapper a call. All `unsafe` of the package is here and in `start`.

pub(crate) mod clock;
pub(crate) mod kcmp;
pub(crate) mod memory;
#[cfg(feature = "controlled")]
pub(crate) mod probe;
pub(crate) mod process;
#[cfg(feature = "controlled")]
pub(crate) mod processor;
pub(crate) mod ptrace;
#[cfg(feature = "controlled")]
pub(crate) mod view;
pub(crate) mod wait;

/// Held by tests that fork, and by tests for which it matters that nobody else holds their descriptors: a child that
/// does not exec has all that its parent had, in whatever thread it was opened.
#[cfg(test)]
pub(crate) static DESCRIPTORS: std::sync::Mutex<()> = std::sync::Mutex::new(());

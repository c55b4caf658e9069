//! One task at a time: the real kernel as a [`Machine`] for the explorer.
//!
//! ```text
//!            step(choice)                     released                         arrives
//! explorer ───────────────▶ a task's pending call ─▶ its answer ─▶ user code ─▶ its next call ─▶ frontier
//!                                │                                                   │
//!                                └────────────── World (grader-trace) ───────────────┘
//!                                    what it touches, whether it could go on
//! ```
//!
//! Every task stands at the entry of a call, except the one that was chosen. It does that call and runs on to the next
//! one that others could notice; calls that concern nobody else are done on the way. Whether a call would sleep is
//! foreseen by the [`World`], never found out by waiting: a call that was foreseen to answer and sleeps all the same
//! is the grader's own trouble.
//!
//! What the world decides and the kernel does not: time (a sleep takes none, clocks and the processor's counter are
//! virtual), when a timer runs out, when a signal arrives (it is kept back until that is chosen), random bytes.
//!
//! | file | what it holds |
//! |---|---|
//! | `asks` | from system calls to the world's questions |
//! | `machine` | the machine: restart, frontier, steps |
//! | `options` | how it is to work |
//! | `told` | what an execution has come to |
//! | `choices` | what every task could do now |
//! | `patience` | for how long a task that moves is waited for |
//! | `follow` | a released task, up to its next visible call |
//! | `calls` | a call is made, replaced or refused, and answers |
//! | `lives` | births, execs, ends |
//! | `concurrent` | which touches of memory could have come in the other order |
//! | `memory` | instructions that touch what threads share |
//! | `watch` | what is known and noted of accesses |
//! | `libraries` | what functions of libraries touch |
//! | `threads` | threads, and who sleeps on a futex |
//! | `signals` | arrivals |
//! | `timers` | alarm and setitimer |
//! | `counter` | the processor's counter is read |
//! | `server` | a program is started once, and copied for each execution |
//! | `audit` | the world is compared with the kernel |
//! | `elsewhere` | what is changed outside of the folders that are made anew |
//! | `identity` | what would differ from run to run: clocks, random bytes, the vDSO |

mod asks;
mod audit;
mod breakpoints;
mod calls;
mod choices;
mod concurrent;
mod counter;
mod elsewhere;
mod follow;
mod identity;
mod libraries;
mod lives;
mod machine;
mod memory;
mod options;
mod patience;
mod server;
mod signals;
mod standing;
mod threads;
mod timers;
mod told;
mod watch;

pub use asks::foreign_rights;
pub(crate) use asks::{PRIVATE, REMAPS};
pub use machine::{Controlled, Deed};
pub use watch::Known;

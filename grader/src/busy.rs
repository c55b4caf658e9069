//! Signs of life on standard error, while something takes its time. Only at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A line that shows what is being done. It goes away when dropped.
pub struct Busy {
    bar: ProgressBar,
    begun: AtomicBool,
}

impl Busy {
    /// A spinner with a text that changes; not to be seen before there is one.
    pub fn spinning() -> Busy {
        Self::with(None, "{spinner} {wide_msg}")
    }

    /// A bar that counts to `steps`.
    pub fn counting(text: &str, steps: usize) -> Busy {
        let busy = Self::with(Some(steps as u64), "{msg} {wide_bar} {pos}/{len}");
        busy.bar.set_message(text.to_string());
        busy
    }

    fn with(steps: Option<u64>, template: &str) -> Busy {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(steps, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Busy { bar, begun: AtomicBool::new(false) }
    }

    /// Another text.
    pub fn say(&self, text: &str) {
        self.bar.set_message(text.to_string());
        if !self.begun.swap(true, Ordering::Relaxed) {
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    /// One step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

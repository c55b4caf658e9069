//! Signs of life on standard error, while something takes its time. Only at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A line that shows what is being done. It goes away when dropped.
pub struct Busy(ProgressBar);

impl Busy {
    /// A spinner with a changing text.
    pub fn with(text: &str) -> Busy {
        let bar = Self::bar(None, "{spinner} {wide_msg}");
        bar.0.set_message(text.to_string());
        bar.0.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// A bar that counts to `steps`.
    pub fn counting(text: &str, steps: usize) -> Busy {
        let bar = Self::bar(Some(steps as u64), "{msg} {wide_bar} {pos}/{len}");
        bar.0.set_message(text.to_string());
        bar
    }

    fn bar(steps: Option<u64>, template: &str) -> Busy {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(steps, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Busy(bar)
    }

    /// Another text.
    pub fn say(&self, text: &str) {
        self.0.set_message(text.to_string());
    }

    /// One step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

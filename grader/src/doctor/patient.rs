//! The program that the doctor looks at: a thread, a child, a line of output.

use std::process::Command;

/// Makes a thread, which makes a child that ends at once; then says so.
///
/// The result is what the trace tells: whatever goes wrong here shows there.
pub fn run() {
    let thread =
        std::thread::spawn(|| Command::new("true").env("PATH", "/usr/local/bin:/usr/bin:/bin").status());
    if let Ok(Ok(status)) = thread.join() {
        println!("{status}");
    }
}

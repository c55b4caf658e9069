//! Signs of life on standard error, while something takes its time. Only at a terminal that can take them back.

use crate::report::{self, Style};
use console::Term;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(120);

/// A line that shows what is being done. It goes away when dropped.
pub struct Busy {
    tell: Option<Sender<News>>,
    draws: Option<JoinHandle<()>>,
}

enum News {
    Text(String),
    Step,
}

/// What the line shows.
struct Shown {
    text: String,
    steps: Option<(usize, usize)>,
    /// How often it was drawn.
    drawn: usize,
}

impl Busy {
    /// A text that changes; nothing is seen before there is one.
    pub fn with_text() -> Busy {
        Self::show(Shown { text: String::new(), steps: None, drawn: 0 })
    }

    /// A text, and how many of `steps` are done.
    pub fn counting(text: &str, steps: usize) -> Busy {
        Self::show(Shown { text: text.to_string(), steps: Some((0, steps)), drawn: 0 })
    }

    fn show(shown: Shown) -> Busy {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if dumb || !io::stderr().is_terminal() {
            return Busy { tell: None, draws: None };
        }
        let (tell, told) = channel();
        // Without a thread to spare nothing is shown, and nothing else is missing.
        let draws = thread::Builder::new().name("busy".into()).spawn(move || draw(shown, &told)).ok();
        Busy { tell: Some(tell), draws }
    }

    /// Another text.
    pub fn say(&self, text: &str) {
        self.tell(News::Text(text.to_string()));
    }

    /// One step is done.
    pub fn step(&self) {
        self.tell(News::Step);
    }

    fn tell(&self, news: News) {
        // Nobody listens where nothing is shown.
        let _ = self.tell.as_ref().map(|tell| tell.send(news));
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.tell = None;
        let _ = self.draws.take().map(JoinHandle::join);
    }
}

/// Draws until nobody can tell anything any more.
fn draw(mut shown: Shown, told: &Receiver<News>) {
    let mut next = Instant::now() + TICK;
    loop {
        match told.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(News::Text(text)) => shown.text = text,
            Ok(News::Step) => shown.steps = shown.steps.map(|(done, all)| (done + 1, all)),
            Err(RecvTimeoutError::Timeout) => {
                if !shown.text.is_empty() {
                    write(&format!("\r{}\x1b[K", shown.line(columns())));
                    shown.drawn += 1;
                }
                next = Instant::now() + TICK;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if shown.drawn > 0 {
        write("\r\x1b[K");
    }
}

fn write(text: &str) {
    // If standard error is closed, nobody is there to see it.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn columns() -> usize {
    Term::stderr().size_checked().map_or(Style::PLAIN.width, |(_, columns)| columns.into())
}

impl Shown {
    /// The line, with room for the `^C` that a terminal may put behind it: one that spills over would not go away.
    fn line(&self, columns: usize) -> String {
        const SPINNER: [char; 4] = ['|', '/', '-', '\\'];
        const REST: usize = 4;
        let spinner = SPINNER[self.drawn % SPINNER.len()];
        let steps = self.steps.map(|(done, all)| format!(": {done} of {all}")).unwrap_or_default();
        report::beginning(&format!("{spinner} {}{steps}", self.text), columns.saturating_sub(REST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_and_never_reaches_the_edge() {
        let shown = Shown { text: "judging".into(), steps: Some((3, 143)), drawn: 1 };
        assert_eq!(shown.line(80), "/ judging: 3 of 143");
        assert_eq!(shown.line(12).chars().count(), 8);
    }
}

//! What a piece of text is, and so which colour it has: the only place that knows colours.

/// What a piece of text is, and so which colour it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ink {
    /// Text.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// A heading.
    Strong,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// A zombie.
    Zombie,
    /// Made by the grader.
    Grader,
    /// A task's lane and name: each has its own colour.
    Lane(usize),
}

impl Ink {
    /// Its colour on a terminal.
    pub(crate) fn style(self) -> anstyle::Style {
        use anstyle::AnsiColor::{BrightBlue, Cyan, Green, Magenta, Red, Yellow};
        let plain = anstyle::Style::new();
        let coloured = |colour: anstyle::AnsiColor| plain.fg_color(Some(colour.into()));
        match self {
            Ink::Plain => plain,
            Ink::Dim => plain.dimmed(),
            Ink::Strong => plain.bold(),
            Ink::Good => coloured(Green),
            Ink::Bad => coloured(Red).bold(),
            Ink::Zombie => coloured(Yellow),
            Ink::Grader => coloured(Magenta),
            Ink::Lane(task) => coloured([Cyan, BrightBlue, Green][task % 3]),
        }
    }
}

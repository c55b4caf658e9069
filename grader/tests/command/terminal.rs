//! At a terminal: what is coloured, what is moved about, and what never is.

use crate::place::Place;
use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Command;
use std::ptr;

/// Colours, as opposed to other control sequences, end with this letter. See console_codes(4).
const COLOUR_ENDS: char = 'm';

/// Runs a command with a terminal of so many columns for its output; all that the terminal got, and the exit status.
fn at_a_terminal(mut command: Command, columns: u16) -> (String, Option<i32>) {
    let (mut ours, mut theirs) = (0, 0);
    let size = libc::winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: both numbers and the size are alive; name and settings are not asked for.
    let made = unsafe { libc::openpty(&mut ours, &mut theirs, ptr::null_mut(), ptr::null(), &size) };
    assert_eq!(made, 0, "a pseudo-terminal");
    // SAFETY: the call has just made this descriptor, and nobody else knows of it.
    let (ours, theirs) = (unsafe { File::from_raw_fd(ours) }, unsafe { OwnedFd::from_raw_fd(theirs) });
    command.stdin(theirs.try_clone().expect("a copy")).stderr(theirs.try_clone().expect("a copy"));
    let mut child = command.stdout(theirs).spawn().expect("the grader starts");
    // The command holds the other end as long as it is there.
    drop(command);
    let mut bytes = Vec::new();
    // When the last of those who hold the other end has gone, reading fails; what came before is kept.
    let _ = (&ours).read_to_end(&mut bytes);
    (String::from_utf8_lossy(&bytes).replace("\r\n", "\n"), child.wait().expect("a child of ours").code())
}

fn grader(place: &Place, arguments: &[&str]) -> Command {
    let mut grader = place.grader(arguments);
    grader.env("TERM", "xterm").env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_CTYPE");
    grader
}

/// The last letters of all control sequences in a text.
fn controls(text: &str) -> Vec<char> {
    let ends = |part: &str| part.chars().find(|c| ('@'..='~').contains(c) && *c != '[').unwrap_or('?');
    text.split('\x1b').skip(1).map(ends).collect()
}

#[test]
fn colours_are_for_terminals_whose_user_wants_them() {
    let place = Place::new();
    let check = ["check", "hello"];
    let (text, status) = at_a_terminal(grader(&place, &check), 80);
    assert!(controls(&text).contains(&COLOUR_ENDS), "{text}");
    assert_eq!(status, Some(1));

    let mut refused = grader(&place, &check);
    refused.env("NO_COLOR", "1");
    let (text, _) = at_a_terminal(refused, 80);
    assert!(text.contains("not written yet") && !controls(&text).contains(&COLOUR_ENDS), "{text}");

    let mut dumb = grader(&place, &check);
    dumb.env("TERM", "dumb");
    let (text, _) = at_a_terminal(dumb, 80);
    assert!(text.contains("not written yet") && !text.contains('\x1b') && !text.contains('\r'), "{text:?}");

    let piped = grader(&place, &check).output().expect("the grader starts");
    assert!(!String::from_utf8_lossy(&piped.stdout).contains('\x1b'));
    assert!(piped.stderr.is_empty());
}

const EXPLORE: &[&str] =
    &["explore", "--faults", "--", "sh", "-c", "echo with a line that is long | cat & wait"];

#[test]
fn no_line_is_wider_than_the_terminal() {
    let place = Place::new();
    for arguments in
        [&["check", "pipe"][..], &["show", "pipe"], &["hint", "pipe", "no-leaks"], &["list"], &[], EXPLORE]
    {
        let mut plain = grader(&place, arguments);
        plain.env("TERM", "dumb");
        let (text, _) = at_a_terminal(plain, 72);
        for line in text.lines().filter(|line| !line.contains("cargo") && !line.contains("target")) {
            assert!(line.chars().count() <= 72, "{arguments:?}: {line}");
        }
    }
}

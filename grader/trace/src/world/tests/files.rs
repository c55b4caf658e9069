//! Files, paths and the run's own streams.

use super::cast::*;
use crate::model::ids::{Fd, Text};
use crate::model::operation::OpenFlags;
use crate::order::Footprint;
use crate::world::{Ask, World};

fn open(path: &str, flags: u32) -> Ask {
    Ask::Open { path: Text::from(path), flags: OpenFlags(flags) }
}

const WRONLY: u32 = 1;

fn two() -> (World, crate::TaskPath) {
    let mut world = World::fresh();
    let child = world.forks(&root());
    (world, child)
}

#[test]
fn nobody_notices_what_goes_to_standard_output() {
    let (world, child) = two();
    for fd in [1, 2] {
        assert!(!world.conflict((&root(), &write(fd, 9)), (&child, &write(fd, 9))));
        assert!(world.refuses(&root(), &read(fd, 1)), "but who reads from there might");
        assert!(!world.refuses(&root(), &Ask::UseFile(Fd(fd))), "isatty");
    }
}

#[test]
fn who_opens_for_writing_conflicts_with_who_opens_or_looks() {
    let (world, child) = two();
    let looks = [open("/tmp/a", 0), Ask::LookAt(Text::from("/tmp/a")), Ask::Change(Text::from("/tmp/a"))];
    for change in
        [open("/tmp/a", WRONLY), open("/tmp/a", OpenFlags::CREAT), Ask::Change(Text::from("/tmp/a"))]
    {
        for look in &looks {
            assert!(world.conflict((&root(), &change), (&child, look)), "{change:?} {look:?}");
        }
        assert!(!world.conflict((&root(), &change), (&child, &open("/tmp/b", WRONLY))));
    }
    assert!(!world.conflict((&root(), &open("/tmp/a", 0)), (&child, &open("/tmp/a", 0))));
}

#[test]
fn what_everybody_only_reads_concerns_nobody() {
    let world = World::fresh();
    for path in ["/usr/bin/wc", "/etc/ld.so.cache", "/dev/null", "/proc/self/maps"] {
        assert_eq!(world.touches(&root(), &open(path, 0)), Footprint::nothing(), "{path}");
        assert_eq!(world.touches(&root(), &Ask::LookAt(Text::from(path))), Footprint::nothing(), "{path}");
    }
    assert_eq!(world.touches(&root(), &open("/dev/null", WRONLY)), Footprint::nothing());
    assert_ne!(world.touches(&root(), &open("/etc/passwd", WRONLY)), Footprint::nothing());
}

#[test]
fn texts_about_processes_tell_everything() {
    let (world, child) = two();
    assert!(world.conflict((&root(), &open("/proc/17/stat", 0)), (&child, &Ask::Local)));
    // A PID is not the same in each execution: no footprint names one.
    assert_eq!(world.touches(&root(), &open("/proc/17/stat", 0)), Footprint::everything());
}

#[test]
fn the_runs_own_terminal_may_be_opened_and_not_used() {
    for path in ["/dev/tty", "/dev/pts/3", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let world = World::after(&[open(path, WRONLY)]);
        assert!(!world.refuses(&root(), &open(path, WRONLY)), "{path}");
        assert!(world.refuses(&root(), &read(3, 1)), "{path}");
    }
}

#[test]
fn two_who_share_an_offset_conflict_and_two_who_only_read_by_themselves_do_not() {
    let mut world = World::after(&[open("/tmp/a", 0), FORK]);
    let child = task(&[0]);
    world.does(&child, &open("/tmp/a", 0));
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &read(3, 1))));
    assert!(!world.conflict((&root(), &read(3, 1)), (&child, &read(4, 1))));
    let positioned = Ask::Read { fd: Fd(3), wanted: 1, positioned: true };
    assert!(!world.conflict((&root(), &positioned), (&child, &positioned)));
    assert!(world.conflict((&root(), &Ask::UseFile(Fd(3))), (&child, &read(3, 1))), "lseek");
}

#[test]
fn a_write_is_noticed_by_who_reads_the_same_file() {
    let mut world = World::after(&[open("/tmp/a", WRONLY | OpenFlags::CREAT), FORK]);
    let child = task(&[0]);
    world.does(&child, &open("/tmp/a", 0));
    world.does(&child, &open("/tmp/b", 0));
    assert!(world.conflict((&root(), &write(3, 1)), (&child, &read(4, 1))));
    assert!(!world.conflict((&root(), &write(3, 1)), (&child, &read(5, 1))));
    assert!(world.refuses(&root(), &Ask::Map(Fd(3))), "mapped: seen at any time");
    assert!(world.refuses(&root(), &Ask::Map(Fd(-1))), "shared memory");
}

#[test]
fn folders_are_seen_by_whoever_passes_through_them() {
    let (world, child) = two();
    let within = [
        open("/tmp/d/f", OpenFlags::CREAT),
        open("/tmp/d/f", 0),
        Ask::LookAt(Text::from("/tmp/d/f")),
        Ask::Change(Text::from("/tmp/d/f")),
    ];
    let folder = Ask::Change(Text::from("/tmp/d"));
    for within in &within {
        assert!(world.conflict((&root(), &folder), (&child, within)), "{within:?}");
    }
    assert!(!world.conflict((&root(), &Ask::Change(Text::from("/tmp/dd"))), (&child, &within[0])));
    assert!(!world.conflict((&root(), &within[0]), (&child, &open("/tmp/d/g", OpenFlags::CREAT))));
}

#[test]
fn the_offset_of_a_file_of_the_system_counts_once_it_is_shared() {
    let mut world = World::after(&[open("/etc/passwd", 0)]);
    assert_eq!(world.touches(&root(), &read(3, 1)), Footprint::nothing());
    let child = world.forks(&root());
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &read(3, 1))));
    assert!(world.conflict((&root(), &read(3, 1)), (&child, &Ask::UseFile(Fd(3)))), "lseek");
    assert!(!world.conflict((&root(), &read(0, 1)), (&child, &read(0, 1))), "a device has none");
    world.exits(&child);
    // In another schedule the child still lives and reads.
    assert_ne!(world.touches(&root(), &read(3, 1)), Footprint::nothing());
}

#[test]
fn a_name_that_may_be_another_ones_conflicts_with_everything() {
    let (mut world, child) = two();
    assert!(world.conflict((&root(), &open("/usr/../tmp/a", 0)), (&child, &open("/tmp/b", 0))));
    world.does(&root(), &open("/tmp/a", WRONLY));
    world.does(&child, &open("/tmp/b", 0));
    assert!(!world.conflict((&root(), &write(3, 1)), (&child, &read(3, 1))));
    assert!(world.conflict((&root(), &Ask::Link("rename".into())), (&child, &Ask::Local)));
    world.does(&root(), &Ask::Link("rename".into()));
    assert!(world.conflict((&root(), &write(3, 1)), (&child, &read(3, 1))));
    assert_eq!(world.touches(&root(), &open("/usr/bin/wc", 0)), Footprint::nothing());
}

#[test]
fn an_unclassified_call_notices_everything_and_an_unmodelled_one_is_refused() {
    let (world, child) = two();
    assert!(world.conflict((&root(), &Ask::Anything("rename".into())), (&child, &Ask::Local)));
    assert_eq!(world.look(&root(), &Ask::Unmodelled("it sings".into())), Err("it sings".into()));
    assert!(world.refuses(&task(&[7]), &Ask::Local), "there is no such task");
}

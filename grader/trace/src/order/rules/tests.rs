//! One test a line of the relation: each fails if that line is forgotten.

use super::*;

fn task(path: &[u16]) -> TaskPath {
    TaskPath(path.to_vec())
}

fn name(nth: u32) -> Name {
    Name { by: task(&[]), nth }
}

const PIPE: u32 = 0;

/// Checks both directions: the relation is symmetric.
fn conflict(a: Footprint, b: Footprint) -> bool {
    assert_eq!(a.conflicts(&b), b.conflicts(&a), "{a:?} and {b:?}");
    a.conflicts(&b)
}

#[test]
fn forks_of_different_processes_commute() {
    assert!(!conflict(fork(&task(&[0])), fork(&task(&[1]))));
}

#[test]
fn forks_by_two_threads_of_a_process_conflict_because_waits_look_at_the_oldest_first() {
    assert!(conflict(fork(&task(&[])), fork(&task(&[]))));
}

#[test]
fn ends_of_siblings_commute() {
    assert!(!conflict(exit(&task(&[0]), &[]), exit(&task(&[1]), &[])));
}

#[test]
fn an_end_conflicts_with_the_wait_that_reports_it() {
    assert!(conflict(exit(&task(&[0]), &[]), reap(&task(&[]), &task(&[0]), &[])));
    assert!(conflict(exit(&task(&[0]), &[]), peek(&task(&[]), &task(&[0]), &[])));
}

#[test]
fn an_end_conflicts_with_a_wait_that_passed_the_child_over() {
    let second = || reap(&task(&[]), &task(&[1]), &[task(&[0])]);
    assert!(conflict(exit(&task(&[0]), &[]), second()), "had it ended before, it would have been taken");
    assert!(!conflict(exit(&task(&[2]), &[]), second()), "a younger child is not looked at");
    assert!(conflict(exit(&task(&[0]), &[]), peek(&task(&[]), &task(&[1]), &[task(&[0])])));
}

#[test]
fn an_end_commutes_with_a_wait_for_somebody_else() {
    assert!(!conflict(exit(&task(&[0]), &[]), reap(&task(&[]), &task(&[1]), &[])));
}

#[test]
fn no_news_is_an_observation() {
    let asked = || no_news(&task(&[]), &[task(&[0]), task(&[1])]);
    assert!(conflict(exit(&task(&[1]), &[]), asked()));
    assert!(!conflict(exit(&task(&[2]), &[]), asked()));
    assert!(!conflict(asked(), asked()));
}

#[test]
fn two_waits_of_one_process_conflict_if_one_of_them_reaps() {
    let (root, old, young) = (task(&[]), task(&[0]), task(&[1]));
    assert!(conflict(reap(&root, &old, &[]), reap(&root, &young, &[])));
    assert!(conflict(reap(&root, &old, &[]), peek(&root, &young, &[])));
    assert!(conflict(reap(&root, &old, &[]), no_news(&root, &[])), "ECHILD may be the other's doing");
    assert!(!conflict(peek(&root, &old, &[]), peek(&root, &old, &[])));
}

#[test]
fn a_new_child_conflicts_with_another_threads_wait() {
    assert!(conflict(fork(&task(&[])), no_news(&task(&[]), &[])));
    assert!(conflict(fork(&task(&[])), reap(&task(&[]), &task(&[0]), &[])));
    assert!(conflict(fork(&task(&[])), peek(&task(&[]), &task(&[0]), &[])));
}

#[test]
fn an_end_conflicts_with_getppid_of_the_children_it_leaves() {
    let end = || exit(&task(&[0]), &[task(&[0, 0])]);
    assert!(conflict(end(), parent_asked(&task(&[0, 0]))));
    assert!(!conflict(end(), parent_asked(&task(&[1]))));
}

#[test]
fn an_end_conflicts_with_a_signal_to_the_same_task() {
    let term = Some(Signal(15));
    assert!(conflict(exit(&task(&[0]), &[]), kill(&task(&[0]), term)));
    assert!(conflict(exit(&task(&[0]), &[]), kill(&task(&[0]), None)));
    assert!(!conflict(exit(&task(&[1]), &[]), kill(&task(&[0]), term)));
    let reaped = reap(&task(&[]), &task(&[0]), &[]);
    assert!(conflict(reaped, kill(&task(&[0]), None)), "ESRCH once it is reaped");
}

#[test]
fn ends_conflict_when_the_parent_sees_who_sent_the_first_sigchld() {
    let end = |child: u16| exit(&task(&[child]), &[]).and(kill(&task(&[]), Some(Signal::CHLD)));
    assert!(conflict(end(0), end(1)));
    assert!(conflict(end(0), exit(&task(&[]), &[])), "the parent could have been gone");
}

#[test]
fn an_adoption_conflicts_with_the_adopters_waits() {
    let orphaned = || exit(&task(&[0]), &[task(&[0, 0])]).and(adoption(&task(&[])));
    assert!(conflict(orphaned(), no_news(&task(&[]), &[])));
    assert!(conflict(orphaned(), reap(&task(&[]), &task(&[0, 0]), &[])));
}

#[test]
fn two_senders_of_one_signal_conflict_and_of_different_ones_do_not() {
    let sent = |signal| kill(&task(&[]), Some(Signal(signal)));
    assert!(conflict(sent(10), sent(10)), "the first one's PID is kept");
    assert!(!conflict(sent(10), sent(12)));
    assert!(!conflict(kill(&task(&[0]), Some(Signal(10))), kill(&task(&[1]), Some(Signal(10)))));
}

#[test]
fn a_delivery_conflicts_with_sending_it_and_with_sending_what_would_have_come_first() {
    let delivered = || signal_delivered(&task(&[]), Signal(12), &[Signal(10)]);
    let sent = |signal| signal_sent(&task(&[]), Signal(signal));
    assert!(conflict(delivered(), sent(12)));
    assert!(conflict(delivered(), sent(10)));
    assert!(!conflict(delivered(), sent(15)));
}

#[test]
fn a_read_conflicts_with_the_write_that_brought_its_bytes() {
    let read = pipe_read(&name(PIPE), 4, Found::All(4));
    assert!(conflict(read, pipe_write(&name(PIPE), 6, 10, false)));
}

#[test]
fn a_full_read_and_a_later_write_commute() {
    let read = || pipe_read(&name(PIPE), 0, Found::All(4));
    assert!(!conflict(read(), pipe_write(&name(PIPE), 4, 4, false)));
    assert!(conflict(read(), pipe_write(&name(PIPE), 4, 4, true)), "the room was made by the read");
}

#[test]
fn a_read_that_comes_up_short_saw_that_there_was_no_more() {
    let later = || pipe_write(&name(PIPE), 4, 4, false);
    assert!(conflict(pipe_read(&name(PIPE), 0, Found::Fewer(4)), later()));
    assert!(conflict(pipe_read(&name(PIPE), 4, Found::NotYet), later()));
    assert!(conflict(pipe_read(&name(PIPE), 4, Found::End), later()));
}

#[test]
fn a_write_that_comes_up_short_saw_that_there_was_no_room() {
    let refused = pipe_write(&name(PIPE), 65536, 0, true);
    assert!(conflict(refused, pipe_read(&name(PIPE), 0, Found::All(1))));
    let cut = pipe_write(&name(PIPE), 65530, 6, true);
    assert!(conflict(cut, pipe_read(&name(PIPE), 0, Found::All(1))));
}

#[test]
fn two_reads_and_two_writes_of_a_pipe_conflict() {
    let read = |at| pipe_read(&name(PIPE), at, Found::All(1));
    assert!(conflict(read(0), read(1)));
    let write = |at| pipe_write(&name(PIPE), at, 1, false);
    assert!(conflict(write(0), write(1)));
    assert!(conflict(read(0), pipe_read(&name(PIPE), 1, Found::NotYet)), "the other took it away");
}

#[test]
fn an_end_of_file_conflicts_with_closing_a_write_end() {
    let close = || close_end(&name(PIPE), PipeEnd::Write);
    assert!(conflict(pipe_read(&name(PIPE), 0, Found::End), close()));
    assert!(conflict(pipe_read(&name(PIPE), 0, Found::NotYet), close()));
    assert!(!conflict(pipe_read(&name(PIPE), 0, Found::Fewer(3)), close()), "there were bytes to give");
    assert!(!conflict(pipe_read(&name(PIPE), 0, Found::End), close_end(&name(PIPE), PipeEnd::Read)));
}

#[test]
fn an_end_conflicts_with_readers_of_what_it_closes() {
    let end = || exit(&task(&[0]), &[]).and(close_end(&name(PIPE), PipeEnd::Write));
    assert!(conflict(end(), pipe_read(&name(PIPE), 0, Found::End)));
    assert!(!conflict(end(), pipe_read(&name(1), 0, Found::End)));
}

#[test]
fn a_write_conflicts_with_closing_a_read_end() {
    let close = || close_end(&name(PIPE), PipeEnd::Read);
    assert!(conflict(pipe_write(&name(PIPE), 0, 1, false), close()));
    assert!(conflict(broken_pipe(&name(PIPE)), close()));
    assert!(!conflict(pipe_write(&name(PIPE), 0, 1, false), close_end(&name(PIPE), PipeEnd::Write)));
}

#[test]
fn closing_the_same_end_twice_commutes() {
    let close = || close_end(&name(PIPE), PipeEnd::Write);
    assert!(!conflict(close(), close()));
}

#[test]
fn two_new_descriptors_of_one_table_conflict() {
    let new = |fd| slot_taken(&name(1), Some(Fd(fd)));
    assert!(conflict(new(3), new(4)), "the other way round they would have swapped numbers");
    assert!(!conflict(new(3), slot_taken(&name(2), Some(Fd(4)))), "another table");
}

#[test]
fn a_new_descriptor_conflicts_with_a_close_below_it_and_not_above() {
    let new = || slot_taken(&name(1), Some(Fd(4)));
    assert!(conflict(new(), slot_changed(&name(1), Fd(3))));
    assert!(!conflict(new(), slot_changed(&name(1), Fd(5))));
}

#[test]
fn a_full_table_conflicts_with_any_close() {
    assert!(conflict(slot_taken(&name(1), None), slot_changed(&name(1), Fd(900))));
}

#[test]
fn the_use_of_a_descriptor_conflicts_with_closing_it() {
    let used = || slot_used(&name(1), Fd(3));
    assert!(conflict(used(), slot_changed(&name(1), Fd(3))));
    assert!(!conflict(used(), slot_changed(&name(1), Fd(4))));
    assert!(!conflict(used(), used()));
}

#[test]
fn reads_through_one_open_file_description_share_its_offset() {
    let read = |ofd: Option<&Name>, at| file_read(ofd, &name(9), at, 4, 4);
    assert!(conflict(read(Some(&name(1)), 0), read(Some(&name(1)), 4)));
    assert!(!conflict(read(Some(&name(1)), 0), read(Some(&name(2)), 0)));
    assert!(!conflict(read(None, 0), read(Some(&name(1)), 0)));
}

#[test]
fn writes_to_a_file_conflict_where_they_overlap() {
    let write = |ofd, at| file_write(Some(&name(ofd)), &name(9), at, 4);
    assert!(conflict(write(1, 0), write(2, 3)));
    assert!(!conflict(write(1, 0), write(2, 4)));
    assert!(conflict(write(1, 0), file_read(None, &name(9), 2, 4, 4)));
}

#[test]
fn a_read_that_meets_the_end_of_a_file_saw_its_size() {
    assert!(conflict(file_read(None, &name(9), 0, 10, 4), file_write(None, &name(9), 4, 4)));
    assert!(!conflict(file_read(None, &name(9), 0, 4, 4), file_write(None, &name(9), 4, 4)));
}

#[test]
fn appends_conflict_with_each_other() {
    let append = |ofd, size| file_append(Some(&name(ofd)), &name(9), size);
    assert!(conflict(append(1, 0), append(2, 4)));
}

#[test]
fn futex_calls_on_one_word_conflict_even_two_that_wait() {
    let heap = Space::Private(name(0));
    assert!(conflict(futex(&heap, 64), futex(&heap, 64)));
    assert!(!conflict(futex(&heap, 64), futex(&heap, 68)));
    assert!(!conflict(futex(&heap, 64), futex(&Space::Private(name(1)), 64)));
    let mapped = Space::Shared(name(5));
    assert!(conflict(futex(&mapped, 0), futex(&mapped, 0)), "two processes, one mapped word");
}

#[test]
fn output_that_only_the_grader_sees_is_no_dependency() {
    assert!(!conflict(observed_output(), observed_output()));
    assert!(!conflict(observed_output(), exit(&task(&[0]), &[])));
}

#[test]
fn an_unclassified_call_conflicts_with_everything() {
    for other in [observed_output(), fork(&task(&[])), slot_used(&name(1), Fd(0)), unclassified()] {
        assert!(conflict(unclassified(), other));
    }
}

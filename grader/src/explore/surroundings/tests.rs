//! What an execution finds, whatever the one before it has done.

use super::*;

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<_> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_execution_finds_the_callers_files_and_nothing_else() {
    let outer = tempfile::tempdir().expect("a temporary folder");
    let origin = outer.path().canonicalize().expect("there").join("mine");
    fs::create_dir_all(origin.join("sub")).expect("writable");
    fs::write(outer.path().join("above"), "above").expect("writable");
    fs::write(origin.join("in"), "in").expect("writable");
    fs::write(origin.join("sub/deep"), "deep").expect("writable");
    let around =
        Surroundings::copy_of(&origin, &words(&["./p", "in", "../above", "../missing"])).expect("a copy");
    let here = around.folder();
    for _ in 0..2 {
        around.renew().expect("renewed");
        assert_eq!(names(here), ["in", "sub"]);
        let read = |name: &str| fs::read_to_string(here.join(name)).expect(name);
        assert_eq!(
            (read("in"), read("sub/deep"), read("../above")),
            ("in".into(), "deep".into(), "above".into())
        );
        assert_eq!(names(around.temporary()), [""; 0]);
        // All that a program could do.
        fs::write(here.join("in"), "IN").expect("writable");
        fs::create_dir(here.join("new")).expect("writable");
        fs::write(here.join("new/file"), "new").expect("writable");
        fs::set_permissions(here.join("new"), Permissions::from_mode(0o000)).expect("our own");
        fs::remove_file(here.join("sub")).expect("a link");
        fs::write(here.join("../beside"), "new").expect("writable");
        fs::write(around.temporary().join("x"), "new").expect("writable");
        fs::set_permissions(here, Permissions::from_mode(0o500)).expect("our own");
    }
    assert_eq!(fs::read_to_string(origin.join("in")).expect("still there"), "in", "the original");
    assert_eq!(names(&origin), ["in", "sub"]);
}

#[test]
fn what_is_as_it_was_is_not_made_again() {
    let origin = tempfile::tempdir().expect("a temporary folder");
    fs::write(origin.path().join("in"), "in").expect("writable");
    let around = Surroundings::copy_of(&origin.path().canonicalize().expect("there"), &[]).expect("a copy");
    let file = || fs::symlink_metadata(around.folder().join("in")).expect("there").ino();
    around.renew().expect("renewed");
    let before = file();
    fs::write(around.folder().join("new"), "new").expect("writable");
    around.renew().expect("renewed");
    assert_eq!(file(), before);
}

#[test]
fn of_what_is_too_large_there_is_a_link() {
    let origin = tempfile::tempdir().expect("a temporary folder");
    let large = origin.path().join("large");
    fs::write(&large, vec![0; COPIED as usize + 1]).expect("writable");
    let around = Surroundings::copy_of(&origin.path().canonicalize().expect("there"), &[]).expect("a copy");
    around.renew().expect("renewed");
    let link = fs::read_link(around.folder().join("large")).expect("a link");
    assert_eq!(link, large.canonicalize().expect("there"));
}

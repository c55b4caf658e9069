//! Exercises as they were shipped, kept in the grader: whatever became of the learner's files, they can be had again.
//!
//! The files in `grader/skeletons` are copies of `exercises/*/*/src/main.rs`. They cannot be those files themselves: a
//! learner changes them, and a grader built afterwards would take the change for the original.

use crate::course::Exercise;

/// The source of an exercise as it was shipped.
pub fn source(exercise: &Exercise) -> Option<&'static str> {
    Some(match exercise.id {
        "hello" => include_str!("../skeletons/hello.rs"),
        "fork" => include_str!("../skeletons/fork.rs"),
        "address-space" => include_str!("../skeletons/address-space.rs"),
        "wait" => include_str!("../skeletons/wait.rs"),
        "fork-tree" => include_str!("../skeletons/fork-tree.rs"),
        "exec" => include_str!("../skeletons/exec.rs"),
        "redirect" => include_str!("../skeletons/redirect.rs"),
        "pipe" => include_str!("../skeletons/pipe.rs"),
        "zombies" => include_str!("../skeletons/zombies.rs"),
        "clone-flags" => include_str!("../skeletons/clone-flags.rs"),
        "raw-thread" => include_str!("../skeletons/raw-thread.rs"),
        "tls" => include_str!("../skeletons/tls.rs"),
        _ => return None,
    })
}

/// The manifest of a package: all exercises have the same, but for the name.
pub fn manifest(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\npublish.workspace = true\n\n\
         [dependencies]\nlibc.workspace = true\nnix.workspace = true\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;
    use std::path::Path;

    #[test]
    fn every_exercise_can_be_had_again() {
        for exercise in course::exercises() {
            assert!(source(exercise).is_some_and(|text| text.contains("todo!")), "{}", exercise.id);
        }
    }

    #[test]
    fn the_manifest_is_the_one_that_packages_have() {
        for exercise in course::exercises() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../solutions").join(exercise.chapter);
            let shipped =
                std::fs::read_to_string(folder.join(exercise.id).join("Cargo.toml")).expect("a manifest");
            assert_eq!(shipped, manifest(&format!("{}-solution", exercise.id)));
        }
    }
}

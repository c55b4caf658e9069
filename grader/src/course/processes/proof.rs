//! For tests: checks judged on invented runs.

use crate::course::{Check, Exercise, FileAfter, Finding, Objection, Run};
use grader_trace::Trace;

/// An exercise, and invented runs of it.
pub struct Proof {
    exercise: &'static Exercise,
    runs: Vec<Run>,
}

impl Proof {
    /// No runs yet.
    pub fn of(exercise: &'static Exercise) -> Proof {
        Proof { exercise, runs: Vec::new() }
    }

    /// With a run in this scenario.
    pub fn with(mut self, scenario: &str, trace: Trace) -> Proof {
        let scenario = (self.exercise.scenarios)().into_iter().find(|one| one.id == scenario);
        self.runs.push(Run::invented(scenario.expect("a scenario of this exercise"), trace));
        self
    }

    /// With a file that the last run leaves.
    pub fn leaving(mut self, name: &str, bytes: &[u8], mode: u32) -> Proof {
        let run = self.runs.last_mut().expect("a run");
        run.files.insert(name.to_owned(), FileAfter { bytes: bytes.to_vec(), mode });
        self
    }

    fn judged(&self) -> Vec<(&'static Check, &str, Result<String, Objection>)> {
        let judged = |run| {
            let checks = self.exercise.checks.iter();
            let named = checks.filter(move |check| check.scenarios.contains(&Run::scenario_id(run)));
            named.map(move |check| (check, Run::scenario_id(run), (check.judge)(run)))
        };
        self.runs.iter().flat_map(judged).collect()
    }
}

impl Run {
    fn scenario_id(&self) -> &'static str {
        self.scenario.id
    }
}

/// Every check that is judged in these runs holds.
pub fn all_hold(proof: Proof) {
    let judged = proof.judged();
    assert!(!judged.is_empty());
    for (check, scenario, judgement) in judged {
        assert!(judgement.is_ok(), "{} in {scenario}: {judgement:?}", check.id);
    }
}

/// Of the checks judged in these runs just this one fails; others hold, or are moot because of it.
pub fn fails_only(id: &str, proof: Proof) -> Finding {
    let mut found = None;
    for (check, scenario, judgement) in proof.judged() {
        match judgement {
            Ok(_) => {}
            Err(Objection::Moot { because }) => {
                assert_eq!(because, id, "{} in {scenario} is moot because of it", check.id)
            }
            Err(Objection::Fails(finding)) if check.id == id => found = found.or(Some(finding)),
            Err(other) => panic!("{} in {scenario}: {other:?}", check.id),
        }
    }
    found.unwrap_or_else(|| panic!("{id} does not fail"))
}

/// Each check of the exercise is shown to fail somewhere in the tests whose source this is.
pub fn each_check_fails_somewhere(exercise: &Exercise, tests: &str) {
    let dense: String = tests.chars().filter(|c| !c.is_whitespace()).collect();
    for check in exercise.checks {
        assert!(dense.contains(&format!("fails_only(\"{}\"", check.id)), "{} {}", exercise.id, check.id);
    }
}

//! Are there enough fixtures?

use super::cases::{Case, Kind};
use super::header::Expected;
use crate::course::Exercise;

/// How many fixtures an exercise that counts must have at least: broken ones, right ones.
const LEAST: (usize, usize) = (8, 4);

/// The fixtures of one exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The exercise.
    pub exercise: &'static str,
    /// Broken ones.
    pub broken: usize,
    /// Right ones.
    pub right: usize,
    /// Checks by which no fixture fails.
    pub uncovered: Vec<&'static str>,
    /// An exercise that does not count may have as few as it likes.
    pub counted: bool,
}

impl Coverage {
    /// Counts.
    pub fn of(exercise: &'static Exercise, cases: &[Case]) -> Coverage {
        let expected = |case: &Case| match &case.kind {
            Kind::Fixture(_, expected) if case.exercise.id == exercise.id => Some(expected.clone()),
            _ => None,
        };
        let expected: Vec<Expected> = cases.iter().filter_map(expected).collect();
        let fails_by = |id: &str| {
            expected.iter().any(|expected| matches!(expected, Expected::Fails { check, .. } if check == id))
        };
        let right = expected.iter().filter(|expected| **expected == Expected::Passes).count();
        Coverage {
            exercise: exercise.id,
            broken: expected.len() - right,
            right,
            uncovered: exercise.checks.iter().map(|check| check.id).filter(|id| !fails_by(id)).collect(),
            counted: exercise.counted,
        }
    }

    /// Whether that is enough.
    pub fn suffices(&self) -> bool {
        !self.counted || (self.uncovered.is_empty() && self.broken >= LEAST.0 && self.right >= LEAST.1)
    }

    /// In one line.
    pub fn sentence(&self) -> String {
        let mut text = format!("{} broken, {} right fixtures", self.broken, self.right);
        match &self.uncovered[..] {
            [] => text += "; each check fails by one",
            uncovered => text += &format!("; none fails by {}", uncovered.join(", ")),
        }
        if self.counted && (self.broken < LEAST.0 || self.right < LEAST.1) {
            text += &format!("; at least {} broken, {} right are wanted", LEAST.0, LEAST.1);
        }
        text
    }
}

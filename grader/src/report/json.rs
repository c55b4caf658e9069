//! `--format json`: the report as it is, in `grader/report/v1`.
//!
//! The schema is `grader/schema/report-v1.json`, generated from the types in [`super::model`]; a test
//! keeps it up to date.

use super::model::Report;
use std::io::{self, Write};

/// Writes `report` as one JSON document, indented, with a line end.
pub fn write(report: &Report, to: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, report)?;
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{Verdict, sample};
    use serde_json::Value;

    const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report-v1.json");

    fn schema() -> Value {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
        schema["$id"] = "grader/report/v1".into();
        schema
    }

    fn written(report: &Report) -> Value {
        let mut bytes = Vec::new();
        write(report, &mut bytes).expect("a vector takes everything");
        serde_json::from_slice(&bytes).expect("it is JSON")
    }

    #[test]
    fn the_stored_schema_is_what_the_types_say() {
        let generated = format!("{:#}\n", schema());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(STORED, &generated).expect("the schema can be written");
        }
        let stored = std::fs::read_to_string(STORED).unwrap_or_default();
        assert_eq!(
            stored, generated,
            "{STORED} is not what the types say; if the change is meant, run\n\
             UPDATE_SCHEMA=1 cargo test -p grader the_stored_schema"
        );
    }

    #[test]
    fn a_report_of_every_verdict_is_valid() {
        let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
        let report = sample::report_of(&Verdict::ALL);
        let json = written(&report);
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
        assert_eq!(json["exercises"].as_array().map(Vec::len), Some(Verdict::ALL.len()));
    }

    #[test]
    fn what_is_not_a_report_is_refused() {
        let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
        let good = written(&sample::report_of(&[Verdict::Failed]));
        let damage: [fn(&mut Value); 6] = [
            |json| json["schema"] = "grader/report/v2".into(),
            |json| drop(json.as_object_mut().and_then(|report| report.remove("machine"))),
            |json| json["exercises"][0]["verdict"] = "wrong".into(),
            |json| json["exercises"][0]["points"]["earned"] = (-1).into(),
            |json| json["exercises"][0]["checks"][0]["evidence"] = Value::Null,
            |json| json["summary"] = Value::Null,
        ];
        assert!(validator.is_valid(&good));
        for spoil in damage {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(!validator.is_valid(&bad), "{bad:#}");
        }
    }

    #[test]
    fn verdicts_have_the_names_that_are_published() {
        let names: Vec<Value> = Verdict::ALL.iter().map(|verdict| serde_json::json!(verdict)).collect();
        assert_eq!(names, ["passed", "failed", "build-failed", "timed-out", "crashed", "cannot-tell"]);
    }
}

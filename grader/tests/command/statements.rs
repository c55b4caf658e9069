//! Numbers in statements are computed, not typed in.

use crate::place::Place;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// What a statement says of a tree, or what the exploration of a program that grows it says.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    processes: String,
    outputs: String,
    outputs_if_it_waits_first: String,
}

#[test]
fn the_statement_of_fork_tree_counts_processes_and_outputs_right() {
    let place = Place::new();
    let fixture = fs::read_to_string(place.path("fixtures/1-processes/fork-tree/waits-first.rs"));
    fs::write(place.source("fork-tree"), fixture.expect("a fixture")).expect("writable");
    build(&place, "fork-tree");
    build(&place, "fork-tree-solution");
    let statement = fs::read_to_string(place.path("exercises/1-processes/fork-tree/README.md"));
    let said = table(&statement.expect("a statement"));
    assert_eq!(said.keys().collect::<Vec<_>>(), ["chain", "doubling", "fan", "six"]);
    for (tree, said) in said {
        let (writes_first, waits_first) =
            (explored(&place, "fork-tree-solution", &tree), explored(&place, "fork-tree", &tree));
        let found = Row {
            processes: writes_first["processes"]["min"].to_string(),
            outputs: text(&writes_first["distinct_outputs"]),
            outputs_if_it_waits_first: text(&waits_first["distinct_outputs"]),
        };
        assert_eq!(said, found, "{tree}");
    }
}

fn build(place: &Place, package: &str) {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "-p", package])
        .current_dir(place.root())
        .env_remove("CARGO_TARGET_DIR")
        .status();
    assert!(built.expect("cargo").success(), "{package} does not build");
}

/// Every schedule of a program, which must have been gone through.
fn explored(place: &Place, program: &str, tree: &str) -> Value {
    let program = place.path(&format!("target/debug/{program}"));
    let program = program.to_str().expect("a path of letters");
    let output =
        place.grader(&["explore", "--json", "--", program, tree]).output().expect("the grader starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    for claim in ["complete", "distinct_outputs_exact"] {
        assert_eq!(document[claim], Value::Bool(true), "{program} {tree}: {document}");
    }
    assert_eq!(document["processes"]["min"], document["processes"]["max"]);
    document
}

fn text(value: &Value) -> String {
    value.as_str().expect("a number in words").to_string()
}

/// The rows with four cells that begin with the name of a tree.
fn table(statement: &str) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in statement.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [tree, processes, outputs, waits_first] = cells[..]
            && let Some(tree) = tree.strip_prefix('`').and_then(|tree| tree.strip_suffix('`'))
        {
            let [processes, outputs, outputs_if_it_waits_first] =
                [processes, outputs, waits_first].map(str::to_string);
            rows.insert(tree.to_string(), Row { processes, outputs, outputs_if_it_waits_first });
        }
    }
    rows
}

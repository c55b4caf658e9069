//! A tracer in a process of its own.

use super::{audit, specimen, survivors};
use grader_trace::{Trace, file};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What such a tracer has seen.
pub struct Traced {
    pub trace: Trace,
    /// What its program wrote to standard output.
    pub output: String,
}

impl Traced {
    /// Traces the specimen in a mode (or a program, if a path is given) under some circumstance. The tracer's process
    /// has no child left when its run is over; see the specimen's `tracing`.
    pub fn of(circumstance: &str, inner: &[&str]) -> Traced {
        let (output, errors, code) = Traced::attempt(circumstance, inner);
        assert_eq!(code, Some(0), "{circumstance}, {inner:?}: {errors}");
        let trace = file::read(errors.as_bytes()).unwrap_or_else(|error| panic!("{error}: {errors}"));
        audit(&trace);
        Traced { trace, output }
    }

    /// Standard output, standard error and exit code.
    pub fn attempt(circumstance: &str, inner: &[&str]) -> (String, String, Option<i32>) {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let mark = format!("apart-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let tracer = Command::new(specimen())
            .args([&["trace", circumstance], inner].concat())
            .env("STAGE", &mark)
            .stdin(Stdio::null())
            .output()
            .expect("the specimen can be executed");
        assert!(survivors(&mark).is_empty(), "{inner:?} leaves something alive");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (text(tracer.stdout), text(tracer.stderr), tracer.status.code())
    }
}

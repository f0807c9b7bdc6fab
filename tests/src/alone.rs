//! Tests that need a process of their own.

use std::process::{Command, ExitStatus};

use crate::Process;

/// How a process has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or the signal that it died of.
    pub status: ExitStatus,
    /// What it has said on standard output.
    pub output: String,
    /// What it has said on standard error.
    pub errors: String,
}

/// Runs the test of this name (as `--exact` takes it) of this program in a process of its own, whose threads, descriptors
/// and memory are all its own and whose end is nobody else's. Returns how that ended, and `None` in that process.
///
/// # Panics
/// When there is no such test, or it has not ended at the deadline.
#[track_caller]
pub fn elsewhere(test: &str) -> Option<Ended> {
    if std::env::var_os("ELSEWHERE").is_some() {
        return None;
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    let command = command
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env("ELSEWHERE", test);
    let (status, output, errors) = Process::start(command).wait();
    assert!(
        output.contains("running 1 test\n"),
        "no test is called {test}: {output}"
    );
    Some(Ended {
        status,
        output,
        errors,
    })
}

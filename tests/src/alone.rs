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

impl Ended {
    /// # Panics
    /// When the test has failed there.
    #[track_caller]
    pub fn passed(&self) {
        let Ended {
            status,
            output,
            errors,
        } = self;
        assert!(status.success(), "{status}: {output}{errors}");
    }
}

/// Whether this process is one of those that [`elsewhere`] starts.
pub fn is_elsewhere() -> bool {
    std::env::var_os("ELSEWHERE").is_some()
}

/// What [`elsewhere`] starts, for tests that have more to say about how.
pub fn elsewhere_command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env("ELSEWHERE", test);
    command
}

/// Runs the test of this name (as `--exact` takes it) of this program in a process of its own, whose threads, descriptors
/// and memory are all its own and whose end is nobody else's. Returns how that ended, and `None` in that process.
///
/// # Panics
/// When there is no such test, or it has not ended at the deadline.
#[track_caller]
pub fn elsewhere(test: &str) -> Option<Ended> {
    if is_elsewhere() {
        return None;
    }
    let (status, output, errors) = Process::start(&mut elsewhere_command(test)).wait();
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

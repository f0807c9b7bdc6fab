//! Tests that need a process to themselves.

use std::process::{Command, ExitStatus};

use crate::Process;

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or the signal that killed it.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
}

impl Ended {
    /// # Panics
    /// If the test failed.
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

/// Whether this process was started by [`elsewhere`].
pub fn is_elsewhere() -> bool {
    std::env::var_os("ELSEWHERE").is_some()
}

/// The command that [`elsewhere`] runs, for tests that change it.
pub fn elsewhere_command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env("ELSEWHERE", test);
    command
}

/// Runs a test of this program, named as `--exact` takes it, in a fresh process, which shares no
/// threads, descriptors or memory with another test and may die. Returns how the process ended, or
/// `None` in that process.
///
/// # Panics
/// If there is no such test, or it has not ended at the deadline.
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

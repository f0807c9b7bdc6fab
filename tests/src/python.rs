//! Python, as client, as server and as the original.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::Process;

/// Starts a script, given as text, with arguments. Returns `None` if there is no Python.
///
/// # Panics
/// If Python is missing and `CI` is set.
#[track_caller]
pub fn python(script: &str, arguments: &[&str]) -> Option<Process> {
    static PYTHON: OnceLock<bool> = OnceLock::new();
    let there = *PYTHON.get_or_init(|| {
        let status = Command::new("python3")
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    });
    if !there {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("skipped: python3 is missing");
        return None;
    }
    Some(Process::start(
        Command::new("python3")
            .args(["-u", "-c", script])
            .args(arguments),
    ))
}

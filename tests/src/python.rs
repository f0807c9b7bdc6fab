//! Python, as client, as server and as the original.

use crate::prelude::*;

/// Starts a script, given as text, with arguments. Returns `None` if there is no Python.
#[track_caller]
pub fn python(script: &str, arguments: &[&str]) -> Option<Process> {
    static PYTHON: OnceLock<bool> = OnceLock::new();
    let is_there = || Command::new("python3").arg("--version").output().is_ok();
    if !*PYTHON.get_or_init(is_there) {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("skipped: python3 is missing");
        return None;
    }
    let mut command = Command::new("python3");
    Some(Process::start(command.args(["-u", "-c", script]).args(arguments)))
}

/// The output of a script that succeeds. Returns `None` if there is no Python.
#[track_caller]
pub fn python_says(script: &str, arguments: &[&str]) -> Option<String> {
    Some(python(script, arguments)?.ended().passed())
}

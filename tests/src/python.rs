//! Python, as client, as server and as the original.

use crate::prelude::*;

/// Starts a script, given as text, with arguments. Returns `None` if there is no Python.
#[track_caller]
pub fn python(script: &str, arguments: &[&str]) -> Option<Process> {
    static PYTHON: OnceLock<bool> = OnceLock::new();
    let there = *PYTHON.get_or_init(|| {
        let status = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    });
    if !there {
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

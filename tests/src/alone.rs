//! Tests that need a process to themselves.

use std::process::ExitStatus;

use crate::prelude::*;

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or the signal that killed it.
    pub status: ExitStatus,
    pub output: String,
    pub errors: String,
}

impl Ended {
    /// Asserts that it succeeded, and returns its standard output.
    #[track_caller]
    pub fn passed(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.output
    }
}

/// Whether this process was started by [`elsewhere_command`].
pub fn is_elsewhere() -> bool {
    std::env::var_os("ELSEWHERE").is_some()
}

/// The command that runs the calling test once more, alone.
#[track_caller]
pub fn elsewhere_command() -> Command {
    let this = thread::current();
    let test = this.name().expect("the harness names a test's thread");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture", "--include-ignored"]).env("ELSEWHERE", test);
    command
}

#[track_caller]
fn ended(mut command: Command) -> Ended {
    let ended = Process::start(&mut command).ended();
    assert!(ended.output.contains("running 1 test\n"), "no such test: {ended:?}");
    ended
}

/// Runs the calling test in a separate process, with threads, descriptors, memory, limits,
/// signals and a logger that no other test shares, and which may die. Returns how that process
/// ended, and `None` in that process.
#[track_caller]
pub fn own_process() -> Option<Ended> {
    (!is_elsewhere()).then(|| ended(elsewhere_command()))
}

/// The same for a test that passes there. It goes on in that process alone.
#[track_caller]
pub fn alone() -> Option<()> {
    own_process().map_or(Some(()), |ended| {
        ended.passed();
        None
    })
}

/// [`alone`] in a separate network and with separate mounts, after these commands of a shell.
/// Skipped where the system does not allow that.
#[track_caller]
pub fn alone_in_network(commands: &str) -> Option<()> {
    if is_elsewhere() {
        return Some(());
    }
    let allowed = Command::new("unshare").args(["-n", "-m", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: a separate network is not allowed");
        return None;
    }
    let script = format!("set -e; ip link set lo up; {commands}\nexec \"$@\"");
    let test = elsewhere_command();
    let mut command = Command::new("unshare");
    command.args(["-n", "-m", "sh", "-c", &script, "sh"]).arg(test.get_program());
    command.args(test.get_args()).env("ELSEWHERE", "a network");
    ended(command).passed();
    None
}

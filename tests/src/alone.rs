//! Tests that need a process to themselves.

use std::process::ExitStatus;

use crate::prelude::*;

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

/// The command that runs one test of this program, named as `--exact` takes it.
pub fn elsewhere_command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture", "--include-ignored"]).env("ELSEWHERE", test);
    command
}

/// Runs a test of this program in a process of its own, with threads, descriptors, memory, limits,
/// signals and a logger that no other test shares, and which may die. Returns how that process
/// ended, and `None` in that process.
#[track_caller]
pub fn elsewhere(test: &str) -> Option<Ended> {
    if is_elsewhere() {
        return None;
    }
    Some(ended(elsewhere_command(test)))
}

#[track_caller]
fn ended(mut command: Command) -> Ended {
    let ended = Process::start(&mut command).ended();
    assert!(ended.output.contains("running 1 test\n"), "no such test: {ended:?}");
    ended
}

fn this_test() -> String {
    let thread = thread::current();
    thread.name().expect("the harness names a test's thread").to_owned()
}

/// [`elsewhere`] with the calling test.
#[track_caller]
pub fn own_process() -> Option<Ended> {
    elsewhere(&this_test())
}

/// The same for a test that passes there. It goes on in that process alone.
#[track_caller]
pub fn alone() -> Option<()> {
    own_process().map_or(Some(()), |ended| {
        ended.passed();
        None
    })
}

/// [`alone`], as a condition.
#[track_caller]
pub fn in_own_process() -> bool {
    alone().is_some()
}

/// [`alone`] in a network and with mounts of its own, after these commands of a shell. Skipped where that is not
/// allowed.
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
    let test = elsewhere_command(&this_test());
    let mut command = Command::new("unshare");
    command.args(["-n", "-m", "sh", "-c", &script, "sh"]).arg(test.get_program());
    command.args(test.get_args()).env("ELSEWHERE", "a network");
    ended(command).passed();
    None
}

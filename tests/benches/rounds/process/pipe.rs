//! A child process that talks in lines.

use std::process::{Child, ChildStdin, ChildStdout};

use tests::prelude::*;

/// What begins a line about the failure of a child process.
pub(crate) const FAILED: &str = "failed: ";

/// Dropping this kills it, and the processes that it has started.
#[derive(Debug)]
pub(super) struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Piped {
    /// Starts this program in another role.
    pub(super) fn start(role: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).args(arguments).process_group(0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Ok(Piped { child, stdin, stdout })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints.
    pub(super) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(io::Error::other("the process has ended"));
        }
        match line.trim_end().split_once(FAILED) {
            Some((_, reason)) => Err(io::Error::other(reason.to_owned())),
            None => Ok(line.trim_end().to_owned()),
        }
    }

    /// Writes a line to it. Returns its answer.
    pub(super) fn ask(&mut self, line: &str) -> io::Result<String> {
        let stdin = self.stdin.as_mut().expect("open until the end");
        writeln!(stdin, "{line}")?;
        self.line()
    }

    /// Waits for the end.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        self.child.wait().map(drop)
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let group = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        // Both fail if it has ended already.
        let _ = rustix::process::kill_process_group(group.expect("a process"), Signal::KILL);
        let _ = self.child.wait();
    }
}

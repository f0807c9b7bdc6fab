//! Programs that tests start and that do not outlive them.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::DEADLINE;

/// A program that runs with pipes. Dropped, it is killed if it still runs.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
    errors: Receiver<String>,
}

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdin = child.stdin.take();
        let (lines, out) = reader(child.stdout.take().expect("a pipe"));
        let (errors, err) = reader(child.stderr.take().expect("a pipe"));
        Process {
            name,
            child,
            stdin,
            lines,
            errors,
            readers: vec![out, err],
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its next line on standard output, without its end.
    ///
    /// # Panics
    /// When none comes before the deadline.
    #[track_caller]
    pub fn line(&self) -> String {
        self.line_within(DEADLINE)
    }

    /// The same, for what may take another time.
    ///
    /// # Panics
    /// When none comes in time.
    #[track_caller]
    pub fn line_within(&self, time: Duration) -> String {
        self.lines.recv_timeout(time).unwrap_or_else(|_| {
            let errors: Vec<_> = self.errors.try_iter().collect();
            panic!(
                "{} said nothing more; on standard error: {errors:#?}",
                self.name
            )
        })
    }

    /// Its next line on standard error that contains `text`.
    ///
    /// # Panics
    /// When none comes before the deadline.
    #[track_caller]
    pub fn error_with(&self, text: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.errors.recv_deadline(end) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(_) => panic!("{} never said {text:?} on standard error", self.name),
            }
        }
    }

    /// Writes to its standard input.
    ///
    /// # Panics
    /// When that is closed.
    #[track_caller]
    pub fn write(&mut self, text: impl AsRef<[u8]>) {
        self.stdin
            .as_mut()
            .expect("standard input is open")
            .write_all(text.as_ref())
            .expect("write");
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has gone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process"), signal).expect("kill");
    }

    /// Waits for its end. Returns its status, what was left on standard output, and on standard error.
    ///
    /// # Panics
    /// When it has not ended at the deadline.
    #[track_caller]
    pub fn wait(mut self) -> (ExitStatus, String, String) {
        self.end_input();
        let end = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                break status;
            }
            assert!(Instant::now() < end, "{} does not end", self.name);
            thread::sleep(Duration::from_millis(1));
        };
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader only reads");
        }
        let all = |lines: &Receiver<String>| lines.try_iter().map(|line| line + "\n").collect();
        (status, all(&self.lines), all(&self.errors))
    }
}

/// How much memory of one kind a process has, in bytes: `VmRSS` is what is really there, `VmPTE` what
/// the page tables take.
///
/// # Errors
/// The system's, when there is no such process; `InvalidData` when there is no such kind.
pub fn memory_of(process: u32, kind: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(kind));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kibibytes
        .map(|number| number * 1024)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Lets this process, and those that it starts, have as many descriptors as the system allows.
///
/// # Errors
/// The system's.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

fn reader(pipe: impl Read + Send + 'static) -> (Receiver<String>, JoinHandle<()>) {
    let (sender, lines) = crossbeam_channel::unbounded();
    let thread = thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text =
                String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned();
            if sender.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    (lines, thread)
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Programs that tests start, and that end with the test.

use std::process::{Child, ChildStdin, ExitStatus};

use crate::prelude::*;

/// A running program, connected by pipes. Dropping this kills it.
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
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        Self::start_on(Stdio::piped(), command)
    }

    /// The same, with something else as its standard input.
    #[track_caller]
    pub fn start_on(input: impl Into<Stdio>, command: &mut Command) -> Self {
        let name = format!("{command:?}");
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let stdin = child.stdin.take();
        let (lines, out) = reader(child.stdout.take().expect("a pipe"));
        let (errors, err) = reader(child.stderr.take().expect("a pipe"));
        let readers = vec![out, err];
        Process { name, child, stdin, lines, errors, readers }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output, without its end.
    #[track_caller]
    pub fn line(&self) -> String {
        self.line_within(DEADLINE)
    }

    #[track_caller]
    pub fn line_within(&self, time: Duration) -> String {
        self.lines.recv_timeout(time).unwrap_or_else(|_| {
            let errors: Vec<_> = self.errors.try_iter().collect();
            panic!("{} printed no further line; its standard error: {errors:#?}", self.name)
        })
    }

    /// The next line of its standard error that contains `text`.
    #[track_caller]
    pub fn error_with(&self, text: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.errors.recv_deadline(end) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(_) => panic!("{} did not print {text:?} to standard error", self.name),
            }
        }
    }

    #[track_caller]
    pub fn write(&mut self, text: impl AsRef<[u8]>) {
        self.stdin
            .as_mut()
            .expect("standard input is open")
            .write_all(text.as_ref())
            .expect("write");
    }

    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process"), signal).expect("kill");
    }

    #[track_caller]
    pub fn ended(self) -> Ended {
        let (status, output, errors) = self.wait();
        Ended { status, output, errors }
    }

    /// Waits for its end. Returns its status, and the rest of its standard output and error.
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
            reader.join().expect("a reader does not panic");
        }
        let all = |lines: &Receiver<String>| lines.try_iter().map(|line| line + "\n").collect();
        (status, all(&self.lines), all(&self.errors))
    }
}

/// Whether these tests can use a program. Under CI they must.
pub fn has_program(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).stdout(Stdio::null()).output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// A free port, for a program that cannot choose one.
pub fn free_port(ip: &Address) -> SocketAddr {
    let listener = TcpListener::bind(inet(ip)).expect("bind");
    listener.local_addr().expect("an address")
}

/// How much memory of one kind a process has, in bytes: `VmRSS` is resident memory, `VmPTE` page
/// tables.
pub fn memory_of(process: u32, kind: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(kind));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kibibytes.map(|number| number * 1024).ok_or(ErrorKind::InvalidData.into())
}

/// Raises the limit of descriptors, for this process and its children, as far as the system allows.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
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
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

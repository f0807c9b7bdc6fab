//! The trace: a file with a line per call, which several processes write.

use std::fs::OpenOptions;
use std::process;

use tests::prelude::*;

/// The file, from outside.
pub(super) struct Trace(PathBuf);

impl Trace {
    pub(super) fn new(path: PathBuf) -> Self {
        Trace(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn append(&self) -> File {
        let mut options = OpenOptions::new();
        options.append(true).create(true).open(&self.0).expect("the trace")
    }

    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }

    /// Waits for a word, up to that limit. Returns whether it is there.
    pub(super) fn wait(&self, word: &str, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while !self.text().split_whitespace().any(|there| there == word) {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

/// The file, for the server that writes it.
struct Writer {
    trace: Trace,
    file: File,
    process: u32,
    main: ThreadId,
    serving: Mutex<Option<ThreadId>>,
}

static WRITER: OnceLock<Writer> = OnceLock::new();

fn writer() -> &'static Writer {
    WRITER.get().expect("a trace")
}

/// Must be called on the main thread.
pub(super) fn open(path: &str) {
    let trace = Trace::new(path.into());
    let writer = Writer {
        file: trace.append(),
        trace,
        process: process::id(),
        main: thread::current().id(),
        serving: Mutex::new(None),
    };
    assert!(WRITER.set(writer).is_ok(), "one trace");
}

/// Runs a loop on this thread.
pub(super) fn in_loop(run: impl FnOnce()) {
    *writer().serving.lock() = Some(thread::current().id());
    run();
    *writer().serving.lock() = None;
}

fn place() -> &'static str {
    let (writer, here) = (writer(), thread::current().id());
    if process::id() != writer.process {
        "process"
    } else if *writer.serving.lock() == Some(here) {
        "loop"
    } else if here == writer.main {
        "main"
    } else {
        "thread"
    }
}

/// Adds a line about a call, with its kind of thread.
pub(super) fn trace(call: impl Display) {
    trace_at(place(), call);
}

pub(super) fn trace_at(place: &str, text: impl Display) {
    let line = format!("{place} {text}\n");
    // One call per line, so that lines do not mix.
    (&writer().file).write_all(line.as_bytes()).expect("a line in the trace");
}

pub(super) fn wait(word: &str) {
    assert!(writer().trace.wait(word, DEADLINE), "no {word}");
}

/// Whether the word is there before that limit.
pub(super) fn soon(word: &str, limit: Duration) -> bool {
    writer().trace.wait(word, limit)
}

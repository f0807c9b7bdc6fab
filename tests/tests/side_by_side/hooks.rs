//! Our hooks, each with a line in the trace. Python's are in `python/hooks.py`.

use tests::prelude::*;

use crate::trace::trace;
use crate::words;
use crate::words::{fault, panic_if};

#[derive(Default)]
pub(super) struct Hooks {
    loops: AtomicU64,
    failed: AtomicBool,
    stopping: AtomicBool,
}

impl Hooks {
    /// Counts a loop that begins, and returns its number.
    pub(super) fn begin(&self) -> u64 {
        self.stopping.store(false, Relaxed);
        self.loops.fetch_add(1, Relaxed) + 1
    }
}

impl<R> BaseServer<R> for Hooks {
    fn verify_request(&self, _: &R, _: &Address, _: &ServerRef<Self>) -> bool {
        trace("verify_request");
        panic_if("verify_request");
        words::get("fault") != Some("verify_request_is_false")
    }

    fn handle_error(&self, _: &R, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        trace(format!("handle_error({})", python_name(error)));
        panic_if("handle_error");
    }

    fn handle_timeout(&self, _: &ServerRef<Self>) {
        trace("handle_timeout");
    }

    fn service_actions(&self, server: &ServerRef<Self>) {
        trace("service_actions");
        let expected = words::number("requests", 1) * self.loops.load(Relaxed);
        let stats = server.stats();
        if expected == 0 || stats.accepted < expected || stats.active > 0 {
            return;
        }
        if !self.failed.swap(true, Relaxed) {
            panic_if("service_actions");
        }
        if !self.stopping.swap(true, Relaxed) {
            // On the loop's thread this only asks.
            server.shutdown();
        }
    }

    fn server_close(&self, _: &ServerRef<Self>) {
        trace("server_close");
    }
}

/// Called by the transport after each step. Lets it fail once if the words say so.
pub(super) fn watch(call: &'static str) -> io::Result<()> {
    static FAILED: AtomicBool = AtomicBool::new(false);
    if call == "prepare" {
        // Python has no such step.
        return Ok(());
    }
    trace(call);
    match words::get("fault") {
        Some("get_request") if !FAILED.swap(true, Relaxed) => Err(Errno::CONNABORTED.into()),
        Some("get_request_otherwise") if !FAILED.swap(true, Relaxed) => {
            Err(io::Error::other("Fault"))
        }
        _ => Ok(()),
    }
}

pub(super) fn python_name(error: &HandlerError) -> String {
    match error.downcast_ref::<io::Error>() {
        Some(error) => io_name(error),
        None => error.to_string().trim_start_matches("panicked: ").to_owned(),
    }
}

pub(super) fn io_name(error: &io::Error) -> String {
    let name = match error.kind() {
        io::ErrorKind::TimedOut => "TimeoutError",
        io::ErrorKind::ConnectionReset => "ConnectionResetError",
        io::ErrorKind::BrokenPipe => "BrokenPipeError",
        _ if error.raw_os_error().is_some() => "OSError",
        _ => return error.to_string(),
    };
    name.to_owned()
}

/// A concurrency with a line in the trace for each request.
pub(super) type Traced = Wrapped<Box<dyn Concurrency>, Trace>;

pub(super) struct Trace;

pub(super) fn traced(concurrency: Box<dyn Concurrency>) -> Traced {
    Wrapped::new(concurrency, Trace)
}

impl ConcurrencyHooks for Trace {
    fn process_request(&self, inner: &dyn Concurrency, job: Job) -> Result<(), Rejected> {
        trace("process_request");
        match fault("process_request") {
            Ok(()) => inner.process_request(job),
            Err(error) => Err(Rejected { job, error }),
        }
    }
}

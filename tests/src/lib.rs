//! What the tests share: servers that must stop before a deadline, clients made of the standard
//! library and of Python, and the matrix of transports and concurrencies.
//!
//! Nothing here sleeps and hopes: a test waits for a condition, and fails if that does not hold by
//! [`DEADLINE`]. What cannot do its part panics, with the place of its caller.

mod alone;
mod behind;
mod certificates;
mod client;
#[path = "../../socketserver/src/sys/tests/deep.rs"]
mod deep;
mod limits;
mod lines;
mod matrix;
mod parts;
pub mod prelude;
mod process;
mod python;
/// What connections behind a proxy begin with.
#[path = "../../socketserver/src/proxy/tests/rows.rs"]
pub mod rows;
mod running;
mod tls;
mod watched;

pub use alone::{Ended, alone, alone_in_network, elsewhere_command, is_elsewhere, own_process};
pub use behind::{Behind, Pieces, local_proxies, meet_row, meet_rows};
pub use certificates::{Authority, Files, rsa_key};
pub use client::{Client, tcp_pair, unix_pair};
pub use deep::deep;
pub use limits::{all_descriptors, count_of, leave_memory, lower, with_at_most};
pub use lines::{LogLines, keep_lines, log_by};
pub use matrix::{
    Column, Concurrent, Datagrams, OnGreen, Ordinary, Row, Streams, TestTransport, Thread,
};
pub use parts::{Busy, Call, Echo, Failure, Failures, Function, Through, echo_once};
pub use process::{Process, free_port, has_program, memory_of, raise_descriptor_limit};
pub use python::{python, python_says};
pub use running::{Running, bind, ends_well, placed, run, serve};
pub use rustix::process::Signal;
pub use tls::{TlsClient, client_config, client_hello, server_config};
pub use watched::{Watched, obstructed, watched};

/// Every test program may use green threads.
#[allow(unsafe_code)]
#[ctor::ctor(unsafe)]
fn enable_green_threads() {
    // SAFETY: no test waits inside `LocalKey::with` on a green thread, or in the initializer of a
    // thread-local.
    unsafe { socketserver::green::enable() };
}

use std::any::Any;
use std::ffi::OsString;
use std::sync::Once;

use crossbeam_channel::RecvTimeoutError;

use crate::prelude::*;

/// Any free port of this machine.
pub const LOCAL: &str = "127.0.0.1:0";

/// How long any step of a test may take: far longer than it needs, so that a busy machine is no
/// failure.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds, which `what` describes.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "waited {DEADLINE:?} in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How many schedulers of green threads there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get())
}

/// A loopback address that no other test uses, so that a port that becomes free there stays free.
pub fn apart() -> Address {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // 64 addresses of 127.64.0.0/10 per process.
    let place = NEXT.fetch_add(1, Ordering::Relaxed) % 64;
    let number = u64::from(std::process::id()) * 64 + place;
    let [.., high, middle, low] = number.to_be_bytes();
    Address::Inet(([127, 64 + high % 64, middle, low], 0).into())
}

/// The address of a server of TCP or UDP.
#[track_caller]
pub fn inet(address: &Address) -> SocketAddr {
    match address {
        Address::Inet(address) => *address,
        other => unreachable!("expected an IP address, got {other}"),
    }
}

/// Runs `work` on a thread and returns its result.
#[track_caller]
pub fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = crossbeam_channel::bounded(1);
    let thread = thread::spawn(move || drop(done.send(work())));
    match waiting.recv_timeout(DEADLINE) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("{what} took more than {DEADLINE:?}"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => resume_unwind(payload),
            Ok(()) => unreachable!("a thread that has not panicked has sent its result"),
        },
    }
}

/// Runs `work`, which must take less time than that.
#[track_caller]
pub fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = work();
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
    result
}

/// Does `work` for each number below `count`, on that many threads.
pub fn crowd<T: Send>(threads: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let numbers = || {
        let number = next.fetch_add(1, Relaxed);
        (number < count).then_some(number)
    };
    let worker = || std::iter::from_fn(numbers).map(&work).collect::<Vec<T>>();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results.flat_map(|result| result.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// The kind of an error, where success is none.
#[track_caller]
pub fn error_kind<T>(result: io::Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => error.kind(),
    }
}

pub fn panic_message(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload
            .downcast_ref::<&str>()
            .map_or_else(|| "a panic".to_owned(), |text| (*text).to_owned()),
    }
}

/// A folder for one test, removed when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a folder with a path short enough for Unix sockets.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("socketserver-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Folder(path),
                // A process of this number was killed before it could remove its folder.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("cannot make {}: {error}", path.display()),
            }
        }
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The path of a program of the demos, which is built first if necessary.
pub fn demo(name: &str) -> PathBuf {
    programs().join(name)
}

/// The path of an example of the library, which is built first if necessary.
pub fn example(name: &str) -> PathBuf {
    programs().join("examples").join(name)
}

/// The path of a program of the demos, as an argument for a script.
pub fn demo_path(name: &str) -> String {
    demo(name).display().to_string()
}

/// Cargo, as a user calls it. A test's environment describes the test's package, and build scripts
/// that read it (that of ring does) would run again, and build all that depends on them anew.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    let names = std::env::vars_os().map(|(name, _)| name);
    let of_package = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for name in names.filter(of_package) {
        cargo.env_remove(name);
    }
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    cargo
}

/// The folder of the programs, once they are built: cargo does not build the programs of another
/// package for a test. The whole workspace asks for the same features of all crates as
/// `cargo test --workspace`, so that what has been built for the tests serves here too.
fn programs() -> PathBuf {
    static BUILT: Once = Once::new();
    let mut folder = std::env::current_exe().expect("the test's path");
    // target/debug/deps/TEST stands beside target/debug/NAME.
    folder.pop();
    folder.pop();
    BUILT.call_once(|| {
        let mut cargo = cargo();
        cargo.args(["build", "--quiet", "--workspace", "--bins", "--examples"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo").success(), "the programs cannot be built");
    });
    folder
}

//! What the tests share: servers that must stop before a deadline, clients made of the standard
//! library and of Python, and the matrix of transports and concurrencies.
//!
//! Nothing here sleeps and hopes: a test waits for a condition, and fails if that does not hold by
//! [`DEADLINE`].

mod alone;
mod cells;
mod client;
mod echo;
mod limits;
mod lines;
mod matrix;
mod odd_clients;
mod own_process;
mod pair;
mod placed;
pub mod prelude;
mod process;
mod python;
mod running;
mod serving;
mod states;
mod watched;

pub use alone::{Ended, elsewhere, elsewhere_command, is_elsewhere};
pub use cells::{Column, Datagrams, Row, Streams};
pub use client::Client;
pub use echo::Echo;
pub use limits::{all_descriptors, count_of, lower, with_at_most};
pub use lines::{Lines, keep_lines};
pub use matrix::{Concurrent, OnGreen, Ordinary, TestTransport, Thread};
pub use odd_clients::{datagram_from_another, reset, stream_from_another};
pub use own_process::{in_own_process, own_process};
pub use pair::{tcp_pair, unix_pair};
pub use placed::placed;
pub use process::{Process, memory_of, raise_descriptor_limit};
pub use python::python;
pub use running::{Running, run};
pub use rustix::process::Signal;
pub use serving::{ends_well, serve};
pub use states::{Busy, Failures};
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
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socketserver::Address;

/// Any free port of this machine.
pub const LOCAL: &str = "127.0.0.1:0";

/// How long any step of a test may take: far longer than it needs, so that a busy machine is no
/// failure.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds, which `what` describes.
///
/// # Panics
/// At the deadline.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(
            Instant::now() < end,
            "waited {DEADLINE:?} in vain until {what}"
        );
        thread::sleep(Duration::from_millis(1));
    }
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
///
/// # Panics
/// If it is another kind of address.
#[track_caller]
pub fn inet(address: &Address) -> SocketAddr {
    match address {
        Address::Inet(address) => *address,
        other => unreachable!("expected an IP address, got {other}"),
    }
}

/// Runs `work` on a thread and returns its result.
///
/// # Panics
/// If it has not ended at the deadline, or panicked.
#[track_caller]
pub fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = crossbeam_channel::bounded(1);
    let thread = thread::spawn(move || drop(done.send(work())));
    match waiting.recv_timeout(DEADLINE) {
        Ok(result) => result,
        Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
            panic!("{what} took more than {DEADLINE:?}")
        }
        Err(crossbeam_channel::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => unreachable!("a thread that has not panicked has sent its result"),
        },
    }
}

/// The message of a panic.
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
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("socketserver-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a folder for the test");
        Folder(path)
    }

    /// The path of an entry.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder's path.
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
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The path of a program of the demos, which is built first if necessary.
///
/// # Panics
/// If it cannot be built.
pub fn demo(name: &str) -> PathBuf {
    // Cargo does not build the programs of another package for a test.
    static BUILT: Once = Once::new();
    let mut folder = std::env::current_exe().expect("the test's path");
    // target/debug/deps/TEST stands beside target/debug/NAME.
    folder.pop();
    folder.pop();
    BUILT.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--package", "demos", "--manifest-path"])
            .arg(env!("CARGO_MANIFEST_PATH"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(
            cargo.status().expect("cargo").success(),
            "the demos cannot be built"
        );
    });
    folder.join(name)
}

//! Shared by these tests: a journal that several processes write, servers that end themselves, and
//! ways to look at children.

use std::fs::OpenOptions;
use std::process::{Child, ExitStatus};

use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, wait, waitid};
use tests::prelude::*;

/// A client that has sent its only message.
pub(crate) fn ask(server: &Address, text: &str) -> Client {
    let mut client = Client::stream(server);
    client.send(text);
    client.end();
    client
}

/// A file of lines. Memory is not shared with children, so they note here what they do.
#[derive(Clone, Debug)]
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn new(folder: &Folder) -> Self {
        Journal(folder.join("journal"))
    }

    /// Adds a line. Several processes may do that at the same time.
    pub(crate) fn note(&self, line: &str) {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&self.0);
        // One call for all of it, so that lines stay whole.
        file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .expect("a line in the journal");
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|noted| *noted == line).count()
    }
}

/// The state of a server that ends itself after this many requests have ended.
pub(crate) struct EndAfter(pub(crate) u64);

impl<R> BaseServer<R> for EndAfter {
    fn service_actions(&self, server: &ServerRef<Self>) {
        end_after(self.0, server);
    }
}

/// For `service_actions`, which runs after ended children have been waited for.
pub(crate) fn end_after<S>(requests: u64, server: &ServerRef<S>) {
    let stats = server.stats();
    if stats.accepted - stats.active >= requests {
        server.shutdown();
    }
}

/// The state of a server that ends itself when its client has ended: a child of this process, but
/// not one of the server's.
#[derive(Default)]
pub(crate) struct EndWith(OnceLock<Mutex<Child>>);

impl EndWith {
    pub(crate) fn start(&self, client: &mut Command) {
        let client = client.spawn().expect("a client");
        self.0.set(Mutex::new(client)).expect("one client");
    }

    /// How the client ended. The server must not have waited for it.
    pub(crate) fn status(&self) -> ExitStatus {
        let client = self.0.get().expect("a client");
        client.lock().wait().expect("the client's end")
    }
}

impl<R> BaseServer<R> for EndWith {
    fn service_actions(&self, server: &ServerRef<Self>) {
        let client = self.0.get().expect("a client");
        if client.lock().try_wait().expect("the client").is_some() {
            server.shutdown();
        }
    }
}

/// Waits for a child's end, and leaves the child to the server.
#[track_caller]
pub(crate) fn end_of(child: i32) -> WaitIdStatus {
    let child = WaitId::Pid(Pid::from_raw(child).expect("a child"));
    let status = waitid(child, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    status.expect("waitid").expect("it has ended")
}

/// Asserts that a server has ended with these numbers of finished, failed, refused and aborted
/// requests, and has waited for every child.
#[track_caller]
pub(crate) fn assert_ended(stats: &Stats, ends: [u64; 4]) {
    let Stats { finished, failed, refused, aborted, .. } = *stats;
    assert_eq!([finished, failed, refused, aborted], ends, "{stats:?}");
    assert_eq!((stats.accepted, stats.active), (ends.iter().sum(), 0), "{stats:?}");
    assert!(is_childless());
}

/// Whether this process has no children, not even ended ones.
pub(crate) fn is_childless() -> bool {
    matches!(wait(WaitOptions::NOHANG), Err(Errno::CHILD))
}

//! What these tests share: a journal that several processes write, and ways to look at children.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, wait, waitid};
use socketserver::{BaseServer, ServerRef};
use tests::Folder;

/// A file of lines. Memory is not shared with children, so what they do is told here.
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
        let mut file = file.expect("the journal");
        // One call for all of it, so that lines stay whole.
        file.write_all(format!("{line}\n").as_bytes())
            .expect("a line in the journal");
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// The state of a server that ends itself when so many requests have come to an end.
#[derive(Debug)]
pub(crate) struct EndAfter(pub(crate) u64);

impl<R> BaseServer<R> for EndAfter {
    fn service_actions(&self, server: &ServerRef<Self>) {
        end_after(self.0, server);
    }
}

/// To be called from `service_actions`, which runs after ended children have been waited for.
pub(crate) fn end_after<S>(requests: u64, server: &ServerRef<S>) {
    let stats = server.stats();
    if stats.accepted - stats.active >= requests {
        server.shutdown();
    }
}

/// Waits for a child's end without taking it from the server.
#[track_caller]
pub(crate) fn end_of(child: i32) -> WaitIdStatus {
    let child = WaitId::Pid(Pid::from_raw(child).expect("a child"));
    let status = waitid(child, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    status.expect("waitid").expect("it has ended")
}

/// Whether this process has no children, not even one that has ended.
pub(crate) fn is_childless() -> bool {
    matches!(wait(WaitOptions::NOHANG), Err(Errno::CHILD))
}

//! A live request's place in the books.

use std::sync::Arc;
use std::thread;

use super::abort::Abort;
use super::accepted::Accepted;
use super::books::{Books, Entry};
use super::shares::Share;
use super::stats::End;
use crate::panics::DropsQuietly;

/// A live request's place in the server's books. It is closed with the request's end, exactly
/// once; a ticket that is dropped without that counts its request as refused, and as failed if that
/// happens in a panic.
#[derive(Debug)]
pub struct Ticket {
    books: Arc<Books>,
    entry: Entry,
    open: bool,
    begun: bool,
}

impl Ticket {
    /// Counts a request as accepted, and keeps it in the books until its ticket is closed.
    pub(crate) fn open(
        books: &Arc<Books>,
        request: &Arc<dyn Accepted>,
        share: Option<Share>,
    ) -> Self {
        Ticket {
            books: books.clone(),
            entry: books.open(Abort::Request(Arc::downgrade(request)), share),
            open: true,
            begun: false,
        }
    }

    /// The request has come to the thread or process that runs it.
    pub(super) fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.books.begin();
        }
    }

    /// Closes the ticket. A request that was aborted meanwhile counts as aborted.
    pub fn end(mut self, end: End) {
        self.close(end);
    }

    fn close(&mut self, end: End) {
        self.begin();
        if self.open {
            self.open = false;
            self.books.close(self.entry, end);
        }
    }

    /// The request runs elsewhere, in another process, and from here on `abort` is how it is ended
    /// by force. `abort` is called on any thread, under a lock, and must not block.
    pub fn set_abort(&self, abort: impl Fn() + Send + 'static) {
        let abort = DropsQuietly::new(Box::new(abort) as Box<dyn Fn() + Send>);
        self.books.replace(self.entry, Abort::Elsewhere(abort));
    }

    #[cfg(test)]
    pub(super) fn entry(&self) -> Entry {
        self.entry
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Without a panic it was a concurrency that dropped the job, and so refused it.
        self.close(if thread::panicking() { End::Failed } else { End::Refused });
    }
}

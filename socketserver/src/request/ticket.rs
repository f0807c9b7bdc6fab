//! A live request's place in the books.

use std::sync::Arc;
use std::thread;

use super::abort::{Abort, Left};
use super::accepted::Accepted;
use super::books::{Books, Entry};
use super::shares::Share;
use super::stats::End;

/// A live request's place in the server's books. It is closed with the request's end, exactly once.
/// A ticket that is dropped without that counts its request as refused, or as failed if the drop
/// happens in a panic.
#[derive(Debug)]
pub struct Ticket {
    books: Arc<Books>,
    entry: Entry,
    open: bool,
    begun: bool,
    /// What is known about a request that runs elsewhere.
    left: Option<Box<Left>>,
}

impl Ticket {
    /// Counts a request as accepted, and keeps it in the books until its ticket is closed.
    pub(crate) fn open(
        books: &Arc<Books>,
        request: &Arc<dyn Accepted>,
        share: Option<Share>,
    ) -> Self {
        let entry = books.open(Abort::Request(Arc::downgrade(request)), share);
        request.facts().set_id(entry.id());
        Ticket { books: books.clone(), entry, open: true, begun: false, left: None }
    }

    /// The number of the request, as the log has it.
    pub fn request_id(&self) -> u64 {
        self.entry.id()
    }

    /// The request leaves this process.
    pub(super) fn leave(&mut self, request: &dyn Accepted) {
        let (client, accepted) = (request.client_address().clone(), request.facts().accepted());
        self.left = Some(Box::new(Left { client, accepted }));
        self.begin();
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
    /// by force. `abort` is called on any thread, perhaps just after this ticket was closed, and
    /// must not block.
    pub fn set_abort(&self, abort: impl Fn() + Send + 'static) {
        self.books.replace(self.entry, Abort::elsewhere(self.left.clone(), abort));
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

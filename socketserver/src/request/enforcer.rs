//! A thread that ends idle requests, and aborts live ones at a deadline.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::books::Books;
use crate::sync::channel::{RecvTimeoutError, Sender, bounded};
use crate::sync::{Instant, thread};

/// How often live requests are aborted after the deadline: another one may have begun.
const AGAIN: Duration = Duration::from_millis(90);

/// Ends idle requests, and aborts live ones from a deadline on, until it is dropped. It is for
/// requests on the loop's own thread, because the loop cannot do that while it runs one.
pub(crate) struct Enforcer {
    deadline: Instant,
    _over: Sender<()>,
}

impl Enforcer {
    /// # Errors
    /// The system's: no thread.
    pub(crate) fn start(
        books: Arc<Books>,
        idle_until: Instant,
        deadline: Instant,
    ) -> io::Result<Self> {
        let (sender, over) = bounded(0);
        let is_over = move |at| over.recv_deadline(at) != Err(RecvTimeoutError::Timeout);
        let abort = move || {
            if idle_until < deadline {
                if is_over(idle_until) {
                    return;
                }
                books.end_idle();
            }
            let mut next = deadline;
            while !is_over(next) {
                books.abort_all();
                next = Instant::now() + AGAIN;
            }
        };
        let thread = thread::Builder::new().name("drain deadline".to_owned());
        thread.spawn(abort)?;
        Ok(Enforcer { deadline, _over: sender })
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl fmt::Debug for Enforcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enforcer").finish_non_exhaustive()
    }
}

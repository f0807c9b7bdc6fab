//! A server that serves in a thread of its own.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::Server;
use super::base::BaseServer;
use super::server_ref::ServerRef;
use super::stats::Drained;
use crate::concurrency::Concurrency;
use crate::handler::{RequestHandler, short_name};
use crate::sync::thread::{self, JoinHandle};
use crate::transport::Transport;

/// What a handle needs of its server, whatever that one's types are.
trait Closing: Send + Sync {
    fn drain(&self, timeout: Duration) -> Drained;
    fn server_close(&self) -> Drained;
}

impl<T, C, H, S> Closing for Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    fn drain(&self, timeout: Duration) -> Drained {
        self.drain(timeout)
    }

    fn server_close(&self) -> Drained {
        self.server_close()
    }
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// Serves in a thread of its own. The server is serving when this returns: a stop right after
    /// it is never missed.
    ///
    /// A program whose `main` returns ends, and with it this thread: [`ServerHandle::join`] waits
    /// for the server. Signals end the server only if
    /// [`drain_on_signals`](Self::drain_on_signals) was called before.
    ///
    /// # Errors
    /// As [`serve_forever`](Self::serve_forever), or that no thread could be started. The server is
    /// closed then.
    ///
    /// Python: `threading.Thread(target=server.serve_forever, daemon=True).start()`
    pub fn spawn(self) -> io::Result<ServerHandle<S>> {
        self.core().life.enter()?;
        let reference = self.server_ref();
        let server = Arc::new(self);
        let serving = server.clone();
        let (begun, beginning) = bounded(1);
        let run = move || {
            let result = serving.serve(|| {
                let _ = begun.send(());
            });
            if let Err(error) = &result {
                log::error!(target: "socketserver::server", "{}: serving ended with: {error}", serving.server_address());
                // Nobody can serve again, so clients must not wait in the queue.
                serving.close_listener();
            }
            result
        };
        let name = format!("{} server", short_name(std::any::type_name::<H>()));
        let thread = match thread::Builder::new().name(name).spawn(run) {
            Ok(thread) => thread,
            Err(error) => {
                server.end_of_serving(false);
                return Err(error);
            }
        };
        let handle = ServerHandle {
            server,
            reference,
            thread: Some(thread),
        };
        match beginning.recv() {
            Ok(()) => Ok(handle),
            // The loop has ended without a beginning.
            Err(_) => Err(handle.join().expect_err("why it did not begin")),
        }
    }
}

/// A server that serves in a thread of its own; through `Deref` a [`ServerRef`]. Dropping it is
/// `server_close`.
#[must_use = "dropping the handle closes the server"]
pub struct ServerHandle<S> {
    server: Arc<dyn Closing>,
    reference: ServerRef<S>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl<S> ServerHandle<S> {
    /// The orderly end, as [`Server::drain`]: live requests may go on for `timeout`.
    ///
    /// # Errors
    /// What `serve_forever` ended with.
    pub fn drain(mut self, timeout: Duration) -> io::Result<Drained> {
        let drained = self.server.drain(timeout);
        self.join_ended_loop()?;
        Ok(drained)
    }

    /// Waits until the loop has ended, by a signal, by a handler, or because the listener failed.
    ///
    /// # Errors
    /// What `serve_forever` ended with.
    pub fn join(mut self) -> io::Result<()> {
        self.thread.take().map_or(Ok(()), join)
    }

    /// After an end. A loop whose handler did not end in time was left to itself, and is not waited
    /// for here either.
    fn join_ended_loop(&mut self) -> io::Result<()> {
        let life = &self.reference.core().life;
        match self.thread.take() {
            // From a request it could be the loop that waits for that one.
            Some(thread) if !life.is_serving() && !life.is_inside() => join(thread),
            _ => Ok(()),
        }
    }
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    let ended = thread.join();
    ended.unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")))
}

impl<S> Deref for ServerHandle<S> {
    type Target = ServerRef<S>;

    fn deref(&self) -> &ServerRef<S> {
        &self.reference
    }
}

impl<S> Drop for ServerHandle<S> {
    fn drop(&mut self) {
        self.server.server_close();
        // What it ended with is in the log.
        let _ = self.join_ended_loop();
    }
}

impl<S> fmt::Debug for ServerHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerHandle")
            .field(&self.reference)
            .finish()
    }
}

//! A server that serves in its own thread.

use std::any::type_name;
use std::fmt;
use std::io;
use std::ops::Deref;
#[cfg(feature = "signals")]
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::engine::TARGET;
use super::report::Drained;
use super::{Owned, Server};
use crate::concurrency::Concurrency;
use crate::handler::{ServerRef, StopKind};
use crate::panics::log_quietly;
use crate::request::short_name;
#[cfg(feature = "signals")]
use crate::signals::Signals;
use crate::sync::thread::{self, JoinHandle};
#[cfg(not(loom))]
use crate::wait::{can_park, park_until};

impl<T, C: Concurrency, H, S> Server<T, C, H, S> {
    /// Serves in a new thread. When this returns, the server is serving, so that a stop right after
    /// it is never missed.
    ///
    /// When `main` returns, the program ends with this thread, so wait for the server with
    /// [`ServerHandle::join`]. Signals end the server only if
    /// [`drain_on_signals`](Self::drain_on_signals) was called before.
    ///
    /// # Errors
    /// As [`serve_forever`](Self::serve_forever), and that of the system if it cannot start a
    /// thread. Then the server is closed.
    ///
    /// Python: `threading.Thread(target=server.serve_forever, daemon=True).start()`
    pub fn spawn(self) -> io::Result<ServerHandle<S>> {
        let Server {
            engine,
            server,
            #[cfg(feature = "signals")]
            _signals,
            ..
        } = self;
        server.core().life.enter()?;
        let (begun, beginning) = bounded(1);
        let serving = engine.0.clone();
        let run = move || {
            let result = serving.serve(|| {
                let _ = begun.send(());
            });
            if let Err(error) = &result {
                let address = &serving.core().address;
                log_quietly(TARGET, || {
                    log::error!(target: TARGET, "serving failed on {address} ({error}): closing the listener");
                });
                // No loop will serve again, so clients must not wait in the backlog.
                serving.close_listener();
            }
            result
        };
        let name = format!("{} server", short_name(type_name::<H>()));
        let thread = match thread::Builder::new().name(name).spawn(run) {
            Ok(thread) => thread,
            Err(error) => {
                // No loop runs, so this thread carries out the loop's part of a stop.
                engine.0.carry_out();
                return Err(error);
            }
        };
        let handle = ServerHandle {
            engine,
            server,
            thread: Some(thread),
            #[cfg(feature = "signals")]
            _signals,
        };
        match beginning.recv() {
            Ok(()) => Ok(handle),
            // The loop has ended without a beginning.
            Err(_) => Err(handle.join().expect_err("why it did not begin")),
        }
    }
}

/// The handle of a server that serves in its own thread. Through `Deref` it has the methods of a
/// [`ServerRef`]. Dropping it closes the server, as `server_close` does.
#[must_use = "dropping the handle closes the server"]
pub struct ServerHandle<S> {
    engine: Owned,
    server: ServerRef<S>,
    thread: Option<JoinHandle<io::Result<()>>>,
    /// Last: a signal must not end the process while the state is dropped.
    #[cfg(feature = "signals")]
    _signals: Arc<Signals>,
}

impl<S> ServerHandle<S> {
    /// A handle of the server, as its handlers have it. Other threads may use it too.
    pub fn server_ref(&self) -> ServerRef<S> {
        self.server.clone()
    }

    /// Sets whether another process has the listener too: see [`Server::share_listener`].
    pub fn share_listener(&self, shared: bool) {
        self.engine.0.share_listener(shared);
    }

    /// Drains the server on SIGINT and SIGTERM: see [`Server::drain_on_signals`].
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(feature = "signals")]
    pub fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        self.engine.0.drain_on_signals(timeout)
    }

    /// Ends the server gracefully, as [`Server::drain`] does. Live requests have `timeout` to
    /// finish.
    ///
    /// # Errors
    /// The error with which `serve_forever` has ended.
    pub fn drain(mut self, timeout: Duration) -> io::Result<Drained> {
        let drained = self.engine.0.end(StopKind::Drain, timeout, true);
        self.join_ended_loop()?;
        Ok(drained)
    }

    /// Waits until the loop has ended: by a signal, by a call in a handler, or because the listener
    /// has failed.
    ///
    /// # Errors
    /// The error with which `serve_forever` has ended.
    pub fn join(mut self) -> io::Result<()> {
        self.thread.take().map_or(Ok(()), join)
    }

    /// Joins the loop's thread after an end. If the loop's handler did not end in time, the loop
    /// was abandoned, and this does not wait for it either.
    fn join_ended_loop(&mut self) -> io::Result<()> {
        let life = &self.server.core().life;
        match self.thread.take() {
            // Inside a request this could be the loop's own thread.
            Some(thread) if !life.is_serving() && !life.is_inside() => join(thread),
            _ => Ok(()),
        }
    }
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    // In a model no thread is green, and `can_park` does not exist.
    #[cfg(not(loom))]
    if can_park() {
        park_until(|| thread.is_finished(), None);
    }
    let ended = thread.join();
    ended.unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")))
}

impl<S> Deref for ServerHandle<S> {
    type Target = ServerRef<S>;

    fn deref(&self) -> &ServerRef<S> {
        &self.server
    }
}

impl<S> Drop for ServerHandle<S> {
    fn drop(&mut self) {
        self.engine.server_close();
        // The error with which it has ended is in the log.
        let _ = self.join_ended_loop();
    }
}

impl<S> fmt::Debug for ServerHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerHandle").field(&self.server).finish()
    }
}

//! Servers that must stop.

use std::io;
use std::ops::Deref;
use std::time::Duration;

use socketserver::{
    Address, BaseServer, Builder, Concurrency, Drained, RequestHandler, ServerHandle, ServerRef,
    Stats, ToAddress, Transport,
};

use crate::{DEADLINE, in_time};

/// A server that serves on a thread. Dropping this stops it, and panics if it does not stop before
/// the deadline, or if its counters do not add up.
#[derive(Debug)]
pub struct Running<S: Send + Sync + 'static>(Option<ServerHandle<S>>);

/// Binds a server and serves on a thread.
///
/// # Panics
/// If it cannot.
#[track_caller]
pub fn run<T, C, H, S>(builder: Builder<T, C, H, S>, address: impl ToAddress) -> Running<S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let server = builder.bind(address).expect("bind");
    Running::from(server.spawn().expect("spawn"))
}

impl<S: Send + Sync + 'static> From<ServerHandle<S>> for Running<S> {
    fn from(handle: ServerHandle<S>) -> Self {
        Running(Some(handle))
    }
}

impl<S: Send + Sync + 'static> Running<S> {
    /// Its address.
    pub fn address(&self) -> Address {
        self.server_address().clone()
    }

    /// Drains the server, and returns its report and the counters afterwards.
    ///
    /// # Panics
    /// If the drain has not ended at [`DEADLINE`], or the counters do not add up.
    #[track_caller]
    pub fn drain(mut self, timeout: Duration) -> (Drained, Stats) {
        self.stop(timeout).expect("serve_forever succeeded")
    }

    fn stop(&mut self, timeout: Duration) -> io::Result<(Drained, Stats)> {
        let Some(handle) = self.0.take() else {
            return Ok((Drained::default(), Stats::default()));
        };
        let server: ServerRef<S> = (*handle).clone();
        let drained = in_time("the server's end", move || handle.drain(timeout))?;
        let stats = server.stats();
        assert_eq!(
            stats.accepted,
            stats.finished + stats.failed + stats.refused + stats.aborted,
            "each request has one end: {stats:?}"
        );
        assert_eq!(stats.active, 0, "{stats:?}");
        Ok((drained, stats))
    }
}

impl<S: Send + Sync + 'static> Deref for Running<S> {
    type Target = ServerRef<S>;

    fn deref(&self) -> &ServerRef<S> {
        self.0
            .as_ref()
            .expect("the server runs until it is dropped")
    }
}

impl<S: Send + Sync + 'static> Drop for Running<S> {
    fn drop(&mut self) {
        // A second panic would hide the first.
        if std::thread::panicking() {
            drop(self.0.take());
        } else {
            self.stop(DEADLINE / 2).expect("serve_forever succeeded");
        }
    }
}

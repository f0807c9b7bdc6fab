//! Servers that must stop.

use std::ops::Deref;

use crate::prelude::*;

/// A server that serves on a thread. Dropping this stops it, and panics if it does not stop before
/// the deadline, or if its counters do not add up.
#[derive(Debug)]
pub struct Running<S: Send + Sync + 'static>(Option<ServerHandle<S>>);

/// Binds a server at a free port.
#[track_caller]
pub fn bind<T, C, H, S>(builder: Builder<T, C, H, S>) -> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    builder.bind(LOCAL).expect("bind")
}

/// Binds a server and serves on a thread.
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
    pub fn address(&self) -> Address {
        self.server_address().clone()
    }

    /// Drains the server, and returns its report and the counters afterwards.
    #[track_caller]
    pub fn drain(mut self, timeout: Duration) -> (Drained, Stats) {
        self.stop(timeout).expect("serve_forever succeeded")
    }

    /// Drains the server, and returns how many requests were finished, failed, refused and aborted.
    #[track_caller]
    pub fn ends(self) -> [u64; 4] {
        let (_, stats) = self.drain(DEADLINE / 2);
        [stats.finished, stats.failed, stats.refused, stats.aborted]
    }

    fn stop(&mut self, timeout: Duration) -> io::Result<(Drained, Stats)> {
        let Some(handle) = self.0.take() else {
            return Ok((Drained::default(), Stats::default()));
        };
        let server: ServerRef<S> = (*handle).clone();
        let drained = in_time("the server's end", move || handle.drain(timeout))?;
        let stats = server.stats();
        let ends = stats.finished + stats.failed + stats.refused + stats.aborted;
        assert_eq!(stats.accepted, ends, "each request has one end: {stats:?}");
        assert_eq!(stats.active, 0, "{stats:?}");
        Ok((drained, stats))
    }
}

impl<S: Send + Sync + 'static> Deref for Running<S> {
    type Target = ServerRef<S>;

    fn deref(&self) -> &ServerRef<S> {
        self.0.as_ref().expect("the server runs until it is dropped")
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

/// Binds and serves where the servers of that transport are put in tests. The folder, where the
/// file of a Unix socket is, must live as long as the server.
#[track_caller]
pub fn placed<T, C, H, S>(builder: Builder<T, C, H, S>) -> (Folder, Running<S>)
where
    T: TestTransport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let folder = Folder::new();
    let server = run(builder, T::address(&folder));
    (folder, server)
}

/// Calls `serve_forever` in another thread.
pub fn serve<T, C, H, S>(server: &Arc<Server<T, C, H, S>>) -> JoinHandle<io::Result<()>>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let server = server.clone();
    thread::spawn(move || server.serve_forever())
}

/// Waits for the end of a thread, which must return no error.
#[track_caller]
pub fn ends_well<T: Send + 'static>(serving: JoinHandle<io::Result<T>>) -> T {
    in_time("the loop's end", move || serving.join()).expect("no panic").expect("a good end")
}

//! A transport under observation.

use crate::prelude::*;

/// Called with the name of a method, it may let that method fail.
type Watcher = Box<dyn Fn(&'static str) -> io::Result<()> + Send + Sync>;

/// Called before a request is accepted, it may let that fail, and then the request still waits.
type Obstacle = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// Another transport, and a function that is called after each successful `get_request`, at each
/// `prepare` and after each `shutdown_request`.
pub type Watched<T> = Wrapped<T, Watch>;

pub struct Watch(Watcher, Obstacle);

pub fn watched<T: Transport>(
    transport: T,
    watcher: impl Fn(&'static str) -> io::Result<()> + Send + Sync + 'static,
) -> Watched<T> {
    Wrapped::new(transport, Watch(Box::new(watcher), Box::new(|| Ok(()))))
}

/// `transport`, whose `get_request` fails when `obstacle` does, and whose requests wait on.
pub fn obstructed<T: Transport>(
    transport: T,
    obstacle: impl Fn() -> io::Result<()> + Send + Sync + 'static,
) -> Watched<T> {
    Wrapped::new(transport, Watch(Box::new(|_| Ok(())), Box::new(obstacle)))
}

impl<T: Transport> TransportHooks<T> for Watch {
    fn get_request(&self, inner: &T, socket: &Socket) -> io::Result<(T::Request, Address)> {
        (self.1)()?;
        let request = inner.get_request(socket)?;
        (self.0)("get_request").map(|()| request)
    }

    fn prepare(&self, inner: &T, request: &T::Request) -> io::Result<()> {
        inner.prepare(request)?;
        (self.0)("prepare")
    }

    fn shutdown_request(&self, inner: &T, request: &T::Request, patience: Duration) {
        inner.shutdown_request(request, patience);
        // It cannot fail.
        let _ = (self.0)("shutdown_request");
    }
}

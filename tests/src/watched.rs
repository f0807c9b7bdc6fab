//! A transport under observation.

use std::fmt;
use std::io;
use std::time::Duration;

use socketserver::{Address, Socket, Transport};

/// Told the name of what was called, it may let that fail.
type Watcher = Box<dyn Fn(&'static str) -> io::Result<()> + Send + Sync>;

/// Another transport, and a function that is called after each `get_request` that got one, at each `prepare` and after
/// each `shutdown_request`.
pub struct Watched<T>(T, Watcher, Obstacle);

/// Called before a request is taken, it may let that fail, and then the request still waits.
type Obstacle = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

impl<T: Transport> Watched<T> {
    /// Watches `transport`.
    pub fn new(
        transport: T,
        watcher: impl Fn(&'static str) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Watched(transport, Box::new(watcher), Box::new(|| Ok(())))
    }

    /// A `transport` whose `get_request` fails when `obstacle` does, and whose requests wait on.
    pub fn obstructed(
        transport: T,
        obstacle: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Watched(transport, Box::new(|_| Ok(())), Box::new(obstacle))
    }
}

impl<T: Transport> Transport for Watched<T> {
    type Request = T::Request;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.0.socket(address)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.0.server_bind(socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.0.adopt(socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.0.server_activate(socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(T::Request, Address)> {
        (self.2)()?;
        let request = self.0.get_request(socket)?;
        (self.1)("get_request").map(|()| request)
    }

    fn prepare(&self, request: &T::Request) -> io::Result<()> {
        self.0.prepare(request)?;
        (self.1)("prepare")
    }

    fn shutdown_request(&self, request: &T::Request, patience: Duration) {
        self.0.shutdown_request(request, patience);
        // There is nobody to tell.
        let _ = (self.1)("shutdown_request");
    }

    fn abort(&self, request: &T::Request) {
        self.0.abort(request);
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.0.fence(socket)
    }

    fn leave_to_parent(&self, socket: &Socket) {
        self.0.leave_to_parent(socket);
    }

    fn server_close(&self, socket: &Socket) {
        self.0.server_close(socket);
    }
}

impl<T: fmt::Debug> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.0).finish()
    }
}

//! A transport with one method changed.

use std::fmt;
use std::io;
use std::time::Duration;

use socketserver::{Address, Socket, Transport};

/// Does something to a socket, or fails.
type Step = Box<dyn Fn(&Socket) -> io::Result<()> + Send + Sync>;

/// Another transport of streams, with a step before its own `prepare` or `server_activate`.
pub struct Altered<T> {
    transport: T,
    prepare: Step,
    activate: Step,
}

impl<T: Transport<Request = Socket>> Altered<T> {
    /// `step` is taken with each connection, where that is handled.
    pub fn prepared(
        transport: T,
        step: impl Fn(&Socket) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Altered {
            transport,
            prepare: Box::new(step),
            activate: Box::new(|_| Ok(())),
        }
    }

    /// `step` is taken with the listener, once it is bound.
    pub fn activated(
        transport: T,
        step: impl Fn(&Socket) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Altered {
            transport,
            prepare: Box::new(|_| Ok(())),
            activate: Box::new(step),
        }
    }
}

impl<T: Transport<Request = Socket>> Transport for Altered<T> {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.transport.socket(address)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.transport.server_bind(socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.transport.adopt(socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        (self.activate)(socket)?;
        self.transport.server_activate(socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        self.transport.get_request(socket)
    }

    fn prepare(&self, request: &Socket) -> io::Result<()> {
        (self.prepare)(request)?;
        self.transport.prepare(request)
    }

    fn shutdown_request(&self, request: &Socket, patience: Duration) {
        self.transport.shutdown_request(request, patience);
    }

    fn abort(&self, request: &Socket) {
        self.transport.abort(request);
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.transport.fence(socket)
    }

    fn server_close(&self, socket: &Socket) {
        self.transport.server_close(socket);
    }
}

impl<T: fmt::Debug> fmt::Debug for Altered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Altered").field(&self.transport).finish()
    }
}

//! Handlers and states that several tests give to their servers.

use crate::prelude::*;

/// Sends back what it receives: a stream until its end, a datagram at once.
#[derive(BaseRequestHandler, Debug)]
pub struct Echo {
    request: Request,
    client_address: Address,
}

impl Echo {
    fn handle(&self) -> io::Result<()> {
        match &self.request {
            Request::Stream(socket) => loop {
                match &*socket.recv(65_536)? {
                    [] => return Ok(()),
                    data => socket.sendall(data)?,
                }
            },
            Request::Datagram(Datagram { data, socket, .. }) => {
                socket.sendto(data, &self.client_address).map(drop)
            }
        }
    }
}

pub fn echo_once(request: Socket, _: Address) -> io::Result<()> {
    request.sendall(&request.recv(65_536)?)
}

/// A function that handles connections, and can ask its server.
type Knowing = dyn Fn(&Socket, &ServerRef<Function>) -> io::Result<()> + Send + Sync;

/// The state of a server whose handler is [`Call`]: the function that this calls.
pub struct Function(Box<Knowing>);

impl Function {
    pub fn new(
        function: impl Fn(&Socket, &ServerRef<Self>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Function(Box::new(function))
    }
}

impl BaseServer for Function {}

/// Calls the function that is its server's state.
#[derive(BaseRequestHandler)]
pub struct Call {
    request: Socket,
    server: ServerRef<Function>,
}

impl Call {
    fn handle(&self) -> io::Result<()> {
        (self.server.0)(&self.request, &self.server)
    }
}

/// A layer that changes nothing.
pub struct Through;

impl Layer for Through {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        wire.recv(buffer)
    }
    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        wire.send(data)
    }
    fn end(&self, _: &Wire<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Says "busy" to each client that it refuses.
#[derive(Debug, Default)]
pub struct Busy;

impl<R: Clone + Into<Request>> BaseServer<R> for Busy {
    fn refuse_request(&self, request: &R, client: &Address, _: &ServerRef<Self>) {
        let sent = match request.clone().into() {
            Request::Stream(socket) => socket.sendall(b"busy"),
            Request::Datagram(datagram) => datagram.socket.sendto(b"busy", client).map(drop),
        };
        sent.expect("room for a word");
    }
}

pub type Failure = (String, Option<ErrorKind>);

/// Passes on the errors of `handle_error`.
pub struct Failures(Sender<Failure>);

impl Failures {
    /// The state, and where its failures arrive.
    pub fn new() -> (Self, Receiver<Failure>) {
        let (sender, failures) = unbounded();
        (Failures(sender), failures)
    }
}

impl<R> BaseServer<R> for Failures {
    fn handle_error(&self, _: &R, _: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        // The test may have heard enough.
        let _ = self.0.send((error.to_string(), kind));
    }
}

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

/// Sends back one message.
pub fn echo_once(request: Socket, _: Address) -> io::Result<()> {
    request.sendall(&request.recv(65_536)?)
}

/// A layer that changes nothing.
#[derive(Debug)]
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

impl BaseServer for Busy {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.sendall(b"busy").expect("room for a word");
    }
}

/// The text of a failure, and the kind of an `io::Error`.
pub type Failure = (String, Option<ErrorKind>);

/// Passes on the errors of `handle_error`.
#[derive(Debug)]
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

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

type Handle = dyn Fn(&Socket, &ServerRef<Function>) -> io::Result<()> + Send + Sync;
type Verify = dyn Fn(&Socket, &ServerRef<Function>) -> bool + Send + Sync;
type Refuse = dyn Fn(&Socket) + Send + Sync;
type Fail = dyn Fn(&Address, &HandlerError) + Send + Sync;
type Close = dyn Fn() + Send + Sync;

/// The state of a server whose handler is [`Call`]: the function that this calls, and the hooks
/// that a test sets.
pub struct Function {
    handle: Box<Handle>,
    verify: Box<Verify>,
    refuse: Box<Refuse>,
    fail: Box<Fail>,
    close: Box<Close>,
}

impl Function {
    pub fn new(
        handle: impl Fn(&Socket, &ServerRef<Self>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Function {
            handle: Box::new(handle),
            verify: Box::new(|_, _| true),
            refuse: Box::new(|_| ()),
            fail: Box::new(log_error),
            close: Box::new(|| ()),
        }
    }

    /// Sends back what it receives. The allocator would keep the memory of larger buffers.
    pub fn echo() -> Self {
        Self::new(|request, _| {
            loop {
                match &*request.recv(1024)? {
                    [] => return Ok(()),
                    data => request.sendall(data)?,
                }
            }
        })
    }

    pub fn on_verify(
        self,
        verify: impl Fn(&Socket, &ServerRef<Self>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Function { verify: Box::new(verify), ..self }
    }

    pub fn on_refuse(self, refuse: impl Fn(&Socket) + Send + Sync + 'static) -> Self {
        Function { refuse: Box::new(refuse), ..self }
    }

    pub fn on_error(self, fail: impl Fn(&HandlerError) + Send + Sync + 'static) -> Self {
        Function { fail: Box::new(move |_, error| fail(error)), ..self }
    }

    pub fn on_close(self, close: impl Fn() + Send + Sync + 'static) -> Self {
        Function { close: Box::new(close), ..self }
    }
}

impl BaseServer for Function {
    fn verify_request(&self, request: &Socket, _: &Address, server: &ServerRef<Self>) -> bool {
        (self.verify)(request, server)
    }
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        (self.refuse)(request);
    }
    fn handle_error(&self, _: &Socket, at: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        (self.fail)(at, error);
    }
    fn server_close(&self, _: &ServerRef<Self>) {
        (self.close)();
    }
}

/// Calls the function that is its server's state.
#[derive(BaseRequestHandler)]
pub struct Call {
    request: Socket,
    server: ServerRef<Function>,
}

impl Call {
    fn handle(&self) -> io::Result<()> {
        (self.server.handle)(&self.request, &self.server)
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

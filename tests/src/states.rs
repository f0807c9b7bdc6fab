//! States that several tests give to their servers.

use std::io::{self, ErrorKind};

use crossbeam_channel::{Receiver, Sender, unbounded};
use socketserver::{Address, BaseServer, HandlerError, ServerRef, Socket};

/// Says "busy" to each client that it refuses.
#[derive(Debug, Default)]
pub struct Busy;

impl BaseServer for Busy {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.sendall(b"busy").expect("room for a word");
    }
}

/// Passes on the errors of `handle_error`: their text, and the kind of an `io::Error`.
#[derive(Debug)]
pub struct Failures(Sender<(String, Option<ErrorKind>)>);

impl Failures {
    /// The state, and where its failures arrive.
    pub fn new() -> (Self, Receiver<(String, Option<ErrorKind>)>) {
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

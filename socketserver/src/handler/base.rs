//! What every derived handler goes through: setup, handle, finish.

use super::outcome::Outcome;
use crate::request::{Datagram, HandlerError, caught};
use crate::socket::Socket;

/// Either kind of request: the type of `request` in a handler that serves streams and datagrams
/// alike.
///
/// Python: `self.request`, told apart by `self.server.socket_type`
#[derive(Clone, Debug)]
pub enum Request {
    /// A connection.
    Stream(Socket),
    /// A datagram and the server's socket.
    Datagram(Datagram),
}

impl From<Socket> for Request {
    fn from(socket: Socket) -> Self {
        Request::Stream(socket)
    }
}

impl From<Datagram> for Request {
    fn from(datagram: Datagram) -> Self {
        Request::Datagram(datagram)
    }
}

/// A handler's life: `setup`; if that succeeds, `handle`, then in any case `finish`, then the base
/// class's part, with whether both succeeded. Of several errors the last one counts, as in
/// Python. A panic is an error, and is over before the handler is dropped, which may panic too.
/// Called by the `handle_request` that each derive writes (`expand.rs` of the macros).
///
/// Python: `BaseRequestHandler.__init__`
pub fn run<H, O: Outcome>(
    mut handler: H,
    setup: impl FnOnce(&mut H) -> Result<(), HandlerError>,
    handle: impl FnOnce(&mut H) -> Result<(), HandlerError>,
    finish: impl FnOnce(&mut H) -> Result<(), HandlerError>,
    base: impl FnOnce(&mut H, bool) -> O,
) -> Result<(), HandlerError> {
    let mut result = caught(|| setup(&mut handler));
    if result.is_ok() {
        let handled = caught(|| handle(&mut handler));
        let finished = caught(|| finish(&mut handler));
        let succeeded = handled.is_ok() && finished.is_ok();
        let based = base(&mut handler, succeeded).into_result();
        result = finished.and(handled).and(based);
    }
    let dropped = caught(|| {
        drop(handler);
        Ok(())
    });
    result.and(dropped)
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    #[test]
    fn a_handler_may_panic_as_it_is_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                resume_unwind(Box::new("in drop"));
            }
        }
        let well = |_: &mut Bomb| Ok(());
        let error = run(Bomb, well, |_| panic!("in handle"), well, |_, _| ()).unwrap_err();
        assert_eq!(error.to_string(), "panicked: in handle");
        let error = run(Bomb, well, well, well, |_, _| ()).unwrap_err();
        assert_eq!(error.to_string(), "panicked: in drop");
    }
}

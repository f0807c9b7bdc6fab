//! Why a request failed.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use super::stats::End;
use crate::address::system_number;
use crate::channel_errors::{RecvError, RecvTimeoutError};
use crate::panics;
use crate::wait::PeerGone;

/// Why a request failed: the error that its handler returned, with its value, or its panic.
///
/// It stays on the thread where it arose, so the value need not be `Send`.
pub struct HandlerError {
    raised: Raised,
    is_handshake: bool,
    /// Whether the request had been aborted.
    is_aborted: bool,
    /// The number of the request.
    request: Option<u64>,
}

enum Raised {
    Error { value: Box<dyn Any>, display: fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result },
    Panic(String),
}

impl From<Raised> for HandlerError {
    fn from(raised: Raised) -> Self {
        HandlerError { raised, is_handshake: false, is_aborted: false, request: None }
    }
}

type BoxedError = Box<dyn Error>;
type SendError = Box<dyn Error + Send>;
type SyncError = Box<dyn Error + Send + Sync>;

impl HandlerError {
    /// Makes one from any error that can be displayed. A `HandlerError` stays what it is.
    pub fn new<E: Display + 'static>(error: E) -> Self {
        let value: Box<dyn Any> = Box::new(error);
        match value.downcast::<HandlerError>() {
            Ok(same) => *same,
            Err(value) => HandlerError::from(Raised::Error {
                value,
                display: |value, f| match value.downcast_ref::<E>() {
                    Some(error) => error.fmt(f),
                    None => Ok(()),
                },
            }),
        }
    }

    /// The number of the request that failed, which [`LiveRequest`](crate::LiveRequest) and the log
    /// have too. `None` before the server has received the error.
    pub fn request_id(&self) -> Option<u64> {
        self.request
    }

    pub(crate) fn set_request_id(&mut self, id: u64) {
        self.request = Some(id);
    }

    /// Whether the request had been aborted when this arose.
    pub(crate) fn set_aborted(&mut self, aborted: bool) {
        self.is_aborted = aborted;
    }

    /// The error of this type, wherever it is. It may be the error that the handler returned, be in
    /// a box or inside an [`io::Error`], or be among the [sources](Error::source) of one of these.
    ///
    /// Python: `except SomeError as error`
    pub fn find<E: Error + 'static>(&self) -> Option<&E> {
        self.downcast_ref().or_else(|| self.chain().find_map(|error| error.downcast_ref()))
    }

    /// The error as the very type that the handler returned, which need not be an [`Error`].
    pub fn downcast_ref<E: 'static>(&self) -> Option<&E> {
        match &self.raised {
            Raised::Error { value, .. } => value.downcast_ref(),
            Raised::Panic(_) => None,
        }
    }

    /// Whether the handler panicked. The error then displays the panic's message.
    pub fn is_panic(&self) -> bool {
        matches!(self.raised, Raised::Panic(_))
    }

    /// What `prepare` or `learn_client` of a transport has failed with.
    pub(crate) fn of_handshake(error: io::Error) -> Self {
        HandlerError { is_handshake: true, ..error.into() }
    }

    /// Whether this is the error of a step before the handler: of
    /// [`prepare`](crate::Transport::prepare), or of
    /// [`learn_client`](crate::Transport::learn_client). The request counts as refused, and
    /// [`log_error`](crate::log_error) logs it at debug level, because any port scan and any health
    /// check causes one. A panic in such a step is a failure like any other.
    pub fn is_handshake(&self) -> bool {
        self.is_handshake
    }

    /// How a request with this error ends.
    pub(crate) fn end(&self) -> End {
        if self.is_handshake { End::Refused } else { End::Failed }
    }

    /// Whether the client disconnected: see [`is_disconnect`]. Also if the error is inside another.
    /// False if it was the server that has [aborted](Self::is_abort) the request.
    ///
    /// Python: `isinstance(error, ConnectionError)`
    pub fn is_disconnect(&self) -> bool {
        !self.is_aborted && self.io_errors().any(is_disconnect)
    }

    /// Whether this error comes from an abort of the request, at its deadline or at the end of a
    /// drain. The handler's call failed because the abort had ended its connection, or its wait for
    /// a channel. The log has a line about each deadline already.
    ///
    /// Python: none
    pub fn is_abort(&self) -> bool {
        let is_of_channel = || {
            self.find::<RecvError>().is_some()
                || self.find() == Some(&RecvTimeoutError::Disconnected)
        };
        self.is_aborted && (self.io_errors().any(is_disconnect) || is_of_channel())
    }

    /// Whether a timeout is over: see [`is_timeout`]. Also if the error is inside another.
    ///
    /// Python: `isinstance(error, TimeoutError)`
    pub fn is_timeout(&self) -> bool {
        self.io_errors().any(is_timeout)
    }

    fn io_errors(&self) -> impl Iterator<Item = &io::Error> {
        self.chain().filter_map(|error| error.downcast_ref())
    }

    /// The error, and those inside it, from the outside in.
    fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::successors(self.as_error(), |error| inner_error(*error))
    }

    fn as_error(&self) -> Option<&(dyn Error + 'static)> {
        if let Some(error) = self.downcast_ref::<io::Error>() {
            Some(error)
        } else if let Some(error) = self.downcast_ref::<BoxedError>() {
            Some(&**error)
        } else if let Some(error) = self.downcast_ref::<SendError>() {
            Some(&**error)
        } else if let Some(error) = self.downcast_ref::<SyncError>() {
            Some(&**error)
        } else {
            None
        }
    }
}

/// Whether an error says that the peer has gone. Such errors are a broken pipe, a reset, an abort,
/// and a connection that the system has given up. A datagram that the peer of a connected socket
/// refuses is another. They may come from any call on a socket but
/// [`connect`](crate::Socket::connect).
///
/// Python: `isinstance(error, ConnectionError)`
pub fn is_disconnect(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    use rustix::io::Errno;
    match system_number(error).map(Errno::from_raw_os_error) {
        // The system's own: no acknowledgement came, or the way to the peer is gone.
        Some(
            Errno::TIMEDOUT
            | Errno::HOSTUNREACH
            | Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::NETRESET
            | Errno::SHUTDOWN,
        ) => true,
        _ => match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected => true,
            // A refusal to connect is none: there was no peer yet.
            _ => error.get_ref().is_some_and(|error| error.is::<PeerGone>()),
        },
    }
}

/// Whether an error says that a socket's timeout is over. A connection that the system has given up
/// is a [disconnect](is_disconnect) instead.
///
/// Python: `isinstance(error, TimeoutError)`
pub fn is_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && system_number(error).is_none()
}

/// The error inside another. An `io::Error` is transparent: its source is that of the error within.
fn inner_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(within) => Some(within),
        None => error.source(),
    }
}

/// Runs user code. A panic becomes an error like any other.
pub(crate) fn caught<V>(run: impl FnOnce() -> Result<V, HandlerError>) -> Result<V, HandlerError> {
    panics::catch_panic(run).unwrap_or_else(|text| Err(Raised::Panic(text).into()))
}

impl Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.raised {
            Raised::Error { value, display } => display(&**value, f),
            Raised::Panic(message) => write!(f, "panicked: {message}"),
        }
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandlerError({self})")
    }
}

impl Error for HandlerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.as_error().and_then(Error::source)
    }
}

impl From<io::Error> for HandlerError {
    fn from(error: io::Error) -> Self {
        HandlerError::new(error)
    }
}

impl From<BoxedError> for HandlerError {
    fn from(error: BoxedError) -> Self {
        HandlerError::new(error)
    }
}

impl From<String> for HandlerError {
    fn from(error: String) -> Self {
        HandlerError::new(error)
    }
}

impl From<&'static str> for HandlerError {
    fn from(error: &'static str) -> Self {
        HandlerError::new(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_disconnect_inside_a_box() {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(HandlerError::from(reset()).is_disconnect());
        assert!(HandlerError::from(BoxedError::from(reset())).is_disconnect());
        assert!(HandlerError::new(SyncError::from(reset())).is_disconnect());
        assert!(HandlerError::from(io::Error::other(reset())).is_disconnect());
        assert!(!HandlerError::from("reset").is_disconnect());
    }

    #[test]
    fn a_handler_error_is_not_wrapped_again() {
        let reset = HandlerError::from(io::Error::from(io::ErrorKind::ConnectionReset));
        let again = HandlerError::new(reset);
        assert!(again.is_disconnect());
        assert!(again.downcast_ref::<io::Error>().is_some());
        let panic = caught::<()>(|| std::panic::resume_unwind(Box::new("boom"))).unwrap_err();
        assert!(HandlerError::new(panic).is_panic());
    }

    #[test]
    fn finds_an_error_at_any_depth() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let outer = || Outer(io::Error::from(io::ErrorKind::BrokenPipe));
        for error in [
            HandlerError::new(BoxedError::from(outer())),
            HandlerError::new(io::Error::other(outer())),
            HandlerError::new(BoxedError::from(io::Error::other(outer()))),
        ] {
            assert!(error.find::<Outer>().is_some(), "{error}");
            assert!(error.is_disconnect());
        }
        let none = HandlerError::from("text");
        assert!(none.find::<io::Error>().is_none());
    }

    #[test]
    fn a_timeout_is_not_a_disconnect() {
        let ours = io::Error::from(io::ErrorKind::TimedOut);
        let systems = io::Error::from(rustix::io::Errno::TIMEDOUT);
        assert_eq!((is_timeout(&ours), is_disconnect(&ours)), (true, false));
        assert_eq!((is_timeout(&systems), is_disconnect(&systems)), (false, true));
    }

    #[test]
    fn an_aborted_wait_for_a_channel_is_an_abort() {
        for mut error in [
            HandlerError::new(RecvError),
            HandlerError::from(BoxedError::from(RecvError)),
            HandlerError::new(RecvTimeoutError::Disconnected),
        ] {
            assert!(!error.is_abort(), "{error}");
            error.set_aborted(true);
            assert!(error.is_abort() && !error.is_disconnect(), "{error}");
        }
    }
}

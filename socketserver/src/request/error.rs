//! Why a request failed.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use crate::panics;

/// Why a request failed: the error that its handler returned, with its value, or its panic.
///
/// It stays on the thread where it arose, so the value need not be `Send`.
pub struct HandlerError(Raised);

enum Raised {
    Error {
        value: Box<dyn Any>,
        display: fn(&dyn Any, &mut fmt::Formatter<'_>) -> fmt::Result,
    },
    Panic(String),
}

type BoxedError = Box<dyn Error>;
type SendError = Box<dyn Error + Send>;
type SyncError = Box<dyn Error + Send + Sync>;

impl HandlerError {
    /// Makes one from any error that can be displayed.
    pub fn new<E: Display + 'static>(error: E) -> Self {
        HandlerError(Raised::Error {
            value: Box::new(error),
            display: |value, f| match value.downcast_ref::<E>() {
                Some(error) => error.fmt(f),
                None => Ok(()),
            },
        })
    }

    /// The error as the type that the handler returned.
    ///
    /// Python: `except SomeError as error`
    pub fn downcast_ref<E: 'static>(&self) -> Option<&E> {
        match &self.0 {
            Raised::Error { value, .. } => value.downcast_ref(),
            Raised::Panic(_) => None,
        }
    }

    /// Whether the handler panicked. The error then displays the panic's message.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Raised::Panic(_))
    }

    /// Whether the client disconnected: a broken pipe, a reset or an abort, also inside another
    /// error.
    ///
    /// Python: `isinstance(error, ConnectionError)`
    pub fn is_disconnect(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        let mut next = self.as_error();
        while let Some(error) = next {
            let io_error = error.downcast_ref::<io::Error>();
            if io_error.is_some_and(|error| {
                matches!(
                    error.kind(),
                    BrokenPipe | ConnectionAborted | ConnectionReset
                )
            }) {
                return true;
            }
            // An `io::Error` is transparent: its source is that of the error within.
            next = match io_error.and_then(io::Error::get_ref) {
                Some(within) => Some(within),
                None => error.source(),
            };
        }
        false
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

/// Runs user code. A panic becomes an error like any other.
pub(crate) fn caught<V>(run: impl FnOnce() -> Result<V, HandlerError>) -> Result<V, HandlerError> {
    panics::catch_panic(run).unwrap_or_else(|text| Err(HandlerError(Raised::Panic(text))))
}

impl Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
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
    fn keeps_the_value_and_displays_it() {
        let error = HandlerError::new(io::Error::other("full"));
        assert_eq!(error.to_string(), "full");
        assert!(error.downcast_ref::<io::Error>().is_some());
        assert!(!error.is_panic() && !error.is_disconnect());
    }

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
    fn keeps_the_message_of_a_panic() {
        let panics = || std::panic::resume_unwind(Box::new("boom"));
        let error = caught::<()>(panics).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.is_panic()),
            ("panicked: boom", true)
        );
    }
}

//! What a handler may return, and what became of it when it failed.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use crate::panics;

/// Why a request failed: the error that a handler returned, with its value kept, or its panic.
///
/// It does not leave the thread of its handler, so the error need not be `Send`.
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
    /// From any error that can be displayed.
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

    /// Whether the handler panicked. How that displays is its message.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Raised::Panic(_))
    }

    /// Whether the client went away: a broken pipe, a reset or an abort, also inside another error.
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

/// Runs user code: a panic is an error like any other.
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

/// What `setup`, `handle`, `finish` and closures may return: nothing, or a `Result` whose error can
/// be displayed, as `main` can. `io::Error`, `String` and any boxed error fit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `setup`, `handle`, `finish` or a closure that handles requests",
    label = "expected `()` or a `Result<(), E>` whose error can be displayed",
    note = "a result with a value, as `sendto` returns, is finished with `?;` and `Ok(())`"
)]
pub trait Outcome {
    /// The same as a result of one type.
    ///
    /// # Errors
    /// What was returned.
    fn into_result(self) -> Result<(), HandlerError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

impl<E: Display + 'static> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerError> {
        self.map_err(HandlerError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_kept_and_displayed() {
        let error = Err::<(), _>(io::Error::other("full"))
            .into_result()
            .unwrap_err();
        assert_eq!(error.to_string(), "full");
        assert!(error.downcast_ref::<io::Error>().is_some());
        assert!(!error.is_panic() && !error.is_disconnect());
    }

    #[test]
    fn a_disconnect_is_seen_inside_a_box() {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(HandlerError::from(reset()).is_disconnect());
        assert!(HandlerError::from(BoxedError::from(reset())).is_disconnect());
        assert!(HandlerError::new(SyncError::from(reset())).is_disconnect());
        assert!(HandlerError::from(io::Error::other(reset())).is_disconnect());
        assert!(!HandlerError::from("reset").is_disconnect());
    }

    #[test]
    fn a_panic_keeps_its_message() {
        let panics = || std::panic::resume_unwind(Box::new("boom"));
        let error = caught::<()>(panics).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.is_panic()),
            ("panicked: boom", true)
        );
    }
}

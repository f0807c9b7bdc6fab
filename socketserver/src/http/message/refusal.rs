//! Errors that become replies.

use std::error::Error;
use std::fmt;
use std::io;

use super::status::{Status, response};

/// An error with a status. A handler that returns it, itself or inside another error, answers the
/// request with the error page of that status, and the connection closes.
///
/// ```
/// # use std::io;
/// # use socketserver::http::HTTPError;
/// fn only_small(length: usize) -> io::Result<()> {
///     match length {
///         ..100 => Ok(()),
///         _ => Err(HTTPError::new((413, "Too much")).into()),
///     }
/// }
/// assert_eq!(only_small(100).unwrap_err().to_string(), "413 Too much");
/// ```
///
/// An error of a parser becomes the text of the page:
///
/// ```
/// # use std::io;
/// # use socketserver::http::HTTPError;
/// fn number(body: &str) -> io::Result<u32> {
///     body.parse().map_err(|error| HTTPError::new(400).explain(error).into())
/// }
/// # assert_eq!(number("3").unwrap(), 3);
/// # assert_eq!(number("three").unwrap_err().to_string(), "400 Bad Request");
/// ```
///
/// Python: `self.send_error(…)` and `return`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HTTPError {
    code: u16,
    message: Option<String>,
    explain: Option<String>,
    fields: Vec<(String, String)>,
}

impl HTTPError {
    /// An error with this status.
    pub fn new<'a>(status: impl Into<Status<'a>>) -> Self {
        let Status { code, message, explain, fields } = status.into();
        HTTPError {
            code,
            message: message.map(str::to_owned),
            explain: explain.map(str::to_owned),
            fields: fields.to_vec(),
        }
    }

    /// Adds a field to the reply, such as `WWW-Authenticate`, `Retry-After` or `Allow`. With one
    /// that cannot be sent, the reply has none of them.
    ///
    /// ```
    /// # use std::io;
    /// # use socketserver::http::HTTPError;
    /// fn only_members(name: Option<&str>) -> io::Result<()> {
    ///     match name {
    ///         Some(_) => Ok(()),
    ///         None => Err(HTTPError::new(401).with("WWW-Authenticate", "Basic").into()),
    ///     }
    /// }
    /// ```
    ///
    /// Python: none; `send_error` takes no fields
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sets the explanation on the error page. The client sees this text; markup in it is escaped.
    ///
    /// Python: the argument `explain` of `send_error`
    pub fn explain(mut self, text: impl fmt::Display) -> Self {
        self.explain = Some(text.to_string());
        self
    }

    /// The status of the reply.
    pub fn status(&self) -> Status<'_> {
        Status {
            code: self.code,
            message: self.message.as_deref(),
            explain: self.explain.as_deref(),
            fields: &self.fields,
        }
    }

    /// This error inside an `io::Error` of this kind.
    pub(in crate::http) fn of_kind(self, kind: io::ErrorKind) -> io::Error {
        io::Error::new(kind, self)
    }
}

impl fmt::Display for HTTPError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = || response(self.code).map_or("", |(phrase, _)| phrase);
        write!(f, "{} {}", self.code, self.message.as_deref().unwrap_or_else(usual))
    }
}

impl Error for HTTPError {}

impl From<HTTPError> for io::Error {
    fn from(error: HTTPError) -> Self {
        error.of_kind(io::ErrorKind::Other)
    }
}

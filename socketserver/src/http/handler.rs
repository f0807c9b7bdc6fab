//! What every HTTP handler can do: Python's methods of the class, and some beyond.

use std::fmt::Display;
use std::io;
use std::time::SystemTime;

use super::defaults;
use super::events::EventStream;
use super::exchange::Exchange;
use super::message::headers::Headers;
use super::message::query;
use super::message::refusal::HTTPError;
use super::message::status::Status;
use super::reader::BodyReader;
use crate::request::HandlerError;

/// The methods of an HTTP handler. The derive of the same name implements it.
///
/// ```
/// use std::io::{self, Write};
/// use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter, ThreadingHTTPServer};
///
/// #[derive(BaseHTTPRequestHandler)]
/// #[handler(protocol_version = "HTTP/1.1")]
/// struct Hello {
///     path: String,
///     wfile: ReplyWriter,
/// }
///
/// #[allow(non_snake_case)]
/// impl Hello {
///     fn do_GET(&mut self) -> io::Result<()> {
///         self.send_response(200)?;
///         self.send_header("Content-Type", "text/plain")?;
///         self.end_headers()?;
///         writeln!(self.wfile, "You asked for {}.", self.path)
///     }
/// }
///
/// let server = ThreadingHTTPServer::<Hello>::bind("127.0.0.1:0")?;
/// # Ok::<(), io::Error>(())
/// ```
///
/// To override `end_headers`, `send_error`, `log_request`, `log_error`, `log_message`,
/// `handle_expect_100` or `method_not_allowed`, give the struct a method of that name. The library
/// calls it too. The original is then `BaseHTTPRequestHandler::end_headers(self)`, as `super()` is
/// in Python:
///
/// ```
/// # use std::io;
/// # use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};
/// # #[derive(BaseHTTPRequestHandler)]
/// # struct Isolated {
/// #     wfile: ReplyWriter,
/// # }
/// impl Isolated {
/// #   fn do_GET(&mut self) -> io::Result<()> { self.send_error(404) }
///     fn end_headers(&mut self) -> io::Result<()> {
///         self.send_header("Cross-Origin-Opener-Policy", "same-origin")?;
///         BaseHTTPRequestHandler::end_headers(self)
///     }
/// }
/// ```
///
/// Python: `http.server.BaseHTTPRequestHandler`
pub trait BaseHTTPRequestHandler {
    /// The connection with its request and its reply.
    fn exchange(&self) -> &Exchange;

    /// Begins the reply: its status line, and the fields `Server` and `Date`. The status is a code,
    /// such as `200`, or a code and a message. A head that was begun before and has not been sent
    /// is discarded.
    ///
    /// # Errors
    /// `InvalidInput` if the code does not have three digits, if the message is not one line of
    /// Latin-1, or if a head has been sent already.
    ///
    /// Python: `send_response`, which also logs the request; here the library logs it after the
    /// reply
    fn send_response<'a>(&self, status: impl Into<Status<'a>>) -> io::Result<()>
    where
        Self: Sized,
    {
        defaults::begin_reply(self, status.into())
    }

    /// Begins the reply with its status line alone. A status below 200, except 101, is an interim
    /// reply: [`end_headers`](Self::end_headers) sends it, and the actual reply follows.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response).
    ///
    /// Python: `send_response_only`
    fn send_response_only<'a>(&self, status: impl Into<Status<'a>>) -> io::Result<()>
    where
        Self: Sized,
    {
        self.exchange().status_line(status.into())
    }

    /// Adds a field to the reply's head. `Connection: close` also closes the connection after the
    /// reply; `Connection: keep-alive` keeps it, unless the client asks for its end. After
    /// `Transfer-Encoding: chunked` the handler writes the chunks itself, with their sizes; a client
    /// of HTTP/1.0, which has no codings, gets their contents.
    ///
    /// # Errors
    /// `InvalidInput` if the name is not a token of HTTP, or if the value is not one line of
    /// Latin-1. Nothing of the field is sent then.
    ///
    /// Python: `send_header`, which checks nothing
    fn send_header(&self, name: &str, value: impl Display) -> io::Result<()>
    where
        Self: Sized,
    {
        self.exchange().field(name, format_args!("{value}"))
    }

    /// Ends the reply's head. The head is sent together with the first bytes of the body, at a
    /// flush of `wfile`, or when the method returns. If the handler has not said where the body
    /// ends, the library adds the field that does: a length, or the chunked coding.
    ///
    /// # Errors
    /// `InvalidInput` if no head was begun; those of the connection for an interim reply.
    ///
    /// Python: `end_headers`
    fn end_headers(&mut self) -> io::Result<()> {
        self.exchange().end_head()
    }

    /// Sends the head and the part of the body that are still in the buffer.
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// Python: `flush_headers`
    fn flush_headers(&self) -> io::Result<()> {
        self.exchange().flush()
    }

    /// Sends an error page, logs it, and closes the connection after it. The status is `404`,
    /// `(404, message)` or `(404, message, explanation)`.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response).
    ///
    /// Python: `send_error`
    fn send_error<'a>(&mut self, status: impl Into<Status<'a>>) -> io::Result<()>
    where
        Self: Sized,
    {
        defaults::send_error_page(self, status.into())
    }

    /// Logs a request after its reply, if the logger shows level info. The line has the request's
    /// first line, the status code, and the size of the reply's body in bytes.
    ///
    /// Python: `log_request`, which runs before the reply and knows no size
    fn log_request(&mut self, code: u16, size: u64) {
        defaults::log_request(self, code, size);
    }

    /// Logs an error page, or the reason for one, through [`log_message`](Self::log_message).
    ///
    /// Python: `log_error`
    fn log_error(&mut self, text: &str) {
        self.__log_message(text);
    }

    /// Logs a line at info level: the client's address, how long the request has taken so far, and
    /// the text. Control characters in the text are escaped.
    ///
    /// Python: `log_message`, which writes to standard error
    fn log_message(&mut self, text: &str) {
        defaults::log_message(self, text);
    }

    /// The value of the field `Server`: the options `server_version` and `sys_version`.
    ///
    /// Python: `version_string`
    fn version_string(&self) -> String {
        defaults::version_string(self.exchange().settings())
    }

    /// A time in the format of header fields, `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// Python: `date_time_string`
    fn date_time_string(&self, time: SystemTime) -> String {
        super::message::date::date_time_string(time)
    }

    /// The client's address without its port.
    ///
    /// Python: `address_string`
    fn address_string(&self) -> String {
        defaults::address_string(self.exchange().client_address())
    }

    /// Called before `do_POST` and so on, if the client waits for `100 Continue` before it sends
    /// the body. After `true` the library sends `100 Continue` when the handler begins to read the
    /// body. An override that refuses the body sends another reply and returns `false`.
    ///
    /// # Errors
    /// Those of the override's own reply.
    ///
    /// Python: `handle_expect_100`, which sends `100 Continue` at once
    fn handle_expect_100(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Answers a command for which a handler with the option `standard_methods` has no method, with
    /// 405. `allowed` is the value of `Allow`.
    ///
    /// # Errors
    /// The [`HTTPError`] that becomes the reply.
    ///
    /// Python: none; such a command is answered with 501
    fn method_not_allowed(&mut self, allowed: &str) -> io::Result<()> {
        Err(HTTPError::new(405).with("Allow", allowed).into())
    }

    /// Closes the connection after this reply.
    ///
    /// Python: `self.close_connection = True`
    fn close_connection(&self) {
        self.exchange().set_closes(true);
    }

    /// Length of the request's body in bytes: 0 without a body, `None` if the body is chunked, so
    /// that its length is not known yet.
    ///
    /// Python: `int(self.headers['Content-Length'])`, which also accepts `-1`, `+3` and `1_0`
    fn content_length(&self) -> Option<u64> {
        self.exchange().content_length()
    }

    /// Reads the whole body, of at most `most` bytes.
    ///
    /// # Errors
    /// An [`HTTPError`] of 413 if the body is longer; if its length is known, none of it is read.
    /// Those of [`BodyReader`](super::BodyReader).
    ///
    /// Python: `self.rfile.read(int(self.headers['Content-Length']))`
    fn body(&self, most: usize) -> io::Result<Vec<u8>> {
        BodyReader(self.exchange().clone()).read_whole(most)
    }

    /// The path up to its `?`, not decoded.
    ///
    /// Python: `urlsplit(self.path).path`
    fn path_without_query(&self) -> String {
        query::path_without(self.exchange().headers().head().path()).to_owned()
    }

    /// The names and values of the query, which follows the `?` of the path: decoded, in order.
    ///
    /// Python: `parse_qsl(urlsplit(self.path).query, keep_blank_values=True)`
    fn query(&self) -> Vec<(String, String)> {
        query::parse(query::of_path(self.exchange().headers().head().path()))
    }

    /// The first value of this name in the query, decoded.
    ///
    /// Python: `parse_qs(urlsplit(self.path).query)[name][0]`
    fn query_value(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Reads the body as the fields of an HTML form: names and values, decoded, in order. The body
    /// may have `most` bytes.
    ///
    /// # Errors
    /// As [`body`](Self::body); an [`HTTPError`] of 415 if the body's type is not
    /// `application/x-www-form-urlencoded`.
    ///
    /// Python: `parse_qsl(self.rfile.read(length))`
    fn form(&self, most: usize) -> io::Result<Vec<(String, String)>> {
        BodyReader(self.exchange().clone()).read_form(most)
    }

    /// Sends a whole reply: status, `Content-Type`, `Content-Length` and body.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response) and [`send_header`](Self::send_header), and those
    /// of the connection.
    ///
    /// Python: `send_response`, `send_header` twice, `end_headers`, `wfile.write`
    fn reply<'a>(
        &mut self,
        status: impl Into<Status<'a>>,
        content_type: &str,
        body: impl AsRef<[u8]>,
    ) -> io::Result<()>
    where
        Self: Sized,
    {
        defaults::reply(self, status.into(), content_type, body.as_ref())
    }

    /// Begins a reply of server-sent events, which browsers read with `EventSource`.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response), and those of the connection.
    ///
    /// Python: none
    fn event_stream(&mut self) -> io::Result<EventStream> {
        defaults::event_stream(self)
    }

    /// Fills the fields of the struct from the head of a request.
    #[doc(hidden)]
    fn __assign(&mut self, headers: &Headers);

    #[doc(hidden)]
    fn __commands(&self) -> &'static [&'static str];

    #[doc(hidden)]
    fn __knows(&self, command: &str) -> bool;

    #[doc(hidden)]
    fn __call(&mut self, command: &str) -> Option<Result<(), HandlerError>>;

    #[doc(hidden)]
    fn __end_headers(&mut self) -> io::Result<()>;

    #[doc(hidden)]
    fn __send_error(&mut self, status: Status<'_>) -> io::Result<()>;

    #[doc(hidden)]
    fn __log_request(&mut self, code: u16, size: u64);

    #[doc(hidden)]
    fn __log_error(&mut self, text: &str);

    #[doc(hidden)]
    fn __log_message(&mut self, text: &str);

    #[doc(hidden)]
    fn __method_not_allowed(&mut self, allowed: &str) -> io::Result<()>;

    #[doc(hidden)]
    fn __handle_expect_100(&mut self) -> io::Result<bool>;
}

impl<H: BaseHTTPRequestHandler + ?Sized> defaults::Overridable for H {
    fn exchange(&self) -> &Exchange {
        self.exchange()
    }

    fn version_string(&self) -> String {
        self.version_string()
    }

    fn address_string(&self) -> String {
        self.address_string()
    }

    fn end_headers(&mut self) -> io::Result<()> {
        self.__end_headers()
    }

    fn log_error(&mut self, text: &str) {
        self.__log_error(text);
    }

    fn log_message(&mut self, text: &str) {
        self.__log_message(text);
    }
}

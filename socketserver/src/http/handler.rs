//! What every HTTP handler can do: Python's methods of the class, and some beyond.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::SystemTime;

use super::events::EventStream;
use super::exchange::Exchange;
use super::exchange::settings::Settings;
use super::message::headers::Headers;
use super::message::query;
use super::message::refusal::HTTPError;
use super::message::status::{Status, has_body, response};
use super::message::text::{LOG_TARGET, escape_log};
use super::reader::BodyReader;
use super::reply::ReplyWriter;
use crate::address::Address;
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
/// A method of the struct with the name of `end_headers`, `send_error`, `log_request`, `log_error`,
/// `log_message`, `handle_expect_100` or `method_not_allowed` overrides it, also where the library
/// calls it. `BaseHTTPRequestHandler::end_headers(self)` then calls the overridden method:
///
/// ```
/// # use std::io;
/// # use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};
/// # #[derive(BaseHTTPRequestHandler)]
/// # struct Isolated {
/// #     wfile: ReplyWriter,
/// # }
/// impl Isolated {
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
    /// or a code and a message.
    ///
    /// # Errors
    /// `InvalidInput` if the message is not one line of Latin-1, or the head of a reply has left.
    ///
    /// Python: `send_response`, which also logs the request; here that is done after the reply
    fn send_response<'a>(&self, status: impl Into<Status<'a>>) -> io::Result<()>
    where
        Self: Sized,
    {
        begin_reply(self, status.into())
    }

    /// Begins the reply with its status line alone. One below 200 is interim: it leaves at
    /// [`end_headers`](Self::end_headers), and another follows.
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

    /// Adds a field to the reply's head. `Connection: close` and `keep-alive` also decide what
    /// becomes of the connection.
    ///
    /// # Errors
    /// `InvalidInput` for a name that is no token, and a value that is not one line of Latin-1;
    /// nothing of the field is sent then.
    ///
    /// Python: `send_header`, which checks nothing
    fn send_header(&self, name: &str, value: impl Display) -> io::Result<()>
    where
        Self: Sized,
    {
        self.exchange().field(name, format_args!("{value}"))
    }

    /// Ends the reply's head. It leaves with the first bytes of the body, at a flush of `wfile`, or
    /// at the end of the method; by then the library has added what tells the client where the body
    /// ends, if the handler has not.
    ///
    /// # Errors
    /// `InvalidInput` if no head has been begun.
    ///
    /// Python: `end_headers`
    fn end_headers(&mut self) -> io::Result<()> {
        self.exchange().end_head()
    }

    /// Sends what there is of the reply.
    ///
    /// # Errors
    /// The connection's.
    ///
    /// Python: `flush_headers`
    fn flush_headers(&self) -> io::Result<()> {
        self.exchange().flush()
    }

    /// Sends an error page, and closes the connection after it. The status is a code, or a code, a
    /// message and perhaps an explanation.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response).
    ///
    /// Python: `send_error`
    fn send_error<'a>(&mut self, status: impl Into<Status<'a>>) -> io::Result<()>
    where
        Self: Sized,
    {
        send_error_page(self, status.into())
    }

    /// Logs a request after its reply, unless the log is off: its first line, the status, and the
    /// bytes of the reply's body.
    ///
    /// Python: `log_request`, before the reply and without a size
    fn log_request(&mut self, code: u16, size: u64) {
        if log::log_enabled!(target: LOG_TARGET, log::Level::Info) {
            let headers = self.exchange().headers();
            let line = headers.head().requestline();
            let size = if size == 0 { "-".to_owned() } else { size.to_string() };
            self.__log_message(&format!("\"{line}\" {code} {size}"));
        }
    }

    /// Logs an error.
    ///
    /// Python: `log_error`
    fn log_error(&mut self, text: &str) {
        self.__log_message(text);
    }

    /// Logs a line at info level: the client's address, how long the request has taken so far, and
    /// the text, with control characters escaped.
    ///
    /// Python: `log_message`, to standard error
    fn log_message(&mut self, text: &str) {
        let elapsed = self.exchange().elapsed().unwrap_or_default();
        log::info!(target: LOG_TARGET, "{} [{elapsed:.1?}] {}", self.address_string(), escape_log(text));
    }

    /// The field `Server`: the options `server_version` and `sys_version`.
    ///
    /// Python: `version_string`
    fn version_string(&self) -> String {
        let settings = self.exchange().settings();
        match settings.sys_version {
            "" => settings.server_version.to_owned(),
            system => format!("{} {system}", settings.server_version),
        }
    }

    /// A time as header fields have it.
    ///
    /// Python: `date_time_string`
    fn date_time_string(&self, time: SystemTime) -> String {
        super::message::date::date_time_string(time)
    }

    /// The client's address without its port.
    ///
    /// Python: `address_string`
    fn address_string(&self) -> String {
        match self.exchange().client_address() {
            Address::Inet(address) => address.ip().to_string(),
            address => address.to_string(),
        }
    }

    /// Called before the method of a request whose client waits for `100 Continue`. With `true` the
    /// client gets it as soon as the handler reads the body. An override that returns `false` has
    /// sent another reply.
    ///
    /// # Errors
    /// Those of that reply.
    ///
    /// Python: `handle_expect_100`, which sends it at once
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

    /// How long the body is, if the client has said so: 0 without a body, `None` for a chunked one.
    ///
    /// Python: `int(self.headers['Content-Length'])`, which also takes text that is no number of
    /// bytes
    fn content_length(&self) -> Option<u64> {
        self.exchange().content_length()
    }

    /// Reads the body, which may have `most` bytes.
    ///
    /// # Errors
    /// For a longer one: an [`HTTPError`] that is answered with 413, without reading it. As
    /// `rfile`.
    ///
    /// Python: `self.rfile.read(int(self.headers['Content-Length']))`
    fn body(&self, most: usize) -> io::Result<Vec<u8>> {
        BodyReader(self.exchange().clone()).read_whole(most)
    }

    /// The path up to its `?`, as the client has sent it.
    ///
    /// Python: `urlsplit(self.path).path`
    fn path_without_query(&self) -> String {
        query::path_without(self.exchange().headers().head().path()).to_owned()
    }

    /// The names and values behind the `?` of the path, decoded, in order.
    ///
    /// Python: `parse_qsl(urlsplit(self.path).query, keep_blank_values=True)`
    fn query(&self) -> Vec<(String, String)> {
        query::parse(query::of_path(self.exchange().headers().head().path()))
    }

    /// The first value of this name behind the `?` of the path.
    ///
    /// Python: `parse_qs(urlsplit(self.path).query)[name][0]`
    fn query_value(&self, name: &str) -> Option<String> {
        let mut query = self.query().into_iter();
        query.find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Reads the body as the fields of an HTML form, decoded, in order.
    ///
    /// # Errors
    /// As [`body`](Self::body). For another type than `application/x-www-form-urlencoded`: an
    /// [`HTTPError`] that is answered with 415.
    ///
    /// Python: `parse_qsl(self.rfile.read(length))`
    fn form(&self, most: usize) -> io::Result<Vec<(String, String)>> {
        BodyReader(self.exchange().clone()).read_form(most)
    }

    /// Sends a whole reply.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response).
    ///
    /// Python: `send_response`, `send_header`, `end_headers`, `wfile.write`
    fn reply<'a>(
        &mut self,
        status: impl Into<Status<'a>>,
        content_type: &str,
        body: impl AsRef<[u8]>,
    ) -> io::Result<()>
    where
        Self: Sized,
    {
        let (status, body) = (status.into(), body.as_ref());
        begin_reply(self, status)?;
        if has_body(status.code) {
            self.exchange().describe(content_type, body.len())?;
        }
        self.__end_headers()?;
        ReplyWriter(self.exchange().clone()).write_all(body)
    }

    /// Begins a reply of server-sent events, which browsers read with `EventSource`.
    ///
    /// # Errors
    /// As [`send_response`](Self::send_response), and the connection's.
    ///
    /// Python: none
    fn event_stream(&mut self) -> io::Result<EventStream> {
        begin_reply(self, 200.into())?;
        self.exchange().field("Content-Type", format_args!("text/event-stream"))?;
        self.exchange().field("Cache-Control", format_args!("no-store"))?;
        self.__end_headers()?;
        self.exchange().flush()?;
        Ok(EventStream::new(self.exchange().clone()))
    }

    /// Fills the fields of the struct from the head of a request.
    #[doc(hidden)]
    fn __assign(&mut self, headers: &Headers);

    /// The commands that the struct may have methods for.
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

/// The status line, and the fields that each reply has.
fn begin_reply<H: BaseHTTPRequestHandler + ?Sized>(
    handler: &H,
    status: Status<'_>,
) -> io::Result<()> {
    let exchange = handler.exchange();
    match exchange.settings() {
        Settings { server_version, sys_version: "", .. } => {
            exchange.begin_reply(status, server_version)
        }
        _ => exchange.begin_reply(status, &handler.version_string()),
    }
}

/// Sends an error page, with the fields of its error.
fn send_error_page<H: BaseHTTPRequestHandler + ?Sized>(
    handler: &mut H,
    status: Status<'_>,
) -> io::Result<()> {
    let phrase = response(status.code).map_or("???", |(phrase, _)| phrase);
    let message = status.message.unwrap_or(phrase);
    handler.__log_error(&format!("code {}, message {message}", status.code));
    begin_reply(handler, Status { message: Some(message), ..status })?;
    let exchange = handler.exchange().clone();
    exchange.field("Connection", format_args!("close"))?;
    let mut page = Vec::new();
    if has_body(status.code) {
        let settings = exchange.settings();
        page = settings.error_page(status).into_bytes();
        exchange.describe(settings.error_content_type, page.len())?;
    }
    for (name, value) in status.fields {
        exchange.field(name, format_args!("{value}"))?;
    }
    handler.__end_headers()?;
    exchange.write_body(&page)
}

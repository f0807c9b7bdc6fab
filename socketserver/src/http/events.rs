//! Server-sent events: what browsers read with `EventSource`.

use std::fmt;
use std::io;
use std::time::Duration;

use super::exchange::Exchange;

/// One event.
///
/// ```
/// # use socketserver::http::Event;
/// let event = Event::new("two\nlines").name("news").id("7");
/// assert_eq!(event.to_string(), "event: news\nid: 7\ndata: two\ndata: lines\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
    data: String,
}

impl Event {
    /// An event with this text, of any number of lines.
    pub fn new(data: impl Into<String>) -> Self {
        Event { data: data.into(), ..Event::default() }
    }

    /// The event's name, for which the page's script listens. Without a name it is `message`. Only
    /// the first line of `name` counts.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(first_line(name));
        self
    }

    /// The event's id, which the browser sends as `Last-Event-ID` when it connects again. Only the
    /// first line of `id` counts.
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(first_line(id).replace('\0', ""));
        self
    }

    /// How long the browser waits before it connects again.
    pub fn retry(mut self, time: Duration) -> Self {
        self.retry = Some(time);
        self
    }
}

fn first_line(text: &str) -> String {
    text.split(['\r', '\n']).next().unwrap_or_default().to_owned()
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            writeln!(f, "event: {name}")?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {id}")?;
        }
        if let Some(retry) = self.retry {
            writeln!(f, "retry: {}", retry.as_millis())?;
        }
        for line in self.data.replace("\r\n", "\n").split(['\r', '\n']) {
            writeln!(f, "data: {line}")?;
        }
        writeln!(f)
    }
}

/// A reply of events, each of which is sent at once. Made by
/// [`event_stream`](super::BaseHTTPRequestHandler::event_stream).
#[derive(Debug)]
pub struct EventStream(Exchange);

impl EventStream {
    pub(super) fn new(exchange: Exchange) -> Self {
        EventStream(exchange)
    }

    /// Ends the loop of a handler whose client has asked for the head alone: its events go nowhere,
    /// and would never fail.
    fn expect_a_reader(&self) -> io::Result<()> {
        match self.0.has_no_body() {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(()),
        }
    }

    /// Sends an event.
    ///
    /// # Errors
    /// Those of the connection: the browser has gone, or reads too slowly.
    pub fn send(&mut self, event: &Event) -> io::Result<()> {
        self.expect_a_reader()?;
        self.0.write_body(event.to_string().as_bytes())?;
        self.0.flush()
    }

    /// Sends a comment, which the page does not see. One every 15 seconds or so keeps proxies from
    /// closing the connection, and fails once the browser has gone.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn ping(&mut self) -> io::Result<()> {
        self.expect_a_reader()?;
        self.0.write_body(b":\n\n")?;
        self.0.flush()
    }
}

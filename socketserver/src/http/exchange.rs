//! A connection that carries requests and replies, shared by a handler's files and methods.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::body::{Body, Source};
use super::framing::Framed;
use super::head::{self, Received};
use super::headers::{Head, Headers};
use super::input::Input;
use super::limits::Limits;
use super::outgoing::{Outgoing, Stage, Terms};
use super::settings::Settings;
use super::status::Status;
use crate::address::Address;
use crate::handler::ServerRef;
use crate::request::is_timeout;
use crate::socket::{Socket, SocketOption};

/// One client's connection: the request at hand, and the reply to it. A clone is another handle.
///
/// Python: the attributes of a `BaseHTTPRequestHandler`
#[derive(Clone)]
pub struct Exchange(Rc<Inner>);

struct Inner {
    socket: Socket,
    client_address: Address,
    server: ServerRef,
    settings: Settings,
    limits: Limits,
    input: RefCell<Input>,
    head: RefCell<Headers>,
    body: RefCell<Body>,
    reply: RefCell<Outgoing>,
    closes: Cell<bool>,
    /// Whether it is the handler that wants it so.
    chose: Cell<bool>,
    began: Cell<Option<Instant>>,
}

impl Exchange {
    pub(super) fn new<S>(
        socket: &Socket,
        client_address: &Address,
        server: &ServerRef<S>,
        settings: Settings,
    ) -> Self {
        Exchange(Rc::new(Inner {
            socket: socket.clone(),
            client_address: client_address.clone(),
            server: server.without_state(),
            limits: settings.limits.within(settings.timeout),
            settings,
            input: RefCell::default(),
            head: RefCell::default(),
            body: RefCell::default(),
            reply: RefCell::default(),
            closes: Cell::new(false),
            chose: Cell::new(false),
            began: Cell::new(None),
        }))
    }

    /// The connection.
    pub fn connection(&self) -> &Socket {
        &self.0.socket
    }

    /// The client's address.
    pub fn client_address(&self) -> &Address {
        &self.0.client_address
    }

    /// The request's method, such as `GET`.
    pub fn command(&self) -> String {
        self.headers().0.command().to_owned()
    }

    /// The request's target, as the client has sent it, but with one slash at its start; of a URL,
    /// what comes behind its host.
    pub fn path(&self) -> String {
        self.headers().0.path().to_owned()
    }

    /// The request's fields.
    pub fn headers(&self) -> Headers {
        self.0.head.borrow().clone()
    }

    /// The host that the client has asked, with its port if it has sent one: of the request's URL,
    /// or else of its field `Host`.
    pub fn host(&self) -> Option<String> {
        let headers = self.headers();
        headers.0.authority().or_else(|| headers.get("Host")).map(str::to_owned)
    }

    /// How long the body is, if the client has said so: 0 without a body, `None` for a chunked one.
    pub fn content_length(&self) -> Option<u64> {
        self.0.body.borrow().length()
    }

    /// Whether the connection closes after this reply.
    pub fn closes(&self) -> bool {
        self.0.closes.get()
    }

    /// Sets whether the connection closes after this reply.
    pub fn set_closes(&self, closes: bool) {
        self.0.closes.set(closes);
        self.0.chose.set(closes);
    }

    /// Takes the connection over for another protocol, mostly after a reply of 101, or of 2xx to
    /// `CONNECT`: sends what there is of the reply, and returns the bytes that the client has
    /// already sent behind its request. From then on [`connection`](Self::connection) is the
    /// handler's alone; it closes at the end of the method.
    ///
    /// # Errors
    /// The connection's.
    ///
    /// Python: none; `self.connection` without the bytes that `rfile` has read ahead
    pub fn take_over(&self) -> io::Result<Vec<u8>> {
        self.flush()?;
        self.set_closes(true);
        Ok(self.0.input.take().unread().to_vec())
    }

    pub(super) fn closes_by_choice(&self) -> bool {
        self.0.chose.get()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How long the request has been at hand.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        self.0.began.get().map(|began| began.elapsed())
    }

    /// Waits for the next request and receives its head.
    ///
    /// # Errors
    /// The socket's.
    pub(super) fn receive_head(&self) -> io::Result<Received> {
        let Inner { socket, server, limits, settings, .. } = &*self.0;
        self.set_head(Head::default());
        self.0.began.set(None);
        let mut input = self.0.input.borrow_mut();
        if input.is_empty() {
            match server.next_request_within(socket, limits.idle_time) {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Nothing),
                Err(error) if is_timeout(&error) => return Ok(Received::Nothing),
                Err(error) => return Err(error),
            }
        }
        if log::log_enabled!(target: super::TARGET, log::Level::Info) {
            self.0.began.set(Some(Instant::now()));
        }
        head::receive(&mut input, socket, limits, settings.http_0_9)
    }

    /// Takes a head, whatever it says: the reply to it closes the connection.
    pub(super) fn begin_refusal(&self, head: Head) {
        let is_0_9 = head.is_0_9();
        self.set_head(head);
        self.0.closes.set(true);
        self.0.body.replace(Body::default());
        let is_1_1 = self.0.settings.speaks_1_1();
        self.0.reply.replace(Outgoing::new(Terms { is_0_9, is_1_1, ..Terms::default() }));
    }

    /// Takes the head of a request that will be handled.
    pub(super) fn begin(&self, framed: &Framed) {
        let headers = self.headers();
        let head = &headers.0;
        let speaks_1_1 = self.0.settings.speaks_1_1();
        let closes = !framed.keep_alive || !speaks_1_1 || self.0.server.runs_on_loop();
        self.0.closes.set(closes);
        self.0.chose.set(false);
        self.0.body.replace(Body::new(framed.body, framed.expects_continue));
        self.0.reply.replace(Outgoing::new(Terms {
            is_0_9: head.is_0_9(),
            is_1_1: speaks_1_1 && head.is_1_1(),
            head_only: head.command() == "HEAD",
            tells_stay: speaks_1_1 && !head.is_1_1(),
            is_connect: head.command() == "CONNECT",
        }));
    }

    pub(super) fn set_head(&self, head: Head) {
        self.0.head.replace(Headers(Rc::new(head)));
    }

    /// How far the reply is.
    pub(super) fn stage(&self) -> Stage {
        self.0.reply.borrow().stage
    }

    /// Whether any of the reply has left, so that it can only be ended.
    pub(super) fn has_begun(&self) -> bool {
        self.0.reply.borrow().has_begun
    }

    /// The status and the size of the reply, for the log.
    pub(super) fn code_and_size(&self) -> (u16, u64) {
        let reply = self.0.reply.borrow();
        (reply.code, reply.written)
    }

    pub(super) fn status_line(&self, status: Status<'_>) -> io::Result<()> {
        self.0.reply.borrow_mut().status_line(status, self.0.settings.protocol_version)
    }

    pub(super) fn field(&self, name: &str, value: fmt::Arguments<'_>) -> io::Result<()> {
        if let Some(closes) = self.0.reply.borrow_mut().field(name, value)? {
            self.0.closes.set(closes);
        }
        Ok(())
    }

    pub(super) fn date_field(&self) -> io::Result<()> {
        let mut date = Vec::with_capacity(32);
        super::date::push_now(&mut date);
        self.field("Date", format_args!("{}", String::from_utf8_lossy(&date)))
    }

    /// Ends the head. An interim one leaves at once.
    pub(super) fn end_head(&self) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        if reply.end_head()? {
            let (out, terms) = (std::mem::take(&mut reply.out), reply.terms);
            *reply = Outgoing::new(terms);
            self.0.body.borrow_mut().expects_continue = false;
            self.send(&out)?;
        } else if reply.switches() {
            self.frame(&mut reply, false);
            self.send_out(&mut reply)?;
        }
        Ok(())
    }

    /// Reads the body.
    pub(super) fn read_body(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut body = self.0.body.borrow_mut();
        if body.expects_continue {
            body.expects_continue = false;
            if !self.has_begun() {
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
        }
        let Inner { socket, limits, .. } = &*self.0;
        let mut input = self.0.input.borrow_mut();
        body.read(&mut Source { input: &mut input, socket, limits }, buffer)
    }

    /// Takes a piece of the reply's body. Small pieces wait for more.
    pub(super) fn write_body(&self, data: &[u8]) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        if reply.has_room(data.len()) {
            reply.push_body(data)?;
            if !reply.is_unbuffered() {
                return Ok(());
            }
            self.frame(&mut reply, false);
            return self.send_out(&mut reply);
        }
        reply.note_written(data.len())?;
        self.frame(&mut reply, false);
        // The head leaves together with the first bytes of the body.
        let into_head = if data.len() <= WITH_HEAD { data.len() } else { INTO_HEAD };
        let (first, rest) = data.split_at(into_head);
        if !reply.pass(data.len()) {
            reply.push_framed(data);
            return self.send_out(&mut reply);
        }
        reply.out.extend_from_slice(first);
        self.send_out(&mut reply)?;
        self.send(rest)
    }

    /// Sends what has been written so far.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        self.frame(&mut reply, false);
        self.send_out(&mut reply)
    }

    /// Decides how the client will find the end of the reply, if that is still open.
    fn frame(&self, reply: &mut Outgoing, is_whole: bool) {
        if reply.stage != Stage::Open {
            return;
        }
        if reply.switches() {
            self.0.body.borrow_mut().become_stream();
        } else if !self.is_body_over_soon() || self.0.server.is_leaving() {
            self.0.closes.set(true);
        }
        let closes = reply.frame(is_whole, self.0.closes.get());
        self.0.closes.set(closes);
    }

    /// Whether the rest of the request's body is short enough to be dropped.
    fn is_body_over_soon(&self) -> bool {
        // A handler that is just reading it is not in this function.
        let body = self.0.body.borrow();
        body.has_ended() || (!body.expects_continue && body.may_be_dropped(self.0.limits.unread))
    }

    /// Ends the reply and sends the rest of it. Returns whether it was whole.
    pub(super) fn finish(&self) -> io::Result<bool> {
        let mut reply = self.0.reply.borrow_mut();
        self.frame(&mut reply, true);
        let is_whole = reply.end();
        self.send_out(&mut reply)?;
        Ok(is_whole)
    }

    /// Whether the body that the handler has written is shorter than it has announced, and nothing
    /// has left yet.
    pub(super) fn falls_short(&self) -> bool {
        self.0.reply.borrow().falls_short()
    }

    /// Receives and drops the rest of the body. Returns whether its end was found.
    pub(super) fn drop_body(&self) -> bool {
        let mut scratch = [0; 4_096];
        let mut left = self.0.limits.unread;
        while !self.0.body.borrow().has_ended() {
            match self.read_body(&mut scratch) {
                Ok(bytes) if bytes as u64 <= left => left -= bytes as u64,
                _ => return false,
            }
        }
        true
    }

    /// Lets the connection end with a reset: the client must not take a part for the whole.
    pub(super) fn abort(&self) {
        self.0.closes.set(true);
        // If the connection has ended already, there is nothing to reset.
        let _ = self.0.socket.setsockopt(SocketOption::Linger(Some(Duration::ZERO)));
    }

    fn send_out(&self, reply: &mut Outgoing) -> io::Result<()> {
        let out = std::mem::take(&mut reply.out);
        if !out.is_empty() {
            reply.has_begun = true;
        }
        self.send(&out)
    }

    /// Sends all of `data`, in the time that a client may take for it.
    pub(super) fn send(&self, data: &[u8]) -> io::Result<()> {
        let Inner { socket, limits, .. } = &*self.0;
        limits
            .pace(data.len() as u64, |sent, time| socket.send_within(&data[sent as usize..], time))
    }

    /// Sends a part of a file as the next piece of the body, whose length the head must say.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter; as `send`.
    pub(super) fn send_file(&self, file: &File, part: Range<u64>) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        let length = part.end - part.start;
        reply.note_written(length as usize)?;
        self.frame(&mut reply, false);
        let length = if reply.pass(length as usize) { length } else { 0 };
        self.send_out(&mut reply)?;
        let Inner { socket, limits, .. } = &*self.0;
        limits.pace(length, |sent, time| {
            socket.sendfile_within((file.as_fd(), part.start + sent..part.end), time)
        })
    }
}

/// How much of a large body leaves together with the head, in bytes. A second write costs less than
/// a copy of more than the first of these.
const WITH_HEAD: usize = 64 << 10;
const INTO_HEAD: usize = 8 << 10;

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers();
        f.debug_struct("Exchange")
            .field("client_address", &self.0.client_address)
            .field("requestline", &headers.0.requestline())
            .finish()
    }
}

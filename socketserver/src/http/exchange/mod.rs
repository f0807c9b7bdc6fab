//! A connection with its requests and replies. A handler's files and methods share it.
//!
//! | file | contents |
//! | --- | --- |
//! | `input.rs`, `head.rs`, `body.rs` | the request: bytes, its head, its body |
//! | `replying.rs`, `outgoing.rs`, `stage.rs` | the reply: its calls, its bytes, its stages |
//! | `fields.rs`, `chunks.rs` | the fields of its head, and chunks that the handler writes itself |
//! | `settings.rs`, `limits.rs` | the options of a handler, and its limits |

pub(super) mod body;
mod chunks;
mod fields;
pub(super) mod head;
mod input;
pub(super) mod limits;
mod outgoing;
mod replying;
pub(crate) mod settings;
pub(super) mod stage;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use self::body::{Body, Source};
use self::head::Received;
use self::input::{FIRST, Input};
use self::outgoing::Outgoing;
use self::settings::{ChosenSettings, Settings};
use self::stage::Terms;
use crate::address::Address;
use crate::handler::{IdleMark, ServerRef};
use crate::http::message::framing::Framed;
use crate::http::message::headers::Headers;
use crate::http::message::line::invalid;
use crate::http::message::text::LOG_TARGET;
use crate::request::is_timeout;
use crate::socket::Socket;

/// One connection with its current request and the reply to it.
///
/// A clone is another handle, which ends with its request. Later its calls fail, so that it cannot
/// change the reply or the body of a later request.
///
/// Python: the attributes of a `BaseHTTPRequestHandler`
pub struct Exchange {
    inner: Rc<Inner>,
    /// Number of the only request that this handle is for; [`EVERY`] for the handler's own handle.
    request: u32,
}

const EVERY: u32 = 0;

struct Inner {
    /// Number of the current request.
    request: Cell<u32>,
    socket: Socket,
    client_address: Address,
    server: ServerRef,
    settings: ChosenSettings,
    idle_mark: RefCell<IdleMark>,
    input: RefCell<Input>,
    head: RefCell<Headers>,
    body: RefCell<Body>,
    reply: RefCell<Outgoing>,
    /// Total time that writes of the reply have waited for the client, and the bytes of that time.
    paced: Cell<(Duration, u64)>,
    closes: Cell<bool>,
    /// Whether the connection closes because the client, the protocol or the reply's head asks for
    /// it, whatever the handler says.
    must_close: Cell<bool>,
    /// A part of a reply could not be sent: nothing may follow it.
    broken: Cell<bool>,
    /// Whether the handler itself has chosen to close the connection.
    chose: Cell<bool>,
    began: Cell<Option<Instant>>,
}

impl Exchange {
    pub(in crate::http) fn new<S>(
        socket: &Socket,
        client_address: &Address,
        server: &ServerRef<S>,
        settings: ChosenSettings,
    ) -> Self {
        let inner = Inner {
            request: Cell::new(EVERY + 1),
            socket: socket.clone(),
            client_address: client_address.clone(),
            server: server.without_state(),
            settings,
            idle_mark: RefCell::default(),
            input: RefCell::default(),
            head: RefCell::default(),
            body: RefCell::default(),
            reply: RefCell::default(),
            paced: Cell::default(),
            closes: Cell::new(false),
            must_close: Cell::new(false),
            chose: Cell::new(false),
            broken: Cell::new(false),
            began: Cell::new(None),
        };
        Exchange { inner: Rc::new(inner), request: EVERY }
    }

    /// A handle that does not end with a request, for a handler's own fields.
    pub(in crate::http) fn of_connection(&self) -> Self {
        Exchange { inner: self.inner.clone(), request: EVERY }
    }

    /// # Errors
    /// `InvalidInput` if the request of this handle is over.
    fn expect_at_hand(&self) -> io::Result<()> {
        match self.is_at_hand() {
            true => Ok(()),
            false => Err(over()),
        }
    }

    fn is_at_hand(&self) -> bool {
        self.request == EVERY || self.request == self.inner.request.get()
    }

    /// The connection itself. Bytes that go to it directly are part of no reply.
    pub fn connection(&self) -> &Socket {
        &self.inner.socket
    }

    /// The client's address.
    pub fn client_address(&self) -> &Address {
        &self.inner.client_address
    }

    /// The method of the current request, such as `GET`.
    pub fn command(&self) -> String {
        self.headers().head().command().to_owned()
    }

    /// The request's target: `/index.html?lang=en`, not decoded. If the client has sent a URL, this
    /// is its part after the host. Several slashes at the start become one.
    pub fn path(&self) -> String {
        self.headers().head().path().to_owned()
    }

    /// The request's fields.
    pub fn headers(&self) -> Headers {
        self.inner.head.borrow().clone()
    }

    /// The host that the client has named, with its port if the client has sent one. It comes from
    /// the URL of the request line, or else from the field `Host`.
    pub fn host(&self) -> Option<String> {
        let headers = self.headers();
        headers.head().authority().or_else(|| headers.get("Host")).map(str::to_owned)
    }

    /// Length of the request's body in bytes: 0 without a body, `None` if the body is chunked.
    pub fn content_length(&self) -> Option<u64> {
        self.inner.body.borrow().length()
    }

    /// Whether the connection closes after this reply.
    pub fn closes(&self) -> bool {
        self.inner.closes.get()
    }

    /// Sets whether the connection closes after this reply. If the client has asked for that, or the
    /// reply's head has been sent with it, the connection closes in any case. A handle whose request
    /// is over sets nothing.
    pub fn set_closes(&self, closes: bool) {
        if !self.is_at_hand() {
            return;
        }
        self.inner.closes.set(closes || self.inner.must_close.get());
        self.inner.chose.set(closes);
    }

    /// Takes the connection over for another protocol, usually after a reply of 101, or of 2xx to
    /// `CONNECT`. The call sends the rest of the reply, and returns the bytes that the client has
    /// already sent after its request. From then on only the handler uses
    /// [`connection`](Self::connection), which closes when the method returns.
    ///
    /// # Errors
    /// Those of the connection.
    ///
    /// Python: `self.connection`, which lacks the bytes that `rfile` has read ahead
    pub fn take_over(&self) -> io::Result<Vec<u8>> {
        self.expect_at_hand()?;
        self.flush()?;
        self.set_closes(true);
        // No error page may follow what the handler sends.
        self.inner.reply.borrow_mut().has_begun = true;
        // The system's own timeout may be that of a glance at the next request.
        self.inner.socket.settimeout(self.inner.socket.gettimeout())?;
        let mut input = self.inner.input.borrow_mut();
        let mut received = vec![0; input.unread().len()];
        input.take(&mut received);
        input.count(&self.inner.socket);
        Ok(received)
    }

    /// Whether the server is ending, in a forked child too.
    pub(in crate::http) fn is_leaving(&self) -> bool {
        let server = &self.inner.server;
        server.is_leaving() || server.core().books.has_ended()
    }

    pub(in crate::http) fn closes_by_choice(&self) -> bool {
        self.inner.chose.get()
    }

    pub(in crate::http) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Time since the request began.
    pub(in crate::http) fn elapsed(&self) -> Option<Duration> {
        self.inner.began.get().map(|began| began.elapsed())
    }

    /// Waits for the next request and receives its head.
    ///
    /// # Errors
    /// The socket's.
    #[inline(never)]
    pub(in crate::http) fn receive_head(&self) -> io::Result<Received> {
        let Inner { socket, settings, .. } = &*self.inner;
        let Settings { limits, http_0_9, .. } = &**settings;
        self.inner.paced.take();
        self.inner.request.set(self.inner.request.get().checked_add(1).unwrap_or(EVERY + 1));
        self.inner.head.borrow_mut().renewed();
        self.inner.began.set(None);
        if self.inner.input.borrow().is_empty() {
            drop(self.inner.input.borrow_mut().release());
            match self.wait_for_request() {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Nothing),
                Err(error) if is_timeout(&error) => return Ok(Received::Nothing),
                Err(error) => return Err(error),
            }
        }
        if log::log_enabled!(target: LOG_TARGET, log::Level::Info) {
            self.inner.began.set(Some(Instant::now()));
        }
        let mut headers = self.inner.head.borrow_mut();
        let mut input = self.inner.input.borrow_mut();
        let received = head::receive(headers.renewed(), &mut input, socket, limits, *http_0_9);
        input.count(socket);
        received
    }

    /// Waits for the first bytes of a request. Returns whether they have come.
    fn wait_for_request(&self) -> io::Result<bool> {
        let Inner { socket, server, settings, idle_mark, .. } = &*self.inner;
        let memory = self.inner.reply.borrow_mut().take_memory();
        if socket.has_layer() {
            drop(memory);
            // On the loop's thread, all other clients wait for this one.
            let limits = &settings.limits;
            let most = if server.runs_on_loop() { limits.head_time } else { limits.idle_time };
            return server.next_request_within(socket, most.min(limits.idle_time));
        }
        let (memory, time) = ((memory, FIRST), settings.limits.idle_time);
        let received = server.receive_next(socket, memory, time, &mut idle_mark.borrow_mut())?;
        Ok(received.is_some_and(|received| self.inner.input.borrow_mut().set(received)))
    }

    /// Prepares the reply to a head that is refused: the connection closes after it.
    pub(in crate::http) fn begin_refusal(&self) {
        let is_0_9 = self.headers().head().is_0_9();
        let head_only = self.headers().head().command() == "HEAD";
        self.inner.closes.set(true);
        self.inner.must_close.set(true);
        self.inner.body.replace(Body::default());
        let is_1_1 = self.inner.settings.speaks_1_1();
        let terms = Terms { is_0_9, is_1_1, head_only, ..Terms::default() };
        self.inner.reply.borrow_mut().begin(terms);
    }

    /// Prepares the body and the reply of a request that will be handled.
    #[inline(never)]
    pub(in crate::http) fn begin(&self, framed: &Framed) {
        let headers = self.headers();
        let head = headers.head();
        let speaks_1_1 = self.inner.settings.speaks_1_1();
        let closes = !framed.keep_alive || !speaks_1_1 || self.inner.server.runs_on_loop();
        self.inner.closes.set(closes);
        self.inner.must_close.set(!framed.keep_alive);
        self.inner.chose.set(false);
        self.inner.body.replace(Body::new(framed.body, framed.expects_continue));
        let mut reply = self.inner.reply.borrow_mut();
        reply.provide(self.inner.input.borrow_mut().release());
        reply.begin(Terms {
            is_0_9: head.is_0_9(),
            is_1_1: speaks_1_1 && head.is_1_1(),
            head_only: head.command() == "HEAD",
            is_old: !head.is_1_1(),
            is_connect: head.command() == "CONNECT",
        });
    }

    /// Reads the body.
    pub(in crate::http) fn read_body(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.expect_at_hand()?;
        let mut body = self.inner.body.borrow_mut();
        if body.expects_continue {
            body.expects_continue = false;
            if !self.has_begun() {
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
        }
        let Inner { socket, settings, .. } = &*self.inner;
        let limits = &settings.limits;
        let mut input = self.inner.input.borrow_mut();
        let read = body.read(&mut Source { input: &mut input, socket, limits }, buffer);
        input.count(socket);
        read
    }

    /// Receives and drops the rest of the body. Returns whether its end was found.
    #[inline(never)]
    pub(in crate::http) fn drop_body(&self) -> bool {
        if self.inner.body.borrow().has_ended() {
            return true;
        }
        let mut scratch = vec![0; 4_096];
        let mut left = self.inner.settings.limits.unread;
        while !self.inner.body.borrow().has_ended() {
            if self.is_leaving() {
                return false;
            }
            match self.read_body(&mut scratch) {
                Ok(0) => return self.inner.body.borrow().has_ended(),
                Ok(bytes) if bytes as u64 <= left => left -= bytes as u64,
                _ => return false,
            }
        }
        true
    }
}

#[cold]
fn over() -> io::Error {
    invalid("expected a handle of the current request, got a clone from an earlier request")
}

impl Clone for Exchange {
    fn clone(&self) -> Self {
        let request = match self.request {
            EVERY => self.inner.request.get(),
            request => request,
        };
        Exchange { inner: self.inner.clone(), request }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers();
        f.debug_struct("Exchange")
            .field("client_address", &self.inner.client_address)
            .field("requestline", &headers.head().requestline())
            .finish()
    }
}

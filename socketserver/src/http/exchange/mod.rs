//! A connection with its requests and replies. A handler's files and methods share it.
//!
//! | file | contents |
//! | --- | --- |
//! | `input.rs`, `head.rs`, `body.rs` | the request: bytes, its head, its body |
//! | `replying.rs`, `outgoing.rs`, `stage.rs` | the reply: its calls, its bytes, its stages |
//! | `settings.rs`, `limits.rs` | the options of a handler, and its limits |

pub(super) mod body;
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
use self::settings::Settings;
use self::stage::Terms;
use crate::address::Address;
use crate::handler::{IdleMark, ServerRef};
use crate::http::message::framing::Framed;
use crate::http::message::headers::Headers;
use crate::http::message::text::LOG_TARGET;
use crate::request::is_timeout;
use crate::socket::Socket;

/// One connection with its current request and the reply to it. A clone is another handle of the
/// same exchange.
///
/// Python: the attributes of a `BaseHTTPRequestHandler`
#[derive(Clone)]
pub struct Exchange(Rc<Inner>);

struct Inner {
    socket: Socket,
    client_address: Address,
    server: ServerRef,
    settings: Settings,
    idle_mark: RefCell<IdleMark>,
    input: RefCell<Input>,
    head: RefCell<Headers>,
    body: RefCell<Body>,
    reply: RefCell<Outgoing>,
    closes: Cell<bool>,
    /// Whether the connection closes because the client or the protocol asks for it, whatever the
    /// handler says.
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
        settings: Settings,
    ) -> Self {
        Exchange(Rc::new(Inner {
            socket: socket.clone(),
            client_address: client_address.clone(),
            server: server.without_state(),
            settings: Settings { limits: settings.limits.within(settings.timeout), ..settings },
            idle_mark: RefCell::default(),
            input: RefCell::default(),
            head: RefCell::default(),
            body: RefCell::default(),
            reply: RefCell::default(),
            closes: Cell::new(false),
            must_close: Cell::new(false),
            chose: Cell::new(false),
            broken: Cell::new(false),
            began: Cell::new(None),
        }))
    }

    /// The connection itself. Bytes that go to it directly are part of no reply.
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

    /// The request's target: `/index.html?lang=en`, not decoded. If the client has sent a URL, this
    /// is its part after the host. Several slashes at the start become one.
    pub fn path(&self) -> String {
        self.headers().0.path().to_owned()
    }

    /// The request's fields.
    pub fn headers(&self) -> Headers {
        self.0.head.borrow().clone()
    }

    /// The host that the client has named, with its port if the client has sent one. It comes from
    /// the URL of the request line, or else from the field `Host`.
    pub fn host(&self) -> Option<String> {
        let headers = self.headers();
        headers.0.authority().or_else(|| headers.get("Host")).map(str::to_owned)
    }

    /// Length of the request's body in bytes: 0 without a body, `None` if the body is chunked.
    pub fn content_length(&self) -> Option<u64> {
        self.0.body.borrow().length()
    }

    /// Whether the connection closes after this reply.
    pub fn closes(&self) -> bool {
        self.0.closes.get()
    }

    /// Sets whether the connection closes after this reply. If the client has asked for that, it
    /// closes in any case.
    pub fn set_closes(&self, closes: bool) {
        self.0.closes.set(closes || self.0.must_close.get());
        self.0.chose.set(closes);
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
        self.flush()?;
        self.set_closes(true);
        // No error page may follow what the handler sends.
        self.0.reply.borrow_mut().has_begun = true;
        // The system's own timeout may be that of a glance at the next request.
        self.0.socket.settimeout(self.0.socket.gettimeout())?;
        Ok(self.0.input.take().unread().to_vec())
    }

    /// Whether the server is ending, in a forked child too.
    pub(in crate::http) fn is_leaving(&self) -> bool {
        let server = &self.0.server;
        server.is_leaving() || server.core().books.has_ended()
    }

    pub(in crate::http) fn closes_by_choice(&self) -> bool {
        self.0.chose.get()
    }

    pub(in crate::http) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Time since the request began.
    pub(in crate::http) fn elapsed(&self) -> Option<Duration> {
        self.0.began.get().map(|began| began.elapsed())
    }

    /// Waits for the next request and receives its head.
    ///
    /// # Errors
    /// The socket's.
    pub(in crate::http) fn receive_head(&self) -> io::Result<Received> {
        let Inner { socket, settings: Settings { limits, http_0_9, .. }, .. } = &*self.0;
        let mut headers = self.0.head.borrow_mut();
        let head = headers.renewed();
        self.0.began.set(None);
        let mut input = self.0.input.borrow_mut();
        if input.is_empty() {
            match self.wait_for_request(&mut input) {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Nothing),
                Err(error) if is_timeout(&error) => return Ok(Received::Nothing),
                Err(error) => return Err(error),
            }
        }
        if log::log_enabled!(target: LOG_TARGET, log::Level::Info) {
            self.0.began.set(Some(Instant::now()));
        }
        head::receive(head, &mut input, socket, limits, *http_0_9)
    }

    /// Waits for the first bytes of a request. Returns whether they have come.
    fn wait_for_request(&self, input: &mut Input) -> io::Result<bool> {
        let Inner { socket, server, settings, idle_mark, .. } = &*self.0;
        if socket.has_layer() {
            // On the loop's thread, all other clients wait for this one.
            let limits = &settings.limits;
            let most = if server.runs_on_loop() { limits.head_time } else { limits.idle_time };
            return server.next_request_within(socket, most.min(limits.idle_time));
        }
        let wait = (FIRST, settings.limits.idle_time);
        let received = server.receive_next(socket, wait, &mut idle_mark.borrow_mut())?;
        Ok(received.is_some_and(|received| input.set(received)))
    }

    /// Prepares the reply to a head that is refused: the connection closes after it.
    pub(in crate::http) fn begin_refusal(&self) {
        let is_0_9 = self.headers().0.is_0_9();
        let head_only = self.headers().0.command() == "HEAD";
        self.0.closes.set(true);
        self.0.must_close.set(true);
        self.0.body.replace(Body::default());
        let is_1_1 = self.0.settings.speaks_1_1();
        let terms = Terms { is_0_9, is_1_1, head_only, ..Terms::default() };
        self.0.reply.borrow_mut().begin(terms);
    }

    /// Prepares the body and the reply of a request that will be handled.
    pub(in crate::http) fn begin(&self, framed: &Framed) {
        let headers = self.headers();
        let head = &headers.0;
        let speaks_1_1 = self.0.settings.speaks_1_1();
        let closes = !framed.keep_alive || !speaks_1_1 || self.0.server.runs_on_loop();
        self.0.closes.set(closes);
        self.0.must_close.set(!framed.keep_alive);
        self.0.chose.set(false);
        self.0.body.replace(Body::new(framed.body, framed.expects_continue));
        self.0.reply.borrow_mut().begin(Terms {
            is_0_9: head.is_0_9(),
            is_1_1: speaks_1_1 && head.is_1_1(),
            head_only: head.command() == "HEAD",
            tells_stay: speaks_1_1 && !head.is_1_1(),
            is_connect: head.command() == "CONNECT",
        });
    }

    /// Reads the body.
    pub(in crate::http) fn read_body(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut body = self.0.body.borrow_mut();
        if body.expects_continue {
            body.expects_continue = false;
            if !self.has_begun() {
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
        }
        let Inner { socket, settings: Settings { limits, .. }, .. } = &*self.0;
        let mut input = self.0.input.borrow_mut();
        body.read(&mut Source { input: &mut input, socket, limits }, buffer)
    }

    /// Receives and drops the rest of the body. Returns whether its end was found.
    pub(in crate::http) fn drop_body(&self) -> bool {
        if self.0.body.borrow().has_ended() {
            return true;
        }
        let mut scratch = vec![0; 4_096];
        let mut left = self.0.settings.limits.unread;
        while !self.0.body.borrow().has_ended() {
            if self.is_leaving() {
                return false;
            }
            match self.read_body(&mut scratch) {
                Ok(0) => return self.0.body.borrow().has_ended(),
                Ok(bytes) if bytes as u64 <= left => left -= bytes as u64,
                _ => return false,
            }
        }
        true
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers();
        f.debug_struct("Exchange")
            .field("client_address", &self.0.client_address)
            .field("requestline", &headers.0.requestline())
            .finish()
    }
}

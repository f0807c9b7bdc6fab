//! Bodies and replies that fail on their way, limits at their ends, and a server that ends
//! meanwhile.

use std::thread::sleep;

use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Event, Limits, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Replies, Unread, ask};
use crate::site::{Site, serve, serve_bound};

list!(
    waiting_clients_outlast_a_long_handler;
    failed_bodies_end_the_connection, small_chunks_with_long_extensions_are_refused,
    nothing_follows_a_broken_reply, heads_alone_end_event_streams, limits_may_be_endless,
    broken_replies_look_broken_on_unix_sockets;
    replies_during_a_drain_close;
);

programs!(careless, hasty, endless, unix, patient);

/// More than the buffers of both sides hold.
const LARGE: usize = 16 << 20;

/// A handler that looks at no error.
#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Careless {
    path: String,
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Careless {
    fn do_GET(&mut self) -> io::Result<()> {
        match &*self.path {
            "/events" => {
                let mut events = self.event_stream()?;
                loop {
                    events.send(&Event::new("news"))?;
                }
            }
            "/pings" => {
                let mut events = self.event_stream()?;
                loop {
                    events.ping()?;
                }
            }
            "/breaks" => {
                self.send_response(200)?;
                self.end_headers()?;
                self.wfile.write_all(&[b'x'; 100_000])?;
                Err(io::Error::other("no"))
            }
            "/short" => {
                self.send_response(200)?;
                self.send_header("Content-Length", 100_001)?;
                self.end_headers()?;
                self.wfile.write_all(&[b'x'; 100_000])
            }
            _ => self.reply(200, "text/plain", "fine"),
        }
    }

    fn do_HEAD(&mut self) -> io::Result<()> {
        self.do_GET()
    }

    fn do_POST(&mut self) -> io::Result<()> {
        let read = self.rfile.read_to_end(&mut Vec::new());
        // A second read must not find an end.
        let again = self.rfile.read(&mut [0]);
        self.reply(200, "text/plain", format!("{} {}", read.is_ok(), again.is_ok()))
    }
}

fn careless(column: Column, _: &[String]) {
    serve(Builder::<_, _, Careless, _>::new(Tcp::new(), column.concurrency(), ()));
}

/// The argument is the path of its socket.
fn unix(column: Column, arguments: &[String]) {
    let builder = Builder::<_, _, Careless, _>::new(UnixStream::new(), column.concurrency(), ());
    serve_bound(builder.bind(&*arguments[0]).expect("bind"));
}

/// How long a client of [`Hasty`] may keep a reply waiting.
const HASTE: Duration = Duration::from_millis(300);

#[derive(BaseHTTPRequestHandler)]
#[handler(
    protocol_version = "HTTP/1.1", limits = Limits { reply_time: HASTE, ..Limits::DEFAULT }
)]
struct Hasty {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Hasty {
    fn do_GET(&mut self) -> io::Result<()> {
        self.send_response(200)?;
        self.end_headers()?;
        let results = [
            self.wfile.write_all(&vec![b'x'; LARGE]).is_err(),
            self.wfile.write_all(b"EVIL").and_then(|()| self.wfile.flush()).is_err(),
        ];
        eprintln!("failed: {results:?}");
        Ok(())
    }
}

fn hasty(column: Column, _: &[String]) {
    serve(Builder::<_, _, Hasty, _>::new(Tcp::new(), column.concurrency(), ()));
}

#[derive(BaseHTTPRequestHandler)]
#[handler(
    protocol_version = "HTTP/1.1",
    limits = Limits {
        line: usize::MAX,
        head: usize::MAX,
        fields: usize::MAX,
        idle_time: Duration::MAX,
        head_time: Duration::MAX,
        body_time: Duration::MAX,
        reply_time: Duration::MAX,
        rate: 0,
        unread: u64::MAX,
    }
)]
struct Endless {
    path: String,
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Endless {
    fn do_GET(&mut self) -> io::Result<()> {
        let size = if self.path == "/large" { LARGE } else { 10 };
        self.reply(200, "text/plain", vec![b'x'; size])
    }

    fn do_POST(&mut self) -> io::Result<()> {
        let mut body = String::new();
        if self.path == "/read" {
            self.rfile.read_to_string(&mut body)?;
        }
        self.reply(200, "text/plain", body)
    }
}

fn endless(column: Column, _: &[String]) {
    serve(Builder::<_, _, Endless, _>::new(Tcp::new(), column.concurrency(), ()));
}

/// How long a client of [`patient`] may be silent before its first byte.
const SILENCE: Duration = Duration::from_millis(500);

struct FirstByteSoon;

impl TransportHooks<Tcp> for FirstByteSoon {
    fn speaks_first(&self, _: &Tcp) -> Speaker {
        Speaker::Client(SILENCE)
    }
}

#[derive(BaseHTTPRequestHandler)]
struct Long {
    path: String,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Long {
    fn do_GET(&mut self) -> io::Result<()> {
        if self.path == "/long" {
            eprintln!("at work");
            sleep(2 * SILENCE);
        }
        self.reply(200, "text/plain", self.path.clone())
    }
}

fn patient(column: Column, _: &[String]) {
    let transport = Wrapped::new(Tcp::new(), FirstByteSoon);
    serve(Builder::<_, _, Long, _>::new(transport, column.concurrency(), ()));
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// The rest of a body that has no end that could be found is no request.
fn failed_bodies_end_the_connection(column: Column) {
    let site = Site::start("transfers::careless", column, &[]);
    for body in ["g\r\nabc\r\n0\r\n\r\n", "3\r\nabcX\r\n0\r\n\r\n", "3\nabc\n0\n\n"] {
        let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let replies = ask(site.address(), format!("{request}{body}{}", get("/next")));
        let [reply] = &replies[..] else { panic!("{replies:?}") };
        assert_eq!((&*reply.text(), reply.field("Connection")), ("false false", Some("close")));
    }
    site.end();
}

/// A client may not make the server read many times what its body holds.
fn small_chunks_with_long_extensions_are_refused(column: Column) {
    let site = Site::start("transfers::careless", column, &[]);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let chunks = |count, extension| {
        let chunk = format!("1;{}\r\nx\r\n", "e".repeat(extension));
        format!("{head}{}0\r\n\r\n", chunk.repeat(count))
    };
    for (count, extension, said) in
        [(10, 4_000, "true true"), (40, 4_000, "false false"), (10_000, 8, "true true")]
    {
        let replies = ask(site.address(), chunks(count, extension));
        assert_eq!(replies[0].text(), said, "{count} chunks with {extension} bytes more");
    }
    site.end();
}

/// A client that does not read in time has lost a part; what follows would stand in its place.
fn nothing_follows_a_broken_reply(column: Column) {
    let site = Site::start("transfers::hasty", column, &[]);
    let mut client = Client::narrow_stream(4_096, site.address()).expect("connect");
    client.send(get("/"));
    assert_eq!(site.process().error_with("failed: "), "failed: [true, true]");
    let rest = client.rest_or_reset();
    assert!(rest.len() < LARGE, "{}", rest.len());
    let begins = &rest[rest.len().saturating_sub(100)..];
    assert!(begins.iter().all(|byte| *byte == b'x'), "{}", begins.escape_ascii());
    site.end();
}

/// Nothing would ever tell the handler that its client has gone.
fn heads_alone_end_event_streams(column: Column) {
    let site = Site::start("transfers::careless", column, &[]);
    for path in ["/events", "/pings"] {
        let mut replies = Replies::new(Client::stream(site.address()));
        replies.client.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let head = replies.next(true).expect("a reply").expect("a reply");
        assert_eq!(head.field("Content-Type"), Some("text/event-stream"));
        assert_eq!(replies.rest(), b"");
    }
    site.end();
}

fn limits_may_be_endless(column: Column) {
    let site = Site::start("transfers::endless", column, &[]);
    let mut replies = Replies::new(Client::stream(site.address()));
    let again = |replies: &mut Replies| {
        if column == Column::Inline {
            *replies = Replies::new(Client::stream(site.address()));
        }
    };
    replies.client.send(get("/large"));
    assert_eq!(replies.reply().body.len(), LARGE);
    again(&mut replies);
    for path in ["/read", "/dropped"] {
        replies.client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n"));
        replies.client.send("Content-Length: 4\r\n\r\nbo");
        let body = if path == "/read" { "body" } else { "" };
        replies.client.send("dy");
        assert_eq!(replies.reply().text(), body);
        again(&mut replies);
    }
    replies.client.send(get("/"));
    assert_eq!(replies.reply().body.len(), 10);
    site.end();
}

/// There is no reset on a Unix socket, so that the end of the stream may be the end of no reply.
fn broken_replies_look_broken_on_unix_sockets(column: Column) {
    let folder = Folder::new();
    let path = folder.join("socket").display().to_string();
    let site = Site::start("transfers::unix", column, &[&path]);
    for path in ["/breaks", "/short"] {
        let mut replies = Replies::new(Client::stream(site.address()));
        replies.client.send(get(path));
        let end = replies.next(false);
        assert!(matches!(end, Ok(None) | Err(Unread::Missing)), "{path}: {end:?}");
    }
    assert_eq!(ask(site.address(), get("/fine"))[0].text(), "fine");
    site.end();
}

/// A server that serves one client at a time looks at the others only after a handler.
fn waiting_clients_outlast_a_long_handler() {
    let site = Site::start("transfers::patient", Column::Inline, &[]);
    // They are accepted before the long request, and speak during it.
    let mut waiting: Vec<_> =
        (0..3).map(|_| Replies::new(Client::stream(site.address()))).collect();
    let mut first = Replies::new(Client::stream(site.address()));
    // This client is accepted after them, so they are all in the lobby. The long handler runs
    // between the look that finds its client and the look for clients whose time is over.
    assert_eq!(ask(site.address(), get("/now"))[0].text(), "/now");
    first.client.send(get("/long"));
    site.process().error_with("at work");
    for replies in &mut waiting {
        replies.client.send(get("/waiting"));
    }
    assert_eq!(first.reply().text(), "/long");
    for mut replies in waiting {
        assert_eq!(replies.reply().text(), "/waiting");
    }
    site.end();
}

/// A child of a forking server knows the end, too.
fn replies_during_a_drain_close(column: Column) {
    let site = Site::start("transfers::careless", column, &[]);
    let mut replies = Replies::new(Client::stream(site.address()));
    replies.client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
    // The request has begun when another one has been answered.
    assert_eq!(ask(site.address(), get("/fine"))[0].text(), "fine");
    let address = site.address().clone();
    let ending = thread::spawn(move || site.end());
    until("the listener is closed", || Client::impatient(&address).is_err());
    replies.client.send("dy");
    let reply = replies.reply();
    assert_eq!((&*reply.text(), reply.field("Connection")), ("true true", Some("close")));
    in_time("the server's end", || ending.join()).expect("a good end");
}

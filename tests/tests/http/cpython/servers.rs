//! The servers of the test cases.

use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Headers, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, programs};
use crate::site::serve;

programs!(base, old, logging, socketless, counted, secure);

fn builder<H: RequestHandler<Socket, ()>>(
    column: Column,
) -> Builder<Tcp, Box<dyn Concurrency>, H, ()> {
    Builder::new(Tcp::new(), column.concurrency(), ())
}

/// `BaseHTTPServerTestCase.request_handler`
#[derive(BaseHTTPRequestHandler)]
#[handler(
    protocol_version = "HTTP/1.1",
    http_0_9,
    methods = [TEST, KEEP, KEYERROR, NOTFOUND, EXPLAINERROR, CUSTOM, LATINONEHEADER, SEND_ERROR]
)]
struct Base {
    path: String,
    headers: Headers,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Base {
    fn bare(&mut self, code: u16, connection: &str) -> io::Result<()> {
        self.send_response(code)?;
        self.send_header("Content-Type", "text/html")?;
        self.send_header("Connection", connection)?;
        self.end_headers()
    }

    fn do_TEST(&mut self) -> io::Result<()> {
        self.bare(204, "close")
    }

    fn do_KEEP(&mut self) -> io::Result<()> {
        self.bare(204, "keep-alive")
    }

    fn do_KEYERROR(&mut self) -> io::Result<()> {
        self.send_error(999)
    }

    fn do_NOTFOUND(&mut self) -> io::Result<()> {
        self.send_error(404)
    }

    fn do_EXPLAINERROR(&mut self) -> io::Result<()> {
        self.send_error((999, "Short Message", "This is a long \n explanation"))
    }

    fn do_CUSTOM(&mut self) -> io::Result<()> {
        self.bare(999, "close")
    }

    fn do_LATINONEHEADER(&mut self) -> io::Result<()> {
        self.send_response(999)?;
        self.send_header("X-Special", "Dängerous Mind")?;
        self.send_header("Connection", "close")?;
        self.end_headers()?;
        let body = self.headers.get("x-special-incoming").expect("the field").to_owned();
        self.wfile.write_all(body.as_bytes())
    }

    fn do_SEND_ERROR(&mut self) -> io::Result<()> {
        let code: u16 = self.path[1..].parse().expect("a code");
        self.send_error(code)
    }

    fn do_HEAD(&mut self) -> io::Result<()> {
        self.do_SEND_ERROR()
    }
}

fn base(column: Column, _: &[String]) {
    serve(builder::<Base>(column));
}

/// `HTTP09ServerTestCase.request_handler`
#[derive(BaseHTTPRequestHandler)]
#[handler(http_0_9)]
struct Old {
    path: String,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Old {
    fn do_GET(&mut self) -> io::Result<()> {
        self.send_response(200)?;
        self.end_headers()?;
        write!(self.wfile, "OK: GET {}\r\n", self.path)
    }
}

fn old(column: Column, _: &[String]) {
    serve(builder::<Old>(column));
}

/// `RequestHandlerLoggingTestCase.request_handler`
#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", methods = [ERROR, LOG])]
struct Logging {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Logging {
    fn do_GET(&mut self) -> io::Result<()> {
        self.send_response(200)?;
        self.end_headers()
    }

    fn do_ERROR(&mut self) -> io::Result<()> {
        self.send_error((404, "File not found"))
    }

    fn do_LOG(&mut self) -> io::Result<()> {
        for text in [
            "/foo",
            "/\x1bbar\0\x1b",
            "/spam a.",
            "/spam \x1b\x7f\u{9f}\u{a0}beans.",
            "\"GET /foo\\b\"ar\x07 HTTP/1.0\"",
        ] {
            self.log_message(text);
        }
        self.do_GET()
    }
}

fn logging(column: Column, _: &[String]) {
    serve(builder::<Logging>(column));
}

/// `SocketlessRequestHandler`, which needs one here. What the test asks it about, it says in its
/// reply.
#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", http_0_9, methods = [ERROR, ONLY, FIELDS])]
struct Socketless {
    requestline: String,
    command: String,
    path: String,
    request_version: String,
    headers: Headers,
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Socketless {
    fn do_GET(&mut self) -> io::Result<()> {
        let mut body = Vec::new();
        if self.path != "/unread" {
            self.rfile.read_to_end(&mut body)?;
        }
        self.send_response(200)?;
        self.send_header("Content-Type", "text/html")?;
        self.send_header("X-Requestline", &self.requestline)?;
        let seen = format!("{} {} {}", self.command, self.path, self.request_version);
        self.send_header("X-Seen", seen)?;
        let fields: Vec<_> =
            self.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.send_header("X-Fields", fields.join(" "))?;
        self.end_headers()?;
        if self.path == "/close" {
            self.close_connection();
        }
        self.wfile.write_all(b"<html><body>Data</body></html>\r\n")
    }

    fn do_ERROR(&mut self) -> io::Result<()> {
        self.send_error(418)
    }

    fn do_ONLY(&mut self) -> io::Result<()> {
        self.send_response_only(418)?;
        self.end_headers()
    }

    fn do_FIELDS(&mut self) -> io::Result<()> {
        self.send_response_only(200)?;
        self.send_header("Foo", "foo")?;
        self.send_header("bar", "bar")?;
        self.end_headers()
    }

    /// `RejectingSocketlessRequestHandler`
    fn handle_expect_100(&mut self) -> io::Result<bool> {
        match &*self.path {
            "/rejected" => self.send_error(417).map(|()| false),
            _ => BaseHTTPRequestHandler::handle_expect_100(self),
        }
    }
}

fn socketless(column: Column, _: &[String]) {
    serve(builder::<Socketless>(column));
}

/// Counts the pieces in which a connection's replies leave, and says so at its end.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Layer for Counted {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        wire.recv(buffer)
    }
    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(1, Relaxed);
        wire.send(data)
    }
    fn end(&self, _: &Wire<'_>) -> io::Result<()> {
        eprintln!("sent in {} pieces", self.0.load(Relaxed));
        Ok(())
    }
}

fn counted(column: Column, _: &[String]) {
    let builder = builder::<Socketless>(column);
    serve(builder.prepared(|request: &Socket| request.set_layer(Counted::default())));
}

/// The arguments are files with a certificate and with its key.
fn secure(column: Column, arguments: &[String]) {
    let [cert, key] = arguments else { unreachable!("two files") };
    let context = ssl::SSLContext::new().load_cert_chain(cert, key).expect("good files");
    serve(builder::<Socketless>(column).tls(context));
}

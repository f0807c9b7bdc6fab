//! What handlers do wrong, and what their clients then see: an error, or a reply that is not whole,
//! but never a wrong one that looks right.

pub(crate) mod ends;
pub(crate) mod errors;
pub(crate) mod heads;

use socketserver::http::{BaseHTTPRequestHandler, HTTPError, ReplyWriter, Status};
use tests::prelude::*;

use crate::harness::{Column, programs};
use crate::replies::{Reply, ask};
use crate::site::{Site, serve};

programs!(mistaken);

/// More than the library keeps for one write.
const LARGE: usize = 100_000;

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Mistaken {
    path: String,
    wfile: ReplyWriter,
    panics_at: &'static str,
}

// A panic that is resumed prints nothing, so that the log shows panics that are not meant.
#[allow(non_snake_case)]
impl Mistaken {
    fn do_GET(&mut self) -> io::Result<()> {
        match &*self.path.clone() {
            "/fine" => self.reply(200, "text/plain", "fine"),
            "/fails" => Err(io::Error::other("no")),
            "/panics" => resume_unwind(Box::new("no")),
            "/refuses" => Err(HTTPError::new((409, "Not <now>")).into()),
            path if path.starts_with("/code/") => {
                Err(HTTPError::new(path[6..].parse::<u16>().expect("a code")).into())
            }
            path if path.starts_with("/page/") => {
                BaseHTTPRequestHandler::send_error(self, path[6..].parse::<u16>().expect("a code"))
            }
            "/late-refusal" => {
                self.begin(None)?;
                self.wfile.write_all(b"part")?;
                Err(HTTPError::new(409).into())
            }
            "/timeout" => Err(ErrorKind::TimedOut.into()),
            "/silent" => Ok(()),
            "/breaks" => {
                self.begin(None)?;
                self.wfile.write_all(&[b'x'; LARGE])?;
                Err(io::Error::other("no"))
            }
            "/breaks-panicking" => {
                self.begin(None)?;
                self.wfile.write_all(&[b'x'; LARGE])?;
                resume_unwind(Box::new("no"))
            }
            "/short" => {
                self.begin(Some(5))?;
                self.wfile.write_all(b"abc")
            }
            "/short-large" => {
                self.begin(Some(LARGE + 1))?;
                self.wfile.write_all(&[b'x'; LARGE])
            }
            "/long" => {
                self.begin(Some(3))?;
                self.wfile.write_all(b"abcd")
            }
            "/small" => {
                self.begin(None)?;
                self.wfile.write_all(b"small")
            }
            "/large" => {
                self.begin(None)?;
                (0..10).try_for_each(|_| self.wfile.write_all(&[b'x'; LARGE / 10]))
            }
            "/no-body" => {
                self.send_response(204)?;
                self.end_headers()?;
                self.wfile.write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            }
            "/own-chunks" => self.write_chunks(b"0\r\n\r\n"),
            "/own-chunks-large" => {
                self.write_chunks(b"")?;
                write!(self.wfile, "{LARGE:x}\r\n")?;
                self.wfile.write_all(&[b'x'; LARGE])?;
                self.wfile.write_all(b"\r\n0\r\n\r\n")
            }
            "/no-last-chunk" => self.write_chunks(b""),
            "/no-last-chunk-large" => {
                self.write_chunks(b"")?;
                self.wfile.flush()
            }
            "/no-chunks" => self.write_chunks(b"hello"),
            "/more-chunks" => self.write_chunks(b"0\r\n\r\n1\r\nx\r\n"),
            "/other-coding" => {
                self.send_response(200)?;
                self.send_header("Transfer-Encoding", "gzip, chunked")?;
                self.end_headers()?;
                self.wfile.write_all(b"0\r\n\r\n")
            }
            "/switches" => {
                self.send_response_only(101)?;
                self.send_header("Upgrade", "other")?;
                self.end_headers()
            }
            "/stays-without-end" => {
                self.send_response(200)?;
                self.send_header("Connection", "keep-alive")?;
                self.end_headers()?;
                self.wfile.write_all(&[b'x'; LARGE])?;
                self.exchange().set_closes(false);
                Ok(())
            }
            "/injects" => {
                let said = self.inject();
                self.reply(200, "text/plain", said)
            }
            "/reset" => {
                self.send_response(205)?;
                self.send_header("Transfer-Encoding", "chunked")?;
                self.end_headers()?;
                self.wfile.write_all(b"0\r\n\r\n")
            }
            "/early-body" => {
                self.send_response_only(103)?;
                self.send_header("Content-Length", 5)?;
                self.end_headers()?;
                let body = self.body(10)?;
                self.reply(200, "text/plain", body)
            }
            "/no-content" => {
                self.send_response(204)?;
                self.send_header("Content-Length", 5)?;
                self.send_header("Transfer-Encoding", "chunked")?;
                self.end_headers()
            }
            "/page-panics" => {
                self.panics_at = "page";
                Err(io::Error::other("no"))
            }
            "/log-panics" => {
                self.panics_at = "log";
                self.reply(200, "text/plain", "logged")
            }
            "/head-panics" => {
                self.panics_at = "head";
                self.reply(200, "text/plain", "never")
            }
            "/head-alone" => self.begin(None),
            "/stays" => {
                self.send_response(200)?;
                self.send_header("Connection", "keep-alive")?;
                self.send_header("Content-Length", 0)?;
                self.end_headers()
            }
            "/other-option" => {
                self.send_response(200)?;
                self.send_header("Connection", "x, keep-alive")?;
                self.send_header("Content-Length", 0)?;
                self.end_headers()
            }
            "/euro" => Err(HTTPError::new((400, "a \u{20ac}\nb")).into()),
            "/early" => {
                self.send_response_only(103)?;
                self.end_headers()?;
                self.reply(200, "text/plain", "final")
            }
            "/no-head" => self.end_headers(),
            "/body-first" => self.wfile.write_all(b"body"),
            "/twice" => {
                self.send_response(200)?;
                self.send_header("X-First", "1")?;
                self.reply(202, "text/plain", "second")
            }
            _ => self.send_error(404.into()),
        }
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.do_GET()
    }

    /// A page of which a part has left when it panics.
    fn send_error(&mut self, status: Status<'_>) -> io::Result<()> {
        if self.panics_at != "page" {
            return BaseHTTPRequestHandler::send_error(self, status);
        }
        self.begin(None)?;
        self.wfile.write_all(&[b'x'; LARGE])?;
        resume_unwind(Box::new("no"))
    }

    fn end_headers(&mut self) -> io::Result<()> {
        if self.panics_at == "head" {
            resume_unwind(Box::new("no"));
        }
        BaseHTTPRequestHandler::end_headers(self)
    }

    fn log_request(&mut self, _: u16, _: u64) {
        if self.panics_at == "log" {
            resume_unwind(Box::new("no"));
        }
    }

    fn handle_expect_100(&mut self) -> io::Result<bool> {
        if self.path == "/expect-panics" {
            resume_unwind(Box::new("no"));
        }
        Ok(true)
    }

    fn do_HEAD(&mut self) -> io::Result<()> {
        self.do_GET()
    }

    fn begin(&mut self, length: Option<usize>) -> io::Result<()> {
        self.send_response(200)?;
        if let Some(length) = length {
            self.send_header("Content-Length", length)?;
        }
        self.end_headers()
    }

    /// Codes the body itself, in pieces that are no whole chunks, and ends with `last`.
    fn write_chunks(&mut self, last: &[u8]) -> io::Result<()> {
        self.send_response(200)?;
        self.send_header("Transfer-Encoding", "chunked")?;
        self.end_headers()?;
        for piece in ["5", "\r\nhel", "lo\r", "\n1\r\n!\r\n"] {
            self.wfile.write_all(piece.as_bytes())?;
        }
        self.wfile.write_all(last)
    }

    /// What becomes of each attempt to add a field, as one letter.
    fn inject(&mut self) -> String {
        let letter = |result: io::Result<()>| match result {
            Ok(()) => '.',
            Err(error) if error.kind() == ErrorKind::InvalidInput => 'i',
            Err(_) => '?',
        };
        let mut letters = String::new();
        letters.push(letter(self.send_response((200, "OK\r\nX-Evil: 1"))));
        letters.push(letter(self.send_response((200, "OK\nX-Evil: 1"))));
        letters.push(letter(self.send_response(200)));
        for value in
            ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\0", "a\u{7f}", "\u{20ac}"]
        {
            letters.push(letter(self.send_header("X-Own", value)));
        }
        for name in ["X-Evil: 1\r\nX", "X\nX-Evil", "X-Evil:", "X Evil", "", "X\u{e4}"] {
            letters.push(letter(self.send_header(name, "a")));
        }
        letters.push(letter(self.send_header("X-Own", "\u{e4}\tb")));
        letters.push(letter(self.reply(200, "text/plain\r\nX-Evil: 1", "")));
        letters
    }
}

fn mistaken(column: Column, _: &[String]) {
    serve(Builder::<_, _, Mistaken, _>::new(Tcp::new(), column.concurrency(), ()));
}

fn site(column: Column) -> Site {
    Site::start("mistakes::mistaken", column, &[])
}

/// The one reply to a request.
#[track_caller]
fn get(site: &Site, path: &str) -> Reply {
    let replies = ask(site.address(), format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let [reply] = <[Reply; 1]>::try_from(replies).expect("one reply");
    reply
}

/// Ends a server, whose handlers have done no harm to the next client.
#[track_caller]
fn end(site: Site) {
    assert_eq!(get(&site, "/fine").text(), "fine");
    site.end();
}

/// The bytes up to the end of the connection, and whether that was a reset.
fn read_all(site: &Site, path: &str, version: &str) -> (Vec<u8>, bool) {
    let mut client = Client::stream(site.address());
    client.send(format!("GET {path} {version}\r\nHost: a\r\n\r\n"));
    let (mut all, mut buffer) = (Vec::new(), [0; 65_536]);
    loop {
        match client.read(&mut buffer) {
            Ok(0) => return (all, false),
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) => return (all, error.kind() == ErrorKind::ConnectionReset),
        }
    }
}

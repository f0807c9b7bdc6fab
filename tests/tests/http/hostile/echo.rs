//! A server whose replies say what its handler has seen.

use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Headers, ReplyWriter};
use tests::prelude::*;

use crate::harness::{Column, programs};
use crate::site::serve;

programs!(echo);

/// The argument with which the server receives a byte at a time, however many have come.
pub(super) const BYTEWISE: &str = "bytewise";

/// How much of a body or a field a reply shows.
const SHOWN: usize = 80;

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Answer {
    command: String,
    path: String,
    headers: Headers,
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Answer {
    fn answer(&mut self) -> io::Result<()> {
        if self.path.starts_with("/missing") {
            return self.send_error(404);
        }
        let mut words = vec![self.command.clone(), shown(&self.path)];
        if !self.path.starts_with("/unread") {
            let mut body = Vec::new();
            self.rfile.read_to_end(&mut body)?;
            words.push(body[..body.len().min(SHOWN)].escape_ascii().to_string());
            if body.len() > SHOWN {
                words.push(format!("of {}", body.len()));
            }
        }
        match self.exchange().host() {
            Some(host) if host != "a" => words.push(format!("host={}", shown(&host))),
            _ => {}
        }
        if let Some(mark) = self.headers.get("X") {
            words.push(format!("x={}", shown(mark)));
        }
        // What came behind the body is no field of the head.
        if self.headers.contains("Transfer-Encoding") && self.headers.contains("Content-Length") {
            words.push("with two lengths".to_owned());
        }
        words.retain(|word| !word.is_empty());
        self.reply(200, "text/plain", words.join(" "))
    }

    fn do_GET(&mut self) -> io::Result<()> {
        self.answer()
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.answer()
    }

    fn do_OPTIONS(&mut self) -> io::Result<()> {
        self.answer()
    }
}

/// Text of a head, whose characters are bytes.
fn shown(text: &str) -> String {
    let bytes: Vec<u8> = text.chars().filter_map(|char| u8::try_from(char).ok()).collect();
    bytes[..bytes.len().min(SHOWN)].escape_ascii().to_string()
}

/// The smallest pieces in which anything can come. It knows how much has come.
#[derive(Default)]
struct Bytewise(AtomicUsize);

/// Beyond this much, pieces have a few bytes, or the largest cases would take minutes.
const CLOSELY: usize = 8_192;

impl Layer for Bytewise {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        let size = if self.0.load(Relaxed) < CLOSELY { 1 } else { 61 };
        let room = buffer.len().min(size);
        let received = wire.recv(&mut buffer[..room])?;
        self.0.fetch_add(received, Relaxed);
        Ok(received)
    }
    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        wire.send(data)
    }
    fn end(&self, _: &Wire<'_>) -> io::Result<()> {
        Ok(())
    }
}

fn echo(column: Column, arguments: &[String]) {
    let builder = Builder::<_, _, Answer, _>::new(Tcp::new(), column.concurrency(), ());
    match arguments.first().is_some_and(|argument| argument == BYTEWISE) {
        true => serve(builder.prepared(|request: &Socket| request.set_layer(Bytewise::default()))),
        false => serve(builder),
    }
}

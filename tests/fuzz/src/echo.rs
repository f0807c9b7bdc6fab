//! A handler whose replies say what it has seen.

use std::io::{self, Read};

use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Headers, ReplyWriter};

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
pub(crate) struct Echo {
    command: String,
    path: String,
    headers: Headers,
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Echo {
    fn echo(&mut self) -> io::Result<()> {
        let mut body = Vec::new();
        self.rfile.read_to_end(&mut body)?;
        let fields = self.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let seen = seen(&self.command, &fields.collect::<Vec<_>>(), &body);
        let seen = [self.path.as_bytes(), b"\n", &seen].concat();
        self.reply(200, "application/octet-stream", seen)
    }

    fn do_GET(&mut self) -> io::Result<()> {
        self.echo()
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.echo()
    }

    fn do_OPTIONS(&mut self) -> io::Result<()> {
        self.echo()
    }
}

/// A request as text, without its path.
pub(crate) fn seen(command: &str, fields: &[(String, String)], body: &[u8]) -> Vec<u8> {
    format!("{command} {fields:?}\n").into_bytes().into_iter().chain(body.to_vec()).collect()
}

//! A handler of HTTP that would answer no request, because its method is written as the compiler
//! advises.

use std::io;

use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};

#[derive(BaseHTTPRequestHandler)]
struct SmallLetters {
    wfile: ReplyWriter,
}

impl SmallLetters {
    fn do_get(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", "hello")
    }
}

fn main() {}

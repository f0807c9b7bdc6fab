//! Handlers of HTTP: without the reply, with a wrong list of commands, with a version that the
//! library does not write, and with a method whose result no reply can be.

use socketserver::http::{BaseHTTPRequestHandler, ReplyWriter};

#[derive(BaseHTTPRequestHandler)]
struct NoReply {
    path: String,
}

#[allow(non_snake_case)]
impl NoReply {
    /// Without a further error.
    fn do_GET(&mut self) -> std::io::Result<()> {
        self.reply(200, "text/plain", "hello")
    }
}

#[derive(BaseHTTPRequestHandler)]
#[handler(methods = "PROPFIND")]
struct NoList {
    wfile: ReplyWriter,
}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/2")]
struct NoVersion {
    wfile: ReplyWriter,
}

#[derive(BaseHTTPRequestHandler)]
#[handler(methods = [PROPFIND])]
struct NoMethod {
    wfile: ReplyWriter,
}

#[derive(BaseHTTPRequestHandler)]
struct Returns {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Returns {
    fn do_GET(&mut self) -> u16 {
        200
    }
}

fn main() {}

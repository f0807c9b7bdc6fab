//! Checks a client of HTTP, as the tests of Python's `http.client` do, but over a socket: whole
//! replies in all their forms, and replies that are broken. The client is a command. It gets a URL
//! as its last argument, and must print the body of a whole reply, or fail at a broken one.
//!
//!     cargo run --example http_client_check --features http curl -s

#![allow(clippy::print_stdout)]

use std::env;
use std::io;
use std::process::{Command, ExitCode, Stdio};

use socketserver::Socket;
use socketserver::http::{BaseHTTPRequestHandler, HTTPError, ReplyWriter, ThreadingHTTPServer};

/// A reply as its bytes, and its body. A broken one has none.
struct Case {
    name: &'static str,
    reply: &'static str,
    body: Option<&'static str>,
}

const fn whole(name: &'static str, reply: &'static str, body: &'static str) -> Case {
    Case { name, reply, body: Some(body) }
}

const fn broken(name: &'static str, reply: &'static str) -> Case {
    Case { name, reply, body: None }
}

const CASES: &[Case] = &[
    whole("length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
    whole("length-then-more", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", "hello"),
    whole("until-close", "HTTP/1.0 200 OK\r\n\r\nhello", "hello"),
    whole("no-phrase", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", "hello"),
    whole("small-letters", "HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello", "hello"),
    whole("no-content", "HTTP/1.1 204 No Content\r\n\r\n", ""),
    whole(
        "early-hints",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "hello",
    ),
    whole(
        "chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
         2;extension=1\r\nhe\r\n0003\r\nllo\r\n0\r\nTrailer: field\r\n\r\n",
        "hello",
    ),
    broken("short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"),
    broken("half-a-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"),
    broken("no-last-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"),
    broken("no-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n"),
    broken("no-length", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello"),
    broken("no-head", ""),
    broken("no-http", "SSH-2.0-OpenSSH_9.2\r\n"),
];

#[derive(BaseHTTPRequestHandler)]
struct Player {
    connection: Socket,
    path: String,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Player {
    fn do_GET(&mut self) -> io::Result<()> {
        let case = CASES.iter().find(|case| self.path.strip_prefix('/') == Some(case.name));
        let case = case.ok_or_else(|| HTTPError::new(404))?;
        // The library would send nothing broken.
        self.exchange().take_over()?;
        self.connection.sendall(case.reply.as_bytes())
    }
}

fn main() -> io::Result<ExitCode> {
    env_logger::init();
    let command: Vec<String> = env::args().skip(1).collect();
    let [program, words @ ..] = &*command else {
        return Err(io::Error::other("expected a command"));
    };
    let server = ThreadingHTTPServer::<Player>::bind("127.0.0.1:0")?.spawn()?;
    let mut faults = 0_u8;
    for Case { name, body, .. } in CASES {
        let url = format!("http://{}/{name}", server.server_address());
        let mut client = Command::new(program);
        let client = client.args(words).arg(url).stderr(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&client.stdout);
        let fault = match body {
            Some(body) if client.status.success() && text == *body => None,
            Some(body) => Some(format!("expected {body:?}, got {text:?}, {}", client.status)),
            None if client.status.success() => Some(format!("expected an error, got {text:?}")),
            None => None,
        };
        faults += u8::from(fault.is_some());
        println!("{name}: {}", fault.as_deref().unwrap_or("ok"));
    }
    Ok(ExitCode::from(faults))
}

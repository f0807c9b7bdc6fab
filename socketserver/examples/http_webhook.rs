//! Receives webhooks: each is a POST whose body is signed with a secret that both sides know, as
//! GitHub, Gitea and others send it.
//!
//!     SECRET=hush cargo run --example http_webhook --features http 127.0.0.1:8000
//!     signature=$(printf %s '{"a":1}' | openssl dgst -sha256 -hmac hush -r | cut -d' ' -f1)
//!     curl -i -d '{"a":1}' -H "X-Hub-Signature-256: sha256=$signature" localhost:8000/hook

#![allow(clippy::print_stdout)]

use std::env;
use std::io;
use std::time::Duration;

use ring::hmac;
use socketserver::http::{
    BaseHTTPRequestHandler, HTTPError, Headers, ReplyWriter, ThreadingHTTPServer,
};
use socketserver::{BaseServer, ServerRef};

const LONGEST_BODY: usize = 1 << 20;

struct Secret {
    key: hmac::Key,
}

impl BaseServer for Secret {}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", server_version = "webhook")]
struct Hook {
    server: ServerRef<Secret>,
    path: String,
    headers: Headers,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Hook {
    fn do_POST(&mut self) -> io::Result<()> {
        if self.path != "/hook" {
            return Err(HTTPError::new(404).into());
        }
        // A client without a signature sends no body, if it waits for `100 Continue`.
        let signature = self.headers.get("X-Hub-Signature-256").and_then(bytes_of);
        let signature = signature.ok_or_else(|| HTTPError::new((403, "No signature")))?;
        // The signature is computed over the raw bytes. Check it before you parse them.
        let body = self.body(LONGEST_BODY)?;
        hmac::verify(&self.server.key, &body, &signature)
            .map_err(|_| HTTPError::new((403, "Wrong signature")))?;
        let event = self.headers.get("X-GitHub-Event").unwrap_or("event");
        println!("{event:?} with {} bytes", body.len());
        // The sender waits for this reply. Put work that takes long into a queue.
        self.send_response(204)?;
        self.end_headers()
    }
}

/// The bytes of `sha256=` and hexadecimal digits.
fn bytes_of(field: &str) -> Option<Vec<u8>> {
    let digits = field.strip_prefix("sha256=")?.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(*pair.get(1)?)?).ok();
    digits.chunks(2).map(byte).collect()
}

fn main() -> io::Result<()> {
    env_logger::init();
    let secret = env::var("SECRET").map_err(|_| io::Error::other("expected SECRET to be set"))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8000".into());
    let server = ThreadingHTTPServer::<Hook, Secret>::with(Secret { key }).bind(address)?;
    server.drain_on_signals(Duration::from_secs(5))?;
    println!("http://{}/hook", server.server_address());
    server.serve_forever()
}

//! A small mail server, whose connections begin in plain text and change to TLS: STARTTLS of SMTP.
//!
//! ```sh
//! RUST_LOG=info cargo run --example starttls --features tls -- 127.0.0.1:2525 cert.pem key.pem
//! openssl s_client -quiet -starttls smtp -CAfile cert.pem -connect localhost:2525
//! ```
//!
//! Messages go to the log. The example `tls` says how to make the two files.

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use socketserver::ssl::SSLContext;
use socketserver::{
    BaseServer, ServerRef, Socket, SocketReader, SocketWriter, StreamRequestHandler,
    ThreadingTCPServer,
};

/// Maximum length of a line in SMTP, in bytes.
const LINE: usize = 1_000;

/// Maximum length of a message, in bytes.
const MESSAGE: usize = 1 << 20;

struct Mail {
    context: SSLContext,
}

impl BaseServer for Mail {}

#[derive(StreamRequestHandler)]
#[handler(timeout = 60)]
struct Session {
    request: Socket,
    server: ServerRef<Mail>,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Session {
    fn handle(&mut self) -> io::Result<()> {
        self.say("220 localhost ready")?;
        while let Some(line) = self.line()? {
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let is_safe = self.request.ssl().is_some();
            match &*verb {
                "EHLO" if is_safe => self.say("250 localhost")?,
                "EHLO" => self.say("250-localhost\r\n250 STARTTLS")?,
                "HELO" | "RSET" | "NOOP" => self.say("250 ok")?,
                "STARTTLS" if !is_safe => self.start_tls()?,
                "MAIL" | "RCPT" | "DATA" if !is_safe => self.say("530 STARTTLS first")?,
                "MAIL" | "RCPT" => self.say("250 ok")?,
                "DATA" => self.take_message()?,
                "QUIT" => return self.say("221 good-bye"),
                _ => self.say("500 what?")?,
            }
        }
        Ok(())
    }

    /// Begins TLS: after this, `rfile` and `wfile` are encrypted. If the client has sent a command
    /// before the handshake, the handshake fails, because that command was not protected.
    fn start_tls(&mut self) -> io::Result<()> {
        self.say("220 go ahead")?;
        self.server.context.wrap_socket(&self.request)
    }

    fn take_message(&mut self) -> io::Result<()> {
        self.say("354 end with a dot")?;
        let mut message = String::new();
        while let Some(line) = self.line()? {
            match line.strip_prefix('.') {
                Some("") => {
                    log::info!("a message of {} bytes: {message:?}", message.len());
                    return self.say("250 taken");
                }
                // SMTP adds a second dot to a line that begins with one.
                rest => message += rest.unwrap_or(&line),
            }
            message.push('\n');
            if message.len() > MESSAGE {
                return self.say("552 too long");
            }
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        write!(self.wfile, "{text}\r\n")
    }

    /// The next line, without its end. Nothing else ends a line: otherwise a message could be two
    /// for this server, and one for the server that has forwarded it.
    fn line(&mut self) -> io::Result<Option<String>> {
        let line = self.rfile.readline(LINE)?;
        match line.strip_suffix(b"\r\n") {
            Some(text) => Ok(Some(String::from_utf8_lossy(text).into_owned())),
            None if line.is_empty() => Ok(None),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "expected a line of at most 1,000 bytes that ends with CR LF, got another",
            )),
        }
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let mut arguments = env::args().skip(1);
    let mut next = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let (address, cert, key) = (next("127.0.0.1:2525"), next("cert.pem"), next("key.pem"));
    let mail = Mail { context: SSLContext::new().load_cert_chain(cert, key)? };
    let server = ThreadingTCPServer::<Session, _>::with(mail).bind(&*address)?;
    server.drain_on_signals(Duration::from_secs(5))?;
    log::info!("listening on {}", server.server_address());
    server.serve_forever()
}

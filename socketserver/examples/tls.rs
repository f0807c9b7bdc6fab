//! A server with TLS: certificates for several hosts, renewed on SIGHUP, and clients that may
//! show certificates too.
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 \
//!     -subj /CN=localhost -addext subjectAltName=DNS:localhost \
//!     -addext basicConstraints=CA:FALSE -keyout key.pem -out cert.pem
//! RUST_LOG=info cargo run --example tls --features tls -- 127.0.0.1:8443 cert.pem key.pem
//! curl --cacert cert.pem https://localhost:8443/      # in a second terminal
//! kill -HUP $(pgrep --full example.*tls)              # after another `openssl req`
//! ```
//!
//! For further hosts, add pairs of files: `cert.pem key.pem other.pem other.key`. With
//! `--clients ca.pem`, clients may send a certificate of that authority:
//! `curl --cert client.pem --key client.key`. With `--tickets keys`, a file of lines from
//! `openssl rand -hex 32`, sessions are resumed by other servers with the same file.

use std::env;
use std::io;
use std::time::Duration;

use socketserver::ssl::{SSLContext, VerifyMode};
use socketserver::{Socket, SocketReader, StreamRequestHandler, ThreadingTCPServer, signal};

#[derive(StreamRequestHandler)]
struct Page {
    request: Socket,
    rfile: SocketReader,
}

impl Page {
    fn handle(&mut self) -> io::Result<()> {
        // The head of a request ends with an empty line.
        while self.rfile.readline(1_000)?.len() > 2 {}
        let Some(ssl) = self.request.ssl() else { return Ok(()) };
        let (version, cipher) = (ssl.version(), ssl.cipher());
        let host = ssl.server_name().unwrap_or_else(|| "no host".to_owned());
        let client = ssl.getpeercert().map_or("no certificate", |_| "a trusted certificate");
        let text = format!("{version}, {cipher}, for {host}, client with {client}\n");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
        self.request.sendall((head + &text).as_bytes())
    }
}

/// The context of the files on the command line.
fn context(mut arguments: impl Iterator<Item = String>) -> io::Result<SSLContext> {
    let mut context = SSLContext::new().set_alpn_protocols(["http/1.1"]);
    while let (Some(first), Some(second)) = (arguments.next(), arguments.next()) {
        context = match &*first {
            "--clients" => context.load_verify_locations(second)?.verify_mode(VerifyMode::Optional),
            "--tickets" => context.ticket_keys(second)?,
            cert => context.add_cert_chain(cert, second)?,
        };
    }
    Ok(context)
}

fn main() -> io::Result<()> {
    env_logger::init();
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8443".to_owned());
    let context = context(arguments)?;
    let server = ThreadingTCPServer::<Page>::builder()
        .max_connections(1_000)
        .client_timeout(Duration::from_secs(10))
        .tls(context.clone())
        .bind(&*address)?;
    // If a file is damaged, an error is logged, and the old certificates stay.
    server.on_signal(signal::SIGHUP, move |_| drop(context.reload()))?;
    server.drain_on_signals(Duration::from_secs(5))?;
    log::info!("listening on {}", server.server_address());
    server.serve_forever()
}

//! TLS in mid-stream.

use tests::prelude::*;

/// Speaks plainly until `STARTTLS`, and echoes lines.
struct Mail {
    context: ssl::SSLContext,
}

impl BaseServer for Mail {}

#[derive(StreamRequestHandler)]
struct Lines {
    request: Socket,
    server: ServerRef<Mail>,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Lines {
    fn handle(&mut self) -> io::Result<()> {
        loop {
            let line = self.rfile.readline(1000)?;
            match line.as_slice() {
                b"" => return Ok(()),
                b"STARTTLS\n" => {
                    self.wfile.write_all(b"GO\n")?;
                    self.server.context.wrap_socket(&self.request)?;
                }
                line => self.wfile.write_all(line)?,
            }
        }
    }
}

fn server<C: Column>(context: ssl::SSLContext) -> Running<Mail> {
    run(Server::<Tcp, C, Lines, Mail>::with(Mail { context }), LOCAL)
}

/// The same `rfile` and `wfile` go on, with TLS.
fn a_connection_gets_tls_on_its_way<C: Column>() {
    let authority = Authority::new("mail");
    let server = server::<C>(authority.context());
    let config = client_config(&authority, None);
    let mut client = TlsClient::connect(&server.address(), config, "localhost");
    let mut plain = [0; 9];
    client.0.sock.write_all(b"plain\n").expect("sent");
    client.0.sock.read_exact(&mut plain[..6]).expect("an answer");
    client.0.sock.write_all(b"STARTTLS\n").expect("sent");
    client.0.sock.read_exact(&mut plain[6..]).expect("an answer");
    assert_eq!(&plain, b"plain\nGO\n");
    client.ask(b"secret\n");
    // Once is enough.
    client.0.write_all(b"STARTTLS\n").expect("sent");
    client.0.read_exact(&mut plain[..3]).expect("an answer");
    until("it has failed", || server.stats().failed == 1);
}

/// Bytes sent with `STARTTLS` were not protected, and must not pass for protected ones.
fn early_bytes_are_not_taken_for_protected<C: Column>() {
    let authority = Authority::new("injected");
    let server = server::<C>(authority.context());
    let mut client = Client::stream(&server.address());
    client.send("STARTTLS\nEVIL\n");
    let answer = client.rest_or_reset();
    assert!(answer.is_empty() || answer == b"GO\n", "{answer:?}");
    until("it has failed", || server.stats().failed == 1);
}

matrix!(columns: a_connection_gets_tls_on_its_way, early_bytes_are_not_taken_for_protected);

//! Transports that learn a request's client from the request. (For lists and rates by that client see
//! `proxy/limits.rs`.)

use tests::prelude::*;

/// The first line of a connection says which client it is from; "-" is its own address.
#[derive(Clone, Copy, Debug, Default)]
struct FirstLine;

type Lined = Wrapped<Tcp, FirstLine>;

impl TransportHooks<Tcp> for FirstLine {
    fn learns_client(&self, _: &Tcp) -> bool {
        true
    }

    fn learn_client(
        &self,
        _: &Tcp,
        request: &Socket,
        peer: &Address,
    ) -> io::Result<Option<Address>> {
        assert_eq!(*peer, request.getpeername()?);
        let mut line = String::new();
        loop {
            match *request.recv(1)? {
                [b'\n'] => break,
                [byte] => line.push(byte.into()),
                _ => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
        match line.as_str() {
            "-" => Ok(None),
            "deaf" => loop {
                request.sendall(&[0; 65_536])?;
            },
            "panic" => resume_unwind(Box::new("learn_client")),
            line => line.parse().map(SocketAddr::into).map(Some).map_err(io::Error::other),
        }
    }
}

/// Notes what it is asked.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, call: &str, client: &Address) {
        let client = client.ip().expect("a client of TCP");
        self.0.lock().push(format!("{call} {client}"));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

impl BaseServer for Notes {
    fn verify_request(&self, _: &Socket, client: &Address, _: &ServerRef<Self>) -> bool {
        self.note("verify", client);
        true
    }

    fn refuse_request(&self, request: &Socket, client: &Address, _: &ServerRef<Self>) {
        self.note("refuse", client);
        request.sendall(b"busy").expect("room for a word");
    }

    fn handle_error(
        &self,
        _: &Socket,
        client: &Address,
        error: &HandlerError,
        _: &ServerRef<Self>,
    ) {
        self.note(
            match error {
                _ if error.is_abort() => "abort",
                _ if error.is_handshake() => "handshake",
                _ => "error",
            },
            client,
        );
        log_error(client, error);
    }

    fn request_closed(&self, _: &Socket, client: &Address, _: &ServerRef<Self>) {
        self.note("closed", client);
    }
}

#[derive(BaseRequestHandler)]
struct Tell {
    request: Socket,
    client_address: Address,
    server: ServerRef<Notes>,
}

impl Tell {
    fn handle(&self) -> io::Result<()> {
        self.server.note("handle", &self.client_address);
        let peer = self.request.getpeername()?;
        self.request.sendall(format!("{} {peer}", self.client_address).as_bytes())?;
        // Until the client ends.
        self.request.recv(1).map(drop)
    }
}

fn builder<C: Column>() -> Builder<Lined, C, Tell, Notes> {
    Builder::new(Lined::default(), C::default(), Notes::default())
}

/// A client that has sent its line.
fn client(server: &Running<Notes>, line: &str) -> Client {
    let mut client = Client::stream(&server.address());
    client.send(format!("{line}\n"));
    client
}

/// Waits until the server has no live request, and returns what its state was asked.
fn notes(server: &Running<Notes>) -> Vec<String> {
    until("every request has ended", || server.stats().active == 0);
    server.take()
}

fn the_learnt_client_is_the_requests<C: Column>() {
    let server = run(builder::<C>(), LOCAL);
    let named = client(&server, "192.0.2.1:5");
    let peer = named.tcp().local_addr().expect("an address");
    assert_eq!(named.finish(), format!("192.0.2.1:5 {peer}").as_bytes());
    assert_eq!(
        notes(&server),
        ["verify", "handle", "closed"].map(|call| format!("{call} 192.0.2.1"))
    );

    let own = client(&server, "-");
    let peer = own.tcp().local_addr().expect("an address");
    assert_eq!(own.finish(), format!("{peer} {peer}").as_bytes());
    assert_eq!(notes(&server)[1], "handle 127.0.0.1");
}

fn a_failed_handshake_is_a_refusal<C: Column>() {
    let lines = keep_lines(LevelFilter::Debug);
    let server = run(builder::<C>(), LOCAL);
    let failed = client(&server, "GET / HTTP/1.1");
    let peer = failed.tcp().local_addr().expect("an address");
    assert_eq!(failed.finish(), b"");
    assert_eq!(notes(&server), ["handshake 127.0.0.1"]);
    let line = "socketserver::handler: request 1 from {} refused: invalid socket address syntax";
    let expected = (log::Level::Debug, line.replace("{}", &peer.to_string()));
    assert_eq!(lines.about(&peer.to_string()).last(), Some(&expected));
    assert_eq!((server.stats().refused, server.stats().failed), (1, 0));

    assert_eq!(client(&server, "panic").finish(), b"");
    assert_eq!(notes(&server), ["error 127.0.0.1"]);
    assert_eq!((server.stats().refused, server.stats().failed), (1, 1));
}

matrix!(columns: the_learnt_client_is_the_requests, a_failed_handshake_is_a_refusal);

fn shares_are_those_of_learnt_clients<C: Concurrent>() {
    let server = run(builder::<C>().max_connections_per_address(1), LOCAL);
    let mut first = client(&server, "192.0.2.1:5");
    assert!(first.recv().starts_with(b"192.0.2.1:5"));
    assert_eq!(client(&server, "192.0.2.1:6").rest(), b"busy");
    let mut other = client(&server, "192.0.2.2:5");
    assert!(other.recv().starts_with(b"192.0.2.2:5"));
    first.finish();
    until("the first has its place again", || server.stats().finished == 1);
    assert!(!client(&server, "192.0.2.1:7").finish().is_empty());
    drop(other);
    assert_eq!(notes(&server).iter().filter(|note| *note == "refuse 192.0.2.1").count(), 1);
}

/// The server has ended it, and no client.
fn an_aborted_handshake_is_no_disconnect<C: Concurrent>() {
    let server = run(builder::<C>().deadline(Duration::from_millis(50)), LOCAL);
    let _deaf = client(&server, "deaf");
    until("it is aborted", || server.stats().aborted == 1);
    assert_eq!(notes(&server), ["abort 127.0.0.1"]);
}

matrix!(concurrent: shares_are_those_of_learnt_clients, an_aborted_handshake_is_no_disconnect);

/// A transport whose clients expect a handshake first.
struct Silent;

impl TransportHooks<Tcp> for Silent {
    fn speaks_before_prepare(&self, _: &Tcp) -> bool {
        false
    }
}

#[test]
fn no_word_comes_before_a_handshake() {
    let silent = Wrapped::new(Tcp::new(), Silent);
    let builder = Builder::<_, _, Echo, _>::new(silent, Threading::new(), Busy);
    let server = run(builder.max_connections(1).overflow(Overflow::Refuse), LOCAL);
    let _first = Client::echoed(&server.address());
    assert_eq!(Client::stream(&server.address()).rest(), b"");
    until("it is counted", || server.stats().refused == 1);
}

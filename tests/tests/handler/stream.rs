//! `#[derive(StreamRequestHandler)]` behind a server, as its clients see it. Its files alone are
//! tested with the socket, its options with the derive.

use tests::prelude::*;

#[derive(StreamRequestHandler)]
struct UpperLines {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl UpperLines {
    fn handle(&mut self) -> io::Result<()> {
        for line in self.rfile.lines_up_to(100_000) {
            writeln!(self.wfile, "{}", line?.to_uppercase())?;
        }
        Ok(())
    }
}

fn lines_are_read_and_written<T: Streams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, UpperLines>::builder());
    let mut client = T::client(&server.address());
    assert_eq!(client.ask(b"hello\n"), b"HELLO\n");
    client.send(b"in pie");
    client.send(b"ces\nand\n\nseveral at once\n");
    client.send("y".repeat(100_000));
    // The last line has no end.
    let long = "Y".repeat(100_000);
    let expected = format!("IN PIECES\nAND\n\nSEVERAL AT ONCE\n{long}\n");
    assert!(client.finish() == expected.as_bytes());
}

/// Sends and receives by each of its attributes.
#[derive(StreamRequestHandler)]
struct Attributes {
    request: Socket,
    connection: Socket,
    client_address: Address,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Attributes {
    fn handle(&mut self) -> io::Result<()> {
        assert_eq!(self.connection.fileno(), self.request.fileno());
        assert_eq!(self.connection.getpeername()?, self.client_address);
        self.connection.sendall(b"connection ")?;
        self.request.sendall(b"request ")?;
        self.wfile.write_all(b"wfile ")?;
        let mut three = [0; 3];
        self.rfile.read_exact(&mut three)?;
        self.wfile.write_all(&three)
    }
}

fn all_attributes_are_one_connection<T: Streams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, Attributes>::builder());
    let mut client = T::client(&server.address());
    client.send(b"rfile");
    assert_eq!(client.rest(), b"connection request wfile rfi");
}

/// Asks again when its client is too slow, and goes on.
#[derive(StreamRequestHandler)]
#[handler(timeout = 0.05)]
struct Patient {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Patient {
    fn handle(&mut self) -> io::Result<()> {
        assert_eq!(error_kind(self.rfile.readline(100)), ErrorKind::TimedOut);
        self.wfile.write_all(b"and?")?;
        let line = loop {
            match self.rfile.readline(100) {
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                line => break line?,
            }
        };
        self.wfile.write_all(&line)?;

        let mut line = String::new();
        assert_eq!(error_kind(self.rfile.read_line(&mut line)), ErrorKind::TimedOut);
        self.wfile.write_all(b"and?")?;
        while self.rfile.read_line(&mut line).is_err() {}
        self.wfile.write_all(line.as_bytes())?;
        // Nothing more comes: this is the end of the request.
        self.rfile.readline(100).map(drop)
    }
}

/// A timeout that a handler does not handle is an error like any other.
///
/// Complaint 29.
fn a_timeout_loses_nothing<T: Streams, C: Column>() {
    let (state, failures) = Failures::new();
    let (_folder, server) = placed(Server::<T, C, Patient, _>::with(state));
    let mut client = T::client(&server.address());
    for _ in 0..2 {
        client.send(b"hel");
        assert_eq!(client.recv_exact(4), b"and?");
        assert_eq!(client.ask(b"lo, \n"), b"hello");
        assert_eq!(client.recv_exact(3), b", \n");
    }
    assert_eq!(client.rest(), b"");
    let (_, kind) = failures.recv_timeout(DEADLINE).expect("handle_error");
    assert_eq!(kind, Some(ErrorKind::TimedOut));
    assert_eq!(server.ends(), [0, 1, 0, 0]);
}

/// A list of the state, or a thread that reads on: in Python both have a closed socket then.
fn kept_handles_end_with_their_request<T: Streams, C: Column>() {
    let (sender, kept) = unbounded();
    let handler = move |request: Socket, _: Address| {
        let (reader, (begins, begun)) = (request.clone(), bounded(0));
        let reads = thread::spawn(move || {
            begins.send(()).expect("the handler waits");
            reader.recv(1)
        });
        begun.recv().expect("it begins");
        sender.send((request, reads)).expect("the test waits");
    };
    let (_folder, server) = placed(Server::<T, C, _, _>::handling(handler));
    let mut client = T::client(&server.address());
    let (kept, reads) = kept.recv_timeout(DEADLINE).expect("a handler");
    // Its helper would read for ever, and the client would send into the void.
    let read = in_time("the helper's end", move || reads.join().expect("no panic"));
    assert!(read.as_ref().is_err_and(is_disconnect), "{read:?}");
    assert_eq!(client.rest(), b"");
    until("the client sees that the connection is closed", || client.write_all(b"x").is_err());
    for result in [kept.recv(1).map(drop), kept.sendall(b"x")] {
        let error = result.expect_err("an ended request");
        assert!(is_disconnect(&error), "{error}");
    }
    assert_eq!(kept.fileno(), -1);
}

matrix!(
    streams: lines_are_read_and_written, all_attributes_are_one_connection, a_timeout_loses_nothing,
    kept_handles_end_with_their_request,
);

/// Waits until its client has reset the connection, and writes too late.
#[derive(StreamRequestHandler)]
#[handler(wbufsize = -1)]
struct TooLate {
    request: Socket,
    wfile: SocketWriter,
}

impl TooLate {
    fn handle(&mut self) -> io::Result<()> {
        until_reset(&self.request)?;
        self.wfile.write_all(b"too late")
    }
}

fn until_reset(request: &Socket) -> io::Result<()> {
    request.sendall(b"here")?;
    assert_eq!(error_kind(request.recv(1)), ErrorKind::ConnectionReset);
    Ok(())
}

/// Neither the last flush nor the end of the connection fails.
///
/// Complaint 25, complaint 31.
fn a_reset_client_is_no_failure<C: Column>() {
    fn finishes<H: RequestHandler<Socket, S>, S: BaseServer>(
        builder: Builder<Tcp, impl Concurrency, H, S>,
    ) {
        let server = run(builder, LOCAL);
        let mut client = Client::stream(&server.address());
        assert_eq!(client.recv(), b"here");
        client.reset();
        assert_eq!(server.ends(), [1, 0, 0, 0]);
    }
    finishes(Server::<Tcp, C, TooLate>::builder());
    finishes(Server::<Tcp, C, _, _>::handling(|request: Socket, _| until_reset(&request)));
}

matrix!(columns: a_reset_client_is_no_failure);

//! A protocol under a socket, as TLS would be.

use std::os::unix::net::UnixStream;

use tests::prelude::*;

/// Records: a length, and that many scrambled bytes. An empty record says good-bye.
#[derive(Default)]
struct Records {
    /// Received and not read yet.
    held: Mutex<Vec<u8>>,
}

fn scramble(data: &[u8]) -> impl Iterator<Item = u8> {
    data.iter().map(|byte| byte ^ 0x5a)
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).expect("a short record");
    std::iter::once(length).chain(scramble(data)).collect()
}

/// The text of whole records, and whether the last one says good-bye.
fn read_records(mut raw: &[u8]) -> (String, bool) {
    let mut text = Vec::new();
    while let Some((&length, rest)) = raw.split_first() {
        if length == 0 {
            assert_eq!(rest, b"", "nothing comes after the good-bye");
            return (String::from_utf8(text).expect("text"), true);
        }
        let (data, rest) = rest.split_at(length.into());
        text.extend(scramble(data));
        raw = rest;
    }
    (String::from_utf8(text).expect("text"), false)
}

impl Records {
    /// Reads from the first record, if all of it is here.
    fn take(&self, buffer: &mut [u8]) -> Option<usize> {
        let mut held = self.held.lock();
        let length = usize::from(*held.first()?);
        let count = length.min(buffer.len());
        let plain = scramble(held.get(1..=length)?).take(count);
        buffer.iter_mut().zip(plain).for_each(|(to, byte)| *to = byte);
        match length {
            0 => {}
            _ if count == length => drop(held.drain(..=length)),
            _ => {
                held[0] -= count as u8;
                held.drain(1..=count);
            }
        }
        Some(count)
    }
}

impl Layer for Records {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(count) = self.take(buffer) {
                return Ok(count);
            }
            let mut raw = [0; 4_096];
            match wire.recv(&mut raw)? {
                0 => return Ok(0),
                count => self.held.lock().extend_from_slice(&raw[..count]),
            }
        }
    }

    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        let count = data.len().min(255);
        wire.sendall(&record(&data[..count]))?;
        Ok(count)
    }

    fn pending(&self) -> bool {
        let held = self.held.lock();
        held.first().is_some_and(|length| held.len() > usize::from(*length))
    }

    fn end(&self, wire: &Wire<'_>) -> io::Result<()> {
        wire.sendall(&record(b""))
    }
}

/// Answers each line in three ways: by the file, by the socket and by a clone of it.
#[derive(StreamRequestHandler)]
struct Lines {
    request: Socket,
    connection: Socket,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Lines {
    fn handle(&mut self) -> io::Result<()> {
        loop {
            let line = self.rfile.readline(1_000)?.to_ascii_uppercase();
            if line.is_empty() {
                return Ok(());
            }
            self.wfile.write_all(&line)?;
            self.request.sendall(&line)?;
            self.connection.clone().send(&line)?;
        }
    }
}

fn a_transport_may_set_a_layer<C: Column>() {
    let builder = Server::<Tcp, C, Lines>::builder().linger(DEADLINE);
    let builder = builder.prepared(|request: &Socket| {
        assert_eq!(request.recv(1)?, b"!");
        request.set_layer(Records::default())
    });
    let server = run(builder, LOCAL);
    let mut client = Client::stream(&server.address());
    let records = ["hello, wor", "ld\nand good", "-bye\n", ""].map(|text| record(text.as_bytes()));
    client.send([b"!".as_slice(), &records.concat()].concat());
    let lines = ["HELLO, WORLD\n".repeat(3), "AND GOOD-BYE\n".repeat(3)];
    assert_eq!(read_records(&client.finish()), (lines.concat(), true));

    // The same from a client that uses the library.
    let client = create_connection(server.address(), Some(DEADLINE)).expect("connect");
    client.sendall(b"!").expect("send");
    client.set_layer(Records::default()).expect("the first layer");
    client.sendall(b"hello\n").expect("send");
    client.shutdown(Shutdown::Write).expect("shutdown");
    let (mut rfile, _) = client.makefile(-1, 0);
    let mut reply = String::new();
    rfile.read_to_string(&mut reply).expect("recv");
    assert_eq!(reply, "HELLO\n".repeat(3));
}

/// Plain text until the client asks for records.
#[derive(StreamRequestHandler)]
struct Upgrade {
    request: Socket,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Upgrade {
    fn handle(&mut self) -> io::Result<()> {
        let clone = self.request.clone();
        assert_eq!(self.rfile.readline(100)?, b"STARTTLS\n");
        writeln!(self.wfile, "go ahead")?;
        while let Err(error) = self.request.set_layer(Records::default()) {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let smuggled = self.rfile.readline(100)?;
            writeln!(self.wfile, "not so: {}", smuggled.escape_ascii())?;
        }
        let again = self.request.set_layer(Records::default());
        assert_eq!(error_kind(again), ErrorKind::AlreadyExists);
        let bare = clone.detach();
        assert_eq!(error_kind(bare), ErrorKind::Unsupported);

        let line = self.rfile.readline(100)?;
        self.wfile.write_all(&line)?;
        self.request.sendall(&line)?;
        clone.sendall(&line)
    }
}

/// Sends `words` to an [`Upgrade`], waits for its answer in plain text, and goes on in records.
fn upgrade(server: &Running<()>, words: &str, answer: &str) {
    let mut client = Client::stream(&server.address());
    client.send(words);
    assert_eq!(client.recv_exact(answer.len()), answer.as_bytes());
    client.send(record(b"hello\n"));
    assert_eq!(read_records(&client.rest()), ("hello\n".repeat(3), true));
}

fn a_handler_may_set_a_layer_midstream<C: Column>() {
    let server = run(Server::<Tcp, C, Upgrade>::builder(), LOCAL);
    upgrade(&server, "STARTTLS\n", "go ahead\n");
    // What came with the question was not protected, and must not be read as if it were.
    let answer = "go ahead\nnot so: RSET\\n\nnot so: QUIT\\n\n";
    upgrade(&server, "STARTTLS\nRSET\nQUIT\n", answer);
}

/// A socket with a layer, and its other end without one.
fn pair() -> (Socket, UnixStream) {
    let (socket, other) = unix_pair();
    socket.set_layer(Records::default()).expect("the first layer");
    (socket, other)
}

#[test]
fn calls_that_would_bypass_it_are_refused() {
    let (socket, mut other) = pair();
    other.write_all(&record(b"hello")).expect("send");
    socket.recvfrom(100).expect_err("what cannot be read");
    socket.sendto(b"secret", "./nowhere").expect_err("it would be readable");
    assert_eq!(socket.recv(100).expect("recv"), b"hello");
    drop(socket);
    let mut seen = Vec::new();
    other.read_to_end(&mut seen).expect("recv");
    assert_eq!(seen, b"");
}

/// It would keep a core busy, and the caller for ever.
fn a_layer_that_sends_nothing_is_an_error<W: Thread>() {
    struct Mute;
    impl Layer for Mute {
        fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
            wire.recv(buffer)
        }
        fn send(&self, _: &Wire<'_>, _: &[u8]) -> io::Result<usize> {
            Ok(0)
        }
        fn end(&self, _: &Wire<'_>) -> io::Result<()> {
            Ok(())
        }
    }
    let (socket, _other) = unix_pair();
    socket.set_layer(Mute).expect("the first layer");
    let sends: [fn(&Socket) -> io::Result<()>; 4] = [
        |socket| socket.sendall(b"hello"),
        |socket| socket.send(b"hello").map(drop),
        |socket| socket.send_within(b"hello", DEADLINE).map(drop),
        |socket| socket.makefile(0, -1).1.write_all(&[0; 10_000]),
    ];
    for send in sends {
        let socket = socket.clone();
        let sent = W::in_time("send", move || send(&socket));
        assert_eq!(error_kind(sent), ErrorKind::WriteZero);
    }
    socket.sendall(b"").expect("nothing is all of it");
}

/// The call takes no longer than its timeout, though the other side goes on, slowly.
fn is_covered<T>(call: fn(&Socket) -> io::Result<T>, turn: fn(&mut UnixStream) -> io::Result<()>) {
    let (socket, mut other) = pair();
    socket.settimeout(Some(Duration::from_millis(200))).expect("a timeout");
    let slow = thread::spawn(move || {
        while turn(&mut other).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(error_kind(call(&socket)), ErrorKind::TimedOut);
    socket.close();
    drop(socket);
    slow.join().expect("it only reads or writes");
}

/// Records of a byte every now and then keep no call for longer than the timeout.
#[test]
fn the_timeout_covers_a_whole_call() {
    is_covered(|socket| socket.recv(100), |other| other.write_all(&[100]));
    let turn = |other: &mut UnixStream| match other.read(&mut [0; 4_096])? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    };
    is_covered(|socket| socket.sendall(&[b'x'; 600_000]), turn);
}

/// Fills the buffers between here and the client, which does not read.
fn fill(request: &Socket) -> io::Result<()> {
    request.settimeout(Some(Duration::from_millis(50)))?;
    while request.sendall(&[b'x'; 10_000]).is_ok() {}
    request.settimeout(None)
}

/// There is no room for the good-bye, and it is not worth waiting for.
fn a_close_message_waits_at_most_linger<C: Column>() {
    let builder = Server::<Tcp, C, _, _>::handling(|request: Socket, _| {
        request.set_layer(Records::default())?;
        fill(&request)
    });
    let server = run(builder.linger(Duration::from_millis(100)), LOCAL);
    let _silent = Client::stream(&server.address());
    until("the request has ended", || server.stats().finished == 1);
}

/// At a drain's deadline each call that waits under a layer is woken.
fn an_abort_wakes_every_call<C: Concurrent>() {
    let (tell, told) = unbounded();
    let builder = Server::<Tcp, C, _, _>::handling(move |request: Socket, _| {
        request.set_layer(Records::default())?;
        let (mut rfile, mut wfile) = request.makefile(-1, -1);
        let result = match request.recv(1)?.as_slice() {
            b"r" => request.recv(1).map(|data| data.len()),
            b"f" => rfile.readline(10).map(|line| line.len()),
            // More than there is room for on the way.
            _ => wfile.write_all(&vec![b'x'; 20_000_000]).map(|()| 1),
        };
        tell.send(result.map_err(|error| error.kind())).map_err(io::Error::other)
    });
    let server = run(builder, LOCAL);
    let _clients = ["r", "f", "w"].map(|word| {
        let mut client = Client::stream(&server.address());
        client.send(record(word.as_bytes()));
        client
    });
    until("all are there", || server.stats().active == 3);
    let (drained, _) = server.drain(Duration::from_millis(100));
    assert_eq!(drained.aborted, 3);
    let woken = [(); 3].map(|()| told.recv_timeout(DEADLINE).expect("it wakes"));
    assert_eq!(woken.iter().filter(|end| **end == Ok(0)).count(), 2);
    assert!(woken.contains(&Err(ErrorKind::BrokenPipe)), "{woken:?}");
}

matrix!(
    columns: a_transport_may_set_a_layer, a_handler_may_set_a_layer_midstream,
    a_close_message_waits_at_most_linger,
);
matrix!(concurrent: an_abort_wakes_every_call);

/// No record is sent in part and then again, though the receiver is slow.
fn a_relay_keeps_records_whole<W: Thread>() {
    const LINES: usize = 40_000;
    W::in_time("the relay", || {
        let (plain, mut client) = UnixStream::pair().expect("a pair");
        let (layered, mut upstream) = pair();
        let sending = thread::spawn(move || {
            (0..LINES).for_each(|n| writeln!(client, "line {n}").expect("send"));
            client.shutdown(Shutdown::Write).expect("shutdown");
            let mut answer = String::new();
            client.read_to_string(&mut answer).map(|_| answer)
        });
        let receiving = thread::spawn(move || {
            let mut raw = Vec::new();
            let mut chunk = [0; 4096];
            // Slower than the sender.
            while raw.len() < 10 || !raw.ends_with(&[0]) {
                let count = upstream.read(&mut chunk).expect("records");
                if count == 0 {
                    break;
                }
                raw.extend_from_slice(&chunk[..count]);
                thread::yield_now();
            }
            upstream.write_all(&record(b"answer")).expect("answer");
            raw
        });
        let plain = Socket::from(plain);
        let (there, back) = relay(&plain, &layered).expect("both end");
        drop((plain, layered));
        let raw = receiving.join().expect("no panic");
        let (text, ended) = read_records(&raw);
        assert!(ended && text.len() as u64 == there);
        assert!(text.lines().enumerate().all(|(n, line)| line == format!("line {n}")));
        assert_eq!(sending.join().expect("no panic").expect("text"), "answer");
        assert_eq!(back, 6);
    });
}

/// Python's `select.select` would wait for the client here.
fn select_sees_bytes_in_a_layer<W: Thread>() {
    W::in_time("select", || {
        let ((layered, mut client), (quiet, _other)) = (pair(), tcp_pair());
        client.write_all(&[record(b"one"), record(b"two")].concat()).expect("write");
        assert_eq!(layered.recv(10).expect("recv"), b"one");
        let ready = select(&[&quiet, &layered], &[], &[], None).expect("select");
        assert!(ready.reads(&layered) && !ready.reads(&quiet));
        assert_eq!(layered.recv(10).expect("recv"), b"two");
        let ready = select(&[&quiet, &layered], &[], &[], Some(Duration::from_millis(5)));
        assert!(ready.expect("select").is_empty());
    });
}

matrix!(
    threads: a_relay_keeps_records_whole, select_sees_bytes_in_a_layer,
        a_layer_that_sends_nothing_is_an_error
);

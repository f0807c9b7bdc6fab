//! Files that go to sockets.

use rustix::fs::{OFlags, fcntl_getfl};

use tests::prelude::*;

/// More than the kernel's buffers hold, and no multiple of a part.
const MUCH: usize = (9 << 20) + 17;

fn content() -> Vec<u8> {
    (0..MUCH).map(|place| (place % 251) as u8).collect()
}

fn file_of(data: &[u8]) -> (Folder, File) {
    let folder = Folder::new();
    let path = folder.join("file");
    fs::write(&path, data).expect("write");
    (folder, File::open(path).expect("open"))
}

type Range = (u64, Option<u64>);

/// Parts of the file, how many bytes each should be, and the whole of them.
fn parts() -> (Vec<(Range, u64)>, Vec<u8>) {
    let (all, data) = (MUCH as u64, content());
    let parts = vec![
        ((0, Some(0)), 0),
        ((0, None), all),
        ((7, Some(70_000)), 70_000),
        ((all - 5, Some(10)), 5),
        ((all, None), 0),
        ((all + 9, Some(u64::MAX)), 0),
    ];
    let mut expected = data.clone();
    expected.extend_from_slice(&data[7..70_007]);
    expected.extend_from_slice(&data[MUCH - 5..]);
    (parts, expected)
}

/// Sends parts of a file, once it is asked to.
fn sender() -> Function {
    let (folder, file) = file_of(&content());
    Function::new(move |socket, _| {
        let _ = &folder;
        socket.settimeout(Some(DEADLINE))?;
        socket.recv(1)?;
        for ((offset, count), length) in parts().0 {
            assert_eq!(socket.sendfile(&file, offset, count)?, length, "{offset} {count:?}");
        }
        assert_eq!(io::Seek::stream_position(&mut &file)?, 0);
        assert!(!fcntl_getfl(socket)?.contains(OFlags::NONBLOCK), "it blocks as before");
        Ok(())
    })
}

/// Asks, and checks what arrives until the end of the stream.
fn receives_the_parts(mut stream: impl Read + Write) {
    stream.write_all(b"?").expect("write");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).expect("read");
    assert!(received == parts().1, "{} bytes of another content", received.len());
}

fn every_part_arrives_as_it_is<C: Column>() {
    let server = run(Server::<Tcp, C, Call, _>::with(sender()), LOCAL);
    receives_the_parts(TcpStream::connect(inet(&server.address())).expect("connect"));
    until("it is counted", || server.stats().finished == 1);
}

fn every_part_arrives_under_tls<C: Column>() {
    let authority = Authority::new("sendfile");
    let server = run(Server::<Tcp, C, Call, _>::with(sender()).tls(authority.context()), LOCAL);
    let config = client_config(&authority, None);
    receives_the_parts(TlsClient::connect(&server.address(), config, "localhost").0);
    until("it is counted", || server.stats().finished == 1);
}

matrix!(columns: every_part_arrives_as_it_is, every_part_arrives_under_tls);

/// The receiver takes longer for the whole than the timeout, but not for a part.
fn each_part_has_the_whole_timeout<W: Thread>() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    let (_folder, file) = file_of(&content());
    let (socket, mut other) = tcp_pair();
    socket.settimeout(Some(TIMEOUT)).expect("a timeout");
    let reader = thread::spawn(move || {
        let began = Instant::now();
        // A sender is ready again when a third of its buffer, of at most 4 MiB, is empty.
        let mut buffer = vec![0; MUCH / 8 + 1];
        for _ in 0..7 {
            thread::sleep(TIMEOUT / 4);
            other.read_exact(&mut buffer).expect("read");
        }
        let rest = other.read_to_end(&mut Vec::new()).expect("read");
        (7 * buffer.len() + rest, began.elapsed())
    });
    let sent = W::in_time("sendfile", move || socket.sendfile(&file, 0, None));
    assert_eq!(sent.expect("no part is late"), MUCH as u64);
    let (received, took) = reader.join().expect("no panic");
    assert_eq!(received, MUCH);
    assert!(took > TIMEOUT, "{took:?}");
}

/// A file of the system's that has no pages, so that the call which sends a file refuses it.
fn a_file_without_pages_arrives_too<W: Thread>() {
    let path = "/proc/self/maps";
    let (socket, mut other) = unix_pair();
    let sent =
        W::in_time("sendfile", move || socket.sendfile(File::open(path).expect("open"), 0, None));
    let mut received = String::new();
    other.read_to_string(&mut received).expect("read");
    assert_eq!(sent.expect("a file"), received.len() as u64);
    assert!(received.contains("[stack]"), "{received}");
}

/// Two threads send to one socket: the parts of a file stay together.
fn files_of_two_threads_do_not_mix<W: Thread>() {
    let (_folder, file) = file_of(&vec![b'x'; MUCH]);
    let (socket, mut other) = tcp_pair();
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        other.read_to_end(&mut received).map(|_| received)
    });
    let second = {
        let socket = socket.clone();
        thread::spawn(move || socket.sendall(&vec![b'y'; MUCH]))
    };
    let sent = W::in_time("sendfile", move || socket.sendfile(&file, 0, None));
    assert_eq!(sent.expect("sent"), MUCH as u64);
    second.join().expect("no panic").expect("sent");
    let received = reader.join().expect("no panic").expect("read");
    assert_eq!(received.len(), 2 * MUCH);
    assert_eq!(received.windows(2).filter(|pair| pair[0] != pair[1]).count(), 1);
}

matrix!(threads: each_part_has_the_whole_timeout, a_file_without_pages_arrives_too,
        files_of_two_threads_do_not_mix);

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let (socket, _other) = tcp_pair();
    let folder = Folder::new();
    let written = File::create(folder.join("written")).expect("create");
    let error = socket.sendfile(&written, 0, None).expect_err("it is open for writing");
    assert_eq!(error.raw_os_error(), Some(Errno::BADF.raw_os_error()));
    let directory = File::open(folder.path()).expect("open");
    assert_eq!(error_kind(socket.sendfile(&directory, 0, None)), ErrorKind::IsADirectory);
}

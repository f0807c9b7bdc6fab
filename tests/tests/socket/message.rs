//! Messages with more than bytes: `sendmsg`, `recvmsg`, `send_fds` and `recv_fds`.

use std::os::unix::net::UnixStream;
use std::time::SystemTime;

use rustix::io::{FdFlags, fcntl_getfd};
use tests::prelude::*;

use crate::new;

/// A descriptor, and the stream that ends when each copy of it is closed.
fn watched_descriptor() -> (OwnedFd, UnixStream) {
    let (descriptor, watch) = UnixStream::pair().expect("a pair");
    watch.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    (descriptor.into(), watch)
}

#[track_caller]
fn assert_closed(mut watch: UnixStream) {
    assert_eq!(watch.read(&mut [0]).expect("closed everywhere"), 0);
}

fn pair(kind: SocketKind) -> (Socket, Socket) {
    let pair = socketpair(kind).expect("a pair");
    for socket in [&pair.0, &pair.1] {
        socket.settimeout(Some(DEADLINE)).expect("a timeout");
    }
    pair
}

/// Messages over a connection.
const SEQPACKET: SocketKind = SocketKind::Other(5);

fn descriptors_arrive_and_close_on_exec<T: Thread>() {
    for kind in [SocketKind::Stream, SocketKind::Datagram, SEQPACKET] {
        let (one, other) = pair(kind);
        let receiver = T::in_time("a message", move || {
            std::thread::spawn(move || {
                let files = [(); 2].map(|()| File::open("/proc/self/stat").expect("a file"));
                assert_eq!(one.send_fds(&[b"a ", b"file"], &files).expect("send"), 6);
                one
            });
            let (text, fds, flags, address) = other.recv_fds(100, 2).expect("recv");
            assert_eq!((&*text, fds.len(), address), (&b"a file"[..], 2, Address::Unnamed));
            assert!(!flags.ancdata_truncated && !flags.truncated);
            fds
        });
        for fd in receiver {
            assert!(fcntl_getfd(&fd).expect("open").contains(FdFlags::CLOEXEC));
            let mut text = String::new();
            File::from(fd).read_to_string(&mut text).expect("a file");
            assert!(text.starts_with(&std::process::id().to_string()), "{text}");
        }
    }
}

/// Neither those beyond the number asked for, nor those for a receiver that asks for none.
fn descriptors_not_asked_for_are_closed<T: Thread>() {
    let receive: [fn(&Socket) -> io::Result<usize>; 5] = [
        |socket| Ok(socket.recv(1)?.len()),
        |socket| Ok(socket.recvfrom(1)?.0.len()),
        |socket| {
            let (text, fds, flags, _) = socket.recv_fds(1, 3)?;
            assert_eq!((fds.len(), flags.ancdata_truncated), (3, true));
            Ok(text.len())
        },
        |socket| {
            let message = socket.recvmsg(1, 0)?;
            assert!(message.ancdata.is_empty() && message.flags.ancdata_truncated);
            Ok(message.data.len())
        },
        |socket| {
            assert_eq!(socket.peek(1)?.len(), 1);
            socket.recv_into(&mut [0])
        },
    ];
    for receive in receive {
        let (one, other) = pair(SocketKind::Stream);
        let (descriptor, watch) = watched_descriptor();
        // As many as the system passes on at once.
        let all = [(); 253].map(|()| descriptor.as_fd());
        one.send_fds(&[b"x"], &all).expect("send");
        drop(descriptor);
        let received = T::in_time("a message", move || receive(&other).expect("receive"));
        assert_eq!(received, 1);
        assert_closed(watch);
    }
}

matrix!(threads: descriptors_arrive_and_close_on_exec, descriptors_not_asked_for_are_closed);

/// The system would lose them without an error.
#[test]
fn descriptors_that_cannot_be_passed_are_errors() {
    let (unix, _unix) = pair(SocketKind::Stream);
    let (tcp, _tcp) = tcp_pair();
    let (layered, _layered) = pair(SocketKind::Stream);
    layered.set_layer(Through).expect("a layer");
    let file = File::open("/dev/null").expect("a file");
    let fails = |socket: &Socket, text: &[u8], count| {
        let sent = socket.send_fds(&[text], &vec![&file; count]);
        error_kind(sent)
    };
    assert_eq!(fails(&unix, b"", 1), ErrorKind::InvalidInput);
    assert_eq!(fails(&unix, b"x", 254), ErrorKind::InvalidInput);
    assert_eq!(fails(&tcp, b"x", 1), ErrorKind::Unsupported);
    assert_eq!(fails(&layered, b"x", 1), ErrorKind::Unsupported);
    assert_eq!(error_kind(layered.recv_fds(1, 1)), ErrorKind::Unsupported);
    assert_eq!(tcp.send_fds(&[b"x"], &[&file; 0]).expect("none to pass"), 1);
}

#[test]
fn datagrams_go_where_they_are_sent() {
    let folder = Folder::new();
    let path = folder.join("to");
    let to = new(AddressFamily::Unix, SocketKind::Datagram);
    to.bind(&path).expect("bind");
    let from = new(AddressFamily::Unix, SocketKind::Datagram);
    from.bind(folder.join("from")).expect("bind");
    let file = File::open("/dev/null").expect("a file");
    // Without a byte, too, and with a rest that is lost.
    for (text, truncated) in [(&b""[..], false), (b"long", true)] {
        let fds = [file.as_fd()];
        let ancdata = [SendAncillary::Descriptors(&fds)];
        from.sendmsg(&[text], &ancdata, Some(&Address::Unix(path.clone()))).expect("send");
        let (data, fds, flags, address) = to.recv_fds(1, 1).expect("receive");
        assert_eq!((data.len(), fds.len()), (text.len().min(1), 1));
        assert_eq!((flags.truncated, address), (truncated, Address::Unix(folder.join("from"))));
    }
}

/// Each round would leave one if the library or the system did.
fn many_rounds_leave_no_descriptors<C: Column>() {
    let Some(()) = alone() else { return };
    let server = Server::<socketserver::UnixStream, C, _, _>::handling(|request: Socket, _| {
        while !request.recv(1)?.is_empty() {
            request.sendall(b"y")?;
        }
        io::Result::Ok(())
    });
    let (_folder, server) = placed(server);
    let script = "
import os, socket, sys
def count(): return len(os.listdir(f'/proc/{sys.argv[2]}/fd'))
client = socket.socket(socket.AF_UNIX)
client.settimeout(20)
client.connect(sys.argv[1])
for number in range(2000):
    socket.send_fds(client, [b'x'], [0, 1, 2])
    assert client.recv(1) == b'y'
    if number == 0: before = count()
print(count() - before)
";
    let pid = std::process::id().to_string();
    if let Some(said) = python_says(script, &[&server.address().to_string(), &pid]) {
        assert_eq!(said, "0\n");
    }
}

fn datagrams_name_their_sender<C: Column>() {
    for on in [true, false] {
        let server = Server::<UnixDatagram, C, _, _>::handling(|request: Datagram, _| {
            let said = request.credentials().map(|cred| (cred.pid, cred.uid));
            request.reply(format!("{said:?}"))
        })
        .with_socket(move |socket| socket.setsockopt(SocketOption::PassCredentials(on)));
        let folder = Folder::new();
        let server = run(server, folder.join("server"));
        let mut client = Client::datagram(&server.address());
        let uid = rustix::process::getuid().as_raw();
        let own = on.then_some((Some(std::process::id() as i32), uid));
        assert_eq!(client.ask("who am I?"), format!("{own:?}").as_bytes());
        // The room for what the server asks for is room for nothing else.
        let Client::UnixDatagram(client, _folder) = client else {
            unreachable!("a datagram client");
        };
        let (descriptor, watch) = watched_descriptor();
        let client = Socket::from(client);
        client.send_fds(&[b"x"], &[descriptor]).expect("send");
        let answer = client.recv(100).expect("an answer");
        assert!(answer.starts_with(format!("{own:?}").as_bytes()));
        assert_closed(watch);
    }
}

/// At one address, and where each datagram also says at which it arrived.
fn datagrams_tell_their_time_and_losses<C: Column>() {
    for address in [LOCAL, "0.0.0.0:0"] {
        let server = Server::<Udp, C, _, _>::handling(|request: Datagram, _| {
            let time = request.timestamp().expect("a time");
            assert!(time.elapsed().expect("the past") < DEADLINE);
            match &*request.data {
                b"lost?" => request.reply(format!("{:?}", request.dropped())),
                _ => Ok(()),
            }
        });
        let (sender, bound) = unbounded();
        let server = server.with_socket(move |socket| {
            sender.send(socket.clone()).expect("the test waits");
            socket.setsockopt(SocketOption::ReceiveBuffer(4_096))?;
            socket.setsockopt(SocketOption::CountDropped(true))?;
            socket.setsockopt(SocketOption::Timestamps(true))
        });
        let server = server.bind(address).expect("bind");
        let to = (Ipv4Addr::LOCALHOST, inet(server.server_address()).port());
        let mut client = Client::datagram(&to.to_address().expect("an address"));
        for _ in 0..200 {
            client.send(b"x");
        }
        let queue = bound.recv().expect("its socket");
        let server = Running::from(server.spawn().expect("spawn"));
        until("there is room for one more", || {
            rustix::io::ioctl_fionread(&queue).expect("a number") == 0
        });
        client.send(b"lost?");
        let said = client.recv();
        until("all are served", || server.stats().active == 0);
        let lost = 200 + 1 - server.stats().finished;
        assert_eq!(said, format!("Some({lost})").as_bytes());
    }
}

matrix!(
    columns: many_rounds_leave_no_descriptors, datagrams_name_their_sender,
    datagrams_tell_their_time_and_losses,
);

#[test]
fn messages_carry_the_data_of_options() {
    let (one, other) = pair(SocketKind::Datagram);
    for option in [SocketOption::PassCredentials(true), SocketOption::Timestamps(true)] {
        other.setsockopt(option).expect("set");
    }
    let (descriptor, watch) = watched_descriptor();
    one.send_fds(&[b"x"], &[descriptor]).expect("send");
    let message = other.recvmsg(1, 1).expect("receive");
    let own = one.peer_cred().expect("credentials");
    for item in message.ancdata {
        match item {
            Ancillary::Credentials(sender) => assert_eq!(sender, own),
            Ancillary::Timestamp(time) => assert!(time <= SystemTime::now()),
            Ancillary::Descriptors(fds) => assert_eq!(fds.len(), 1),
            item => panic!("not asked for: {item:?}"),
        }
    }
    assert_closed(watch);
}

/// As the address and the time to live of a datagram, set with another crate.
#[test]
fn other_items_come_as_the_system_has_them() {
    let receiver = UdpSocket::bind(LOCAL).expect("bind");
    rustix::net::sockopt::set_ip_recvtos(&receiver, true).expect("set");
    let to = receiver.local_addr().expect("an address");
    let sender = UdpSocket::bind(LOCAL).expect("bind");
    sender.send_to(b"x", to).expect("send");
    let message = Socket::from(receiver).recvmsg(1, 0).expect("receive");
    assert_eq!(message.address, sender.local_addr().expect("an address").into());
    let [Ancillary::Other { level, kind, data }] = &message.ancdata[..] else {
        panic!("{message:?}");
    };
    assert_eq!((*level, *kind, &data[..]), (0, 1, &[0][..]));
}

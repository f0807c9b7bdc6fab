//! Urgent data, as telnet and FTP clients send it.

use rustix::net::{SendFlags, send};
use tests::prelude::*;

/// Sends `before`, an urgent `X` and `after`, and returns the reply.
fn ask(server: &socketserver::Address, before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut client = TcpStream::connect(inet(server)).expect("connect");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let mut sender = client.try_clone().expect("a duplicate");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            sender.write_all(before).expect("send");
            assert_eq!(send(&sender, b"X", SendFlags::OOB), Ok(1));
            sender.write_all(after).expect("send");
            sender.shutdown(Shutdown::Write).expect("shutdown");
        });
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).expect("no reset");
        reply
    })
}

/// The handler comes late and finds all of the input, or is quick.
fn urgent_byte_is_in_its_place_or_aside<C: Column>() {
    for (inline, late) in [(true, true), (true, false), (false, true), (false, false)] {
        let server = Server::<Tcp, C, _, _>::handling(move |request: Socket, _| {
            if late {
                green::sleep(Duration::from_millis(50));
            }
            loop {
                let data = request.recv(1_000)?;
                if data.is_empty() {
                    return io::Result::Ok(());
                }
                request.sendall(&data.to_ascii_uppercase())?;
            }
        });
        let option = SocketOption::OutOfBandInline(inline);
        let server = run(server.with_socket(move |socket| socket.setsockopt(option)), LOCAL);
        let expected: &[u8] = if inline { b"ABXCD" } else { b"ABCD" };
        let reply = ask(&server.address(), b"ab", b"cd");
        assert_eq!(reply, expected, "inline: {inline}, late: {late}");
        let half = vec![b'y'; 1 << 19];
        let reply = ask(&server.address(), &half, &half);
        assert_eq!(reply.len(), (1 << 20) + usize::from(inline), "late: {late}");
        assert_eq!(reply[1 << 19], if inline { b'X' } else { b'Y' });
    }
}

/// As any unread input, it must not reset the connection and the reply with it.
fn unread_urgent_byte_does_not_cost_the_reply<C: Column>() {
    for inline in [true, false] {
        let server = Server::<Tcp, C, _, _>::handling(|request: Socket, _| {
            until("its input is here", || request.has_peer_closed().expect("it is open"));
            request.sendall(&[b'r'; 100_000])
        });
        let option = SocketOption::OutOfBandInline(inline);
        let server = run(server.with_socket(move |socket| socket.setsockopt(option)), LOCAL);
        assert_eq!(ask(&server.address(), b"ab", b"").len(), 100_000);
    }
}

matrix!(columns: urgent_byte_is_in_its_place_or_aside, unread_urgent_byte_does_not_cost_the_reply);

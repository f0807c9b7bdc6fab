//! Options of sockets.

use tests::prelude::*;

use crate::new;

#[test]
fn options_reach_the_system_and_are_read_back() {
    type Switch = fn(bool) -> SocketOption;
    type Seen = fn(&SockRef<'_>) -> io::Result<bool>;
    let socket = new(AddressFamily::Inet6, SocketKind::Stream);
    let seen = SockRef::from(&socket);
    let switches: [(Switch, Seen); 7] = [
        (SocketOption::ReuseAddress, |seen| seen.reuse_address()),
        (SocketOption::ReusePort, |seen| seen.reuse_port()),
        (SocketOption::KeepAlive, |seen| seen.keepalive()),
        (SocketOption::NoDelay, |seen| seen.tcp_nodelay()),
        (SocketOption::OnlyV6, |seen| seen.only_v6()),
        (SocketOption::Broadcast, |seen| seen.broadcast()),
        (SocketOption::OutOfBandInline, |seen| seen.out_of_band_inline()),
    ];
    for (switch, read) in switches {
        for on in [true, false] {
            socket.setsockopt(switch(on)).expect("setsockopt");
            assert_eq!(read(&seen).expect("get"), on, "{:?}", switch(on));
            assert_eq!(socket.getsockopt(switch).expect("getsockopt"), on);
        }
    }
    // `socket2` does not know all of these.
    let (unix, _other) = unix_pair();
    let more =
        [SocketOption::PassCredentials, SocketOption::Timestamps, SocketOption::CountDropped];
    for (switch, on) in more.into_iter().flat_map(|it| [(it, true), (it, false)]) {
        unix.setsockopt(switch(on)).expect("setsockopt");
        assert_eq!(unix.getsockopt(switch).expect("getsockopt"), on);
    }
    for time in [Some(Duration::from_secs(3)), None] {
        let linger = SocketOption::Linger;
        socket.setsockopt(linger(time)).expect("setsockopt");
        assert_eq!(seen.linger().expect("get"), time);
        assert_eq!(socket.getsockopt(linger).expect("getsockopt"), time);
    }
    // Linux doubles them.
    let buffers = [SocketOption::ReceiveBuffer, SocketOption::SendBuffer];
    for (buffer, size) in buffers.into_iter().zip([10_000, 20_000]) {
        socket.setsockopt(buffer(size)).expect("setsockopt");
        assert_eq!(socket.getsockopt(buffer).expect("getsockopt"), 2 * size);
    }
    assert_eq!(seen.recv_buffer_size().expect("get"), 20_000);
    assert_eq!(seen.send_buffer_size().expect("get"), 40_000);
}

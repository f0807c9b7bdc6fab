//! Answers to datagrams in separate networks: other addresses, groups and broadcasts.

use tests::prelude::*;

use crate::answers::{answer, connected};

/// A device with an address.
const DEVICE: &str = "ip link add d0 type veth peer name d1; ip link set d1 up;
    ip addr add 10.9.0.1/24 brd + dev d0; ip link set d0 up";

#[test]
fn answer_leaves_from_a_second_ipv6_address() {
    // The system enters an IPv6 address among its own some time after the command has ended. What
    // is sent to it before that is lost.
    let addresses = "ip -6 addr add fd00::2/128 dev lo nodad; ip addr add 10.9.0.2/32 dev lo
        until ip -6 route show table local | grep -q fd00::2; do sleep 0.01; done";
    let Some(()) = alone_in_network(addresses) else { return };
    let server = run(ThreadingUDPServer::handling(answer).dual_stack(true), "[::]:0");
    let port = inet(&server.address()).port();
    for place in [format!("[fd00::2]:{port}"), format!("[::1]:{port}")] {
        // From one and the same address, so that routing has no reason to choose another.
        let mut client = Client::datagram_from("[::1]:0", &place.to_address().expect("an address"));
        assert_eq!(client.ask("where"), place.as_bytes());
        assert_eq!(client.ask("hello"), b"HELLO");
    }
    let place = SocketAddr::from(([10, 9, 0, 2], port));
    assert_eq!(connected(place).ask("where"), place.to_string().as_bytes());
}

/// From a known complaint: with `ip_nonlocal_bind` every address can be bound, also those of
/// others.
#[test]
fn client_with_the_same_port_is_answered_despite_nonlocal_bind() {
    let Some(()) = alone_in_network(
        "sysctl -qw net.ipv4.ip_nonlocal_bind=1
        unshare -n sleep 100 & other=$!
        trap 'kill $other' EXIT
        until [ \"$(readlink /proc/$other/ns/net)\" != \"$(readlink /proc/$$/ns/net)\" ]
        do sleep 0.01; done
        ip link add here type veth peer name there netns $other
        ip addr add 10.99.0.1/24 dev here; ip addr add 10.99.0.3/24 dev here
        ip link set here up
        nsenter -t $other -n sh -c 'ip addr add 10.99.0.2/24 dev there; ip link set there up'
        export OTHER=$other
        \"$@\"; exit",
    ) else {
        return;
    };
    let server = run(ThreadingUDPServer::handling(answer), "0.0.0.0:5060");
    let script = "
import socket
for host, port in (('10.99.0.1', 5060), ('10.99.0.3', 5060), ('10.99.0.3', 0)):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(10)
    client.bind(('10.99.0.2', port))
    client.connect((host, 5060))
    client.send(b'invite')
    print(client.recv(100))
";
    let mut command = Command::new("nsenter");
    let other = std::env::var("OTHER").expect("the other network");
    command.args(["-t", &other, "-n", "python3", "-c", script]);
    assert_eq!(Process::start(&mut command).ended().passed(), "b'INVITE'\n".repeat(3));
    assert_eq!(server.stats().refused, 0);
}

/// From a known complaint: programs of one machine that share port and group, as with mDNS.
#[test]
fn peer_in_the_same_group_is_answered() {
    let device = format!("{DEVICE}; ip route add 224.0.0.0/4 dev d0");
    let Some(()) = alone_in_network(&device) else { return };
    let group = Ipv4Addr::new(224, 0, 0, 251);
    let builder = UDPServer::handling(answer)
        .allow_reuse_address(true)
        .with_socket(move |socket| socket.join_multicast(group, "d0"));
    let server = run(builder, "0.0.0.0:5353");
    let peer = Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket");
    peer.setsockopt(SocketOption::ReuseAddress(true)).expect("an option");
    peer.settimeout(Some(DEADLINE)).expect("a timeout");
    peer.bind("0.0.0.0:5353").expect("bind");
    peer.join_multicast(group, "d0").expect("join");
    for (question, answer) in [("hello", "HELLO"), ("where", "224.0.0.251:5353")] {
        peer.sendto(question.as_bytes(), (group, 5353)).expect("send");
        // It hears itself too.
        let mut heard = std::iter::repeat_with(|| peer.recvfrom(100).expect("an answer"));
        let answered = heard.find(|(data, _)| data != question.as_bytes());
        let from = SocketAddr::from(([10, 9, 0, 1], 5353)).into();
        assert_eq!(answered, Some((answer.into(), from)));
    }
    assert_eq!(server.stats().refused, 0);
}

#[test]
fn group_is_kept_from_its_own_machine_on_demand() {
    let Some(()) = alone_in_network(DEVICE) else { return };
    let group = Ipv4Addr::new(239, 255, 70, 77);
    let server = ThreadingUDPServer::handling(answer)
        .with_socket(move |socket| socket.join_multicast(group, "d0"));
    let server = run(server, "0.0.0.0:0");
    let port = inet(&server.address()).port();
    let client = Socket::from(UdpSocket::bind("10.9.0.1:0").expect("bind"));
    client.settimeout(Some(DEADLINE)).expect("a timeout");
    client.set_multicast_interface("d0").expect("an interface");
    for (is_on, data) in [(false, b"silent"), (true, b"spoken")] {
        let option = SocketOption::MulticastLoop(is_on);
        client.setsockopt(option).expect("an option");
        client.sendto(data, (group, port)).expect("send");
    }
    assert_eq!(client.recvfrom(100).expect("an answer").0, b"SPOKEN");
}

#[test]
fn broadcast_is_answered_from_the_machines_address() {
    let Some(()) = alone_in_network(DEVICE) else { return };
    for address in ["0.0.0.0:0", "[::]:0"] {
        let server = run(ThreadingUDPServer::handling(answer).dual_stack(true), address);
        let client = UdpSocket::bind("10.9.0.1:0").expect("bind");
        client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        client.set_broadcast(true).expect("an option");
        let port = inet(&server.address()).port();
        client.send_to(b"where", ("10.9.0.255", port)).expect("send");
        let mut data = [0; 30];
        let (length, from) = client.recv_from(&mut data).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&data[..length]), format!("10.9.0.255:{port}"));
        assert_eq!(from, SocketAddr::from(([10, 9, 0, 1], port)));
    }
}

/// The look-up counts in the timeout, on every kind of thread, and green threads beside it run.
#[test]
fn silent_name_server_stops_no_core() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    let Some(()) = alone_in_network(
        "mount -t tmpfs none /mnt
        echo 'nameserver 127.0.0.1' > /mnt/resolv.conf
        mount --bind /mnt/resolv.conf /etc/resolv.conf",
    ) else {
        return;
    };
    fn in_time<T>(look: impl FnOnce() -> io::Result<T>) {
        let began = Instant::now();
        let error = look().map(drop).expect_err("no answer");
        let took = began.elapsed();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!((TIMEOUT..3 * TIMEOUT).contains(&took), "{took:?}");
    }
    let _silent = UdpSocket::bind("127.0.0.1:53").expect("bind");
    let slow = ("slow.example", 80);
    let server = GreenTCPServer::handling(move |request: Socket, _| {
        loop {
            match &request.recv(100)?[..] {
                b"" => return Ok::<_, io::Error>(()),
                b"look" => {
                    in_time(|| create_connection(slow, Some(TIMEOUT)));
                    request.sendall(b"done")?;
                }
                text => request.sendall(text)?,
            }
        }
    });
    let server = run(server, "127.0.0.1:0");
    let mut clients: Vec<_> = Client::streams(20, &server.address());
    let mut looking: Vec<_> = Client::streams(20, &server.address());
    for client in &mut looking {
        client.send("look");
    }
    let began = Instant::now();
    while began.elapsed() < TIMEOUT / 2 {
        for client in &mut clients {
            let asked = Instant::now();
            assert_eq!(client.ask("ping"), b"ping");
            assert!(asked.elapsed() < TIMEOUT / 2, "{:?}", asked.elapsed());
        }
    }
    for mut client in looking {
        client.recv_exact(4);
    }
    in_time(|| create_connection(slow, Some(TIMEOUT)));
    let socket = Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket");
    socket.settimeout(Some(TIMEOUT)).expect("a timeout");
    in_time(|| socket.sendto(b"hello", slow));
}

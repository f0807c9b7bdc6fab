//! Scratch.
use std::time::Duration;
use socketserver::*;

#[test]
fn green_datagrams() {
    let server = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = Socket::new(AddressFamily::Inet, SocketKind::Datagram).unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    let to = client.getsockname().unwrap();
    let Address::Inet(to) = to else { panic!() };
    client.settimeout(Some(Duration::from_secs(2))).unwrap();
    let c = client.clone();
    let h = green::spawn(move || { let mut n = 0; for _ in 0..200 { match c.recv(100) { Ok(_) => n += 1, Err(e) => return (n, Some(e)) } } (n, None) });
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..20 { for _ in 0..10 { server.send_to(b"x", to).unwrap(); } std::thread::sleep(Duration::from_millis(10)); }
    eprintln!("{:?}", h.join().unwrap());
    client.settimeout(Some(Duration::ZERO)).unwrap();
    eprintln!("left: {:?}", client.recv(100));
}

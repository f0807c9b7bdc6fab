//! Scratch.
use std::time::{Duration, Instant};
use std::io;
use socketserver::*;
use tests::{Folder, in_time, run, Client, until, Place};

#[test]
fn path108() {
    let folder = Folder::new();
    let path = folder.join("");
    let path = format!("{}{}", path.display(), "x".repeat(108 - path.as_os_str().len()));
    assert_eq!(path.len(), 108);
    let server = run(Server::<UnixStream, Inline, _, _>::handling(|r: Socket, a: Address| r.sendall(a.to_string().as_bytes())), UnixStream::address(&folder));
    let s = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&s, &rustix::net::SocketAddrUnix::new(path.as_str()).unwrap()).unwrap();
    rustix::net::connect(&s, &rustix::net::SocketAddrUnix::new(folder.join("server").as_path()).unwrap()).unwrap();
    use std::io::Read;
    let mut s = std::os::unix::net::UnixStream::from(s);
    let mut t = String::new();
    s.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    eprintln!("{:?} {t}", s.read_to_string(&mut t));
    eprintln!("{:?}", server.stats());
    let mut c = Client::stream(&server.address());
    eprintln!("{:?}", String::from_utf8(c.rest()));
}
#[test]
fn path108_datagram() {
    let folder = Folder::new();
    let path = folder.join("");
    let path = format!("{}{}", path.display(), "x".repeat(108 - path.as_os_str().len()));
    let server = run(Server::<UnixDatagram, Inline, _, _>::handling(|r: Datagram, a: Address| {let x = r.socket.sendto(a.to_string().as_bytes(), a); eprintln!("{x:?}"); }), UnixDatagram::address(&folder));
    let s = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::DGRAM, None).unwrap();
    rustix::net::bind(&s, &rustix::net::SocketAddrUnix::new(path.as_str()).unwrap()).unwrap();
    rustix::net::connect(&s, &rustix::net::SocketAddrUnix::new(folder.join("server").as_path()).unwrap()).unwrap();
    let s = std::os::unix::net::UnixDatagram::from(s);
    s.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    s.send(b"x").unwrap();
    let mut b = [0; 200];
    eprintln!("{:?}", s.recv(&mut b));
    eprintln!("{:?}", server.stats());
}
#[test]
fn connected_lazy() {
    let folder = Folder::new();
    let server = run(Server::<UnixDatagram, Inline, _, _>::handling(|r: Datagram, a: Address| r.socket.sendto(&[0; 1000], a).map(drop)).send_timeout(Duration::from_millis(20)), UnixDatagram::address(&folder));
    let mut lazy = UnixDatagram::client(&server.address());
    for _ in 0..400 { lazy.send(b"?"); }
    until("x", || server.stats().active == 0);
    eprintln!("{:?}", server.stats());
    let mut other = UnixDatagram::client(&server.address());
    other.send(b"x");
    let Client::UnixDatagram(s, _) = &other else { panic!() };
    s.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let t = Instant::now();
    eprintln!("{:?} {:?}", s.recv(&mut [0; 2000]), t.elapsed());
    let _: io::Result<()> = in_time("x", || Ok(()));
}

//! Servers that cannot be bound say why, and leave neither a descriptor nor a file.

use std::error::Error;
use std::io::ErrorKind::*;
use std::os::unix::fs::symlink;

use tests::prelude::*;

fn kind_of_error<T: Row>(address: &dyn ToAddress) -> ErrorKind {
    let server = Server::<T, Inline, Echo>::bind(address);
    server.map(drop).expect_err("no server there").kind()
}

/// Descriptors are given out from below: after a leak this one would be high.
fn assert_no_descriptor_is_lost<T: Row>(folder: &Folder) {
    let next = Server::<T, Inline, Echo>::bind(T::address(folder)).expect("bind");
    assert!((0..1_000).contains(&next.fileno()), "{}", next.fileno());
}

#[test]
fn errors_of_the_internet() {
    fn errors<T: Row>() {
        let taken = Server::<T, Inline, Echo>::bind(LOCAL).expect("bind");
        for _ in 0..2_000 {
            assert_eq!(kind_of_error::<T>(taken.server_address()), AddrInUse);
        }
        // An address for documentation, which no machine has.
        assert_eq!(kind_of_error::<T>(&"192.0.2.1:0"), AddrNotAvailable);
        for text in ["./path", "@abstract", "127.0.0.1", "127.0.0.1:port", "::1:80", ""] {
            assert_eq!(kind_of_error::<T>(&text), InvalidInput, "{text}");
        }
        assert_no_descriptor_is_lost::<T>(&Folder::new());
    }
    errors::<Tcp>();
    errors::<Udp>();
}

#[test]
fn errors_of_unix_sockets() {
    fn errors<T: Row>() {
        let folder = Folder::new();
        for _ in 0..1_000 {
            let missing = folder.join("missing/server");
            assert_eq!(kind_of_error::<T>(&missing), NotFound);
        }
        let too_long = "x".repeat(108);
        let invalid: [&dyn ToAddress; 5] = [
            &folder.join(&too_long),
            &format!("@{too_long}"),
            &folder.join("nul\0byte"),
            &"127.0.0.1:0",
            &Address::Unnamed,
        ];
        for address in invalid {
            assert_eq!(kind_of_error::<T>(address), InvalidInput);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        assert_no_descriptor_is_lost::<T>(&folder);
    }
    errors::<UnixStream>();
    errors::<UnixDatagram>();
}

/// The number of the system's error, perhaps behind an error that names its subject.
pub(crate) fn number(error: &io::Error) -> Option<i32> {
    let source = || error.source()?.downcast_ref::<io::Error>()?.raw_os_error();
    error.raw_os_error().or_else(source)
}

/// An error names the address and the file there; its kind and the system's number stay.
#[test]
fn errors_name_the_failed_step() {
    let folder = Folder::new();
    let path = |name: &str| folder.join(name).display().to_string();
    fs::write(folder.join("file"), "").expect("a file");
    fs::create_dir(folder.join("folder")).expect("a folder");
    symlink("nowhere", folder.join("link")).expect("a link");
    let tcp = Server::<Tcp, Inline, Echo>::bind(LOCAL).expect("bind");
    let server = Server::<UnixStream, Inline, Echo>::bind(path("live")).expect("bind");
    let (tcp, live) = (tcp.server_address(), server.server_address());
    let bind_tcp = |at: &dyn ToAddress| Server::<Tcp, Inline, Echo>::bind(at).map(drop);
    let bind_unix = |at| Server::<UnixDatagram, Inline, Echo>::bind(path(at)).map(drop);
    let connect = |at: &dyn ToAddress| create_connection(at, None).map(drop);
    let [unix, udp] = [AddressFamily::Unix, AddressFamily::Inet]
        .map(|family| Socket::new(family, SocketKind::Datagram).expect("a socket"));
    let there = |what: &str, name: &str, got: &str| {
        format!("cannot {what} {}: expected a socket, got {got}", path(name))
    };
    let mut cases = Vec::new();
    let mut case = |result, errno, text: String| cases.push((result, errno, text));
    case(bind_tcp(tcp), Errno::ADDRINUSE, format!("cannot bind {tcp}: "));
    case(bind_tcp(&"192.0.2.1:7"), Errno::ADDRNOTAVAIL, "cannot bind 192.0.2.1:7: ".into());
    case(bind_unix("live"), Errno::ADDRINUSE, format!("cannot bind {live}: Addr"));
    case(bind_unix("file"), Errno::ADDRINUSE, there("bind", "file", "a regular file"));
    case(bind_unix("folder"), Errno::ADDRINUSE, there("bind", "folder", "a folder"));
    case(bind_unix("link"), Errno::ADDRINUSE, there("bind", "link", "a symbolic link"));
    case(bind_unix("no/x"), Errno::NOENT, format!("cannot bind {}: ", path("no/x")));
    let refused = Errno::CONNREFUSED;
    case(connect(&"127.0.0.1:1"), refused, "cannot connect to 127.0.0.1:1: ".into());
    case(connect(&path("file")), refused, there("connect to", "file", "a regular file"));
    let no_delay = unix.setsockopt(SocketOption::NoDelay(true));
    case(no_delay, Errno::OPNOTSUPP, "cannot set NoDelay(true): ".into());
    case(udp.listen(1), Errno::OPNOTSUPP, "cannot listen on 0.0.0.0:0: ".into());
    let joined = udp.join_multicast(Ipv4Addr::new(224, 0, 0, 251), "no0");
    case(joined, Errno::NODEV, "no interface \"no0\": ".into());
    for (result, errno, text) in cases {
        let error = result.expect_err(&text);
        assert!(error.to_string().starts_with(&text), "{error}: {text}");
        assert_eq!(error.kind(), io::Error::from(errno).kind(), "{error}");
        assert_eq!(number(&error), Some(errno.raw_os_error()), "{error}");
    }
}

struct Unactivated;

impl TransportHooks<UnixStream> for Unactivated {
    fn server_activate(&self, _: &UnixStream, _: &Socket) -> io::Result<()> {
        Err(Unsupported.into())
    }
}

#[test]
fn a_failed_activation_removes_the_file() {
    let folder = Folder::new();
    let transport = Wrapped::new(UnixStream::new(), Unactivated);
    let server = Builder::<_, _, Echo, ()>::new(transport, Inline, ());
    let path = folder.join("server");
    assert_eq!(error_kind(server.bind(&path).map(drop)), Unsupported);
    assert!(!path.exists());
}

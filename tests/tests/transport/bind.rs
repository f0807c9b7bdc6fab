//! Servers that cannot be bound say why, and leave neither a descriptor nor a file.

use std::io::ErrorKind::*;

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
        for text in [
            "./path",
            "@abstract",
            "127.0.0.1",
            "127.0.0.1:port",
            "::1:80",
            "",
        ] {
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
        let left = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(left.count(), 0);
        assert_no_descriptor_is_lost::<T>(&folder);
    }
    errors::<UnixStream>();
    errors::<UnixDatagram>();
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

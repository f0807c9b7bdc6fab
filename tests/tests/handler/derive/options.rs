//! `#[handler(…)]` on a stream handler.

use tests::prelude::*;

use super::{Notes, handle};

#[test]
fn options_are_set_before_setup() {
    const LIMIT: Duration = Duration::from_millis(250);

    /// The timeout, and whether small writes leave at once.
    macro_rules! options_of {
        ($($option:tt)*) => {{
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct Handler {
                connection: Socket,
                r#server: ServerRef<Notes>,
            }

            impl Handler {
                fn setup(&self) {
                    let nodelay = SockRef::from(&self.connection).tcp_nodelay().ok();
                    let timeout = self.connection.gettimeout();
                    self.server.note(format!("{timeout:?} {nodelay:?}"));
                }

                fn handle(&self) {}
            }

            let socket = tcp_pair().0;
            socket.settimeout(None).expect("no timeout");
            handle::<Handler, _>(socket).0.join(" ")
        }};
    }

    assert_eq!(options_of!(), "None Some(false)");
    assert_eq!(options_of!(timeout = 30), "Some(30s) Some(false)");
    assert_eq!(options_of!(timeout = (1_000)), "Some(1000s) Some(false)");
    assert_eq!(options_of!(timeout = 0.5), "Some(500ms) Some(false)");
    assert_eq!(options_of!(timeout = LIMIT), "Some(250ms) Some(false)");
    assert_eq!(options_of!(timeout = 2 * LIMIT), "Some(500ms) Some(false)");
    assert_eq!(options_of!(disable_nagle_algorithm = false), "None Some(false)");
    assert_eq!(options_of!(disable_nagle_algorithm = true), "None Some(true)");
    assert_eq!(options_of!(disable_nagle_algorithm, timeout = 1), "Some(1s) Some(true)");
}

/// A failed handler's `wfile` is sent too.
#[test]
fn wfile_is_flushed_in_any_case() {
    #[derive(StreamRequestHandler)]
    #[handler(wbufsize = -1)]
    struct Handler {
        wfile: SocketWriter,
        server: ServerRef<Notes>,
    }

    impl Handler {
        fn handle(&mut self) -> io::Result<()> {
            self.wfile.write_all(b"so far")?;
            Err(io::Error::other("no further"))
        }

        fn finish(&mut self) -> io::Result<()> {
            self.server.note("finish");
            self.wfile.write_all(b", so good")
        }
    }

    let (request, client) = unix_pair();
    let outcome = handle::<Handler, _>(request);
    assert_eq!(outcome, (vec!["finish".to_owned()], Err("no further".to_owned())));
    assert_eq!(Client::UnixStream(client).rest(), b"so far, so good");
    // A client that is gone is no second error.
    let (request, client) = unix_pair();
    drop(client);
    assert_eq!(handle::<Handler, _>(request).1, Err("no further".to_owned()));
}

//! `#[handler(…)]` on a stream handler.

use tests::prelude::*;

use super::{Notes, handle, request, rest};

#[test]
fn timeout_is_set_before_setup() {
    const LIMIT: Duration = Duration::from_millis(250);

    macro_rules! timeout_of {
        ($($option:tt)*) => {{
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct Handler {
                request: Socket,
                server: ServerRef<Notes>,
            }

            impl Handler {
                fn setup(&self) {
                    self.server.note(format!("{:?}", self.request.gettimeout()));
                }

                fn handle(&self) {}
            }

            handle::<Handler, _>(request()).0.join(" ")
        }};
    }

    assert_eq!(timeout_of!(), "None");
    assert_eq!(timeout_of!(timeout = 30), "Some(30s)");
    assert_eq!(timeout_of!(timeout = 0.5), "Some(500ms)");
    assert_eq!(timeout_of!(timeout = LIMIT), "Some(250ms)");
    assert_eq!(timeout_of!(timeout = 2 * LIMIT), "Some(500ms)");
    assert_eq!(timeout_of!(disable_nagle_algorithm = false), "None");
}

#[test]
fn disable_nagle_algorithm() {
    fn nodelay<H: RequestHandler<Socket, Notes>>(request: Socket) -> String {
        handle::<H, _>(request).0.join(" ")
    }

    macro_rules! handler {
        ($name:ident: $($option:tt)*) => {
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct $name {
                connection: Socket,
                server: ServerRef<Notes>,
            }

            impl $name {
                fn handle(&self) {
                    let nodelay = SockRef::from(&self.connection).tcp_nodelay();
                    self.server.note(format!("{:?}", nodelay.ok()));
                }
            }
        };
    }

    handler!(Unsaid: timeout = 1);
    handler!(Off: disable_nagle_algorithm = false);
    handler!(On: disable_nagle_algorithm = true);
    handler!(Named: disable_nagle_algorithm, timeout = 1);
    assert_eq!(nodelay::<Unsaid>(tcp_pair().0), "Some(false)");
    assert_eq!(nodelay::<Off>(tcp_pair().0), "Some(false)");
    assert_eq!(nodelay::<On>(tcp_pair().0), "Some(true)");
    assert_eq!(nodelay::<Named>(tcp_pair().0), "Some(true)");
    // A Unix socket has no such algorithm.
    assert_eq!(nodelay::<On>(request()), "None");
}

#[test]
fn rbufsize_and_wbufsize() {
    macro_rules! exchange {
        ($($option:tt)*) => {{
            #[derive(StreamRequestHandler)]
            #[handler($($option)*)]
            struct Handler {
                request: Socket,
                rfile: SocketReader,
                wfile: SocketWriter,
                server: ServerRef<Notes>,
            }

            impl Handler {
                fn handle(&mut self) -> io::Result<()> {
                    self.rfile.read_exact(&mut [0])?;
                    // What no buffer holds is left in the socket.
                    let left = self.request.recv(100)?;
                    self.server.note(String::from_utf8_lossy(&left));
                    // What a buffer holds is overtaken.
                    self.wfile.write_all(b"wfile ")?;
                    self.request.sendall(b"request ")
                }
            }

            let (request, mut client) = unix_pair();
            client.write_all(b"abc").expect("room");
            client.shutdown(Shutdown::Write).expect("an open end");
            let left = handle::<Handler, _>(request).0.join(" ");
            (left, rest(client))
        }};
    }

    let [direct, buffered] = ["wfile request ", "request wfile "].map(str::to_owned);
    let texts = |unread: &str, reply: &String| (unread.to_owned(), reply.clone());
    assert_eq!(exchange!(), texts("", &direct));
    assert_eq!(exchange!(rbufsize = -1, wbufsize = 0), texts("", &direct));
    assert_eq!(exchange!(rbufsize = 0), texts("bc", &direct));
    assert_eq!(exchange!(rbufsize = 2), texts("c", &direct));
    assert_eq!(exchange!(wbufsize = -1), texts("", &buffered));
    assert_eq!(exchange!(wbufsize = 4 * 1024), texts("", &buffered));
    assert_eq!(exchange!(rbufsize = 0, wbufsize = 1), texts("bc", &direct));
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
    assert_eq!(rest(client), "so far, so good");
    // A client that is gone is no second error.
    let (request, client) = unix_pair();
    drop(client);
    assert_eq!(handle::<Handler, _>(request).1, Err("no further".to_owned()));
}

//! The fields of handlers, and the requests and servers that these fit.

use tests::prelude::*;

use super::{Notes, client_address, handle, request, rest, server};

#[test]
fn every_handler_has_three_fields() {
    #[derive(BaseRequestHandler)]
    struct Handler {
        server: ServerRef<Notes>,
        client_address: Address,
        request: Socket,
    }

    impl Handler {
        fn handle(&self) -> io::Result<()> {
            self.server.note(&self.client_address);
            self.request.sendall(b"hello")
        }
    }

    let (request, client) = unix_pair();
    assert_eq!(handle::<Handler, _>(request), (vec![client_address().to_string()], Ok(())));
    assert_eq!(rest(client), "hello");
}

#[test]
fn a_handler_without_a_request_takes_any() {
    #[derive(BaseRequestHandler)]
    struct Handler {
        client_address: Address,
    }

    impl Handler {
        fn handle(&self) {
            assert_eq!(self.client_address, Address::Inet(client_address()));
        }
    }

    fn takes<R, S>()
    where
        Handler: RequestHandler<R, S>,
    {
    }
    takes::<Socket, ()>();
    takes::<Datagram, Notes>();
    takes::<String, Vec<u8>>();
    assert_eq!(handle::<Handler, _>("a request").1, Ok(()));
}

/// `request: Request`: one handler behind TCP and UDP.
#[test]
fn one_handler_may_serve_both_kinds() {
    #[derive(BaseRequestHandler)]
    struct Hello {
        request: Request,
        client_address: Address,
        server: ServerRef<Notes>,
    }

    impl Hello {
        fn handle(&self) -> io::Result<()> {
            match &self.request {
                Request::Stream(socket) => {
                    self.server.note("stream");
                    socket.sendall(b"hello")
                }
                Request::Datagram(Datagram { socket, .. }) => {
                    self.server.note("datagram");
                    socket.sendto(b"hello", &self.client_address)?;
                    Ok(())
                }
            }
        }
    }

    let server = run(TCPServer::<Hello, Notes>::builder(), LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"hello");
    assert_eq!(*server.0.lock(), ["stream"]);
    let server = run(UDPServer::<Hello, Notes>::builder(), LOCAL);
    assert_eq!(Client::datagram(&server.address()).ask("hi"), b"hello");
    assert_eq!(*server.0.lock(), ["datagram"]);
}

/// They may well be called `Request`.
#[test]
fn a_transport_may_have_other_requests() {
    mod own {
        #[derive(Clone)]
        pub(crate) struct Request(pub(crate) &'static str);
        #[derive(Clone)]
        pub(crate) struct Message(pub(crate) &'static str);
    }

    #[derive(BaseRequestHandler)]
    struct Requests {
        request: own::Request,
        server: ServerRef<Notes>,
    }

    impl Requests {
        fn handle(&self) {
            self.server.note(self.request.0);
        }
    }

    #[derive(BaseRequestHandler)]
    struct Messages {
        request: own::Message,
        server: ServerRef<Notes>,
    }

    impl Messages {
        fn handle(&self) {
            self.server.note(self.request.0);
        }
    }

    assert_eq!(handle::<Requests, _>(own::Request("one")).0, ["one"]);
    assert_eq!(handle::<Messages, _>(own::Message("two")).0, ["two"]);
}

#[test]
fn a_handler_may_be_generic() {
    #[derive(StreamRequestHandler)]
    struct Handler<T, const N: usize = 2>
    where
        T: Display + Default,
    {
        server: ServerRef<Notes>,
        own: T,
        #[handler(default = [const { None }; N])]
        more: [Option<T>; N],
    }

    impl<T: Display + Default, const N: usize> Handler<T, N> {
        fn handle(&mut self) {
            self.server.note(format!("{}, {}", self.own, self.more.len()));
        }
    }

    assert_eq!(handle::<Handler<u8>, _>(request()).0, ["0, 2"]);
    assert_eq!(handle::<Handler<String, 7>, _>(request()).0, [", 7"]);
}

#[test]
fn the_state_may_be_generic() {
    struct Named<N> {
        notes: Notes,
        name: N,
    }

    impl<R, N: Send + Sync + 'static> BaseServer<R> for Named<N> {}

    #[derive(BaseRequestHandler)]
    struct Handler<N: Display> {
        server: ServerRef<Named<N>>,
    }

    impl<N: Display> Handler<N> {
        fn handle(&self) {
            self.server.notes.note(&self.server.name);
        }
    }

    let server = server(Named { notes: Notes::default(), name: "a name" });
    Handler::handle_request((), Address::Unnamed, server.clone()).expect("nothing can fail");
    assert_eq!(server.notes.0.lock().as_slice(), ["a name"]);
}

#[test]
fn a_handler_may_come_from_a_macro() {
    macro_rules! handler {
        ($name:ident, $request:ty, $timeout:expr) => {
            #[derive(StreamRequestHandler)]
            #[handler(timeout = $timeout)]
            struct $name {
                request: $request,
                r#server: ServerRef<Notes>,
            }

            impl $name {
                fn handle(&self) {
                    self.server.note(format!("{:?}", self.request.gettimeout()));
                }
            }
        };
    }

    handler!(Literal, socketserver::Socket, 2);
    handler!(Expression, Socket, Duration::from_millis(1500));
    assert_eq!(handle::<Literal, _>(request()).0, ["Some(2s)"]);
    assert_eq!(handle::<Expression, _>(request()).0, ["Some(1.5s)"]);
}

//! The fields of handlers, and the requests and servers that these fit.

use tests::prelude::*;

use super::{Notes, client_address, handle, request, server};

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

/// They may well be called `Request`.
#[test]
fn a_transport_may_have_other_requests() {
    mod own {
        #[derive(Clone)]
        pub(crate) struct Request(pub(crate) &'static str);
        #[derive(Clone)]
        pub(crate) struct Message(pub(crate) &'static str);
    }

    macro_rules! notes_of {
        ($request:path) => {{
            #[derive(BaseRequestHandler)]
            struct Handler {
                request: $request,
                server: ServerRef<Notes>,
            }

            impl Handler {
                fn handle(&self) {
                    self.server.note(self.request.0);
                }
            }

            handle::<Handler, _>($request("text")).0
        }};
    }

    assert_eq!(notes_of!(own::Request), ["text"]);
    assert_eq!(notes_of!(own::Message), ["text"]);
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

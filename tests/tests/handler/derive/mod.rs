//! The derives: which methods they call, what they fill, and whom they serve.

mod defaults;
mod fields;
mod methods;
mod options;

use tests::prelude::*;

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, text: impl Display) {
        self.0.lock().push(text.to_string());
    }
}

impl<R> BaseServer<R> for Notes {}

/// The handler of a server that gets no request.
#[derive(BaseRequestHandler)]
struct Idle;

impl Idle {
    fn handle(&self) {}
}

/// A server of which only the handlers' view is used.
fn server<S: BaseServer<Datagram>>(state: S) -> ServerRef<S> {
    let server = UDPServer::<Idle, S>::with(state).bind(LOCAL);
    server.expect("a free port").server_ref()
}

fn client_address() -> SocketAddr {
    "192.0.2.1:4321".parse().expect("an address")
}

/// Lets the handler handle one request. Returns its notes, and its error.
fn handle<H: RequestHandler<R, Notes>, R>(request: R) -> (Vec<String>, Result<(), String>) {
    let server = server(Notes::default());
    let address = Address::Inet(client_address());
    let result = H::handle_request(request, address, server.clone());
    let notes = server.0.lock().clone();
    (notes, result.map_err(|error| error.to_string()))
}

/// A connection whose client has gone, without a timeout.
fn request() -> Socket {
    let (request, _) = socketpair(SocketKind::Stream).expect("a pair");
    request
}

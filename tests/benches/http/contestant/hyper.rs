//! hyper on tokio's default runtime: a worker per core, a task per connection.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tests::prelude::{Duration, io};
use tokio::net::TcpStream;

use super::{Contestant, Place, Program, Service};
use crate::job::HELLO;
use crate::rounds::{run_on_tokio, serve_tcp_on_tokio};

pub(super) const HYPER: Contestant = Contestant {
    name: "hyper",
    about: "hyper 1 on tokio's default runtime, a task per connection",
    services: &[Service::Hello],
    program: Program::Here(serve),
    ..Contestant::USUAL
};

fn serve(_: &Place) -> io::Result<()> {
    run_on_tokio(serve_tcp_on_tokio(talk))
}

async fn talk(stream: TcpStream) {
    let mut builder = http1::Builder::new();
    // A server on the open internet has such a limit, as those of this workspace do.
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
    // Clients that have gone are errors.
    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(hello)).await;
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(HELLO.as_bytes())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

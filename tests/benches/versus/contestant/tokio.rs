//! Tokio with its default runtime: a task per connection, or per datagram.

use tests::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UdpSocket, UnixListener};

use super::place::{udp_socket, unix_listener};
use super::{BUFFER, Contestant, Place, Program};
use crate::job::{Job, NAP, compute};
use crate::rounds::{run_on_tokio, serve_tcp_on_tokio};

pub(super) const TOKIO: Contestant = Contestant {
    name: "tokio",
    about: "tokio's default runtime: a task for each connection or datagram",
    program: Program::Here(serve),
    ..Contestant::USUAL
};

fn serve(place: &Place) -> io::Result<()> {
    let place = place.clone();
    run_on_tokio(async move {
        match place {
            Place::Tcp => serve_tcp_on_tokio(echo).await,
            Place::Udp => serve_udp().await,
            Place::Unix(path) => serve_unix(&path).await,
        }
    })
}

async fn serve_unix(path: &Path) -> io::Result<()> {
    let listener = unix_listener(path)?;
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener.into())?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(echo(stream));
    }
}

async fn serve_udp() -> io::Result<()> {
    let socket = udp_socket()?;
    socket.set_nonblocking(true)?;
    let socket = Arc::new(UdpSocket::from_std(socket)?);
    loop {
        let mut buffer = [0; BUFFER];
        let (count, client) = socket.recv_from(&mut buffer).await?;
        let socket = socket.clone();
        tokio::spawn(async move {
            work(&buffer[..count]).await;
            socket.send_to(&buffer[..count], client).await
        });
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        work(&buffer[..count]).await;
        stream.write_all(&buffer[..count]).await?;
    }
}

async fn work(message: &[u8]) {
    match Job::of(message) {
        Job::Echo => {}
        Job::Sleep => tokio::time::sleep(NAP).await,
        Job::Compute => compute(),
    }
}

//! The servers that are compared. Each runs in a process of its own, so that what it costs can be
//! told from what its clients cost.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use socketserver::{
    Address, BaseRequestHandler, Datagram, Socket, ThreadingTCPServer, ThreadingUDPServer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What every server here has room for at once.
const BUFFER: usize = 1024;

/// Any free port.
const LOCAL: &str = "127.0.0.1:0";

/// A server that sends back what it receives in upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    ThreadingTcp,
    /// A listener of the standard library, and a thread that is started for each connection.
    Threads,
    /// A task for each connection.
    Tokio,
    ThreadingUdp,
    /// One thread that receives and sends.
    RawLoop,
}

impl Contender {
    const ALL: [Self; 5] = [
        Contender::ThreadingTcp,
        Contender::Threads,
        Contender::Tokio,
        Contender::ThreadingUdp,
        Contender::RawLoop,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::ThreadingTcp => "ThreadingTCPServer",
            Contender::Threads => "threads by hand",
            Contender::Tokio => "tokio",
            Contender::ThreadingUdp => "ThreadingUDPServer",
            Contender::RawLoop => "raw loop",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|server| server.name() == name)
    }

    /// Says where it listens, and serves until standard input ends: with the process that started
    /// it, at the latest.
    pub(crate) fn serve(self) -> io::Result<()> {
        println!("{}", self.start()?);
        io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
    }

    fn start(self) -> io::Result<SocketAddr> {
        match self {
            Contender::ThreadingTcp => threading_tcp(),
            Contender::Threads => threads(),
            Contender::Tokio => tokio_tasks(),
            Contender::ThreadingUdp => threading_udp(),
            Contender::RawLoop => raw_loop(),
        }
    }
}

#[derive(BaseRequestHandler)]
struct UpperStream {
    request: Socket,
}

impl UpperStream {
    fn handle(&mut self) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        loop {
            match self.request.recv_into(&mut buffer)? {
                0 => return Ok(()),
                count => self
                    .request
                    .sendall(&buffer[..count].to_ascii_uppercase())?,
            }
        }
    }
}

fn threading_tcp() -> io::Result<SocketAddr> {
    let server = ThreadingTCPServer::<UpperStream>::bind(LOCAL)?;
    let address = inet(server.server_address());
    thread::spawn(move || server.serve_forever());
    Ok(address)
}

fn threads() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(LOCAL)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || upper_stream(stream));
        }
    });
    Ok(address)
}

fn upper_stream(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count].to_ascii_uppercase())?,
        }
    }
}

fn tokio_tasks() -> io::Result<SocketAddr> {
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(LOCAL))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        runtime.block_on(async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(upper_task(stream));
                }
            }
        })
    });
    Ok(address)
}

async fn upper_task(mut stream: tokio::net::TcpStream) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => {
                stream
                    .write_all(&buffer[..count].to_ascii_uppercase())
                    .await?
            }
        }
    }
}

#[derive(BaseRequestHandler)]
struct UpperDatagram {
    request: Datagram,
    client_address: Address,
}

impl UpperDatagram {
    fn handle(&mut self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(&data.to_ascii_uppercase(), &self.client_address)?;
        Ok(())
    }
}

fn threading_udp() -> io::Result<SocketAddr> {
    let server = ThreadingUDPServer::<UpperDatagram>::bind(LOCAL)?;
    let address = inet(server.server_address());
    thread::spawn(move || server.serve_forever());
    Ok(address)
}

fn raw_loop() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind(LOCAL)?;
    let address = socket.local_addr()?;
    thread::spawn(move || -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        loop {
            let (count, client) = socket.recv_from(&mut buffer)?;
            socket.send_to(&buffer[..count].to_ascii_uppercase(), client)?;
        }
    });
    Ok(address)
}

fn inet(address: &Address) -> SocketAddr {
    match address {
        Address::Inet(address) => *address,
        other => unreachable!("{other} was never asked for"),
    }
}

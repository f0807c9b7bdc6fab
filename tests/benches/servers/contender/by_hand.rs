//! Servers written with system calls alone.

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use socket2::Socket;
use tests::prelude::*;

use super::BUFFER;

/// A thread per connection.
pub(super) fn threads<const ROOM: usize>() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(LOCAL)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || upper_stream::<ROOM>(stream));
        }
    });
    Ok(address)
}

fn upper_stream<const ROOM: usize>(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; ROOM];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count].to_ascii_uppercase())?,
        }
    }
}

/// A loop per core, each with its own listener at the same port.
pub(super) fn epoll_loops() -> io::Result<SocketAddr> {
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    for _ in 0..thread::available_parallelism()?.get() {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.set_reuse_port(true)?;
        listener.set_nonblocking(true)?;
        listener.bind(&address.into())?;
        listener.listen(4096)?;
        let listener = TcpListener::from(listener);
        address = listener.local_addr()?;
        thread::spawn(move || epoll_loop(&listener));
    }
    Ok(address)
}

fn epoll_loop(listener: &TcpListener) -> io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let number = |socket: &dyn AsRawFd| epoll::EventData::new_u64(socket.as_raw_fd() as u64);
    epoll::add(&epoll, listener, number(listener), epoll::EventFlags::IN)?;
    // By descriptor.
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Vec::with_capacity(256);
    let mut buffer = [0; BUFFER];
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            let index = event.data.u64() as usize;
            if let Some(Some(stream)) = streams.get_mut(index) {
                if !upper_once(stream, &mut buffer) {
                    streams[index] = None;
                }
                continue;
            }
            while let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true)?;
                epoll::add(&epoll, &stream, number(&stream), epoll::EventFlags::IN)?;
                let index = stream.as_raw_fd() as usize;
                if streams.len() <= index {
                    streams.resize_with(index + 1, || None);
                }
                streams[index] = Some(stream);
            }
        }
    }
}

/// Answers the available bytes. Returns whether the connection lives. The answers here always fit
/// into the socket's buffer.
fn upper_once(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    match stream.read(buffer) {
        Ok(0) => false,
        Ok(count) => {
            let answer = buffer[..count].to_ascii_uppercase();
            stream.write_all(&answer).is_ok()
        }
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

pub(super) fn raw_loop() -> io::Result<SocketAddr> {
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

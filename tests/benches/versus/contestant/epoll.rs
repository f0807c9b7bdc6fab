//! A loop around `epoll` per core, with no more system calls than it needs.

use std::net::TcpListener;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::net::{SocketFlags, accept_with, sockopt};
use socket2::Socket;
use tests::prelude::{AsRawFd, Ipv4Addr, OwnedFd, SocketAddr, io, thread};

use super::place::unix_listener;
use super::{BUFFER, Contestant, Place, Program, Service};
use crate::job::work;
use crate::rounds::announce;
use crate::rounds::listen::listen;

pub(super) const EPOLL: Contestant = Contestant {
    name: "epoll",
    about: "written by hand: a loop around `epoll_wait` per core",
    services: &[Service::Tcp, Service::Unix],
    sleeps: false,
    program: Program::Here(serve),
    ..Contestant::USUAL
};

fn serve(place: &Place) -> io::Result<()> {
    let loops = thread::available_parallelism()?.get();
    let threads: Vec<_> = listeners(place, loops)?
        .into_iter()
        .map(|listener| thread::spawn(move || Loop::new(listener)?.run()))
        .collect();
    threads.into_iter().try_for_each(|thread| thread.join().expect("a loop does not panic"))
}

/// A listener per loop: with TCP each has its own backlog, with Unix sockets they share one.
fn listeners(place: &Place, count: usize) -> io::Result<Vec<Socket>> {
    if let Place::Unix(path) = place {
        let first = unix_listener(path)?;
        return (0..count).map(|_| first.try_clone()).collect();
    }
    let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut all = Vec::new();
    for _ in 0..count {
        let listener = TcpListener::from(listen(address, true)?);
        address = listener.local_addr()?;
        all.push(listener.into());
    }
    announce(address);
    Ok(all)
}

struct Loop {
    epoll: OwnedFd,
    listener: Socket,
    /// By descriptor.
    streams: Vec<Option<OwnedFd>>,
    buffer: [u8; BUFFER],
}

impl Loop {
    fn new(listener: Socket) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, number(&listener), epoll::EventFlags::IN)?;
        Ok(Loop { epoll, listener, streams: Vec::new(), buffer: [0; BUFFER] })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(256);
        loop {
            events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut events), None)?;
            for event in &events {
                let index = event.data.u64() as usize;
                match self.streams.get(index) {
                    Some(Some(stream)) => {
                        if !echo(stream, &mut self.buffer) {
                            self.streams[index] = None;
                        }
                    }
                    _ => self.accept()?,
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        while let Ok(stream) = accept_with(&self.listener, flags) {
            // A Unix socket has no such option.
            let _ = sockopt::set_tcp_nodelay(&stream, true);
            epoll::add(&self.epoll, &stream, number(&stream), epoll::EventFlags::IN)?;
            let index = stream.as_raw_fd() as usize;
            if self.streams.len() <= index {
                self.streams.resize_with(index + 1, || None);
            }
            self.streams[index] = Some(stream);
        }
        Ok(())
    }
}

fn number(socket: &impl AsRawFd) -> epoll::EventData {
    epoll::EventData::new_u64(socket.as_raw_fd() as u64)
}

/// Sends the available bytes back. Returns whether the connection lives. The answers always fit
/// into the socket's buffer here.
fn echo(stream: &OwnedFd, buffer: &mut [u8]) -> bool {
    match rustix::io::read(stream, &mut *buffer) {
        Ok(0) => false,
        Ok(count) => {
            work(&buffer[..count], thread::sleep);
            rustix::io::write(stream, &buffer[..count]).is_ok()
        }
        Err(error) => error == rustix::io::Errno::AGAIN,
    }
}

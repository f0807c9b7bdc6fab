//! The clients: few threads that keep many conversations going, each with one message under way.
//! They are the same for every server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

/// Few, so that the servers have something to run on.
const THREADS: usize = 2;

/// So many events are taken at a time.
const EVENTS: usize = 256;

const MESSAGE: &[u8; 64] = b"to be sent back in upper case: the quick brown fox and the dog..";

/// Without any answer for so long, something is wrong with the server.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// One message after the other, on connections that stay open.
    KeptOpen,
    /// A connection for each message.
    NewConnections,
    /// One datagram after the other.
    Datagrams,
}

/// Clients at work. They stop when this is dropped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    exchanges: Vec<Arc<AtomicU64>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Clients that have all sent their first message.
    pub(crate) fn start(traffic: Traffic, clients: usize, server: SocketAddr) -> io::Result<Self> {
        let mut load = Load {
            stop: Arc::default(),
            exchanges: (0..THREADS).map(|_| Arc::default()).collect(),
            threads: Vec::new(),
        };
        let crowds = (0..THREADS).map(|_| Crowd::open(traffic, clients / THREADS, server));
        for (crowd, exchanges) in crowds
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .zip(&load.exchanges)
        {
            let (stop, exchanges) = (load.stop.clone(), Arc::clone(exchanges));
            load.threads.push(thread::spawn(move || {
                crowd
                    .talk(&stop, &exchanges)
                    .expect("a server on this machine answers")
            }));
        }
        Ok(load)
    }

    /// How many answers have come so far.
    pub(crate) fn exchanges(&self) -> u64 {
        self.exchanges.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// Ends the clients.
    ///
    /// # Panics
    /// When one of them got a wrong answer, or none.
    pub(crate) fn stop(mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("every message is answered");
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

/// One thread's clients.
struct Crowd {
    traffic: Traffic,
    server: SocketAddr,
    epoll: OwnedFd,
    clients: Vec<Option<Client>>,
}

impl Crowd {
    fn open(traffic: Traffic, clients: usize, server: SocketAddr) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let clients =
            (0..clients).map(|number| Client::open(traffic, server, &epoll, number).map(Some));
        Ok(Crowd {
            traffic,
            server,
            clients: clients.collect::<io::Result<_>>()?,
            epoll,
        })
    }

    /// Until they are told to stop.
    fn talk(mut self, stop: &AtomicBool, exchanges: &AtomicU64) -> io::Result<()> {
        let mut events = Vec::with_capacity(self.clients.len().min(EVENTS));
        let patience = Timespec::try_from(PATIENCE).expect("a short time");
        while !stop.load(Relaxed) {
            events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&patience))?;
            if events.is_empty() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for event in &events {
                let number = event.data.u64() as usize;
                let Some(client) = &mut self.clients[number] else {
                    continue;
                };
                if !client.receive()? {
                    continue;
                }
                exchanges.fetch_add(1, Relaxed);
                if self.traffic == Traffic::NewConnections {
                    // The old connection ends before the new one begins.
                    self.clients[number] = None;
                    let next = Client::open(self.traffic, self.server, &self.epoll, number)?;
                    self.clients[number] = Some(next);
                } else {
                    client.send()?;
                }
            }
        }
        Ok(())
    }
}

/// One conversation. Its socket may block: it is only read when there is something, and never has
/// much to send.
struct Client {
    socket: OwnedFd,
    answer: Vec<u8>,
}

impl Client {
    /// A client that has sent its first message.
    fn open(
        traffic: Traffic,
        server: SocketAddr,
        epoll: &OwnedFd,
        number: usize,
    ) -> io::Result<Self> {
        let socket = match traffic {
            Traffic::KeptOpen | Traffic::NewConnections => TcpStream::connect(server)?.into(),
            Traffic::Datagrams => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.connect(server)?;
                socket.into()
            }
        };
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(epoll, &socket, data, epoll::EventFlags::IN)?;
        let mut client = Client {
            socket,
            answer: Vec::with_capacity(MESSAGE.len()),
        };
        client.send().map(|()| client)
    }

    fn send(&mut self) -> io::Result<()> {
        self.answer.clear();
        match rustix::io::write(&self.socket, MESSAGE)? {
            sent if sent == MESSAGE.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Takes what has come. Returns whether that was the rest of the answer.
    fn receive(&mut self) -> io::Result<bool> {
        if rustix::io::read(&self.socket, spare_capacity(&mut self.answer))? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.answer.len() < MESSAGE.len() {
            return Ok(false);
        }
        if self.answer != MESSAGE.to_ascii_uppercase() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(true)
    }
}

/// Connections that have had one exchange each, and stay open until they are dropped.
pub(crate) fn idle_connections(count: usize, server: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let open = |_| {
        let mut connection = TcpStream::connect(server)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(MESSAGE)?;
        connection.read_exact(&mut [0; MESSAGE.len()])?;
        Ok(connection)
    };
    (0..count).map(open).collect()
}

//! The clients: few threads that keep many conversations going, each with one message under way.
//! They are the same for every server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
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

impl Traffic {
    const ALL: [Self; 3] = [
        Traffic::KeptOpen,
        Traffic::NewConnections,
        Traffic::Datagrams,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Traffic::KeptOpen => "kept-open",
            Traffic::NewConnections => "new-connections",
            Traffic::Datagrams => "datagrams",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|traffic| traffic.name() == name)
    }
}

/// Clients, who talk for a while when they are told to.
pub(crate) struct Load(Vec<Crowd>);

impl Load {
    /// Clients that have nothing under way.
    pub(crate) fn open(traffic: Traffic, clients: usize, server: SocketAddr) -> io::Result<Self> {
        let crowds = (0..THREADS).map(|_| Crowd::open(traffic, clients / THREADS, server));
        Ok(Load(crowds.collect::<io::Result<_>>()?))
    }

    /// Lets them talk for so long, and then have what is under way answered. Returns how many
    /// answers there were.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub(crate) fn turn(&mut self, time: Duration) -> io::Result<u64> {
        let end = &AtomicBool::new(false);
        thread::scope(|scope| {
            let talks: Vec<_> = self
                .0
                .iter_mut()
                .map(|crowd| scope.spawn(|| crowd.talk(end)))
                .collect();
            thread::sleep(time);
            end.store(true, Relaxed);
            talks
                .into_iter()
                .map(|talk| talk.join().expect("a crowd does not panic"))
                .sum()
        })
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
        let clients = (0..clients).map(|number| match traffic {
            // Each connects when it has something to say.
            Traffic::NewConnections => Ok(None),
            _ => Client::open(traffic, server, &epoll, number).map(Some),
        });
        Ok(Crowd {
            traffic,
            server,
            clients: clients.collect::<io::Result<_>>()?,
            epoll,
        })
    }

    /// Until the end, and until everything is answered. Returns how many answers there were.
    fn talk(&mut self, end: &AtomicBool) -> io::Result<u64> {
        let mut events = Vec::with_capacity(self.clients.len().min(EVENTS));
        let patience = Timespec::try_from(PATIENCE).expect("a short time");
        let (mut answers, mut under_way) = (0, self.clients.len());
        for number in 0..self.clients.len() {
            self.ask(number)?;
        }
        while under_way > 0 {
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
                answers += 1;
                if self.traffic == Traffic::NewConnections {
                    // The old connection ends before the new one begins.
                    self.clients[number] = None;
                }
                if end.load(Relaxed) {
                    under_way -= 1;
                } else {
                    self.ask(number)?;
                }
            }
        }
        Ok(answers)
    }

    fn ask(&mut self, number: usize) -> io::Result<()> {
        let client = match &mut self.clients[number] {
            Some(client) => client,
            none => none.insert(Client::open(
                self.traffic,
                self.server,
                &self.epoll,
                number,
            )?),
        };
        client.send()
    }
}

/// One conversation. Its socket may block: it is only read when there is something, and never has
/// much to send.
struct Client {
    socket: OwnedFd,
    answer: Vec<u8>,
}

impl Client {
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
        Ok(Client {
            socket,
            answer: Vec::with_capacity(MESSAGE.len()),
        })
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

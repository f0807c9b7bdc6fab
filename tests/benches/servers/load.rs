//! The clients, which are the same for every server: few threads with many conversations, each of
//! which has one message in flight.

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use tests::prelude::*;

/// Few, so that the servers have processors to run on.
const THREADS: usize = 2;

/// Maximum number of events per call.
const EVENTS: usize = 256;

const MESSAGE: &[u8; 64] = b"to be sent back in upper case: the quick brown fox and the dog..";

/// If no answer arrives for this long, the server has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The traffic of the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Many messages on each connection.
    KeptOpen,
    /// One connection per message.
    NewConnections,
    /// Many datagrams from each client.
    Datagrams,
}

impl Traffic {
    const ALL: [(&str, Self); 3] = [
        ("kept-open", Traffic::KeptOpen),
        ("new-connections", Traffic::NewConnections),
        ("datagrams", Traffic::Datagrams),
    ];

    pub(crate) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, traffic)| *traffic == self).expect("all are there").0
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(other, _)| *other == name).map(|(_, traffic)| traffic)
    }
}

/// Clients that talk in turns.
pub(crate) struct Load(Vec<Crowd>);

impl Load {
    /// Clients with nothing in flight.
    pub(crate) fn open(traffic: Traffic, clients: usize, server: SocketAddr) -> io::Result<Self> {
        let crowds = (0..THREADS).map(|_| Crowd::open(traffic, clients / THREADS, server));
        Ok(Load(crowds.collect::<io::Result<_>>()?))
    }

    /// Lets them talk for that time, and waits for the last answers. Returns the number of answers.
    ///
    /// # Errors
    /// If an answer is wrong or missing.
    pub(crate) fn turn(&mut self, time: Duration) -> io::Result<u64> {
        let end = &AtomicBool::new(false);
        thread::scope(|scope| {
            let talks: Vec<_> =
                self.0.iter_mut().map(|crowd| scope.spawn(|| crowd.talk(end))).collect();
            thread::sleep(time);
            end.store(true, Relaxed);
            talks.into_iter().map(|talk| talk.join().expect("a crowd does not panic")).sum()
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
            // Each connects when it sends.
            Traffic::NewConnections => Ok(None),
            _ => Client::open(traffic, server, &epoll, number).map(Some),
        });
        Ok(Crowd { traffic, server, clients: clients.collect::<io::Result<_>>()?, epoll })
    }

    /// Talks until the end, and until every message is answered. Returns the number of answers.
    fn talk(&mut self, end: &AtomicBool) -> io::Result<u64> {
        let mut events = Vec::with_capacity(self.clients.len().min(EVENTS));
        let patience = Timespec::try_from(PATIENCE).expect("a short time");
        let (mut answers, mut in_flight) = (0, self.clients.len());
        for number in 0..self.clients.len() {
            self.ask(number)?;
        }
        while in_flight > 0 {
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
                    in_flight -= 1;
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
            none => none.insert(Client::open(self.traffic, self.server, &self.epoll, number)?),
        };
        client.send()
    }
}

/// One conversation. Its socket blocks, but it is read only when it is ready, and sends little.
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
        Ok(Client { socket, answer: Vec::with_capacity(MESSAGE.len()) })
    }

    fn send(&mut self) -> io::Result<()> {
        self.answer.clear();
        match rustix::io::write(&self.socket, MESSAGE)? {
            sent if sent == MESSAGE.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    /// Receives the available bytes. Returns whether the answer is complete.
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

/// Connections that have had one exchange each.
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

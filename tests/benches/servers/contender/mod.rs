//! The servers that are compared. Each runs in its own process, apart from its clients.

mod by_hand;
mod may;
mod ours;
mod tokio;

use tests::prelude::*;

/// The size of every server's buffer.
const BUFFER: usize = 1024;

/// Any free port.
/// A server that sends back what it receives in upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    ThreadingTcp,
    GreenTcp,
    /// The same with a handler whose buffer takes a page of its stack.
    GreenTcpPage,
    /// A listener of the standard library, and a new thread per connection.
    Threads,
    /// The same with a buffer that takes a page of the stack.
    ThreadsPage,
    /// A loop around `epoll` per core.
    EpollLoop,
    /// A task per connection.
    Tokio,
    /// A coroutine per connection.
    May,
    ThreadingUdp,
    /// One thread that receives and sends.
    RawLoop,
}

impl Contender {
    /// All of them, by their names.
    const ALL: [(&str, Self); 10] = [
        ("ThreadingTCPServer", Contender::ThreadingTcp),
        ("GreenTCPServer", Contender::GreenTcp),
        ("Green..., 4 KiB more", Contender::GreenTcpPage),
        ("threads by hand", Contender::Threads),
        ("threads, 4 KiB more", Contender::ThreadsPage),
        ("epoll by hand", Contender::EpollLoop),
        ("tokio", Contender::Tokio),
        ("may", Contender::May),
        ("ThreadingUDPServer", Contender::ThreadingUdp),
        ("raw loop", Contender::RawLoop),
    ];

    pub(crate) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, server)| *server == self).expect("all are there").0
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(other, _)| *other == name).map(|(_, server)| server)
    }

    /// Prints its address, and serves until standard input ends, which happens at the latest when
    /// its parent process ends.
    pub(crate) fn serve(self) -> io::Result<()> {
        println!("{}", self.start()?);
        io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
    }

    fn start(self) -> io::Result<SocketAddr> {
        match self {
            Contender::ThreadingTcp => ours::threading_tcp(),
            Contender::GreenTcp => ours::green_tcp::<BUFFER>(),
            Contender::GreenTcpPage => ours::green_tcp::<4096>(),
            Contender::Threads => by_hand::threads::<BUFFER>(),
            Contender::ThreadsPage => by_hand::threads::<4096>(),
            Contender::EpollLoop => by_hand::epoll_loops(),
            Contender::Tokio => tokio::tasks(),
            Contender::May => may::coroutines(),
            Contender::ThreadingUdp => ours::threading_udp(),
            Contender::RawLoop => by_hand::raw_loop(),
        }
    }
}

//! Datagrams whose sender is made up: two servers are to answer each other for ever, or one itself,
//! or somebody is to get more than was sent for them.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGUSR1;
use socket2::{Domain, Socket, Type};
use socketserver::{Address, BaseRequestHandler, Builder, Datagram, ServerRef, Udp};
use tests::{Client, Signal, inet, until};

use crate::child::{Child, Ended};
use crate::column::Column;
use crate::fault::Fault;
use crate::serve::serve_on;
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "reflection",
    words: "a datagram seems to come from another server, or from the server itself",
    columns: Column::ALL,
    server,
    clients,
};

/// With the address. At SIGUSR1 it tells how many datagrams it has refused.
fn server(column: Column, address: &[String]) {
    // The test sends from the server's own address.
    let transport = Udp::new().allow_reuse_port(true);
    let builder = Builder::<_, _, UpperCase, ()>::new(transport, column.concurrency(), ());
    let builder = builder.max_rate_per_address(A_SECOND, Duration::from_secs(1));
    let server = builder.bind(&address[0]).expect("bind");
    let tell = |server: &ServerRef<()>| println!("{}", server.stats().refused);
    server.on_signal(SIGUSR1, tell).expect("a hook");
    serve_on(&server).expect("serve_forever");
}

/// So many times a server is sent something in a server's name.
const TIMES: u32 = 5;

/// So many datagrams of one sender are answered in a second.
const A_SECOND: u32 = 100;

/// Answers with as much as it was sent: so it cannot tell an answer of its like from a question.
#[derive(BaseRequestHandler)]
struct UpperCase {
    request: Datagram,
    client_address: Address,
}

impl UpperCase {
    fn handle(&self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(&data.to_ascii_uppercase(), &self.client_address)?;
        Ok(())
    }
}

fn clients(trial: &mut Trial) {
    another(trial);
    itself(trial);
}

/// Sends a server datagrams in the name of another one, so that they answer each other.
fn another(trial: &mut Trial) {
    // The clients have an address, and a rate, of their own.
    let (one, other) = (trial.start(&["127.0.0.2:0"]), trial.start(&["127.0.0.3:0"]));
    let before = [&one, &other].map(|child| trial.baseline(child, ask_one));
    amplification(trial, &one);
    let began = Instant::now();
    // What comes while the address is also ours may be lost: so several times.
    for _ in 0..TIMES {
        send_as(inet(other.address()), inet(one.address()));
    }
    thread::sleep(trial.size(Duration::from_millis(300), Duration::from_secs(3)));
    let seconds = began.elapsed().as_secs() + 1;
    let ends: Vec<Ended> = [one, other]
        .into_iter()
        .zip(before)
        .map(|(child, before)| trial.end(child, before, ask_one))
        .collect();
    let answered = ends.iter().map(|ended| ended.told("finished")).max();
    // Both, and the test's own few.
    let allowed = (seconds + 1) * u64::from(A_SECOND) + 5;
    let answered = answered.expect("two servers");
    trial.check(
        "with max_rate_per_address 100 a second of the other server are answered",
        format!("{answered} in {seconds} s"),
        answered <= allowed,
    );
}

/// Sends a server datagrams in its own name. It may answer each of them once, because another program
/// could have sent it: then its own answer comes, and is refused.
fn itself(trial: &mut Trial) {
    // At every address of this machine, so that its own is ours too and none is lost to us: they go
    // to another one.
    let child = trial.start(&["0.0.0.0:0"]);
    let before = trial.baseline(&child, ask_one);
    let at = |last| SocketAddr::from(([127, 0, 0, last], inet(child.address()).port()));
    // It hears them when the one that has sent them is gone.
    child.signal(Signal::STOP);
    for _ in 0..TIMES {
        send_as(at(2), at(3));
    }
    child.signal(Signal::CONT);
    let mut refused = 0;
    until("what comes from the server itself is refused", || {
        child.signal(Signal::USR1);
        refused = child.line().parse().expect("a number");
        refused >= u64::from(TIMES)
    });
    let ended = trial.end(child, before, ask_one);
    let finished = ended.told("finished");
    trial.check(
        "each datagram in its own name is answered once, and its own answer is refused",
        format!("{refused} of {TIMES}"),
        refused == u64::from(TIMES) && finished == 2 + u64::from(TIMES),
    );
}

/// The server sends no more than it is sent.
fn amplification(trial: &mut Trial, child: &Child) {
    const LENGTH: usize = 1_000;
    let mut client = Client::datagram(child.address());
    let answer = client.ask([b'x'; LENGTH]);
    let Client::Udp(socket) = &client else {
        unreachable!("a UDP client");
    };
    let pause = Some(Duration::from_millis(50));
    socket.set_read_timeout(pause).expect("a timeout");
    let more = socket.recv(&mut [0; LENGTH]).unwrap_or(0);
    let factor = (answer.len() + more) as f64 / LENGTH as f64;
    trial.check("as much is sent as was received", factor, factor <= 1.0);
}

fn ask_one(address: &Address) {
    assert_eq!(Client::datagram(address).ask("hello"), b"HELLO");
}

/// Sends from an address that somebody else has too, and lets go of it.
fn send_as(sender: SocketAddr, receiver: SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    socket.set_reuse_port(true).expect("an option");
    socket.bind(&sender.into()).expect("bind");
    socket.send_to(b"hello", &receiver.into()).expect("send");
}

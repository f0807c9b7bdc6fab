//! Datagrams with a forged sender. They try to make two servers answer each other for ever, a
//! server answer itself, or a victim receive more than the attacker has sent.

use crate::prelude::*;

pub(crate) fn clients(trial: &mut Trial) {
    another(trial);
    itself(trial);
}

/// The argument is the address. At SIGUSR1 it prints how many datagrams it has refused.
pub(crate) fn server(column: Column, address: &[String]) {
    // The test sends from the server's own address.
    let transport = Udp::new().allow_reuse_port(true);
    let builder = Builder::<_, _, UpperCase, ()>::new(transport, column.concurrency(), ());
    let builder = builder.max_rate_per_address(PER_SECOND, Duration::from_secs(1));
    let server = builder.bind(&address[0]).expect("bind");
    let report = |server: &ServerRef<()>| println!("{}", server.stats().refused);
    server.on_signal(signal::SIGUSR1, report).expect("a hook");
    serve(&server, DRAIN).expect("serve_forever");
}

/// How many datagrams are sent in a server's name.
const TIMES: u32 = 5;

/// How many datagrams of one sender are answered per second.
const PER_SECOND: u32 = 100;

/// Answers with as many bytes, and cannot distinguish an answer from a question.
#[derive(BaseRequestHandler)]
struct UpperCase {
    request: Datagram,
    client_address: Address,
}

impl UpperCase {
    fn handle(&self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(&data.to_ascii_uppercase(), &self.client_address).map(drop)
    }
}

/// Sends a server datagrams in another server's name, so that they answer each other.
fn another(trial: &mut Trial) {
    // The clients have another address, and so another rate.
    let servers = ["127.0.0.2:0", "127.0.0.3:0"].map(|address| trial.begin(&[address], ask_one));
    let [(one, _), (other, _)] = &servers;
    amplification(trial, one);
    let began = Instant::now();
    // An answer is lost while this process has the address too, so send several.
    for _ in 0..TIMES {
        send_as(inet(other.address()), inet(one.address()));
    }
    thread::sleep(trial.size(Duration::from_millis(300), Duration::from_secs(3)));
    let seconds = began.elapsed().as_secs() + 1;
    let answered =
        servers.map(|(child, before)| trial.end(child, before, ask_one).number("finished"));
    let answered = answered[0].max(answered[1]);
    // Both, and the few of this test.
    let allowed = (seconds + 1) * u64::from(PER_SECOND) + 5;
    trial.check(
        "with `max_rate_per_address`, at most 100 datagrams per second of the other server are \
         answered, and 100 at once",
        format!("{answered} in {seconds} s"),
        answered <= allowed,
    );
}

/// Sends a server datagrams in its own name. It may answer each of them once, because another
/// program could have sent it: then its own answer comes, and is refused.
fn itself(trial: &mut Trial) {
    // The server has every local address. The datagrams come from one and go to another, so that
    // none is lost to this process.
    let (child, before) = trial.begin(&["0.0.0.0:0"], ask_one);
    let at = |last| SocketAddr::from(([127, 0, 0, last], inet(child.address()).port()));
    // It receives them when their sender is gone.
    child.signal(Signal::STOP);
    for _ in 0..TIMES {
        send_as(at(2), at(3));
    }
    child.signal(Signal::CONT);
    let times = u64::from(TIMES);
    let bar = "datagrams from the server's own address are refused";
    let mut refused = 0;
    until(bar, || {
        child.signal(Signal::USR1);
        refused = child.line().parse().expect("a number");
        refused >= times
    });
    let finished = trial.end(child, before, ask_one).number("finished");
    let holds = refused == times && finished == 2 + times;
    trial.check(bar, format!("{refused} of {times}"), holds);
}

/// The server sends no more than it receives.
fn amplification(trial: &mut Trial, child: &Child) {
    const LENGTH: usize = 1_000;
    let mut client = Client::datagram(child.address());
    let answer = client.ask([b'x'; LENGTH]);
    let pause = Some(Duration::from_millis(50));
    client.udp().set_read_timeout(pause).expect("a timeout");
    let more = client.read(&mut [0; LENGTH]).unwrap_or(0);
    let factor = (answer.len() + more) as f64 / LENGTH as f64;
    trial.check("bytes sent per byte received ≤ 1", factor, factor <= 1.0);
}

fn ask_one(address: &Address) {
    assert_eq!(Client::datagram(address).ask("hello"), b"HELLO");
}

/// Sends from an address that a server has too, and releases it.
fn send_as(sender: SocketAddr, receiver: SocketAddr) {
    let forger = socket2::Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    forger.set_reuse_port(true).expect("an option");
    forger.bind(&sender.into()).expect("bind");
    forger.send_to(b"hello", &receiver.into()).expect("send");
}

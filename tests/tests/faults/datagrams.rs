//! Datagrams of every size and from closed sockets, and the answers to them.

use crate::prelude::*;

/// Python's limit, for the server that has one.
const MOST: usize = 8192;

const AT_A_TIME: usize = 4;

/// Answers with the number of bytes, and whether the datagram is complete.
#[derive(BaseRequestHandler)]
struct Measuring {
    request: Datagram,
}

impl Measuring {
    fn handle(&self) -> io::Result<()> {
        let word = if self.request.truncated() { "truncated" } else { "whole" };
        self.request.reply(format!("{} {word}", self.request.data.len()))
    }
}

/// The first argument, if any, is the longest datagram that it takes, the second its address.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let mut transport = Udp::new();
    if let Some(most) = arguments.first() {
        transport = transport.max_packet_size(most.parse().expect("a number"));
    }
    let address = arguments.get(1).map_or(LOCAL, String::as_str);
    let builder = Builder::<_, _, Measuring, ()>::new(transport, column.concurrency(), ());
    serve(&builder.bind(address).expect("bind"), DRAIN).expect("serve_forever");
}

pub(crate) fn clients(trial: &mut Trial) {
    let (child, before) = trial.begin(&[], ask_one);
    sizes(trial, &child, None);
    empty(trial, &child);
    gone(trial, &child);
    trial.end(child, before, ask_one);

    let (child, before) = trial.begin(&[&MOST.to_string()], ask_one);
    sizes(trial, &child, Some(MOST));
    trial.end(child, before, ask_one);

    let (child, before) = trial.begin(&["65535", "0.0.0.0:0"], ask_one);
    second_address(trial, &child);
    trial.end(child, before, ask_one);
}

fn ask_one(address: &Address) {
    assert_eq!(Client::datagram(address).ask("hello"), b"5 whole");
}

/// No datagram is truncated silently.
fn sizes(trial: &mut Trial, child: &Child, most: Option<usize>) {
    let mut client = Client::datagram(child.address());
    let (mut truncated, mut silently) = (0, 0);
    for size in [0, 1, 8191, 8192, 8193, 65_507] {
        let fits = most.is_none_or(|most| size <= most);
        let (got, word) = if fits { (size, "whole") } else { (MOST, "truncated") };
        let reply = client.ask(vec![b'x'; size]);
        truncated += usize::from(reply.ends_with(b"truncated"));
        silently += usize::from(reply != format!("{got} {word}").into_bytes());
    }
    let bar = match most {
        None => "0 to 65,507 bytes, default options: none is truncated".to_owned(),
        Some(most) => format!("0 to 65,507 bytes, limit of {most}: none is truncated silently"),
    };
    trial.check(bar, format!("{truncated} truncated, {silently} silently"), silently == 0);
}

fn empty(trial: &mut Trial, child: &Child) {
    let count = trial.size(200, 1_000);
    let mut client = Client::datagram(child.address());
    let answered = (0..count).filter(|_| client.ask("") == b"0 whole").count();
    trial.all("every empty datagram is a request", answered as u64, count as u64);
}

/// A connected client takes no answer from another address than it has asked.
fn second_address(trial: &mut Trial, child: &Child) {
    let count = trial.size(20, 1_000);
    let port = inet(child.address()).port();
    let asked = [1, 2].map(|last| {
        let mut client = Client::datagram(&Address::Inet(([127, 0, 0, last], port).into()));
        (0..count).filter(|_| client.ask("hello") == b"5 whole").count()
    });
    trial.check(
        "bound to every address, a server answers from the address that was asked",
        format!("{} of {count} at 127.0.0.2", asked[1]),
        asked == [count; 2],
    );
}

/// The answer reaches no socket, and the system may report that to the server.
fn gone(trial: &mut Trial, child: &Child) {
    let count = trial.size(200, 1_000);
    let address = inet(child.address());
    crowd(AT_A_TIME, count, |_| {
        UdpSocket::bind(LOCAL).expect("bind").send_to(b"hello", address).expect("send");
    });
    // A full queue would lose the next datagrams.
    ask_until_answered(child.address());
    let answered = crowd(AT_A_TIME, count, |_| ask_one(child.address())).len();
    let bar = "after as many datagrams from closed sockets, every client is answered";
    trial.all(bar, answered as u64, count as u64);
}

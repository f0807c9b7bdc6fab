//! Datagrams of every size, from senders who have gone, and the answers that go out for them.

use std::io;
use std::net::UdpSocket;

use socketserver::{Address, BaseRequestHandler, Builder, Datagram, Udp};
use tests::{Client, inet};

use crate::child::Child;
use crate::column::Column;
use crate::fault::Fault;
use crate::load::crowd;
use crate::serve::{LOCAL, serve};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "datagrams",
    words: "datagrams that are empty, too long, or from senders who have gone",
    columns: Column::ALL,
    server,
    clients,
};

/// Python's limit, for the server that has one.
const MOST: usize = 8192;

/// Says what it got: how many bytes, and whether they are all.
#[derive(BaseRequestHandler)]
struct Measuring {
    request: Datagram,
    client_address: Address,
}

impl Measuring {
    fn handle(&self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        let truncated = if self.request.truncated() {
            "cut"
        } else {
            "whole"
        };
        let reply = format!("{} {truncated}", data.len());
        socket.sendto(reply.as_bytes(), &self.client_address)?;
        Ok(())
    }
}

/// With an argument, which is the longest datagram it takes.
fn server(column: Column, most: &[String]) {
    let mut transport = Udp::new();
    if let Some(most) = most.first() {
        transport = transport.max_packet_size(most.parse().expect("a number"));
    }
    let builder = Builder::<_, _, Measuring, ()>::new(transport, column.concurrency(), ());
    serve(builder, LOCAL).expect("serve_forever");
}

fn clients(trial: &mut Trial) {
    let child = trial.start(&[]);
    let before = trial.baseline(&child, ask_one);
    sizes(trial, &child, None);
    empty(trial, &child);
    gone(trial, &child);
    trial.end(child, before, ask_one);

    let child = trial.start(&[&MOST.to_string()]);
    let before = trial.baseline(&child, ask_one);
    sizes(trial, &child, Some(MOST));
    trial.end(child, before, ask_one);
}

fn ask_one(address: &Address) {
    let mut client = Client::datagram(address);
    assert_eq!(client.ask("hello"), b"5 whole");
}

/// None is cut in silence.
fn sizes(trial: &mut Trial, child: &Child, most: Option<usize>) {
    let mut client = Client::datagram(child.address());
    let mut cut = 0;
    let mut in_silence = 0;
    for size in [0, 1, 8191, 8192, 8193, 65_507] {
        let fits = most.is_none_or(|most| size <= most);
        let got = if fits { size } else { MOST };
        let word = if fits { "whole" } else { "cut" };
        let reply = client.ask(vec![b'x'; size]);
        cut += usize::from(reply.ends_with(b"cut"));
        in_silence += usize::from(reply != format!("{got} {word}").into_bytes());
    }
    trial.check(
        match most {
            None => "of 0 to 65,507 bytes by default: 0 cut".to_owned(),
            Some(most) => format!("of 0 to 65,507 bytes with a limit of {most}: 0 cut in silence"),
        },
        format!("{cut} cut, {in_silence} in silence"),
        in_silence == 0,
    );
}

/// An empty one is one too.
fn empty(trial: &mut Trial, child: &Child) {
    let count = trial.size(200, 1_000);
    let mut client = Client::datagram(child.address());
    let answered = (0..count).filter(|_| client.ask("") == b"0 whole").count();
    trial.check(
        "every empty datagram is a request",
        format!("{answered} of {count}"),
        answered == count,
    );
}

/// The answer meets nobody, and the system may tell the server so.
fn gone(trial: &mut Trial, child: &Child) {
    const AT_A_TIME: usize = 4;
    let count = trial.size(200, 1_000);
    let address = inet(child.address());
    crowd(AT_A_TIME, count, |_| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
        socket.send_to(b"hello", address).expect("send");
    });
    // A queue that is still full would lose what comes next.
    ask_until_answered(child.address());
    crowd(AT_A_TIME, count, |_| ask_one(child.address()));
    trial.check(
        "after as many senders who have gone every client is answered",
        format!("{count} of {count}"),
        true,
    );
}

/// Datagrams may be lost while the server has a queue to work off.
fn ask_until_answered(address: &Address) {
    let client = Client::datagram(address);
    let Client::Udp(socket) = &client else {
        unreachable!("a UDP client");
    };
    let pause = std::time::Duration::from_millis(100);
    socket.set_read_timeout(Some(pause)).expect("a timeout");
    tests::until("somebody is answered", || {
        socket.send(b"hello").expect("send");
        socket.recv(&mut [0; 100]).is_ok()
    });
}

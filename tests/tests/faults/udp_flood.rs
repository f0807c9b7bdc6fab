//! Datagrams flood a server whose handlers are slow, at a limit of them.

use crate::prelude::*;

const LIMIT: usize = 4;

#[derive(BaseRequestHandler)]
struct Slow {
    request: Datagram,
}

impl Slow {
    fn handle(&self) -> io::Result<()> {
        if self.request.data.len() > 100 {
            green::sleep(Duration::from_millis(50));
        }
        self.request.reply(b"hello")
    }
}

pub(crate) fn server(column: Column, _: &[String]) {
    serve_well(Builder::<_, _, Slow, ()>::new(Udp::new(), column.at_most(LIMIT), ()));
}

pub(crate) fn clients(trial: &mut Trial) {
    let (child, before) = trial.begin(&[], ask_until_answered);
    let time = trial.size(Duration::from_secs(1), Duration::from_secs(8));
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket.connect(inet(child.address())).expect("connect");
    let (end, mut sent, mut most, mut threads) = (Instant::now() + time, 0, 0, 0);
    while Instant::now() < end {
        for _ in 0..100 {
            // An error that an earlier datagram has caused is reported here.
            sent += u64::from(socket.send(&[b'x'; 60_000]).is_ok());
        }
        most = most.max(child.resident());
        threads = threads.max(child.threads().max(child.children()));
    }
    let grown = most.saturating_sub(before.resident);
    trial.check(
        "during the flood memory grows by at most 8 MiB, and threads and processes to the limit",
        format!(
            "+{:.1} MiB, {threads} threads or processes, {sent} datagrams",
            grown as f64 / 1024.0
        ),
        grown <= 8 * 1024 && threads <= before.counts[0] + LIMIT,
    );
    trial.end(child, before, ask_until_answered);
}

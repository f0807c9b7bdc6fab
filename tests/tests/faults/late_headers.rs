//! Connections behind a proxy whose header is late, or comes from a stranger.

use socketserver::proxy::ProxyProtocol;

use crate::prelude::*;

const LATE: usize = 100;

/// Workers, of which late clients hold none.
const WORKERS: usize = 8;

const HEADER: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";

/// The argument is the time for a header in milliseconds. 127.0.0.0/16 is trusted.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let time = arguments[0].parse().map(Duration::from_millis).expect("a time");
    let protocol = ProxyProtocol::trusting(["127.0.0.0/16"]).expect("a network").timeout(time);
    let echo = Function::new(|request, _| each_piece(request, |data| request.sendall(data)));
    let concurrency = column.at_most(WORKERS);
    let builder = Builder::<_, _, Call, _>::new(Tcp::new(), concurrency, echo);
    serve(&bind(builder.proxy_protocol(protocol)), DRAIN).expect("serve_forever");
}

fn by_way_of_the_proxy(address: &Address) {
    let mut client = Client::stream(address);
    client.send([HEADER, b"hello"].concat());
    assert_eq!(client.finish(), b"hello");
}

/// Connects, and sends a byte of a header in each pause, or none. Returns how long the server
/// waits.
fn be_late(address: &Address, pause: Option<Duration>) -> Duration {
    let mut client = Client::stream(address);
    let began = Instant::now();
    let mut header = HEADER.chunks(1);
    client.tcp().set_read_timeout(pause.or(Some(DEADLINE))).expect("a timeout");
    loop {
        if pause.is_some()
            && let Some(byte) = header.next()
        {
            client.try_send(byte);
        }
        match client.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return began.elapsed(),
        }
    }
}

pub(crate) fn clients(trial: &mut Trial) {
    let time = trial.size(Duration::from_secs(1), Duration::from_secs(5));
    let arguments = [time.as_millis().to_string()];
    let (child, before) = trial.begin(&[&arguments[0]], by_way_of_the_proxy);
    beside_late_ones(trial, &child, time);
    let count = trial.size(100, 1_000);
    strangers(trial, &child, count);
    let ended = trial.end(child, before, by_way_of_the_proxy);
    let refused = ended.number("refused");
    trial.all("each of both is counted as refused", refused, (LATE + count) as u64);
}

fn beside_late_ones(trial: &mut Trial, child: &Child, time: Duration) {
    let address = child.address();
    let (late, served) = thread::scope(|scope| {
        let late = scope.spawn(|| {
            crowd(LATE, LATE, |number| be_late(address, (number % 2 == 0).then_some(time / 5)))
        });
        let mut served = Vec::new();
        while !late.is_finished() {
            let began = Instant::now();
            by_way_of_the_proxy(address);
            served.push(began.elapsed());
            thread::sleep(Duration::from_millis(5));
        }
        (Times::new(late.join().expect("each has an end")), Times::new(served))
    });
    let bar = format!("longest time of a client beside them, on a server with {WORKERS} workers");
    trial.within(&bar, Duration::from_millis(100), served.longest());
    let (shortest, longest) = (late.shortest(), late.longest());
    // The clients' clock starts as they connect, perhaps just after the server's.
    let earliest = time - time / 100;
    trial.check(
        format!("they end at the deadline for a header, ± {} %", trial.size(100, 10)),
        format!("{shortest:.2?} to {longest:.2?} of {time:?}"),
        earliest <= shortest && longest <= time + time / trial.size(1, 10),
    );
}

/// A right header does not help them.
fn strangers(trial: &mut Trial, child: &Child, count: usize) {
    let refused = crowd(16, count, |number| {
        let mut client = Client::stream_from(local(number), child.address()).expect("connect");
        client.try_send([HEADER, b"hello"].concat());
        client.rest_or_reset().is_empty()
    });
    let refused = refused.into_iter().filter(|refused| *refused).count();
    trial.all("strangers with a right header are refused", refused as u64, count as u64);
}

//! Connections whose handshake of TLS is late.

use crate::prelude::*;
use crate::tls::{Trusting, context, echo};

const LATE: usize = 100;

/// Workers, of which late clients hold none.
const WORKERS: usize = 8;

/// The arguments are the two files, and the time for a handshake in milliseconds.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let time = arguments[2].parse().map(Duration::from_millis).expect("a time");
    let context = context(arguments).handshake_timeout(time);
    let builder = Builder::<_, _, Call, _>::new(Tcp::new(), column.at_most(WORKERS), echo());
    serve(&bind(builder.tls(context)), DRAIN).expect("serve_forever");
}

pub(crate) fn clients(trial: &mut Trial) {
    let time = trial.size(Duration::from_secs(1), Duration::from_secs(5));
    let trusting = Trusting::new();
    let milliseconds = time.as_millis().to_string();
    let [cert, key] = trusting.arguments();
    let arguments = [cert, key, &milliseconds];
    let serve_one = |address: &Address| trusting.echo_one(address);
    let (child, before) = trial.begin(&arguments, serve_one);
    beside_late_ones(trial, &child, &trusting, time);
    let ended = trial.end(child, before, serve_one);
    trial.all("each late one is counted as refused", ended.number("refused"), LATE as u64);
}

/// Connects, and sends a byte of a hello in each pause, or none. Returns how long the server waits.
fn be_late(address: &Address, hello: &[u8], pause: Option<Duration>) -> Duration {
    let mut client = Client::stream(address);
    let began = Instant::now();
    let mut hello = hello.chunks(1);
    client.tcp().set_read_timeout(pause.or(Some(DEADLINE))).expect("a timeout");
    loop {
        if pause.is_some()
            && let Some(byte) = hello.next()
        {
            client.try_send(byte);
        }
        match client.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return began.elapsed(),
        }
    }
}

fn beside_late_ones(trial: &mut Trial, child: &Child, trusting: &Trusting, time: Duration) {
    let address = child.address();
    let hello = client_hello();
    let (late, served) = thread::scope(|scope| {
        let late = scope.spawn(|| {
            let pause = |number| (number % 2 == 0).then_some(time / 5);
            crowd(LATE, LATE, |number| be_late(address, &hello, pause(number)))
        });
        let served = serve_while(address, trusting, || !late.is_finished());
        (Times::new(late.join().expect("each has an end")), served)
    });
    let limit = Duration::from_millis(100);
    let bar = format!("longest time of a client beside them, on a server with {WORKERS} workers");
    trial.within(&bar, limit, served.longest());
    let (shortest, longest) = (late.shortest(), late.longest());
    // The clients' clock starts as they connect, perhaps just after the server's.
    let earliest = time - time / 100;
    trial.check(
        format!("they end at the deadline for a handshake, ± {} %", trial.size(100, 10)),
        format!("{shortest:.2?} to {longest:.2?} of {time:?}"),
        earliest <= shortest && longest <= time + time / trial.size(1, 10),
    );
}

/// Shakes hands, asks and leaves, again and again as long as `goes_on`.
fn serve_while(address: &Address, trusting: &Trusting, goes_on: impl Fn() -> bool) -> Times {
    let mut served = Vec::new();
    while goes_on() {
        let began = Instant::now();
        trusting.echo_one(address);
        served.push(began.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    Times::new(served)
}

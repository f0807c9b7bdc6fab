//! Connections whose first bytes are late, beside clients that are served.

use crate::prelude::*;

pub(crate) const LATE: usize = 100;

/// Workers, of which late clients hold none.
pub(crate) const WORKERS: usize = 8;

/// How long the server waits for the first bytes.
pub(crate) fn time(trial: &Trial) -> Duration {
    trial.size(Duration::from_secs(1), Duration::from_secs(5))
}

/// Half of the late clients send a byte of a `what` now and then, the others nothing.
pub(crate) fn beside_late_ones(
    trial: &mut Trial,
    child: &Child,
    (what, bytes): (&str, &[u8]),
    serve_one: impl Fn(&Address),
) {
    let (address, time) = (child.address(), time(trial));
    let (late, served) = thread::scope(|scope| {
        let late = scope.spawn(|| {
            crowd(LATE, LATE, |number| {
                let (mut client, began) = (Client::stream(address), Instant::now());
                match number % 2 {
                    0 => hold(&mut client, time / 5, bytes.chunks(1)),
                    _ => hold(&mut client, DEADLINE, std::iter::empty()),
                }
                began.elapsed()
            })
        });
        let mut served = Vec::new();
        while !late.is_finished() {
            let began = Instant::now();
            serve_one(address);
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
        format!("they end at the deadline for a {what}, ± {} %", trial.size(100, 10)),
        format!("{shortest:.2?} to {longest:.2?} of {time:?}"),
        earliest <= shortest && longest <= time + time / trial.size(1, 10),
    );
}

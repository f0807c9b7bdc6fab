//! Idle clients with TLS, beside idle ones without.

use crate::prelude::*;
use crate::tls::{Trusting, context};

/// The arguments are the two files, or none.
pub(crate) fn server(column: Column, arguments: &[String]) {
    raise_descriptor_limit().expect("setrlimit");
    let builder = Builder::<_, _, Call, _>::new(Tcp::new(), column.concurrency(), Function::echo());
    match arguments {
        [] => serve_well(builder),
        files => serve_well(builder.tls(context(files))),
    }
}

pub(crate) fn clients(trial: &mut Trial) {
    let count = trial.size(500, 5_000);
    let plain = each_takes(trial, &[], count, Client::echoed);
    let trusting = Trusting::new();
    let with_tls = each_takes(trial, &trusting.arguments(), count, |address| {
        let mut client = trusting.connect(address);
        client.ask(b"ping\n");
        client
    });
    // Without optimisation, and beside other tests, more is in use.
    let most = trial.size(48, 24);
    trial.check(
        format!("an idle connection with TLS takes ≤ {most} KiB more than one without"),
        format!("{with_tls:.1} KiB, {plain:.1} without"),
        with_tls <= plain + f64::from(most),
    );
}

/// How much memory the server takes for each of `count` clients that have asked once, in KiB.
fn each_takes<T>(
    trial: &mut Trial,
    arguments: &[&str],
    count: usize,
    connect: impl Fn(&Address) -> T,
) -> f64 {
    let serve_one = |address: &Address| drop(connect(address));
    let (child, before) = trial.begin(arguments, serve_one);
    let clients: Vec<T> = (0..count).map(|_| connect(child.address())).collect();
    let grown = child.resident().saturating_sub(before.resident);
    drop(clients);
    let ended = child.end();
    trial.books(&ended);
    grown as f64 / count as f64
}

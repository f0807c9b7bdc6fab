//! Connections whose handshake of TLS is late.

use crate::late::{LATE, WORKERS, beside_late_ones, time};
use crate::prelude::*;
use crate::tls::{Trusting, context};

/// The arguments are the two files, and the time for a handshake in milliseconds.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let time = arguments[2].parse().map(Duration::from_millis).expect("a time");
    let context = context(arguments).handshake_timeout(time);
    let builder =
        Builder::<_, _, Call, _>::new(Tcp::new(), column.at_most(WORKERS), Function::echo());
    serve_well(builder.tls(context));
}

pub(crate) fn clients(trial: &mut Trial) {
    let trusting = Trusting::new();
    let milliseconds = time(trial).as_millis().to_string();
    let [cert, key] = trusting.arguments();
    let serve_one = |address: &Address| trusting.echo_one(address);
    let (child, before) = trial.begin(&[cert, key, &milliseconds], serve_one);
    beside_late_ones(trial, &child, ("handshake", &client_hello()), serve_one);
    let ended = trial.end(child, before, serve_one);
    trial.all("each late one is counted as refused", ended.number("refused"), LATE as u64);
}

//! Connections behind a proxy whose header is late, or comes from a stranger.

use socketserver::proxy::ProxyProtocol;

use crate::late::{LATE, WORKERS, beside_late_ones, time};
use crate::prelude::*;

const HEADER: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n";

/// The argument is the time for a header in milliseconds. 127.0.0.0/16 is trusted.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let time = arguments[0].parse().map(Duration::from_millis).expect("a time");
    let protocol = ProxyProtocol::trusting(["127.0.0.0/16"]).expect("a network").timeout(time);
    let builder =
        Builder::<_, _, Call, _>::new(Tcp::new(), column.at_most(WORKERS), Function::echo());
    serve_well(builder.proxy_protocol(protocol));
}

fn by_way_of_the_proxy(address: &Address) {
    let mut client = Client::stream(address);
    client.send([HEADER, b"hello"].concat());
    assert_eq!(client.finish(), b"hello");
}

pub(crate) fn clients(trial: &mut Trial) {
    let milliseconds = time(trial).as_millis().to_string();
    let (child, before) = trial.begin(&[&milliseconds], by_way_of_the_proxy);
    beside_late_ones(trial, &child, ("header", HEADER), by_way_of_the_proxy);
    let count = trial.size(100, 1_000);
    strangers(trial, &child, count);
    let refused = trial.end(child, before, by_way_of_the_proxy).number("refused");
    trial.all("each of both is counted as refused", refused, (LATE + count) as u64);
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

//! A server drains while its handlers never return, with and without a limit that they reach.

use crate::prelude::*;

const STUCK: usize = 4;
const DRAIN: Duration = Duration::from_secs(1);

/// The argument, if any, is the limit of live requests. The handler does not notice when it is
/// aborted.
pub(crate) fn server(column: Column, limit: &[String]) {
    let limit = limit.first().map(|limit| limit.parse().expect("a limit"));
    let concurrency = limit.map_or(column.concurrency(), |limit| column.at_most(limit));
    let state = Function::new(|request, _| {
        let word = request.recv(100)?;
        request.sendall(&word)?;
        if word == b"stuck" {
            green::sleep(Duration::MAX);
        }
        Ok(())
    });
    let mut builder = Builder::<_, _, Call, _>::new(Tcp::new(), concurrency, state);
    if let Some(limit) = limit {
        builder = builder.max_connections(limit);
    }
    serve(&builder.bind(LOCAL).expect("bind"), DRAIN).expect("serve_forever");
}

pub(crate) fn clients(trial: &mut Trial) {
    let at_the_limit = "at a limit of 4 threads, processes or green threads, the server ends";
    let reported = "the report counts the aborted requests";
    let at_that_limit = format!("at that limit, {reported}");
    let limited = Some(STUCK.to_string());
    for (ends, reports, limit) in
        [("the server ends", reported, None), (at_the_limit, &at_that_limit, limited)]
    {
        let child = trial.start(limit.as_deref().as_slice());
        echo_one(child.address());
        let stuck = [(); STUCK].map(|()| {
            let mut client = Client::stream(child.address());
            assert_eq!(client.ask("stuck"), b"stuck");
            client
        });
        let waits = limit.map(|_| Client::stream(child.address()));
        let ended = child.end();
        drop((stuck, waits));
        trial.within(ends, DRAIN + Duration::from_millis(100), ended.took());
        let aborted = ended.number("aborted_at_the_end");
        trial.check(reports, aborted, aborted == STUCK as u64);
        trial.books(&ended);
    }
}

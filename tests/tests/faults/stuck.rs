//! A server is to end while its handlers are stuck, also when they are as many as there may be.

use std::io;
use std::time::Duration;

use socketserver::{BaseRequestHandler, Builder, Socket, Tcp, green};
use tests::Client;

use crate::column::Column;
use crate::fault::Fault;
use crate::load::echo_one;
use crate::serve::{LOCAL, serve_draining};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "stuck",
    words: "4 handlers are stuck for good when the server is to end, and a drain takes 1 s",
    // The loop of an inline server is stuck itself. It ends at the second signal.
    columns: Column::CONCURRENT,
    server,
    clients,
};

const STUCK: usize = 4;
const DRAIN: Duration = Duration::from_secs(1);

/// Does not even notice when it is cut.
#[derive(BaseRequestHandler)]
struct Stuck {
    request: Socket,
}

impl Stuck {
    fn handle(&self) -> io::Result<()> {
        let word = self.request.recv(100)?;
        self.request.sendall(&word)?;
        if word == b"stuck" {
            green::sleep(Duration::MAX);
        }
        Ok(())
    }
}

/// With an argument, which is the limit.
fn server(column: Column, limit: &[String]) {
    let limit = limit.first().map(|limit| limit.parse().expect("a limit"));
    let concurrency = limit.map_or(column.concurrency(), |limit| column.at_most(limit));
    let mut builder = Builder::<_, _, Stuck, ()>::new(Tcp::new(), concurrency, ());
    if let Some(limit) = limit {
        builder = builder.max_connections(limit);
    }
    serve_draining(builder, LOCAL, DRAIN).expect("serve_forever");
}

fn clients(trial: &mut Trial) {
    for (place, limit) in [("", None), ("at the limit of 4, ", Some(STUCK))] {
        let limit = limit.map(|limit| limit.to_string());
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
        trial.within(
            &format!("{place}it ends"),
            DRAIN + Duration::from_millis(100),
            ended.took(),
        );
        let cut = ended.told("aborted_at_the_end");
        trial.check(
            format!("{place}it reports who was cut"),
            cut,
            cut == STUCK as u64,
        );
        trial.books(&ended);
    }
}

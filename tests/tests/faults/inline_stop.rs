//! SIGTERM reaches an inline server while its handler waits for a client that says nothing.

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    serve(&bind(tcp::<Echo>(column)), DRAIN).expect("serve_forever");
}

const DRAIN: Duration = Duration::from_secs(1);

pub(crate) fn clients(trial: &mut Trial) {
    let times = trial.size(1, 10);
    let (mut took, mut last) = (Vec::new(), None);
    for _ in 0..times {
        let child = trial.start(&[]);
        let mut idle = Client::echoed(child.address());
        let ended = child.end();
        took.push(ended.took());
        assert_eq!(idle.rest(), b"", "the client sees the end of the stream");
        last = Some(ended);
    }
    let limit = DRAIN + Duration::from_millis(100);
    trial.within("the server ends", limit, Times::new(took).longest());
    trial.books(&last.expect("at least one"));
}

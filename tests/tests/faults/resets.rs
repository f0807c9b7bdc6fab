//! Clients disconnect in the middle of a reply, and SIGPIPE would end the process.

use signal_hook::consts::SIGPIPE;
use signal_hook::flag::register_conditional_default;

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    // As in a program that does not ignore the signal.
    let always = Arc::new(AtomicBool::new(true));
    register_conditional_default(SIGPIPE, always).expect("a handler");
    serve_well(handling(column, |request| {
        request.recv(100)?;
        request.sendall(&REPLY)
    }));
}

static REPLY: [u8; 1 << 20] = [b'x'; 1 << 20];

pub(crate) fn clients(trial: &mut Trial) {
    const AT_A_TIME: usize = 8;
    let count = trial.size(100, 1_000);
    let (child, before) = trial.begin(&[], whole_reply);
    crowd(AT_A_TIME, count, |_| {
        let mut client = Client::narrow_stream(32 * 1024, child.address()).expect("connect");
        client.send("please");
        client.read_exact(&mut [0; 1000]).expect("the beginning");
        client.reset();
    });
    let ended = trial.end(child, before, whole_reply);
    let (accepted, errors) = (ended.number("accepted"), ended.lines_with("ERROR"));
    trial.check(
        "the process survives, and the log has no line at error level",
        format!("{} resets, {errors} lines", accepted - 2),
        accepted == count as u64 + 2 && errors == 0,
    );
}

fn whole_reply(address: &Address) {
    let mut client = Client::stream(address);
    client.send("please");
    assert_eq!(client.rest().len(), REPLY.len());
}

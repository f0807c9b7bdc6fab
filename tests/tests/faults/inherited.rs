//! A program that a handler starts must not inherit descriptors: it would keep the server's port
//! and its clients.

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    BEFORE.get_or_init(seen);
    let builder = handling(column, |request| {
        // Until then an idle client stays connected.
        request.recv(100)?;
        let before = BEFORE.get().expect("the program's start");
        let more: Vec<String> = seen().difference(before).cloned().collect();
        request.sendall(more.join(" ").as_bytes())
    });
    serve(&bind(builder), DRAIN).expect("serve_forever");
}

/// The descriptors of a program that is started before the server.
static BEFORE: OnceLock<BTreeSet<String>> = OnceLock::new();

/// The descriptors of a program that this process starts. One of them lists the others.
fn seen() -> BTreeSet<String> {
    let output = Command::new("ls").arg("/proc/self/fd").output();
    let output = String::from_utf8(output.expect("ls").stdout).expect("numbers");
    output.lines().map(str::to_owned).collect()
}

pub(crate) fn clients(trial: &mut Trial) {
    let others = if trial.column() == Column::Inline { 0 } else { 3 };
    let (child, before) = trial.begin(&[], |address| drop(more(address)));
    let idle: Vec<_> = Client::streams(others, child.address());
    let more_than_before = more(child.address());
    drop(idle);
    trial.check(
        "the program inherits none of the server's descriptors",
        if more_than_before.is_empty() { "none" } else { &more_than_before },
        more_than_before.is_empty(),
    );
    trial.end(child, before, |address| drop(more(address)));
}

fn more(address: &Address) -> String {
    let mut client = Client::stream(address);
    client.send("start");
    String::from_utf8(client.rest()).expect("numbers")
}

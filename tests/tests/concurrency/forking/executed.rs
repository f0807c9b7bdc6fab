//! What a child, and a program that it executes, inherit beside descriptors.

use tests::prelude::*;

use crate::harness::{alone, list};

list!(
    TESTS: a_child_has_signals_of_its_own, an_executed_shell_can_trap_ctrl_c,
);

list!(PROGRAMS: report_signals);

/// What one client of a server with this handler receives.
fn answer(handle: fn(&Socket) -> io::Result<()>) -> String {
    let server =
        bind(ForkingTCPServer::handling(move |request: Socket, _: Address| handle(&request)));
    server.drain_on_signals(Duration::from_secs(1)).expect("signals");
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    String::from_utf8(client.rest()).expect("text")
}

fn an_executed_shell_can_trap_ctrl_c() {
    let answer = answer(|request| {
        let script = "trap 'echo trapped' INT; kill -INT $$; echo end";
        let output = Command::new("sh").args(["-c", script]).output()?;
        request.sendall(&output.stdout)
    });
    assert_eq!(answer, "trapped\nend\n");
}

/// Prints the signals of a child: one word each, blocked, ignored and caught.
fn report_signals() {
    let answer = answer(|request| {
        let status = fs::read_to_string("/proc/self/status")?;
        request.sendall(status.as_bytes())
    });
    let set = |name: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(name));
        u64::from_str_radix(line.expect(name).trim(), 16).expect("a set")
    };
    let bit = |signal: Signal| 1 << (signal.as_raw() - 1);
    let (term, int) = (bit(Signal::TERM), bit(Signal::INT));
    assert_eq!(set("SigBlk:") & term, 0, "SIGTERM is not blocked");
    assert_eq!(set("SigIgn:") & (term | int), 0, "neither is ignored");
    assert_eq!(set("SigCgt:") & (term | int), int, "SIGINT has a handler");
}

/// However its parent was started.
fn a_child_has_signals_of_its_own() {
    let program = alone("executed::report_signals");
    let mut started = Command::new("env");
    started
        .args(["--block-signal=TERM", "--ignore-signal=TERM"])
        .arg(program.get_program())
        .args(program.get_args());
    assert!(started.status().expect("env").success());
}

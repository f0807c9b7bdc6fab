//! Children that read the header of a proxy.

use tests::prelude::*;
use tests::rows::Answer;

use crate::harness::list;
use crate::support::assert_ended;

list!(TESTS: every_row_has_the_right_answer, a_child_refuses_the_real_client);

fn every_row_has_the_right_answer() {
    let server = bind(ForkingTCPServer::<Behind>::builder().proxy_protocol(local_proxies()));
    let (right, wrong) = meet_rows(server.server_address(), || {
        assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    });
    server.server_close();
    assert_ended(&server.stats(), [right, 0, wrong, 0]);
}

/// Lets 192.0.2.66 in to no handler.
#[derive(Default)]
struct List;

impl BaseServer for List {
    fn verify_request(&self, _: &Socket, client: &Address, _: &ServerRef<Self>) -> bool {
        client.ip() != Some([192, 0, 2, 66].into())
    }
}

fn a_child_refuses_the_real_client() {
    let builder = ForkingTCPServer::<Behind, List>::builder().proxy_protocol(local_proxies());
    let server = bind(builder);
    let address = server.server_address().clone();
    let row = |client: &str, answer| {
        (0, format!("PROXY TCP4 {client} 192.0.2.2 5 6\r\n").into_bytes(), answer)
    };
    let serve = || assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    meet_row(&address, &row("192.0.2.1", Answer::Client("192.0.2.1:5", b"")), Pieces::Whole, serve);
    // It ends with its last byte, which is of a right header.
    let refused = row("192.0.2.66", Answer::Wrong(37));
    meet_row(&address, &refused, Pieces::Whole, serve);
    server.server_close();
    assert_ended(&server.stats(), [1, 0, 1, 0]);
}

//! Every beginning of a connection in the table, on a real socket.

use tests::prelude::*;

fn every_row_has_the_right_answer<C: Column>() {
    let builder = Server::<Tcp, C, Behind>::builder();
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    let (right, wrong) = meet_rows(&server.address(), || {});
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused, stats.failed), (right, wrong, 0));
}

/// The header comes through the layer, whose input cannot be looked at.
fn every_row_has_the_right_answer_behind_a_layer<C: Column>() {
    let builder = Server::<Tcp, C, Behind>::builder();
    let builder = builder.prepared(|request: &Socket| request.set_layer(Through));
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    let (right, wrong) = meet_rows(&server.address(), || {});
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused, stats.failed), (right, wrong, 0));
}

matrix!(columns: every_row_has_the_right_answer, every_row_has_the_right_answer_behind_a_layer);

/// A layer that begins after the header, as TLS behind a proxy usually does.
#[test]
fn a_layer_gets_all_that_follows_the_header() {
    struct Flipped;
    impl Layer for Flipped {
        fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
            let received = wire.recv(buffer)?;
            buffer[..received].iter_mut().for_each(|byte| *byte = !*byte);
            Ok(received)
        }
        fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
            wire.send(data)
        }
        fn end(&self, _: &Wire<'_>) -> io::Result<()> {
            Ok(())
        }
    }
    let builder = ThreadingTCPServer::<Behind>::builder().proxy_protocol(local_proxies());
    let server = run(builder.prepared(|request: &Socket| request.set_layer(Flipped)), LOCAL);
    let mut client = Client::stream(&server.address());
    let hello: Vec<u8> = b"hello".iter().map(|byte| !byte).collect();
    client.send([b"PROXY UNKNOWN\r\n", &hello[..]].concat());
    assert!(client.finish().ends_with(b"\nhello"));
}

/// The options of the wrapped transport stay, before and after.
#[test]
fn every_option_stays() {
    let builder = ThreadingTCPServer::<Behind>::builder().request_queue_size(9);
    let builder = builder.proxy_protocol(local_proxies()).client_timeout(DEADLINE).max_threads(3);
    let builder = builder.disable_nagle_algorithm(false).linger(DEADLINE).dual_stack(false);
    let server = run(builder, LOCAL);
    assert!(Client::stream(&server.address()).finish().is_empty());
}

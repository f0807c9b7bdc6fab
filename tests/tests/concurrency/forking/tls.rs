//! Children that shake hands themselves.

use tests::prelude::*;

use crate::harness::list;
use crate::support::assert_ended;

list!(TESTS: a_session_goes_on_in_another_child, a_bad_client_costs_a_child);

/// Three connections, one after the other, of which each may go on with the session of the one
/// before.
const PYTHON: &str = r#"
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
context.maximum_version = getattr(ssl.TLSVersion, sys.argv[3])
session, reused = None, []
for number in range(3):
    plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
    client = context.wrap_socket(plain, server_hostname="localhost", session=session)
    client.sendall(b"hello")
    assert client.recv(100) == b"hello"
    session = client.session
    reused.append(client.session_reused)
    client.unwrap().close()
print(*reused)
"#;

/// Serves three clients of Python's, and returns what it says.
fn serve_python(version: &str) -> Option<String> {
    if !has_program("python3", "--version") {
        return None;
    }
    let authority = Authority::new("forks");
    let server = bind(ForkingTCPServer::<Echo>::builder().tls(authority.context()));
    let port = inet(server.server_address()).port().to_string();
    let root = authority.root().to_str().expect("text");
    // Without threads that read its output: this process forks.
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON, &port, root, version]).stdout(Stdio::piped());
    let client = command.spawn().expect("python3");
    for _ in 0..3 {
        assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    }
    let ended = client.wait_with_output().expect("its output");
    assert!(ended.status.success());
    server.server_close();
    assert_ended(&server.stats(), [3, 0, 0, 0]);
    Some(String::from_utf8(ended.stdout).expect("text"))
}

/// Each connection has its own child, and the keys for tickets are the parent's.
fn a_session_goes_on_in_another_child() {
    for version in ["TLSv1_2", "TLSv1_3"] {
        if let Some(said) = serve_python(version) {
            assert_eq!(said, "False True True\n", "{version}");
        }
    }
}

fn a_bad_client_costs_a_child() {
    let authority = Authority::new("forks");
    let server = bind(ForkingTCPServer::<Echo>::builder().tls(authority.context()));
    let mut client = Client::stream(server.server_address());
    client.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(client.rest_or_reset(), b"");
    server.server_close();
    assert_ended(&server.stats(), [0, 0, 1, 0]);
}

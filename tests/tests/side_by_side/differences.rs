//! All intended differences. A scenario sees exactly those that are listed for it.

#[derive(Debug)]
pub(super) struct Difference {
    /// Names of scenarios. A part may be several alternatives, `tcp|udp`, or `*` for any.
    pub(super) scenarios: &'static [&'static str],
    /// The lines that are seen only with Python's server.
    pub(super) python: &'static [&'static str],
    /// The lines that are seen only with ours.
    pub(super) ours: &'static [&'static str],
    #[expect(dead_code, reason = "a failing test shows it")]
    why: &'static str,
}

/// Each entry has the scenarios in brackets, the reason, Python's lines (`-`) and ours (`+`).
macro_rules! differences {
    ($([$($scenario:literal)+] $why:expr; $(- $python:literal)* $(+ $ours:literal)*)*) => {
        pub(super) const DIFFERENCES: &[Difference] = &[$(Difference {
            scenarios: &[$($scenario),+],
            python: &[$($python),*],
            ours: &[$($ours),*],
            why: $why,
        }),*];
    };
}

const ONE_REQUEST: &str = "a hook that fails costs one request; in Python it ends the loop";
const ONE_CALL: &str = "a hook that fails costs one call; in Python it ends the loop";
const UNREAD: &str = "unread input is read and discarded before a connection closes; \
                      Python closes at once, which resets the connection";
const NO_REPLY: &str =
    "a reply that cannot be sent is logged and dropped; to Python it is an error";
const TEXT: &str = "an address is written as users type it, not as a tuple, bytes or None";
const ASKS: &str =
    "on the loop's thread shutdown only asks; Python waits there for itself, for ever";

differences! {
    // Hooks that fail.
    ["verify_request_raises::*::*"] ONE_REQUEST;
        - "loop: get_request verify_request"
        - "end: serve_forever.raised"
        + "loop: get_request verify_request handle_error(Fault) shutdown_request service_actions"
        + "end: serve_forever.returned"
    ["verify_request_raises::unix_stream::*"]
    "every connection is closed in order; Python forgets this one";
        - r#"client: "" reset"#
        + r#"client: "" end"#
    ["get_request_raises::*::*"] ONE_REQUEST;
        - "loop: get_request"
        - "end: serve_forever.raised"
        + "end: serve_forever.returned"
    ["get_request_raises::*::plain"] ONE_REQUEST;
        + "loop: get_request get_request verify_request process_request setup handle finish \
           shutdown_request service_actions"
    ["get_request_raises::*::threading|forking|green"] ONE_REQUEST;
        + "loop: get_request get_request verify_request process_request service_actions"
    ["get_request_raises::*::threading|green"] ONE_REQUEST;
        + "thread: setup handle finish shutdown_request"
    ["get_request_raises::*::forking"] ONE_REQUEST;
        + "process: setup handle finish shutdown_request"
    ["get_request_raises::tcp|unix_stream::*"] ONE_REQUEST;
        - r#"second client: "" reset"#
        + r#"second client: "HELLO\n" end"#
    ["get_request_raises::udp|unix_datagram::*"] ONE_REQUEST;
        - "second client: nothing"
        + r#"second client: "HELLO\n""#
    ["handle_error_raises::*::plain"] ONE_REQUEST;
        - "loop: get_request verify_request process_request setup handle finish handle_error(Fault)"
        - "end: serve_forever.raised"
        + "loop: get_request verify_request process_request setup handle finish \
           handle_error(Fault) \
           shutdown_request service_actions"
        + "end: serve_forever.returned"
    ["service_actions_raises::*::*"] ONE_CALL;
        - "end: serve_forever.raised"
        + "end: serve_forever.returned"

    // The end of a stream.
    ["verify_request_is_false|process_request_raises|setup_raises::unix_stream::*"] UNREAD;
        - r#"client: "" reset"#
        + r#"client: "" end"#
    ["unread_input::unix_stream::threading"] UNREAD;
        - r#"client: "HELLO\n" reset"#
        + r#"client: "HELLO\n" end"#
    ["unread_input_and_a_long_reply::tcp::threading"] UNREAD;
        - "client: reset"
        + r#"client: "6:hello\n;x*400000" end"#
    ["client_is_gone_at_the_last_flush::tcp::threading"] NO_REPLY;
        - "thread: setup handle read caught(ConnectionResetError) finish \
           handle_error(BrokenPipeError) \
           shutdown_request"
        + "thread: setup handle read caught(ConnectionResetError) finish shutdown_request"

    // The files and options of a stream.
    ["reading_after_a_timeout::tcp::threading"]
    "rfile can be read again after a timeout, without a gap; Python's refuses for ever";
        - "thread: setup handle caught(TimeoutError) late finish handle_error(OSError) \
           shutdown_request"
        - r#"client: "" end"#
        + "thread: setup handle caught(TimeoutError) late finish shutdown_request"
        + r#"client: "6:hello\n;" end"#
    ["disable_nagle_algorithm::unix_stream::threading"]
    "a Unix socket has no such algorithm, so it is disabled already";
        - "thread: setup handle_error(OSError) shutdown_request"
        - r#"client: "" reset"#
        + "thread: setup handle finish shutdown_request"
        + r#"client: "HELLO\n" end"#
    ["nagle_is_on::tcp::threading"]
    "small writes leave at once unless the builder says otherwise; Python delays them";
        - r#"client: "off" end"#
        + r#"client: "on" end"#

    // Datagrams.
    ["handle_raises|handle_panics|handle_error_raises::udp|unix_datagram::*"]
    "a reply is sent only after handle and finish succeed; Python sends what was written";
        - r#"client: "HELLO\n""#
        + "client: nothing"
    ["empty_reply::*::threading"]
    "a handler that writes nothing does not reply; Python sends an empty datagram";
        - r#"client: """#
        + "client: nothing"
    ["long_datagram::*::threading"]
    "max_packet_size is 65,535 by default, so every datagram fits; Python's is 8,192";
        - r#"client: "8192""#
        + r#"client: "20000""#
    ["client_is_gone::unix_datagram::threading"] NO_REPLY;
        - "thread: setup handle finish handle_error(FileNotFoundError) shutdown_request"
        + "thread: setup handle finish shutdown_request"
    ["client_without_a_name::unix_datagram::threading"
     "client_without_a_name_and_no_reply::unix_datagram::threading"
     "address_of_nobody::unix_datagram::threading"]
    NO_REPLY;
        - "thread: setup handle finish handle_error(TypeError) shutdown_request"
        + "thread: setup handle finish shutdown_request"
    ["address_of_path_without_an_end::unix_datagram::threading"]
    "a path may have 108 bytes, as in Linux; Python allows one byte less";
        - "thread: setup handle finish handle_error(OSError) shutdown_request"
        - "client: nothing"
        + "thread: setup handle finish shutdown_request"
        + r#"client: "HELLO\n""#
    ["reply_of_a_closed_server::*::threading"]
    "a live request keeps its socket when the server closes";
        - "thread: setup handle finish handle_error(OSError) shutdown_request"
        - "client: nothing"
        + "thread: setup handle finish shutdown_request"
        + r#"client: "6:hello\n;late""#

    // Addresses.
    ["address_of_ipv4::*::threading"] TEXT;
        - "address: server=('127.0.0.1', SERVER) client=('127.0.0.1', CLIENT) host=127.0.0.1 \
           port=CLIENT"
        + "address: server=127.0.0.1:SERVER client=127.0.0.1:CLIENT host=127.0.0.1 port=CLIENT"
    ["address_of_ipv6::*::threading"] TEXT;
        - "address: server=('::1', SERVER, 0, 0) client=('::1', CLIENT, 0, 0) host=::1 port=CLIENT"
        + "address: server=[::1]:SERVER client=[::1]:CLIENT host=::1 port=CLIENT"
    ["address_of_ipv4_client_of_ipv6::*::threading"]
    "the host of an IPv4 client is an IPv4 address, even if the server listens on IPv6";
        - "address: server=('::', SERVER, 0, 0) client=('::ffff:127.0.0.1', CLIENT, 0, 0) \
           host=::ffff:127.0.0.1 port=CLIENT"
        + "address: server=[::]:SERVER client=[::ffff:127.0.0.1]:CLIENT host=127.0.0.1 port=CLIENT"
    ["address_of_path::*::threading"] TEXT;
        - "address: server='FOLDER/server' client='FOLDER/client'"
        + "address: server=FOLDER/server client=FOLDER/client"
    ["address_of_longest_path|address_of_path_without_an_end::*::threading"] TEXT;
        - "address: server='FOLDER/server' client='PATH'"
        + "address: server=FOLDER/server client=PATH"
    ["address_of_abstract_name::*::threading"] TEXT;
        - r"address: server='FOLDER/server' client=b'\x00FOLDER/client'"
        + "address: server=FOLDER/server client=@FOLDER/client"
    ["address_of_abstract_server::unix_stream::threading"] TEXT;
        - r"address: server=b'\x00FOLDER/server' client='FOLDER/client'"
        + "address: server=@FOLDER/server client=FOLDER/client"
    ["address_of_nobody::unix_stream::threading"] TEXT;
        - "address: server='FOLDER/server' client=''"
        + "address: server=FOLDER/server client=unnamed"
    ["address_of_nobody::unix_datagram::threading"] TEXT;
        - "address: server='FOLDER/server' client=None"
        + "address: server=FOLDER/server client=unnamed"

    // A server's life.
    ["shutdown_before_serving::tcp::*"]
    "before the first loop shutdown is only remembered; Python waits for the end of that loop";
        - "main: soon:shutdown.returned=no server_close server_close.returned"
        + "main: soon:shutdown.returned=yes server_close server_close.returned"
    ["shutdown_after_serving::tcp::*"]
    "shutdown has no effect on a stopped server; in Python it ends the next loop at its start";
        - "main: shutdown.returned soon:serve_forever#2.returned=yes"
        - "end: serve_forever.returned serve_forever#2.returned"
        + "main: shutdown.returned soon:serve_forever#2.returned=no"
        + "end: serve_forever.returned"
    ["shutdown_in_a_handler::tcp::plain"] ASKS;
        - "main: soon:serve_forever.returned=no soon:shutdown_request=no"
        - "loop: get_request verify_request process_request setup handle"
        + "main: soon:serve_forever.returned=yes soon:shutdown_request=yes"
        + "loop: get_request verify_request process_request setup handle shutdown.returned finish \
           shutdown_request service_actions"
        + "end: serve_forever.returned"
    ["shutdown_in_service_actions::tcp::*"] ASKS;
        - "main: soon:serve_forever.returned=no"
        + "main: soon:serve_forever.returned=yes"
        + "end: serve_forever.returned"
    ["close_while_serving::tcp::*"] "closing ends the loop; Python's continues, and spins";
        - "main: server_close server_close.returned fileno=-1 soon:serve_forever.returned=no"
        + "main: server_close server_close.returned fileno=-1 soon:serve_forever.returned=yes"
        + "end: serve_forever.returned"
    ["close_with_a_silent_client::*::threading"]
    "live requests are aborted after drain_timeout; Python waits for them for ever";
        - "main: soon:server_close.returned=no soon:shutdown_request=no"
        - "thread: setup handle server_close"
        + "main: soon:server_close.returned=yes soon:shutdown_request=yes"
        + "thread: setup handle server_close finish handle_error(BrokenPipeError) shutdown_request \
           server_close.returned"
    ["close_and_whatever_comes_after_it::*::*"]
    "a server closes once, and its hook runs once; in Python once per call";
        - "main: fileno=open server_close server_close.returned fileno=-1 server_close \
           server_close.returned shutdown.returned"
        + "main: fileno=open server_close server_close.returned fileno=-1 server_close.returned \
           shutdown.returned"
    ["file_after_close::*::plain"]
    "a server removes its socket file; Python's stays, and no other server can bind there";
        - "main: file=True server_close server_close.returned file=True server_close bind.raised"
        + "main: file=True server_close server_close.returned file=False bind.returned"
    ["bind_beside_another::*::plain"] "if bind fails there is no server to close";
        - "main: server_close bind.raised server_close server_close.returned"
        + "main: bind.raised server_close server_close.returned"
    ["bind_after_close::tcp::plain"]
    "allow_reuse_address is on by default for TCP; in Python it is off";
        - "main: server_close server_close.returned server_close bind.raised"
        + "main: server_close server_close.returned bind.returned"
}

//! What is different on purpose: all of it, and nothing else.

/// One difference, in one or more scenarios.
#[derive(Debug)]
pub(super) struct Difference {
    /// The names of the scenarios. In place of one part several may stand, `tcp|udp`, or `*` for any.
    pub(super) scenarios: &'static [&'static str],
    /// What is seen of Python's server and not of ours.
    pub(super) python: &'static [&'static str],
    /// What is seen of ours and not of Python's.
    pub(super) ours: &'static [&'static str],
    #[expect(dead_code, reason = "it is for people, who see it when a test fails")]
    why: &'static str,
}

const ONE_REQUEST: &str = "what fails in a hook costs one request; in Python it ends the loop";
const ONE_CALL: &str = "what fails there costs one call; in Python it ends the loop";
const UNREAD: &str = "what a client sent and nobody read is read and thrown away before a connection closes; \
                      Python closes at once, which resets the connection";
const NO_REPLY: &str = "a reply that cannot be sent is dropped with a line in the log, and is no error of the handler's";
const TEXT: &str = "an address is shown as one would type it, not as a tuple, bytes or None";
const ASKS: &str =
    "on the loop's thread shutdown only asks; Python waits there for itself, for ever";

pub(super) const DIFFERENCES: &[Difference] = &[
    // Hooks that fail.
    Difference {
        scenarios: &["verify_request_raises::*::*"],
        python: &[
            "loop: get_request verify_request",
            "end: serve_forever.raised",
        ],
        ours: &[
            "loop: get_request verify_request handle_error(Fault) shutdown_request service_actions",
            "end: serve_forever.returned",
        ],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["verify_request_raises::unix_stream::*"],
        python: &[r#"client: "" reset"#],
        ours: &[r#"client: "" end"#],
        why: "every connection is ended in order; Python forgets this one",
    },
    Difference {
        scenarios: &["get_request_raises::*::plain"],
        python: &["loop: get_request", "end: serve_forever.raised"],
        ours: &[
            "loop: get_request get_request verify_request process_request setup handle finish \
             shutdown_request service_actions",
            "end: serve_forever.returned",
        ],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["get_request_raises::*::threading|green"],
        python: &["loop: get_request", "end: serve_forever.raised"],
        ours: &[
            "loop: get_request get_request verify_request process_request service_actions",
            "thread: setup handle finish shutdown_request",
            "end: serve_forever.returned",
        ],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["get_request_raises::*::forking"],
        python: &["loop: get_request", "end: serve_forever.raised"],
        ours: &[
            "loop: get_request get_request verify_request process_request service_actions",
            "process: setup handle finish shutdown_request",
            "end: serve_forever.returned",
        ],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["get_request_raises::tcp|unix_stream::*"],
        python: &[r#"second client: "" reset"#],
        ours: &[r#"second client: "HELLO\n" end"#],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["get_request_raises::udp|unix_datagram::*"],
        python: &["second client: nothing"],
        ours: &[r#"second client: "HELLO\n""#],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["handle_error_raises::*::plain"],
        python: &[
            "loop: get_request verify_request process_request setup handle finish handle_error(Fault)",
            "end: serve_forever.raised",
        ],
        ours: &[
            "loop: get_request verify_request process_request setup handle finish handle_error(Fault) \
             shutdown_request service_actions",
            "end: serve_forever.returned",
        ],
        why: ONE_REQUEST,
    },
    Difference {
        scenarios: &["service_actions_raises::*::*"],
        python: &["end: serve_forever.raised"],
        ours: &["end: serve_forever.returned"],
        why: ONE_CALL,
    },
    // The end of a stream.
    Difference {
        scenarios: &["verify_request_is_false|process_request_raises|setup_raises::unix_stream::*"],
        python: &[r#"client: "" reset"#],
        ours: &[r#"client: "" end"#],
        why: UNREAD,
    },
    Difference {
        scenarios: &["unread_input::unix_stream::threading"],
        python: &[r#"client: "HELLO\n" reset"#],
        ours: &[r#"client: "HELLO\n" end"#],
        why: UNREAD,
    },
    Difference {
        scenarios: &["unread_input_and_a_long_reply::tcp::threading"],
        python: &["client: reset"],
        ours: &[r#"client: "6:hello\n;x*400000" end"#],
        why: UNREAD,
    },
    Difference {
        scenarios: &["client_is_gone_at_the_last_flush::tcp::threading"],
        python: &[
            "thread: setup handle read caught(ConnectionResetError) finish handle_error(BrokenPipeError) \
             shutdown_request",
        ],
        ours: &["thread: setup handle read caught(ConnectionResetError) finish shutdown_request"],
        why: NO_REPLY,
    },
    // The files and options of a stream.
    Difference {
        scenarios: &["reading_after_a_timeout::tcp::threading"],
        python: &[
            "thread: setup handle caught(TimeoutError) late finish handle_error(OSError) shutdown_request",
            r#"client: "" end"#,
        ],
        ours: &[
            "thread: setup handle caught(TimeoutError) late finish shutdown_request",
            r#"client: "6:hello\n;" end"#,
        ],
        why: "rfile can be read again after a timeout, and nothing is lost; Python's refuses for ever",
    },
    Difference {
        scenarios: &["disable_nagle_algorithm::unix_stream::threading"],
        python: &[
            "thread: setup handle_error(OSError) shutdown_request",
            r#"client: "" reset"#,
        ],
        ours: &[
            "thread: setup handle finish shutdown_request",
            r#"client: "HELLO\n" end"#,
        ],
        why: "a Unix socket has no such algorithm, so it is disabled already",
    },
    // Datagrams.
    Difference {
        scenarios: &["handle_raises|handle_panics|handle_error_raises::udp|unix_datagram::*"],
        python: &[r#"client: "HELLO\n""#],
        ours: &["client: nothing"],
        why: "a reply is sent when handle and finish have succeeded; Python sends what there is of it",
    },
    Difference {
        scenarios: &["empty_reply::*::threading"],
        python: &[r#"client: """#],
        ours: &["client: nothing"],
        why: "a handler that writes nothing does not reply; Python sends an empty datagram",
    },
    Difference {
        scenarios: &["long_datagram::*::threading"],
        python: &[r#"client: "8192""#],
        ours: &[r#"client: "20000""#],
        why: "max_packet_size is 65,535 unless set, so everything fits; Python's is 8,192",
    },
    Difference {
        scenarios: &["client_is_gone::unix_datagram::threading"],
        python: &["thread: setup handle finish handle_error(FileNotFoundError) shutdown_request"],
        ours: &["thread: setup handle finish shutdown_request"],
        why: NO_REPLY,
    },
    Difference {
        scenarios: &[
            "client_without_a_name::unix_datagram::threading",
            "client_without_a_name_and_no_reply::unix_datagram::threading",
            "address_of_nobody::unix_datagram::threading",
        ],
        python: &["thread: setup handle finish handle_error(TypeError) shutdown_request"],
        ours: &["thread: setup handle finish shutdown_request"],
        why: NO_REPLY,
    },
    Difference {
        scenarios: &["address_of_path_without_an_end::unix_datagram::threading"],
        python: &[
            "thread: setup handle finish handle_error(OSError) shutdown_request",
            "client: nothing",
        ],
        ours: &[
            "thread: setup handle finish shutdown_request",
            r#"client: "HELLO\n""#,
        ],
        why: "a path may have 108 bytes, the most that the system takes; to Python the last is one too many",
    },
    Difference {
        scenarios: &["reply_of_a_closed_server::*::threading"],
        python: &[
            "thread: setup handle finish handle_error(OSError) shutdown_request",
            "client: nothing",
        ],
        ours: &[
            "thread: setup handle finish shutdown_request",
            r#"client: "6:hello\n;late""#,
        ],
        why: "a live request keeps its socket when the server closes",
    },
    // Addresses.
    Difference {
        scenarios: &["address_of_ipv4::*::threading"],
        python: &[
            "address: server=('127.0.0.1', SERVER) client=('127.0.0.1', CLIENT) host=127.0.0.1 port=CLIENT",
        ],
        ours: &[
            "address: server=127.0.0.1:SERVER client=127.0.0.1:CLIENT host=127.0.0.1 port=CLIENT",
        ],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_ipv6::*::threading"],
        python: &[
            "address: server=('::1', SERVER, 0, 0) client=('::1', CLIENT, 0, 0) host=::1 port=CLIENT",
        ],
        ours: &["address: server=[::1]:SERVER client=[::1]:CLIENT host=::1 port=CLIENT"],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_ipv4_client_of_ipv6::*::threading"],
        python: &[
            "address: server=('::', SERVER, 0, 0) client=('::ffff:127.0.0.1', CLIENT, 0, 0) \
             host=::ffff:127.0.0.1 port=CLIENT",
        ],
        ours: &[
            "address: server=[::]:SERVER client=[::ffff:127.0.0.1]:CLIENT host=127.0.0.1 port=CLIENT",
        ],
        why: "an IPv4 client's host is an IPv4 address, whatever the server listens on",
    },
    Difference {
        scenarios: &["address_of_path::*::threading"],
        python: &["address: server='FOLDER/server' client='FOLDER/client'"],
        ours: &["address: server=FOLDER/server client=FOLDER/client"],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_longest_path|address_of_path_without_an_end::*::threading"],
        python: &["address: server='FOLDER/server' client='PATH'"],
        ours: &["address: server=FOLDER/server client=PATH"],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_abstract_name::*::threading"],
        python: &[r"address: server='FOLDER/server' client=b'\x00FOLDER/client'"],
        ours: &["address: server=FOLDER/server client=@FOLDER/client"],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_abstract_server::unix_stream::threading"],
        python: &[r"address: server=b'\x00FOLDER/server' client='FOLDER/client'"],
        ours: &["address: server=@FOLDER/server client=FOLDER/client"],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_nobody::unix_stream::threading"],
        python: &["address: server='FOLDER/server' client=''"],
        ours: &["address: server=FOLDER/server client=unnamed"],
        why: TEXT,
    },
    Difference {
        scenarios: &["address_of_nobody::unix_datagram::threading"],
        python: &["address: server='FOLDER/server' client=None"],
        ours: &["address: server=FOLDER/server client=unnamed"],
        why: TEXT,
    },
    // A server's life.
    Difference {
        scenarios: &["shutdown_before_serving::tcp::*"],
        python: &["main: soon:shutdown.returned=no server_close server_close.returned"],
        ours: &["main: soon:shutdown.returned=yes server_close server_close.returned"],
        why: "before the first loop shutdown is only remembered; Python waits until that loop has come and gone",
    },
    Difference {
        scenarios: &["shutdown_after_serving::tcp::*"],
        python: &[
            "main: shutdown.returned soon:serve_forever#2.returned=yes",
            "end: serve_forever.returned serve_forever#2.returned",
        ],
        ours: &[
            "main: shutdown.returned soon:serve_forever#2.returned=no",
            "end: serve_forever.returned",
        ],
        why: "to a server that has stopped a shutdown means nothing; in Python it ends the next loop as it begins",
    },
    Difference {
        scenarios: &["shutdown_in_a_handler::tcp::plain"],
        python: &[
            "main: soon:serve_forever.returned=no soon:shutdown_request=no",
            "loop: get_request verify_request process_request setup handle",
        ],
        ours: &[
            "main: soon:serve_forever.returned=yes soon:shutdown_request=yes",
            "loop: get_request verify_request process_request setup handle shutdown.returned finish \
             shutdown_request service_actions",
            "end: serve_forever.returned",
        ],
        why: ASKS,
    },
    Difference {
        scenarios: &["shutdown_in_service_actions::tcp::*"],
        python: &["main: soon:serve_forever.returned=no"],
        ours: &[
            "main: soon:serve_forever.returned=yes",
            "end: serve_forever.returned",
        ],
        why: ASKS,
    },
    Difference {
        scenarios: &["close_while_serving::tcp::*"],
        python: &[
            "main: server_close server_close.returned fileno=-1 soon:serve_forever.returned=no",
        ],
        ours: &[
            "main: server_close server_close.returned fileno=-1 soon:serve_forever.returned=yes",
            "end: serve_forever.returned",
        ],
        why: "closing ends the loop; Python's goes on, and spins",
    },
    Difference {
        scenarios: &["close_with_a_silent_client::*::threading"],
        python: &[
            "main: soon:server_close.returned=no soon:shutdown_request=no",
            "thread: setup handle server_close",
        ],
        ours: &[
            "main: soon:server_close.returned=yes soon:shutdown_request=yes",
            "thread: setup handle server_close finish handle_error(BrokenPipeError) shutdown_request \
             server_close.returned",
        ],
        why: "live requests are cut after drain_timeout; Python waits for them for ever",
    },
    Difference {
        scenarios: &["close_and_whatever_comes_after_it::*::*"],
        python: &[
            "main: fileno=open server_close server_close.returned fileno=-1 server_close \
             server_close.returned shutdown.returned",
        ],
        ours: &[
            "main: fileno=open server_close server_close.returned fileno=-1 server_close.returned \
             shutdown.returned",
        ],
        why: "a server closes once, however often it is told to, and its hook is called once",
    },
    Difference {
        scenarios: &["file_after_close::*::plain"],
        python: &[
            "main: file=True server_close server_close.returned file=True server_close bind.raised",
        ],
        ours: &["main: file=True server_close server_close.returned file=False bind.returned"],
        why: "the file of a Unix socket goes with its server; in Python it stays, and nobody can bind there",
    },
    Difference {
        scenarios: &["bind_beside_another::*::plain"],
        python: &["main: server_close bind.raised server_close server_close.returned"],
        ours: &["main: bind.raised server_close server_close.returned"],
        why: "what could not be bound has never been a server, so there is none to close",
    },
    Difference {
        scenarios: &["bind_after_close::tcp::plain"],
        python: &["main: server_close server_close.returned server_close bind.raised"],
        ours: &["main: server_close server_close.returned bind.returned"],
        why: "allow_reuse_address is on for TCP unless it is turned off; in Python it is off",
    },
];

//! `BaseHTTPRequestHandlerTestCase`. Its requests have the `Host` that this server asks for, and a
//! body where a client waits for `100 Continue`.

use std::time::SystemTime;

use socketserver::http::date_time_string;
use tests::prelude::*;

use crate::harness::{Column, list};
use crate::replies::{Replies, Reply, ask};
use crate::site::Site;

list!(
    test_date_time_string;
    test_unprintable_not_logged, test_http_1_1, test_http_1_0, test_http_0_9, test_extra_space,
    test_with_continue_1_0, test_with_continue_1_1, test_header_buffering_of_send_error,
    test_header_buffering_of_send_response_only, test_header_buffering_of_send_header,
    test_header_unbuffered_when_continue, test_with_continue_rejected, test_request_length,
    test_header_length, test_too_many_headers, test_html_escape_on_error, test_close_connection;
);

const DATA: &str = "<html><body>Data</body></html>\r\n";

fn site(column: Column) -> Site {
    Site::start("cpython::servers::socketless", column, &[])
}

/// `send_typical_request`
#[track_caller]
fn send_typical_request(column: Column, message: impl AsRef<[u8]>) -> Vec<Reply> {
    ask(site(column).address(), message)
}

/// `verify_http_server_response`, `verify_expected_headers` and `verify_get_called`
#[track_caller]
fn verify(reply: &Reply, line: &str, fields: &str) {
    assert_eq!((reply.version, reply.status, &*reply.phrase), (1, 200, "OK"));
    assert!(reply.field("Server").is_some() && reply.field("Date").is_some(), "{reply:?}");
    assert_eq!(reply.field("Content-Type"), Some("text/html"));
    assert_eq!(reply.text(), DATA);
    assert_eq!((reply.field("X-Requestline"), reply.field("X-Seen")), (Some(line), Some(line)));
    assert_eq!(reply.field("X-Fields"), Some(fields));
}

fn test_unprintable_not_logged(column: Column) {
    let site = Site::start("cpython::servers::logging", column, &[]);
    ask(site.address(), "LOG / HTTP/1.1\r\nHost: a\r\n\r\n");
    for text in [
        "/foo",
        "/\\x1bbar\\x00\\x1b",
        "/spam a.",
        "/spam \\x1b\\x7f\\x9f\u{a0}beans.",
        "\"GET /foo\\\\b\"ar\\x07 HTTP/1.0\"",
    ] {
        let line = site.process().error_with("127.0.0.1 ");
        assert!(line.ends_with(&format!("] {text}")), "{line:?}");
    }
}

fn test_http_1_1(column: Column) {
    let replies = send_typical_request(column, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    verify(&replies[0], "GET / HTTP/1.1", "Host=a");
}

fn test_http_1_0(column: Column) {
    let replies = send_typical_request(column, "GET / HTTP/1.0\r\n\r\n");
    verify(&replies[0], "GET / HTTP/1.0", "");
}

fn test_http_0_9(column: Column) {
    let site = site(column);
    let mut client = Client::stream(site.address());
    client.send("GET / HTTP/0.9\r\n\r\n");
    assert_eq!(client.rest_or_reset(), DATA.as_bytes());
}

fn test_extra_space(column: Column) {
    let message = "GET /spaced out HTTP/1.1\r\nHost: dummy\r\n\r\n";
    let replies = send_typical_request(column, message);
    assert_eq!((replies.len(), replies[0].version, replies[0].status), (1, 1, 400));
}

fn test_with_continue_1_0(column: Column) {
    let message = "GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx";
    let replies = send_typical_request(column, message);
    assert_eq!(replies.len(), 1, "no 100");
    verify(&replies[0], "GET / HTTP/1.0", "Expect=100-continue Content-Length=1");
}

const EXPECTS: &str = "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";

fn test_with_continue_1_1(column: Column) {
    let replies = send_typical_request(column, format!("GET / {EXPECTS}x"));
    assert_eq!((replies[0].status, &*replies[0].phrase), (100, "Continue"));
    assert!(replies[0].fields.is_empty());
    verify(&replies[1], "GET / HTTP/1.1", "Host=a Expect=100-continue Content-Length=1");
}

/// In how many pieces the reply to this method leaves. Python's takes two for a page.
fn pieces(column: Column, method: &str) -> (Reply, String) {
    let site = Site::start("cpython::servers::counted", column, &[]);
    let mut replies = ask(site.address(), format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
    (replies.remove(0), site.process().error_with("pieces"))
}

fn test_header_buffering_of_send_error(column: Column) {
    let (reply, pieces) = pieces(column, "ERROR");
    assert_eq!((reply.status, &*pieces), (418, "sent in 1 pieces"));
}

fn test_header_buffering_of_send_response_only(column: Column) {
    let (reply, pieces) = pieces(column, "ONLY");
    assert_eq!((reply.status, &*pieces), (418, "sent in 1 pieces"));
}

fn test_header_buffering_of_send_header(column: Column) {
    let (reply, pieces) = pieces(column, "FIELDS");
    let fields = [("Foo", "foo"), ("bar", "bar")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert!(reply.fields.starts_with(&fields), "{reply:?}");
    assert_eq!(pieces, "sent in 1 pieces");
}

/// The client sends its body only then.
fn test_header_unbuffered_when_continue(column: Column) {
    let site = site(column);
    let mut replies = Replies::new(Client::stream(site.address()));
    replies.client.send(format!("GET / {EXPECTS}"));
    assert_eq!(replies.reply().status, 100);
    replies.client.send("x");
    assert_eq!(replies.reply().status, 200);
}

fn test_with_continue_rejected(column: Column) {
    let replies = send_typical_request(column, format!("GET /rejected {EXPECTS}"));
    assert_eq!((replies[0].status, &*replies[0].phrase), (417, "Expectation Failed"));
    assert_eq!(replies[0].all("Connection").collect::<Vec<_>>(), ["close"]);
    assert_eq!(replies.len(), 1);
}

#[track_caller]
fn refused(column: Column, message: impl AsRef<[u8]>) -> (u16, String) {
    let mut replies = send_typical_request(column, message);
    assert_eq!(replies.len(), 1);
    let reply = replies.remove(0);
    (reply.status, reply.phrase)
}

fn test_request_length(column: Column) {
    let refused = refused(column, format!("GET {}", "x".repeat(65_537)));
    assert_eq!(refused, (414, "URI Too Long".to_owned()));
}

fn test_header_length(column: Column) {
    let refused = refused(column, format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "r".repeat(65_537)));
    assert_eq!(refused, (431, "Line too long".to_owned()));
}

fn test_too_many_headers(column: Column) {
    let fields = "X-Foo: bar\r\n".repeat(101);
    let refused = refused(column, format!("GET / HTTP/1.1\r\n{fields}\r\n"));
    assert_eq!(refused, (431, "Too many headers".to_owned()));
}

fn test_html_escape_on_error(column: Column) {
    let replies = send_typical_request(column, "<script>alert(\"hello\")</script> / HTTP/1.1");
    let page = replies[0].text();
    assert!(page.contains("&lt;script&gt;alert(&quot;hello&quot;)&lt;/script&gt;"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
}

/// Requests are handled until one closes the connection.
fn test_close_connection(column: Column) {
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let count = |paths: &[&str]| {
        let requests: String = paths.iter().map(|path| request(path)).collect();
        send_typical_request(column, requests).len()
    };
    assert_eq!(count(&["/close", "/"]), 1);
    let expected = if column == Column::Inline { 1 } else { 3 };
    assert_eq!(count(&["/", "/", "/close", "/"]), expected);
}

fn test_date_time_string() {
    let now = SystemTime::now();
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_secs();
    let script =
        "import email.utils, sys; print(email.utils.formatdate(int(sys.argv[1]), usegmt=True))";
    let Some(expected) = python_says(script, &[&seconds.to_string()]) else { return };
    assert_eq!(date_time_string(now), expected.trim_end());
}

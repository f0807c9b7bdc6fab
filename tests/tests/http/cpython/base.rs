//! `BaseHTTPServerTestCase`, `HTTP09ServerTestCase` and `RequestHandlerLoggingTestCase`.

use tests::prelude::*;

use crate::harness::{Column, list};
use crate::replies::{Replies, Reply, ask};
use crate::site::Site;

list!(
    ;
    test_command, test_request_line_trimming, test_version_bogus, test_version_digits,
    test_version_signs_and_underscores, test_major_version_number_too_long,
    test_minor_version_number_too_long, test_version_none_get, test_version_none,
    test_version_invalid, test_send_blank, test_header_close, test_header_keep_alive, test_handler,
    test_return_header_keep_alive, test_internal_key_error, test_return_custom_status,
    test_return_explain_error, test_latin1_header, test_error_content_length, test_send_error,
    test_head_via_send_error, test_simple_get, test_invalid_request, test_single_request, test_get,
    test_err;
);

fn site(column: Column) -> Site {
    Site::start("cpython::servers::base", column, &[])
}

/// The first reply to these bytes.
#[track_caller]
fn reply(column: Column, bytes: impl AsRef<[u8]>) -> Reply {
    let site = site(column);
    ask(site.address(), bytes).into_iter().next().expect("a reply")
}

/// The status of the reply to a request with this first line.
#[track_caller]
fn status(column: Column, line: &str) -> u16 {
    reply(column, format!("{line}\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n")).status
}

fn test_command(column: Column) {
    assert_eq!(status(column, "GET / HTTP/1.1"), 501);
}

fn test_request_line_trimming(column: Column) {
    assert_eq!(status(column, "XYZBOGUS / HTTP/1.1\n"), 501);
}

fn test_version_bogus(column: Column) {
    assert_eq!(status(column, "GET / FUBAR"), 400);
}

fn test_version_digits(column: Column) {
    assert_eq!(status(column, "GET / HTTP/9.9.9"), 400);
}

fn test_version_signs_and_underscores(column: Column) {
    assert_eq!(status(column, "GET / HTTP/-9_9_9.+9_9_9"), 400);
}

fn test_major_version_number_too_long(column: Column) {
    assert_eq!(status(column, "GET / HTTP/909876543210.0"), 400);
}

fn test_minor_version_number_too_long(column: Column) {
    assert_eq!(status(column, "GET / HTTP/1.909876543210"), 400);
}

/// A reply to HTTP/0.9 is a body alone; the page says what the status would be.
fn test_version_none_get(column: Column) {
    let site = site(column);
    let mut client = Client::stream(site.address());
    client.send("GET / \r\nHost: localhost\r\n\r\n");
    let page = String::from_utf8(client.rest_or_reset()).expect("text");
    assert!(page.starts_with("<!DOCTYPE HTML>"), "{page}");
    assert!(page.contains("Error code: 501"), "{page}");
}

fn test_version_none(column: Column) {
    assert_eq!(status(column, "CUSTOM / "), 400);
}

fn test_version_invalid(column: Column) {
    assert_eq!(status(column, "GET / HTTP/9.9"), 505);
}

fn test_send_blank(column: Column) {
    assert_eq!(status(column, " / "), 400);
}

fn test_header_close(column: Column) {
    assert_eq!(status(column, "GET / HTTP/1.1\r\nConnection: close"), 501);
}

fn test_header_keep_alive(column: Column) {
    assert_eq!(status(column, "GET / HTTP/1.1\r\nConnection: keep-alive"), 501);
}

fn test_handler(column: Column) {
    assert_eq!(status(column, "TEST / HTTP/1.1"), 204);
}

fn test_return_header_keep_alive(column: Column) {
    let site = site(column);
    let requests = ["KEEP", "TEST"].map(|method| format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
    let mut replies = Replies::new(Client::stream(site.address()));
    replies.client.send(&requests[0]);
    assert_eq!(replies.reply().field("Connection"), Some("keep-alive"));
    replies.client.send(&requests[1]);
    assert_eq!(replies.reply().field("Connection"), Some("close"));
}

fn test_internal_key_error(column: Column) {
    assert_eq!(status(column, "KEYERROR / HTTP/1.1"), 999);
}

fn test_return_custom_status(column: Column) {
    assert_eq!(status(column, "CUSTOM / HTTP/1.1"), 999);
}

fn length(reply: &Reply) -> usize {
    reply.field("Content-Length").expect("a length").parse().expect("a number")
}

fn test_return_explain_error(column: Column) {
    let reply = reply(column, "EXPLAINERROR / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((reply.status, &*reply.phrase), (999, "Short Message"));
    assert!(length(&reply) > 0);
}

fn test_latin1_header(column: Column) {
    let request =
        b"LATINONEHEADER / HTTP/1.1\r\nHost: a\r\nX-Special-Incoming: \xc4rger mit Unicode\r\n\r\n";
    let reply = reply(column, request);
    assert_eq!(reply.field("X-Special"), Some("Dängerous Mind"));
    assert_eq!(reply.text(), "Ärger mit Unicode");
}

fn test_error_content_length(column: Column) {
    let reply = reply(column, "NOTFOUND / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((reply.status, length(&reply)), (404, reply.body.len()));
}

fn has_no_body(reply: &Reply) -> bool {
    let names = ["Content-Length", "Content-Type", "Transfer-Encoding"];
    reply.body.is_empty() && names.iter().all(|name| reply.field(name).is_none())
}

fn test_send_error(column: Column) {
    let site = site(column);
    for code in [204, 304, 102, 205, 101] {
        let request = format!("SEND_ERROR /{code} HTTP/1.1\r\nHost: a\r\n\r\n");
        let replies = ask(site.address(), request);
        assert_eq!(replies[0].status, code);
        assert!(has_no_body(&replies[0]), "{:?}", replies[0]);
    }
}

fn test_head_via_send_error(column: Column) {
    let site = site(column);
    for code in [200, 204, 304, 205, 101] {
        let reply = ask(site.address(), format!("HEAD /{code} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(reply[0].status, code);
        if code == 200 {
            assert!(length(&reply[0]) > 0 && reply[0].body.is_empty());
            assert!(reply[0].field("Content-Type").is_some_and(|kind| kind.contains("text/html")));
        } else {
            assert!(has_no_body(&reply[0]), "{:?}", reply[0]);
        }
    }
}

fn old(column: Column) -> (Site, Client) {
    let site = Site::start("cpython::servers::old", column, &[]);
    let client = Client::stream(site.address());
    (site, client)
}

fn test_simple_get(column: Column) {
    let (_site, mut client) = old(column);
    client.send("GET /index.html\r\n");
    assert_eq!(client.recv_exact(21), b"OK: GET /index.html\r\n");
}

fn test_invalid_request(column: Column) {
    let (_site, mut client) = old(column);
    client.send("POST /index.html\r\n");
    let page = String::from_utf8(client.rest_or_reset()).expect("text");
    assert!(page.contains("Bad HTTP/0.9 request type (&#x27;POST&#x27;)"), "{page}");
}

fn test_single_request(column: Column) {
    let (_site, mut client) = old(column);
    client.send("GET /foo.html\r\n");
    assert_eq!(client.recv_exact(19), b"OK: GET /foo.html\r\n");
    client.try_send("GET /bar.html\r\n");
    assert_eq!(client.rest_or_reset(), b"");
}

fn test_get(column: Column) {
    let site = Site::start("cpython::servers::logging", column, &[]);
    ask(site.address(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let line = site.process().error_with("\"GET / HTTP/1.1\"");
    assert!(line.starts_with("INFO socketserver::http: 127.0.0.1 "), "{line}");
    assert!(line.ends_with("\"GET / HTTP/1.1\" 200 -"), "{line}");
}

fn test_err(column: Column) {
    let site = Site::start("cpython::servers::logging", column, &[]);
    let replies = ask(site.address(), "ERROR / HTTP/1.1\r\nHost: a\r\n\r\n");
    let size = replies[0].body.len();
    let line = site.process().error_with("404");
    assert!(line.ends_with("code 404, message File not found"), "{line}");
    let line = site.process().error_with("404");
    assert!(line.ends_with(&format!("\"ERROR / HTTP/1.1\" 404 {size}")), "{line}");
}

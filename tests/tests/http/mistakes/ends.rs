//! Where replies end, whatever their handlers say.

use tests::prelude::*;

use super::{LARGE, end, get, read_all, site};
use crate::harness::{Column, list};
use crate::replies::{Replies, ask};

list!(
    ;
    lengths_are_kept,
    replies_have_an_end,
    lengths_are_true_without_a_body,
    replies_without_content_say_no_length,
    a_clients_close_outweighs_keep_alive,
    old_clients_get_no_chunks,
    own_chunks_have_an_end,
    keep_alive_is_sent_only_if_true;
);

fn lengths_are_kept(column: Column) {
    let site = site(column);
    assert_eq!(get(&site, "/short").status, 500);
    assert_eq!(get(&site, "/long").status, 500);
    end(site);
}

fn replies_have_an_end(column: Column) {
    let site = site(column);
    let small = get(&site, "/small");
    assert_eq!((small.text().as_str(), small.field("Content-Length")), ("small", Some("5")));
    let large = get(&site, "/large");
    assert_eq!((large.body.len(), large.field("Transfer-Encoding")), (LARGE, Some("chunked")));
    // An old client finds the end by the end of the connection.
    let old = ask(site.address(), "GET /large HTTP/1.0\r\n\r\n");
    assert!(old[0].until_close && old[0].body.len() == LARGE, "{}", old[0].body.len());
    let head = ask(site.address(), "HEAD /small HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((head[0].field("Content-Length"), head[0].body.len()), (Some("5"), 0));
    let none = get(&site, "/no-body");
    assert_eq!((none.status, none.body.len(), none.field("Content-Length")), (204, 0, None));
    end(site);
}

/// A client of a kept connection must know where a reply without a body ends.
fn lengths_are_true_without_a_body(column: Column) {
    let site = site(column);
    let of = |method: &str, path: &str, version: u8| {
        let mut replies = Replies::new(Client::stream(site.address()));
        let line = format!("{method} {path} HTTP/1.{version}");
        replies.client.send(format!("{line}\r\nHost: a\r\nConnection: close\r\n\r\n"));
        replies.next(method == "HEAD").expect("a reply").expect("a reply")
    };
    // The length of a body that GET would have is not known.
    assert_eq!(of("HEAD", "/head-alone", 1).field("Content-Length"), None);
    assert_eq!(of("HEAD", "/fine", 1).field("Content-Length"), Some("4"));
    if column != Column::Inline {
        let mut replies = Replies::new(Client::stream(site.address()));
        replies.client.send("GET /reset HTTP/1.1\r\nHost: a\r\n\r\n");
        let reply = replies.reply();
        let framing = (reply.field("Content-Length"), reply.field("Transfer-Encoding"));
        assert_eq!(framing, (Some("0"), None));
    }
    // A client of HTTP/1.0 would take the first reply for the only one.
    assert_eq!(of("GET", "/early", 0).text(), "final");
}

fn replies_without_content_say_no_length(column: Column) {
    let site = site(column);
    let reply = get(&site, "/no-content");
    let framing = (reply.field("Content-Length"), reply.field("Transfer-Encoding"));
    assert_eq!((reply.status, framing), (204, (None, None)));
    end(site);
}

fn a_clients_close_outweighs_keep_alive(column: Column) {
    let site = site(column);
    let requests = "GET /stays HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\
                    GET /fine HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(ask(site.address(), requests).len(), 1);
}

/// A client of HTTP/1.0 would take the chunks' sizes for a part of the body.
fn old_clients_get_no_chunks(column: Column) {
    let site = site(column);
    let old = |path: &str| ask(site.address(), format!("GET {path} HTTP/1.0\r\n\r\n")).remove(0);
    let small = old("/own-chunks");
    let framing = (small.field("Transfer-Encoding"), small.field("Content-Length"));
    assert_eq!((small.text().as_str(), framing), ("hello!", (None, Some("6"))));
    let large = old("/own-chunks-large");
    assert_eq!((large.body.len(), large.field("Transfer-Encoding")), (LARGE + 6, None));
    assert!(large.until_close);
    // What else it is coded with cannot be undone.
    assert_eq!(old("/other-coding").status, 500);
    end(site);
}

/// A client of a kept connection would wait for the last chunk for ever, or take the next reply for
/// a chunk.
fn own_chunks_have_an_end(column: Column) {
    let site = site(column);
    for (path, length) in [("/own-chunks", 6), ("/own-chunks-large", LARGE + 6)] {
        let reply = get(&site, path);
        let found = (reply.body.len(), reply.field("Transfer-Encoding"));
        assert_eq!(found, (length, Some("chunked")), "{path}");
    }
    let mut client = Client::stream(site.address());
    client.send("GET /other-coding HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let other = String::from_utf8(client.rest()).expect("text");
    assert!(other.contains("\r\nTransfer-Encoding: gzip, chunked\r\n"), "{other}");
    for version in ["HTTP/1.1", "HTTP/1.0"] {
        for path in ["/no-last-chunk", "/no-chunks", "/more-chunks"] {
            let (all, _) = read_all(&site, path, version);
            assert!(all.starts_with(b"HTTP/1.1 500 "), "{path} {version}");
        }
        let (_, was_reset) = read_all(&site, "/no-last-chunk-large", version);
        assert!(was_reset, "{version}");
    }
    end(site);
}

fn keep_alive_is_sent_only_if_true(column: Column) {
    let site = site(column);
    let of = |path: &str, head: &str| {
        let request = format!("GET {path} {head}\r\n\r\n");
        let reply = ask(site.address(), request).remove(0);
        reply.field("Connection").map(str::to_owned)
    };
    let closes = "HTTP/1.1\r\nHost: a\r\nConnection: close";
    assert_eq!(of("/stays", closes).as_deref(), Some("close"));
    let other = ask(site.address(), format!("GET /other-option {closes}\r\n\r\n")).remove(0);
    assert!(other.all("Connection").any(|value| value == "close"), "{other:?}");
    // Its end is that of the connection.
    let old = "HTTP/1.0\r\nConnection: keep-alive";
    assert_eq!(of("/stays-without-end", old).as_deref(), Some("close"));
    for head in [old, "HTTP/1.1\r\nHost: a"] {
        assert_eq!(of("/stays", head).as_deref(), Some("keep-alive"), "{head}");
    }
    end(site);
}

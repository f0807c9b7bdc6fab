//! Handlers that fail or panic, and replies that break off.

use tests::prelude::*;

use super::{end, get, read_all, site};
use crate::harness::{Column, list};
use crate::replies::{Replies, Unread, ask};

list!(
    ;
    errors_and_panics_are_answered,
    broken_replies_look_broken,
    messages_of_clients_make_no_reply_vanish,
    panics_of_overrides_end_the_connection,
    a_status_that_ends_no_request_becomes_500;
);

fn errors_and_panics_are_answered(column: Column) {
    let site = site(column);
    for path in ["/fails", "/panics", "/timeout", "/silent"] {
        let reply = get(&site, path);
        assert_eq!((reply.status, reply.field("Connection")), (500, Some("close")), "{path}");
        assert!(!reply.text().contains("no"), "{path}: {}", reply.text());
    }
    for path in ["/refuses", "/late-refusal"] {
        let reply = get(&site, path);
        assert_eq!(reply.status, 409, "{path}");
        assert!(!reply.text().contains("part"), "{}", reply.text());
    }
    assert!(get(&site, "/refuses").text().contains("Not &lt;now&gt;"));
    end(site);
}

fn broken_replies_look_broken(column: Column) {
    let site = site(column);
    for path in ["/breaks", "/breaks-panicking", "/short-large"] {
        for version in ["HTTP/1.1", "HTTP/1.0"] {
            let (all, was_reset) = read_all(&site, path, version);
            assert!(was_reset, "{path} {version}: {} bytes and an end", all.len());
        }
        let mut replies = Replies::new(Client::stream(site.address()));
        replies.client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let end = replies.next(false);
        assert!(matches!(end, Ok(None) | Err(Unread::Missing)), "{path}: {end:?}");
    }
    end(site);
}

fn messages_of_clients_make_no_reply_vanish(column: Column) {
    let site = site(column);
    let replies = ask(site.address(), "GET /euro HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((replies.len(), replies[0].status, &*replies[0].phrase), (1, 400, "Bad Request"));
}

fn panics_of_overrides_end_the_connection(column: Column) {
    let site = site(column);
    // A page of HTTP/1.0 ends with the connection.
    let (page, was_reset) = read_all(&site, "/page-panics", "HTTP/1.0");
    assert!(was_reset, "{} bytes and an end", page.len());
    let (nothing, _) = read_all(&site, "/head-panics", "HTTP/1.1");
    assert_eq!(nothing, b"");
    let logged = ask(site.address(), "GET /log-panics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(logged[0].text(), "logged");
    let expect = "POST /expect-panics HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
                  Content-Length: 4\r\n\r\n";
    assert_eq!(ask(site.address(), expect)[0].status, 500);
    end(site);
}

/// Such as that of an upstream server, which may be any number.
fn a_status_that_ends_no_request_becomes_500(column: Column) {
    let site = site(column);
    let impossible = [0, 99, 1_000, u16::MAX];
    let pages = impossible.map(|code| format!("/page/{code}"));
    let errors = [100, 101, 103, 199].into_iter().chain(impossible);
    for path in errors.map(|code| format!("/code/{code}")).chain(pages) {
        let reply = get(&site, &path);
        assert_eq!((reply.status, reply.field("Connection")), (500, Some("close")), "{path}");
    }
    assert_eq!(get(&site, "/code/999").status, 999);
    end(site);
}

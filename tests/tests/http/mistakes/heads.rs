//! Heads with wrong fields, or at the wrong time.

use tests::prelude::*;

use super::{end, get, site};
use crate::harness::{Column, list};
use crate::replies::{Replies, ask};

list!(
    ;
    fields_cannot_be_smuggled_into_a_reply,
    heads_have_their_order,
    early_hints_do_not_stand_for_continue,
    old_clients_get_no_other_protocol;
);

fn fields_cannot_be_smuggled_into_a_reply(column: Column) {
    let site = site(column);
    let reply = get(&site, "/injects");
    assert_eq!(reply.text(), "ii.iiiiiiiiiiii.i");
    assert!(!format!("{:?}", reply.fields).contains("Evil"), "{reply:?}");
    end(site);
}

fn heads_have_their_order(column: Column) {
    let site = site(column);
    assert_eq!(get(&site, "/no-head").status, 500);
    assert_eq!(get(&site, "/body-first").status, 500);
    let reply = get(&site, "/twice");
    assert_eq!((reply.status, reply.text().as_str()), (202, "second"));
    assert_eq!(reply.field("X-First"), None);
    end(site);
}

/// A client that waits for 100 goes on waiting after another interim reply.
fn early_hints_do_not_stand_for_continue(column: Column) {
    let site = site(column);
    let mut replies = Replies::new(Client::stream(site.address()));
    let line = "POST /early-body HTTP/1.1\r\nHost: a\r\n";
    replies.client.send(format!("{line}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
    let early = replies.reply();
    assert_eq!((early.status, early.field("Content-Length")), (103, None));
    assert_eq!(replies.reply().status, 100);
    replies.client.send("body");
    assert_eq!(replies.reply().text(), "body");
    end(site);
}

/// HTTP/1.0 has no `Upgrade`: such a client would read the new protocol as a reply.
fn old_clients_get_no_other_protocol(column: Column) {
    let site = site(column);
    let old = ask(site.address(), "GET /switches HTTP/1.0\r\nUpgrade: other\r\n\r\n");
    assert_eq!((old.len(), old[0].status), (1, 500));
    let mut client = Client::stream(site.address());
    client.send("GET /switches HTTP/1.1\r\nHost: a\r\n\r\n");
    let new = String::from_utf8(client.rest()).expect("text");
    assert!(new.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{new}");
    end(site);
}

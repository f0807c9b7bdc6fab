//! Commands without a method, and errors with fields.

use socketserver::http::{BaseHTTPRequestHandler, HTTPError, ReplyWriter, Status};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Replies, Reply};
use crate::site::{Site, serve};

list!(
    ;
    commands_without_a_method_are_answered, errors_have_their_fields,
    own_pages_see_the_fields_of_errors;
);

programs!(standard, paged);

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", standard_methods, methods = [REPORT])]
struct Standard {
    path: String,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Standard {
    fn do_GET(&mut self) -> io::Result<()> {
        match &*self.path {
            "/secret" => Err(HTTPError::new(401).with("WWW-Authenticate", "Basic").into()),
            "/busy" => Err(HTTPError::new((503, "Busy"))
                .with("Retry-After", 120)
                .with("X-Why", "l\u{fc}nch")
                .into()),
            "/evil-value" => Err(HTTPError::new(401).with("X", "a\r\nX-Evil: 1").into()),
            "/evil-name" => Err(HTTPError::new(401).with("X-Evil: 1\r\nX", "a").into()),
            "/evil-text" => Err(HTTPError::new((401, "a\nb")).with("X", "a").into()),
            "/length" => Err(HTTPError::new(401).with("Content-Length", 3).into()),
            _ => self.reply(200, "text/plain", "hello"),
        }
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", "posted")
    }

    fn do_REPORT(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", "reported")
    }
}

fn standard(column: Column, _: &[String]) {
    serve(Builder::<_, _, Standard, _>::new(Tcp::new(), column.concurrency(), ()));
}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", standard_methods)]
struct Paged {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Paged {
    fn do_PUT(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", "put")
    }

    fn send_error(&mut self, status: Status<'_>) -> io::Result<()> {
        self.reply(status.code, "text/plain", format!("{:?}", status.fields))
    }
}

fn paged(column: Column, _: &[String]) {
    serve(Builder::<_, _, Paged, _>::new(Tcp::new(), column.concurrency(), ()));
}

#[track_caller]
fn ask(site: &Site, method: &str, path: &str) -> Reply {
    let mut replies = Replies::new(Client::stream(site.address()));
    replies.client.send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let reply = replies.next(method == "HEAD").expect("a reply of the grammar").expect("a reply");
    replies.client.end();
    // No body follows a reply to HEAD.
    assert_eq!(replies.rest(), b"");
    reply
}

fn commands_without_a_method_are_answered(column: Column) {
    const ALLOWED: &str = "GET, HEAD, POST, OPTIONS, REPORT";
    let site = Site::start("methods::standard", column, &[]);
    let head = ask(&site, "HEAD", "/");
    assert_eq!((head.status, head.field("Content-Length")), (200, Some("5")));
    for path in ["/", "*"] {
        let options = ask(&site, "OPTIONS", path);
        assert_eq!((options.status, options.field("Allow")), (204, Some(ALLOWED)));
    }
    for method in ["PUT", "DELETE", "PATCH", "TRACE"] {
        let refused = ask(&site, method, "/");
        assert_eq!((refused.status, refused.field("Allow")), (405, Some(ALLOWED)), "{method}");
    }
    for (method, path) in [("FOO", "/"), ("get", "/"), ("CONNECT", "a:80")] {
        let unknown = ask(&site, method, path);
        assert_eq!((unknown.status, unknown.field("Allow")), (501, None), "{method}");
    }
    assert_eq!(ask(&site, "REPORT", "/").text(), "reported");
    site.end();
}

fn errors_have_their_fields(column: Column) {
    let site = Site::start("methods::standard", column, &[]);
    for method in ["GET", "HEAD"] {
        let secret = ask(&site, method, "/secret");
        assert_eq!((secret.status, secret.field("WWW-Authenticate")), (401, Some("Basic")));
    }
    let busy = ask(&site, "GET", "/busy");
    assert_eq!((busy.status, &*busy.phrase), (503, "Busy"));
    assert_eq!((busy.field("Retry-After"), busy.field("X-Why")), (Some("120"), Some("l\u{fc}nch")));
    for path in ["/evil-value", "/evil-name", "/length"] {
        let reply = ask(&site, "GET", path);
        assert_eq!(reply.status, 401, "{path}");
        assert!(!format!("{:?}", reply.fields).contains("Evil"), "{reply:?}");
        assert!(reply.text().contains("401"), "{reply:?}");
    }
    let text = ask(&site, "GET", "/evil-text");
    assert_eq!((&*text.phrase, text.field("X")), ("Unauthorized", Some("a")));
    site.end();
}

fn own_pages_see_the_fields_of_errors(column: Column) {
    let site = Site::start("methods::paged", column, &[]);
    let refused = ask(&site, "GET", "/");
    assert_eq!(
        (refused.status, refused.text()),
        (405, r#"[("Allow", "PUT, OPTIONS")]"#.to_owned())
    );
    assert_eq!(ask(&site, "HEAD", "/").status, 405);
    site.end();
}

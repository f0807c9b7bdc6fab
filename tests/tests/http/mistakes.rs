//! What handlers do wrong, and what their clients then see: an error, or a reply that is not whole,
//! but never a wrong one that looks right.

use socketserver::http::{BaseHTTPRequestHandler, HTTPError, ReplyWriter, Status};
use tests::prelude::*;

use crate::harness::{Column, list, programs};
use crate::replies::{Replies, Reply, Unread, ask};
use crate::site::{Site, serve};

list!(
    ;
    errors_and_panics_are_answered,
    broken_replies_look_broken,
    lengths_are_kept,
    replies_have_an_end,
    fields_cannot_be_smuggled_into_a_reply,
    heads_have_their_order,
    lengths_are_true_without_a_body,
    a_clients_close_outweighs_keep_alive,
    messages_of_clients_make_no_reply_vanish,
    early_hints_do_not_stand_for_continue,
    replies_without_content_say_no_length,
    panics_of_overrides_end_the_connection,
    a_status_that_ends_no_request_becomes_500;
);

programs!(mistaken);

/// More than the library keeps for one write.
const LARGE: usize = 100_000;

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Mistaken {
    path: String,
    wfile: ReplyWriter,
    panics_at: &'static str,
}

// A panic that is resumed prints nothing, so that the log shows panics that are not meant.
#[allow(non_snake_case)]
impl Mistaken {
    fn do_GET(&mut self) -> io::Result<()> {
        match &*self.path.clone() {
            "/fine" => self.reply(200, "text/plain", "fine"),
            "/fails" => Err(io::Error::other("no")),
            "/panics" => resume_unwind(Box::new("no")),
            "/refuses" => Err(HTTPError::new((409, "Not <now>")).into()),
            path if path.starts_with("/code/") => {
                Err(HTTPError::new(path[6..].parse::<u16>().expect("a code")).into())
            }
            path if path.starts_with("/page/") => {
                BaseHTTPRequestHandler::send_error(self, path[6..].parse::<u16>().expect("a code"))
            }
            "/late-refusal" => {
                self.begin(None)?;
                self.wfile.write_all(b"part")?;
                Err(HTTPError::new(409).into())
            }
            "/timeout" => Err(ErrorKind::TimedOut.into()),
            "/silent" => Ok(()),
            "/breaks" => {
                self.begin(None)?;
                self.wfile.write_all(&[b'x'; LARGE])?;
                Err(io::Error::other("no"))
            }
            "/breaks-panicking" => {
                self.begin(None)?;
                self.wfile.write_all(&[b'x'; LARGE])?;
                resume_unwind(Box::new("no"))
            }
            "/short" => {
                self.begin(Some(5))?;
                self.wfile.write_all(b"abc")
            }
            "/short-large" => {
                self.begin(Some(LARGE + 1))?;
                self.wfile.write_all(&[b'x'; LARGE])
            }
            "/long" => {
                self.begin(Some(3))?;
                self.wfile.write_all(b"abcd")
            }
            "/small" => {
                self.begin(None)?;
                self.wfile.write_all(b"small")
            }
            "/large" => {
                self.begin(None)?;
                (0..10).try_for_each(|_| self.wfile.write_all(&[b'x'; LARGE / 10]))
            }
            "/no-body" => {
                self.send_response(204)?;
                self.end_headers()?;
                self.wfile.write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            }
            "/injects" => {
                let said = self.inject();
                self.reply(200, "text/plain", said)
            }
            "/reset" => {
                self.send_response(205)?;
                self.end_headers()
            }
            "/early-body" => {
                self.send_response_only(103)?;
                self.send_header("Content-Length", 5)?;
                self.end_headers()?;
                let body = self.body(10)?;
                self.reply(200, "text/plain", body)
            }
            "/no-content" => {
                self.send_response(204)?;
                self.send_header("Content-Length", 5)?;
                self.send_header("Transfer-Encoding", "chunked")?;
                self.end_headers()
            }
            "/page-panics" => {
                self.panics_at = "page";
                Err(io::Error::other("no"))
            }
            "/log-panics" => {
                self.panics_at = "log";
                self.reply(200, "text/plain", "logged")
            }
            "/head-panics" => {
                self.panics_at = "head";
                self.reply(200, "text/plain", "never")
            }
            "/head-alone" => self.begin(None),
            "/stays" => {
                self.send_response(200)?;
                self.send_header("Connection", "keep-alive")?;
                self.send_header("Content-Length", 0)?;
                self.end_headers()
            }
            "/euro" => Err(HTTPError::new((400, "a \u{20ac}\nb")).into()),
            "/early" => {
                self.send_response_only(103)?;
                self.end_headers()?;
                self.reply(200, "text/plain", "final")
            }
            "/no-head" => self.end_headers(),
            "/body-first" => self.wfile.write_all(b"body"),
            "/twice" => {
                self.send_response(200)?;
                self.send_header("X-First", "1")?;
                self.reply(202, "text/plain", "second")
            }
            _ => self.send_error(404.into()),
        }
    }

    fn do_POST(&mut self) -> io::Result<()> {
        self.do_GET()
    }

    /// A page of which a part has left when it panics.
    fn send_error(&mut self, status: Status<'_>) -> io::Result<()> {
        if self.panics_at != "page" {
            return BaseHTTPRequestHandler::send_error(self, status);
        }
        self.begin(None)?;
        self.wfile.write_all(&[b'x'; LARGE])?;
        resume_unwind(Box::new("no"))
    }

    fn end_headers(&mut self) -> io::Result<()> {
        if self.panics_at == "head" {
            resume_unwind(Box::new("no"));
        }
        BaseHTTPRequestHandler::end_headers(self)
    }

    fn log_request(&mut self, _: u16, _: u64) {
        if self.panics_at == "log" {
            resume_unwind(Box::new("no"));
        }
    }

    fn handle_expect_100(&mut self) -> io::Result<bool> {
        if self.path == "/expect-panics" {
            resume_unwind(Box::new("no"));
        }
        Ok(true)
    }

    fn do_HEAD(&mut self) -> io::Result<()> {
        self.do_GET()
    }

    fn begin(&mut self, length: Option<usize>) -> io::Result<()> {
        self.send_response(200)?;
        if let Some(length) = length {
            self.send_header("Content-Length", length)?;
        }
        self.end_headers()
    }

    /// What becomes of each attempt to add a field, as one letter.
    fn inject(&mut self) -> String {
        let letter = |result: io::Result<()>| match result {
            Ok(()) => '.',
            Err(error) if error.kind() == ErrorKind::InvalidInput => 'i',
            Err(_) => '?',
        };
        let mut letters = String::new();
        letters.push(letter(self.send_response((200, "OK\r\nX-Evil: 1"))));
        letters.push(letter(self.send_response((200, "OK\nX-Evil: 1"))));
        letters.push(letter(self.send_response(200)));
        for value in
            ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\0", "a\u{7f}", "\u{20ac}"]
        {
            letters.push(letter(self.send_header("X-Own", value)));
        }
        for name in ["X-Evil: 1\r\nX", "X\nX-Evil", "X-Evil:", "X Evil", "", "X\u{e4}"] {
            letters.push(letter(self.send_header(name, "a")));
        }
        letters.push(letter(self.send_header("X-Own", "\u{e4}\tb")));
        letters.push(letter(self.reply(200, "text/plain\r\nX-Evil: 1", "")));
        letters
    }
}

fn mistaken(column: Column, _: &[String]) {
    serve(Builder::<_, _, Mistaken, _>::new(Tcp::new(), column.concurrency(), ()));
}

fn site(column: Column) -> Site {
    Site::start("mistakes::mistaken", column, &[])
}

/// The one reply to a request.
#[track_caller]
fn get(site: &Site, path: &str) -> Reply {
    let replies = ask(site.address(), format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let [reply] = <[Reply; 1]>::try_from(replies).expect("one reply");
    reply
}

/// Ends a server, whose handlers have done no harm to the next client.
#[track_caller]
fn end(site: Site) {
    assert_eq!(get(&site, "/fine").text(), "fine");
    site.end();
}

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

/// The bytes up to the end of the connection, and whether that was a reset.
fn read_all(site: &Site, path: &str, version: &str) -> (Vec<u8>, bool) {
    let mut client = Client::stream(site.address());
    client.send(format!("GET {path} {version}\r\nHost: a\r\n\r\n"));
    let (mut all, mut buffer) = (Vec::new(), [0; 65_536]);
    loop {
        match client.read(&mut buffer) {
            Ok(0) => return (all, false),
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) => return (all, error.kind() == ErrorKind::ConnectionReset),
        }
    }
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
        assert_eq!(replies.reply().field("Content-Length"), Some("0"));
    }
    // A client of HTTP/1.0 would take the first reply for the only one.
    assert_eq!(of("GET", "/early", 0).text(), "final");
}

fn a_clients_close_outweighs_keep_alive(column: Column) {
    let site = site(column);
    let requests = "GET /stays HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\
                    GET /fine HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(ask(site.address(), requests).len(), 1);
}

fn messages_of_clients_make_no_reply_vanish(column: Column) {
    let site = site(column);
    let replies = ask(site.address(), "GET /euro HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((replies.len(), replies[0].status, &*replies[0].phrase), (1, 400, "Bad Request"));
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

fn replies_without_content_say_no_length(column: Column) {
    let site = site(column);
    let reply = get(&site, "/no-content");
    let framing = (reply.field("Content-Length"), reply.field("Transfer-Encoding"));
    assert_eq!((reply.status, framing), (204, (None, None)));
    end(site);
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
    for code in [0, 99, 100, 101, 103, 199, 1_000, u16::MAX] {
        for path in [format!("/code/{code}"), format!("/page/{code}")] {
            let reply = get(&site, &path);
            assert_eq!((reply.status, reply.field("Connection")), (500, Some("close")), "{path}");
        }
    }
    assert_eq!(get(&site, "/code/999").status, 999);
    end(site);
}

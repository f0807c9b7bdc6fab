//! The requests of the chat's page, without a browser.

use tests::prelude::*;

use crate::chat::Member;
use crate::{Server, needs, text};

/// A chat with a page.
pub(crate) struct Chat {
    pub(crate) server: Server,
    pub(crate) url: String,
    page: Address,
}

impl Chat {
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let usual = ["127.0.0.1:0", "--web", "127.0.0.1:0"];
        let server = Server::start("chat", &[&usual, arguments].concat());
        let line = server.process.line();
        let url = line.strip_prefix("the page is at ").expect("a URL").to_owned();
        let (_, authority) = url.split_once("://").expect("a URL");
        let page = authority.trim_end_matches('/').to_address().expect("an address");
        Chat { server, url, page }
    }

    /// Sends a request with these fields. Returns the connection, of which the reply is unread.
    #[track_caller]
    fn send(&self, line: &str, fields: &str, body: &str) -> Client {
        let mut client = Client::stream(&self.page);
        let host = match fields.contains("Host:") {
            true => String::new(),
            false => format!("Host: {}\r\n", self.page),
        };
        let length = body.len();
        client.send(format!(
            "{line} HTTP/1.1\r\n{host}{fields}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        client
    }

    /// The whole reply.
    #[track_caller]
    fn ask(&self, line: &str, fields: &str, body: &str) -> Reply {
        let reply = String::from_utf8(self.send(line, fields, body).rest()).expect("text");
        let (head, body) = reply.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Lets a member into the room. Returns the field with its cookie.
    #[track_caller]
    fn enter(&self, name: &str) -> String {
        let reply = self.ask("POST /enter", "", name);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let cookie = reply.field("Set-Cookie").expect("a cookie");
        format!("Cookie: {}\r\n", cookie.split(';').next().expect("its value"))
    }

    /// Says something as the member with that cookie.
    #[track_caller]
    fn say(&self, cookie: &str, line: &str) -> u16 {
        self.ask("POST /say", cookie, line).status
    }
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// The lines of a stream of events.
struct Events(BufReader<Client>);

impl Events {
    #[track_caller]
    fn open(chat: &Chat, fields: &str) -> Self {
        let mut events = Events(BufReader::new(chat.send("GET /events", fields, "")));
        assert!(events.line().starts_with("HTTP/1.1 200 "));
        while !events.line().is_empty() {}
        events
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).expect("a line");
        assert_ne!(length, 0, "the stream goes on");
        line.trim_end().to_owned()
    }

    /// Waits for a line of the room, or of an event.
    #[track_caller]
    fn until(&mut self, expected: &str) {
        loop {
            let line = self.line();
            if line == expected {
                return;
            }
            let is_room = ["data: ", "id: ", "event: ", ":", "retry: "]
                .iter()
                .any(|kind| line.starts_with(kind));
            let is_chunk = line.is_empty() || line.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_room || is_chunk, "{line:?} instead of {expected:?}");
        }
    }
}

#[test]
fn members_hear_each_other() {
    for concurrency in ["threading", "green"] {
        let chat = Chat::start(&["--concurrency", concurrency]);
        let mut bob = Member::join(&chat.server, "bob");
        let cookie = chat.enter("ann");
        let mut events = Events::open(&chat, &cookie);
        events.until("data: -- here are: ann, bob");
        assert_eq!(chat.ask("GET /session", &cookie, "").body, "ann");
        assert_eq!(chat.say(&cookie, "hello"), 200);
        bob.types("/me waves");
        events.until("data: ann: hello");
        events.until("data: * bob waves");
        assert_eq!(chat.say(&cookie, "/name anna"), 200);
        events.until("data: -- you are now anna");
        assert_eq!(chat.ask("GET /session", &cookie, "").body, "anna");
        assert_eq!(chat.say(&cookie, &"x".repeat(4_097)), 413);
        events.until("data: -- that line was dropped: it has more than 4096 bytes");
        assert_eq!(chat.say(&cookie, &"x".repeat(4_096)), 200);
        assert_eq!(chat.say(&cookie, "two\r\n\r\ndata: lines\u{7}"), 200);
        assert_eq!(chat.say(&cookie, "over"), 200);
        events.until("event: end");
        events.until("data: You have left the room.");
        assert_eq!(chat.say(&cookie, "hello"), 403);
        assert_eq!(chat.ask("GET /session", &cookie, "").body, "");
        assert_eq!(chat.ask("GET /events", &cookie, "").status, 403);
        bob.hears_only(&[
            "-- ann has joined",
            "ann: hello",
            "-- ann is now anna",
            &format!("anna: {}", "x".repeat(4_096)),
            "anna: two\u{fffd}\u{fffd}\u{fffd}\u{fffd}data: lines\u{fffd}",
            "-- anna has left",
        ]);
        bob.quits();
    }
}

#[test]
fn a_stream_goes_on_after_the_last_event() {
    let chat = Chat::start(&[]);
    let cookie = chat.enter("ann");
    let mut events = Events::open(&chat, &cookie);
    events.until("data: -- here are: ann");
    drop(events);
    assert_eq!(chat.say(&cookie, "one"), 200);
    let mut events = Events::open(&chat, &cookie);
    events.until("data: -- welcome, ann");
    events.until("data: ann: one");
    let id = "-- welcome, ann\n-- here are: ann\nann: one\n".len();
    // Another stream takes the place of the one before.
    for again in [format!("Last-Event-ID: {id}\r\n"), "Last-Event-ID: 99999\r\n".to_owned()] {
        let mut next = Events::open(&chat, &format!("{cookie}{again}"));
        events.until("event: moved");
        assert_eq!(chat.say(&cookie, &again.trim().replace(": ", "-")), 200);
        let mut line = next.line();
        while !line.starts_with("data: ") {
            line = next.line();
        }
        assert_eq!(line, format!("data: ann: {}", again.trim().replace(": ", "-")));
        events = next;
    }
}

#[test]
fn the_page_runs_no_other_script() {
    let chat = Chat::start(&[]);
    let replies = [(); 2].map(|()| chat.ask("GET /", "", ""));
    let policies = replies.each_ref().map(|reply| {
        let policy = reply.field("Content-Security-Policy").expect("a policy");
        let (_, nonce) = policy.split_once("script-src 'nonce-").expect("a nonce");
        let nonce = &nonce[..32];
        assert_eq!(reply.body.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
        assert!(!reply.body.contains("NONCE"));
        for rule in ["default-src 'none'", "base-uri 'none'", "form-action 'none'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(reply.field("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(reply.field("Cache-Control"), Some("no-store"));
        // Nothing of another server, and nothing that makes markup of text.
        let absent = ["http:", "https:", "//cdn", "innerHTML", "insertAdjacent", "eval(", "write("];
        assert_eq!(absent.map(|text| reply.body.contains(text)), [false; 7]);
        nonce.to_owned()
    });
    assert_ne!(policies[0], policies[1]);
    assert_eq!(chat.ask("GET /none", "", "").status, 404);
    assert_eq!(chat.ask("POST /", "", "").status, 404);
    assert_eq!(chat.ask("PUT /say", "", "").status, 501);
}

#[test]
fn other_sites_can_do_nothing() {
    let chat = Chat::start(&["--web-host", "chat.example.org"]);
    let mut bob = Member::join(&chat.server, "bob");
    let reply = chat.ask("POST /enter", "", "ann");
    let cookie = reply.field("Set-Cookie").expect("a cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = format!("Cookie: other=1; {}\r\n", cookie.split(';').next().expect("its value"));
    let port = inet(&chat.page).port();
    for (fields, status) in [
        (format!("Origin: http://{}\r\n", chat.page), 200),
        ("Sec-Fetch-Site: same-origin\r\n".to_owned(), 200),
        (format!("Host: chat.example.org:{port}\r\n"), 200),
        (format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"), 200),
        (format!("Host: localhost:{port}\r\nOrigin: http://{}\r\n", chat.page), 403),
        ("Origin: null\r\n".to_owned(), 403),
        ("Origin: http://127.0.0.1\r\n".to_owned(), 403),
        ("Origin: http://evil.example\r\n".to_owned(), 403),
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), 403),
        ("Sec-Fetch-Site: same-site\r\n".to_owned(), 403),
        (format!("Host: evil.example:{port}\r\nOrigin: http://evil.example:{port}\r\n"), 421),
    ] {
        let fields = format!("{cookie}{fields}");
        assert_eq!(chat.ask("POST /say", &fields, &status.to_string()).status, status, "{fields}");
        if status != 200 {
            assert_eq!(chat.ask("GET /events", &fields, "").status, status, "{fields}");
            assert_eq!(chat.ask("POST /enter", &fields, "eve").status, status, "{fields}");
        }
    }
    for wrong in ["", "Cookie: chat=1\r\n", &cookie.replace('=', "=0")] {
        assert_eq!(chat.ask("POST /say", wrong, "text").status, 403, "{wrong}");
    }
    bob.hears_only(&["-- ann has joined", "ann: 200", "ann: 200", "ann: 200", "ann: 200"]);
    bob.quits();
}

#[test]
fn tls_is_for_the_page_too() {
    let Some(()) = needs("curl", "--version") else { return };
    let authority = Authority::new("page");
    let files = authority.issue(&["localhost", "127.0.0.1"]);
    let chat = Chat::start(&["--tls", text(&files.cert), text(&files.key)]);
    assert!(chat.url.starts_with("https://"), "{}", chat.url);
    let mut curl = Command::new("curl");
    curl.args(["-sSi", "--max-time", "20", "--noproxy", "*", "-d", "ann", "--cacert"]);
    curl.arg(authority.root()).arg(format!("{}enter", chat.url));
    let said = Process::start(&mut curl).ended().passed();
    assert!(said.contains("; HttpOnly; SameSite=Strict; Secure\r\n"), "{said}");
}

#[test]
fn an_address_has_its_share_of_members() {
    // More than the connections of requests that have just been answered.
    let options = ["--max-connections-per-address", "8", "--away-timeout", "3"];
    let chat = Chat::start(&options);
    let mut bob = Member::join(&chat.server, "bob");
    for name in ["ann", "cid", "dan", "fay", "gus", "hal", "ida", "joe"] {
        chat.enter(name);
    }
    let refused = chat.ask("POST /enter", "", "eve");
    let expected = (503, "too many members have come from your address");
    assert_eq!((refused.status, &*refused.body), expected);
    bob.types("/who");
    until("those whose page never listened have left", || {
        let line = bob.line();
        if line.starts_with("-- here are: ") && line != "-- here are: bob" {
            thread::sleep(Duration::from_millis(50));
            bob.types("/who");
        }
        line == "-- here are: bob"
    });
    chat.enter("ann");
    let refused = chat.ask("POST /enter", "", "BOB");
    assert_eq!((refused.status, &*refused.body), (409, "that name is taken"));
}

#[test]
fn a_signal_ends_both_servers() {
    let chat = Chat::start(&["--drain", "0.3"]);
    let cookie = chat.enter("ann");
    let mut events = Events::open(&chat, &cookie);
    events.until("data: -- here are: ann");
    let mut bob = Member::join(&chat.server, "bob");
    let Chat { server, page, .. } = chat;
    server.process.signal(Signal::TERM);
    events.until("data: -- the room closes in 300ms; good-bye");
    bob.hears("-- the room closes in 300ms; good-bye");
    let log = server.end();
    assert_eq!(log.summary()[0], 1, "the room's last line is its own");
    assert!(log.0.contains("web: accepted "), "{}", log.0);
    assert!(Client::try_stream(&page).is_err());
}

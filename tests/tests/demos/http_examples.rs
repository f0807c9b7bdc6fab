//! The examples of HTTP as users run them, with curl and Python as their clients.

use tests::prelude::*;

use crate::{needs, text};

/// A running example that prints its URL.
struct Site {
    process: Process,
    url: String,
}

impl Site {
    #[track_caller]
    fn start(name: &str, arguments: &[&str]) -> Self {
        Self::of(Command::new(example(name)).args(arguments))
    }

    #[track_caller]
    fn of(command: &mut Command) -> Self {
        Self::listening(Process::start(command))
    }

    #[track_caller]
    fn listening(process: Process) -> Self {
        let url = process.line();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Site { process, url }
    }

    /// The lines that curl prints, the last one with an end too.
    #[track_caller]
    fn curl(&self, path: &str, options: &[&str]) -> String {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--path-as-is", "--max-time", "20"]);
        let url = format!("{}{path}", self.url);
        Process::start(command.args(options).arg(url)).ended().passed()
    }

    /// The status of a reply.
    #[track_caller]
    fn status(&self, path: &str, options: &[&str]) -> String {
        let write = ["--output", "/dev/null", "--write-out", "%{http_code}"];
        self.curl(path, &[&write, options].concat()).trim_end().to_owned()
    }

    fn address(&self) -> SocketAddr {
        let address = self.url.trim_start_matches("http://").split('/').next();
        address.and_then(|address| address.parse().ok()).expect("an address")
    }

    /// Drains it. Returns what it has printed since.
    #[track_caller]
    fn end(self) -> String {
        self.process.signal(Signal::TERM);
        self.process.ended().passed()
    }
}

fn has_curl() -> Option<()> {
    needs("curl", "--version")
}

#[test]
fn an_endpoint_answers_curl() {
    let Some(()) = has_curl() else { return };
    let site = Site::start("http_endpoint", &[LOCAL]);
    assert_eq!(site.curl("?name=Ad%C3%A4", &[]), "Hello, Ad\u{e4}.\n");
    assert_eq!(site.curl("", &["--data", "hello"]), "HELLO\n");
    assert_eq!(site.status("", &["--request", "DELETE"]), "501");
    site.end();
}

/// As the services that send webhooks do it.
const SENDER: &str = r#"
import hashlib, hmac, sys, urllib.error, urllib.request

def post(path, body, secret, form="sha256={}"):
    fields = {"X-GitHub-Event": "push"}
    if secret:
        signature = hmac.new(secret, b'{"a": 1}', hashlib.sha256).hexdigest()
        fields["X-Hub-Signature-256"] = form.format(signature)
    request = urllib.request.Request(sys.argv[1].removesuffix("/hook") + path, body, fields)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            print(reply.status, reply.read())
    except urllib.error.HTTPError as error:
        print(error.code, error.reason)

post("/hook", b'{"a": 1}', b"hush")
post("/hook", b'{"a": 2}', b"hush")
post("/hook", b'{"a": 1}', b"hash")
post("/hook", b'{"a": 1}', None)
post("/hook", b'{"a": 1}', b"hush", "sha1={}")
post("/hook", b'{"a": 1}', b"hush", "sha256={}0")
post("/other", b'{"a": 1}', b"hush")
"#;

#[test]
fn a_webhook_is_taken_only_with_its_signature() {
    let mut command = Command::new(example("http_webhook"));
    let site = Site::of(command.arg(LOCAL).env("SECRET", "hush"));
    let Some(seen) = python_says(SENDER, &[&site.url]) else { return };
    let expected = "204 b''\n403 Wrong signature\n403 Wrong signature\n403 No signature\n\
                    403 No signature\n403 No signature\n404 Not Found\n";
    assert_eq!(seen, expected);
    if has_curl().is_some() {
        let folder = Folder::new();
        let file = folder.join("large");
        File::create(&file).and_then(|file| file.set_len(2 << 20)).expect("a file");
        let data = format!("@{}", file.display());
        let signature = format!("X-Hub-Signature-256: sha256={}", "0".repeat(64));
        let large = ["--data-binary", &data, "--header", &signature];
        assert_eq!(site.status("", &large), "413");
        assert_eq!(site.status("", &[]), "501");
    }
    assert_eq!(site.end(), "\"push\" with 8 bytes\n");
}

#[test]
fn a_login_returns_its_code() {
    let Some(()) = has_curl() else { return };
    let mut site = Site::start("http_oauth_callback", &["20"]);
    let (url, state) = site.url.split_once("/callback?state=").expect("a state");
    let (url, state) = (url.to_owned(), state.to_owned());
    site.url = url;
    // As browsers do, to save time.
    let _silent = TcpStream::connect(site.address()).expect("connect");
    assert_eq!(site.status("/favicon.ico", &[]), "404");
    assert_eq!(site.status("/callback?state=0&code=stolen", &[]), "400");
    assert_eq!(site.status(&format!("/callback?state={state}"), &[]), "400");
    let page = site.curl(&format!("/callback?code=12%2F34&state={state}"), &[]);
    assert_eq!(page, "You may close this window.\n");
    assert_eq!(site.process.ended().passed(), "the code is \"12/34\"\n");
}

#[test]
fn a_login_ends_at_its_deadline() {
    let site = Site::start("http_oauth_callback", &["1"]);
    let (status, _, errors) = site.process.wait();
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("expected a login, got none in time"), "{errors}");
}

#[test]
fn metrics_tell_of_another_server() {
    let Some(()) = has_curl() else { return };
    let process = Process::start(Command::new(example("http_metrics")).args([LOCAL, LOCAL]));
    let line = process.line();
    let echo = line.strip_prefix("echo on ").expect("an address").to_address().expect("one");
    let mut site = Site::listening(process);
    site.url = site.url.trim_end_matches("/metrics").to_owned();
    let mut client = Client::stream(&echo);
    client.send("hello");
    assert_eq!(client.recv_exact(5), b"hello");
    until("the bytes are counted", || {
        site.curl("/metrics", &[]).contains("\necho_bytes_total 5\n")
    });
    let text = site.curl("/metrics", &[]);
    for line in ["# TYPE echo_accepted_total counter", "echo_accepted_total 1", "echo_active 1"] {
        assert!(text.lines().any(|other| other == line), "{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        assert!(name.starts_with("echo_") && value.parse::<f64>().is_ok(), "{line}");
    }
    let head = site.curl("/metrics", &["--head"]);
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    let refused = site.curl("/metrics", &["--request", "POST", "--include"]);
    assert!(refused.starts_with("HTTP/1.0 405 Method Not Allowed\r\n"), "{refused}");
    assert!(refused.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"), "{refused}");
    assert_eq!(site.status("/", &[]), "404");
    assert_eq!(site.status("/health", &[]), "200");
    // A client that reads nothing keeps the drain waiting, so that a balancer can ask.
    let mut deaf = TcpStream::connect(inet(&echo)).expect("connect");
    thread::spawn(move || while deaf.write_all(&[0; 65_536]).is_ok() {});
    until("the second client is served", || {
        site.curl("/metrics", &[]).contains("\necho_active 2\n")
    });
    site.process.signal(Signal::TERM);
    until("a balancer gets 503", || site.status("/health", &[]) == "503");
    site.process.ended().passed();
}

#[test]
fn uploads_replace_nothing_and_leave_nothing() {
    let Some(()) = has_curl() else { return };
    let (inbox, own) = (Folder::new(), Folder::new());
    let site = Site::of(
        Command::new(example("http_upload")).arg(inbox.path()).arg(LOCAL).env("TOKEN", "hush"),
    );
    let (notes, large) = (own.join("notes"), own.join("large"));
    fs::write(&notes, "one\n").expect("write");
    File::create(&large).and_then(|file| file.set_len((64 << 20) + 1)).expect("a file");
    let (notes, large) = (text(&notes), text(&large));
    let token = ["--header", "Authorization: Bearer hush"];
    let put = |name: &str, options: &[&str]| site.status(name, &[&token, options].concat());

    assert!(site.curl("", &[]).contains("<form>"));
    assert_eq!(site.status("a", &["--upload-file", notes]), "403");
    assert_eq!(put("a%20b.txt", &["--upload-file", notes]), "201");
    assert_eq!(fs::read(inbox.join("a b.txt")).expect("read"), b"one\n");
    assert_eq!(put("a%20b.txt", &["--upload-file", large]), "413");
    assert_eq!(put("a%20b.txt", &["--upload-file", "/proc/version"]), "409");
    assert_eq!(fs::read(inbox.join("a b.txt")).expect("read"), b"one\n");
    let chunked = ["--header", "Transfer-Encoding: chunked", "--upload-file", large];
    assert_eq!(put("chunked", &chunked), "413");
    for name in ["..%2fx", "%2e%2e", "../x", ".bashrc", "a/b", "a%2Fb", "%00", "a%0Ab", "%ff", "?x"]
    {
        let status = put(name, &["--request", "PUT", "--data", "x"]);
        assert_eq!(status, "400", "{name}");
    }
    // A link is a name like any other: nothing is written where it leads.
    std::os::unix::fs::symlink(own.join("target"), inbox.join("link")).expect("a link");
    assert_eq!(put("link", &["--upload-file", notes]), "409");
    assert!(!own.join("target").exists());
    // A client that leaves in the middle.
    let mut client = TcpStream::connect(site.address()).expect("connect");
    client
        .write_all(
            b"PUT /half HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer hush\r\n\
              Content-Length: 10\r\n\r\nhalf",
        )
        .expect("send");
    let names = || {
        let entries = fs::read_dir(inbox.path()).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("one").file_name()).collect();
        names.sort();
        names
    };
    until("the upload has begun", || names().len() == 3);
    drop(client);
    until("its part is removed", || names() == ["a b.txt", "link"]);
    site.end();
}

#[test]
fn a_fixture_records_requests_of_curl() {
    let Some(()) = has_curl() else { return };
    let mut command = Command::new(example("http_fixture"));
    let said = Process::start(command.args(["curl", "-s", "-d", "hello", "-H", "X-Own: one"]));
    let said = said.ended().passed();
    let (reply, request) = said.split_once("POST /path?query\n").expect("a request");
    assert_eq!(reply, "{}\n");
    assert!(request.contains("    X-Own: one\n"), "{said}");
    assert!(request.contains("    Content-Length: 5\n"), "{said}");
    assert!(request.ends_with("    \"hello\"\nexit status: 0\n"), "{said}");
}

/// A client of `urllib`, which prints the body.
const URLLIB: &str = "
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=20) as reply:
    sys.stdout.buffer.write(reply.read())
";

#[test]
fn clients_are_checked_with_whole_and_broken_replies() {
    let check = |client: &[&str]| {
        let process = Process::start(Command::new(example("http_client_check")).args(client));
        let (status, said, errors) = process.wait();
        let (fine, faults): (Vec<_>, Vec<_>) =
            said.lines().partition(|line| line.ends_with(": ok"));
        assert_eq!(fine.len() + faults.len(), 15, "{said}{errors}");
        let faults: Vec<_> = faults.into_iter().map(str::to_owned).collect();
        assert_eq!(status.code(), Some(faults.len() as i32), "{said}{errors}");
        faults
    };
    // It takes each reply for a whole one, with an empty body.
    let careless = check(&["true"]);
    assert_eq!(careless.len(), 14, "{careless:?}");
    assert!(careless[0].starts_with("length: expected \"hello\", got \"\""), "{careless:?}");
    assert!(careless.last().is_some_and(|last| last == "no-http: expected an error, got \"\""));
    if has_curl().is_some() {
        let faults = check(&["curl", "--silent", "--max-time", "20"]);
        assert!(faults.is_empty(), "{faults:?}");
    }
    if python_says("print(1)", &[]).is_some() {
        // It takes early hints for the reply, and a length that is no number for none.
        let known = |fault: &String| {
            ["early-hints: ", "no-length: "].iter().any(|name| fault.starts_with(name))
        };
        let faults = check(&["python3", "-c", URLLIB]);
        assert!(faults.iter().all(known), "{faults:?}");
    }
}

#[test]
fn a_tunnel_leads_only_where_it_may() {
    let Some(()) = has_curl() else { return };
    let upstream = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let endpoint = Site::start("http_endpoint", &[LOCAL]);
    // A closed port, at an address that no other test uses.
    let (closed, other) = (format!("{}:1", inet(&apart()).ip()), "127.0.0.1:1");
    let (target, page) = (upstream.address().to_string(), endpoint.address().to_string());
    let site = Site::start("http_proxy_connect", &[LOCAL, &target, &page, &closed]);

    let tunnel = ["--proxytunnel", "--proxy", &site.url];
    assert_eq!(endpoint.curl("?name=Ada", &tunnel), "Hello, Ada.\n");

    // The client does not wait for the reply before it sends more.
    let connect = |target: &str, more: &str| {
        let mut client = Client::stream(&site.address().into());
        client.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n{more}"));
        String::from_utf8(client.finish()).expect("text")
    };
    let reply = connect(&target, "early");
    let (head, echo) = reply.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(echo, "early");
    let refused = |target| connect(target, "").lines().next().expect("a status").to_owned();
    assert_eq!(refused(other), "HTTP/1.1 403 Forbidden");
    assert_eq!(refused(&closed), "HTTP/1.1 502 Bad Gateway");
    site.end();
}

//! The server of files with curl, and beside Python's.

use tests::prelude::*;

use crate::command_line::fails;
use crate::{needs, start, text};

/// A folder with a few files.
pub(crate) fn site() -> Folder {
    let folder = Folder::new();
    fs::write(folder.join("hello.txt"), "hello\n").expect("write");
    fs::write(folder.join("noext"), "what is it?").expect("write");
    fs::write(folder.join(".hidden"), "secret").expect("write");
    fs::create_dir(folder.join("sub")).expect("a folder");
    fs::write(folder.join("sub").join("inner.html"), "<p>inner").expect("write");
    fs::write(folder.join("big"), pattern()).expect("write");
    std::os::unix::fs::symlink("/etc/passwd", folder.join("out")).expect("a link");
    std::os::unix::fs::symlink("hello.txt", folder.join("in")).expect("a link");
    folder
}

/// Far more than the buffers of a connection.
fn pattern() -> Vec<u8> {
    (0..32 << 20).map(|place: u32| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A running server.
pub(crate) struct Site {
    process: Process,
    pub(crate) url: String,
    line: String,
}

impl Site {
    #[track_caller]
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let directory = text(folder.path());
        let usual = ["--bind", "127.0.0.1", "--directory", directory, "0"];
        Self::of(start("http-server", &[arguments, &usual].concat()))
    }

    #[track_caller]
    fn of(process: Process) -> Self {
        let line = process.line();
        let (_, url) = line.split_once('(').expect("a URL");
        let url = url.strip_suffix("/) ...").expect("Python's line").to_owned();
        Site { process, url, line }
    }

    fn address(&self) -> Address {
        let (_, authority) = self.url.split_once("://").expect("a URL");
        authority.to_address().expect("an address")
    }

    /// What curl prints for this path and these arguments.
    #[track_caller]
    fn curl(&self, path: &str, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&curl(&format!("{}{path}", self.url), arguments)).into_owned()
    }

    /// The status of the reply for this path.
    #[track_caller]
    fn status(&self, path: &str) -> String {
        self.curl(path, &["--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"])
    }

    /// Ends it by Ctrl-C. Returns what it printed after its first line.
    #[track_caller]
    fn interrupted(self) -> String {
        self.process.signal(Signal::INT);
        let (status, output, log) = self.process.wait();
        assert!(status.success(), "{status}: {log}");
        output
    }
}

#[track_caller]
fn curl(url: &str, arguments: &[&str]) -> Vec<u8> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20", "--noproxy", "*"]).args(arguments).arg(url);
    let ended = curl.output().expect("curl");
    assert!(ended.status.success(), "{arguments:?} {url}: {ended:?}");
    ended.stdout
}

/// Python's line at Ctrl-C.
const INTERRUPTED: &str = "\nKeyboard interrupt received, exiting.\n";

#[test]
fn the_line_is_pythons() {
    let folder = site();
    let server = Site::start(&folder, &[]);
    let directory = text(folder.path());
    let mut python = Command::new("python3");
    python.args(["-u", "-m", "http.server", "-b", "127.0.0.1", "-d", directory, "0"]);
    let Some(()) = needs("python3", "--version") else { return };
    let python = Site::of(Process::start(&mut python));
    let general = |site: &Site| {
        let (_, port) = site.url.rsplit_once(':').expect("a port");
        site.line.replace(port, "PORT")
    };
    assert_eq!(
        general(&server),
        "Serving HTTP on 127.0.0.1 port PORT (http://127.0.0.1:PORT/) ..."
    );
    assert_eq!(general(&server), general(&python));
    for path in ["/hello.txt", "/sub/inner.html", "/noext", "/hello.txt?query#fragment"] {
        assert_eq!(server.curl(path, &[]), python.curl(path, &[]), "{path}");
        let kind = ["-I", "-o", "/dev/null", "-w", "%{http_code} %header{content-length}"];
        assert_eq!(server.curl(path, &kind), python.curl(path, &kind), "{path}");
    }
    for path in ["/none", "/hello.txt/", "/../etc/passwd", "/%2e%2e/etc/passwd", "/%00"] {
        assert_eq!(server.status(path), "404", "{path}");
    }
    assert_eq!(server.status("/sub"), python.status("/sub"));
    assert_eq!(server.interrupted(), INTERRUPTED);
    assert_eq!(python.interrupted(), INTERRUPTED, "so does Python");
}

#[test]
fn each_url_is_printed() {
    let folder = site();
    let directory = text(folder.path());
    for (bind, any, expected) in [
        (&[] as &[_], "0.0.0.0", &["http://127.0.0.1:PORT/"] as &[_]),
        (&["--bind", "::"], "[::]", &["http://127.0.0.1:PORT/", "http://[::1]:PORT/"]),
        (&["--bind", "::1"], "[::1]", &[]),
        (&["--bind", "localhost"], "127.0.0.1", &[]),
    ] {
        let arguments = [bind, &["-d", directory, "0"]].concat();
        let server = Site::of(start("http-server", &arguments));
        let (url, port) = server.url.rsplit_once(':').expect("a port");
        assert_eq!(url, format!("http://{any}"));
        for url in expected {
            let url = url.replace("PORT", port);
            assert_eq!(server.process.line(), format!("  {url}"));
            assert_eq!(curl(&format!("{url}hello.txt"), &["-g"]), b"hello\n");
        }
        let port = port.to_owned();
        let rest = server.interrupted();
        let rest = rest.strip_suffix(INTERRUPTED).expect("Python's line");
        for line in rest.lines() {
            assert!(
                line.starts_with("  http://") && line.ends_with(&format!(":{port}/")),
                "{line}"
            );
        }
        assert!(!expected.is_empty() || rest.is_empty(), "{rest}");
    }
}

#[test]
fn wrong_options_are_usage_errors() {
    let folder = site();
    let cert = folder.join("hello.txt").display().to_string();
    for (arguments, complaint) in [
        (&["99999"] as &[_], "99999"),
        (&["-1"], "-1"),
        (&["http"], "http"),
        (&["--directory", "/no/such/folder"], "/no/such/folder"),
        (&["--directory", &cert], "hello.txt"),
        (&["--bind", "no such host"], "no such host"),
        (&["--protocol", "HTTP/2.0"], "HTTP/2.0"),
        (&["--protocol", "foo"], "foo"),
        (&["--header", "X-Only-A-Name"], "--header"),
        (&["--header", "Not A Token", "x"], "Not A Token"),
        (&["--header", "X-Two", "lines\r\nX-Three: x"], "--header"),
        (&["--content-type", "text/html\r\nX: y"], "--content-type"),
        (&["--tls-key", &cert], "--tls-cert"),
        (&["--tls-password-file", &cert], "--tls-cert"),
        (&["--symlinks", "sometimes"], "sometimes"),
    ] {
        fails("http-server", arguments, 2, complaint);
    }
    fails("http-server", &["--tls-cert", &cert, "0"], 1, "hello.txt");
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
    let taken = taken.local_addr().expect("an address");
    let arguments = ["--bind", "127.0.0.1", &taken.port().to_string()];
    fails("http-server", &arguments, 1, &taken.to_string());
}

#[test]
fn every_concurrency_serves_and_resumes() {
    let folder = site();
    let whole = pattern();
    for concurrency in ["inline", "threading", "forking", "green"] {
        let server = Site::start(&folder, &["--concurrency", concurrency]);
        let into = folder.join("download").display().to_string();
        fs::write(&into, &whole[..1_000_000]).expect("write");
        server.curl("/big", &["-C", "-", "-o", &into]);
        assert!(fs::read(&into).expect("a file") == whole, "{concurrency}");
        assert_eq!(server.curl("/hello.txt", &["-r", "1-3"]), "ell", "{concurrency}");
        assert!(server.curl("/", &[]).contains("hello.txt"), "{concurrency}");
        assert_eq!(server.interrupted(), INTERRUPTED, "{concurrency}");
    }
}

#[test]
fn the_protocol_decides_about_connections() {
    let folder = site();
    for (arguments, version, connections) in [
        (&[] as &[_], "1.1", 1),
        (&["--protocol", "HTTP/1.1"], "1.1", 1),
        (&["-p", "HTTP/1.0"], "1", 2),
    ] {
        let server = Site::start(&folder, arguments);
        let again = format!("{}/noext", server.url);
        let said = ["-o", "/dev/null", "-w", "%{http_version} %{num_connects}\n"];
        let said = server.curl("/hello.txt", &[&said[..], &[&again, "-o", "/dev/null"]].concat());
        let said: Vec<_> = said.lines().filter_map(|line| line.split_once(' ')).collect();
        let all: u32 = said.iter().map(|(_, count)| count.parse::<u32>().expect("a number")).sum();
        assert_eq!(all, connections, "{arguments:?}");
        assert!(said.len() == 2 && said.iter().all(|(shown, _)| *shown == version), "{said:?}");
    }
}

#[test]
fn switches_change_the_served_files() {
    let folder = site();
    let server = Site::start(&folder, &[]);
    let fields = server.curl("/hello.txt", &["-I"]).to_lowercase();
    for absent in ["access-control", "no-store", "x-own"] {
        assert!(!fields.contains(absent), "{fields}");
    }
    for path in ["/.hidden", "/out", "/app/route"] {
        assert_eq!(server.status(path), "404", "{path}");
    }
    assert_eq!(server.curl("/in", &[]), "hello\n", "a link that stays inside");
    assert!(!server.curl("/", &[]).contains(".hidden"));
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let said = server.curl("/hello.txt", &["-i", "-X", method]).to_lowercase();
        assert!(said.starts_with("http/1.1 405 ") && said.contains("allow: get, head"), "{said}");
    }
    let own = ["-H", "X-Own", "yes: it is", "--header", "X-Other", "2", "--cors", "--no-store"];
    let more = ["--content-type", "text/x-unknown", "--hidden", "--symlinks", "always", "--spa"];
    fs::write(folder.join("index.html"), "the program").expect("write");
    let server = Site::start(&folder, &[&own[..], &more].concat());
    for path in ["/noext", "/none.txt"] {
        let fields = server.curl(path, &["-I"]).to_lowercase();
        for field in
            ["x-own: yes: it is", "x-other: 2", "access-control-allow-origin: *", "no-store"]
        {
            assert!(fields.contains(field), "{path}: {field} is not in {fields}");
        }
    }
    let fields = server.curl("/noext", &["-I"]).to_lowercase();
    assert!(fields.contains("content-type: text/x-unknown"), "{fields}");
    assert_eq!(server.curl("/.hidden", &[]), "secret");
    assert!(server.curl("/out", &[]).contains("root:"));
    assert_eq!(server.curl("/app/route", &["-H", "Accept: text/html"]), "the program");
    let preflight = ["-i", "-X", "OPTIONS", "-H", "Origin: http://a", "-H"];
    let preflight = [&preflight[..], &["Access-Control-Request-Method: GET"]].concat();
    let said = server.curl("/noext", &preflight).to_lowercase();
    assert!(said.starts_with("http/1.1 20") && said.contains("access-control-allow-"), "{said}");
    let server = Site::start(&folder, &["--symlinks", "never", "--no-listing"]);
    for path in ["/in", "/sub/"] {
        assert_eq!(server.status(path), "404", "{path}");
    }
}

/// Reads the head of a reply.
#[track_caller]
fn head(client: &mut Client) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(client.recv_exact(1));
    }
    String::from_utf8(head).expect("text")
}

const GET_BIG: &str = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn an_interrupt_ends_idle_connections_and_finishes_downloads() {
    let folder = site();
    for concurrency in ["threading", "green", "forking"] {
        let server = Site::start(&folder, &["--concurrency", concurrency, "--drain", "1000"]);
        let mut idle = Client::stream(&server.address());
        idle.send("GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        head(&mut idle);
        assert_eq!(idle.recv_exact(6), b"hello\n");
        let mut live = Client::stream(&server.address());
        live.send(GET_BIG);
        head(&mut live);
        server.process.signal(Signal::INT);
        assert_eq!(idle.rest(), b"", "{concurrency}");
        assert_eq!(server.process.line(), "");
        assert_eq!(server.process.line(), INTERRUPTED.trim());
        let body = live.recv_exact(32 << 20);
        assert!(body == pattern(), "{concurrency}");
        let (status, output, log) = server.process.wait();
        assert!(status.success() && output.is_empty(), "{concurrency}: {output} {log}");
    }
}

#[test]
fn a_second_interrupt_ends_downloads() {
    let folder = site();
    let server = Site::start(&folder, &["--drain", "1000"]);
    let mut live = Client::stream(&server.address());
    live.send(GET_BIG);
    head(&mut live);
    server.process.signal(Signal::INT);
    assert_eq!(server.process.line(), "");
    server.process.signal(Signal::INT);
    let (status, _, _) = server.process.wait();
    assert_eq!(status.code(), Some(130));
    assert!(live.rest_or_reset().len() < 32 << 20);
}

/// Another signal than Python's.
#[test]
fn a_termination_says_nothing() {
    let server = Site::start(&site(), &[]);
    server.process.signal(Signal::TERM);
    let (status, output, _) = server.process.wait();
    assert!(status.success());
    assert_eq!(output, "");
}

#[test]
fn tls_may_need_a_password() {
    let (folder, authority) = (site(), Authority::new("http"));
    let files = authority.issue(&["localhost", "127.0.0.1"]);
    let (cert, key, root) = (text(&files.cert), text(&files.key), text(authority.root()));
    let both = authority.join("both.pem");
    fs::write(&both, [fs::read(key).expect("a key"), fs::read(cert).expect("one")].concat())
        .expect("write");
    let (locked, password) = (authority.join("locked.pem"), authority.join("password"));
    fs::write(&password, "  höchst geheim \n").expect("write");
    let lock = |word: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(["pkcs8", "-topk8", "-in", key, "-passout", &format!("pass:{word}"), "-out"]);
        assert!(openssl.arg(&locked).status().expect("openssl").success());
    };
    let Some(()) = needs("openssl", "version") else { return };
    lock("höchst geheim");
    let (both, locked_text, word) = (text(&both), text(&locked), text(&password));
    let with_key = ["--tls-cert", cert, "--tls-key"];
    for arguments in [
        &[&with_key[..], &[key]].concat()[..],
        &["--tls-cert", both],
        &["--tls", cert, key],
        &[&with_key[..], &[locked_text, "--tls-password-file", word]].concat(),
        &[&with_key[..], &[key, "--tls-password-file", word]].concat(),
    ] {
        let server = Site::start(&folder, arguments);
        assert!(server.line.starts_with("Serving HTTPS on 127.0.0.1 port "), "{}", server.line);
        let said = server.curl("/hello.txt", &["--cacert", root, "-w", "%{http_version}"]);
        assert_eq!(said, "hello\n1.1", "{arguments:?}");
        // The same files again.
        server.process.signal(Signal::HUP);
        server.process.error_with("reloaded");
        assert_eq!(server.curl("/hello.txt", &["--cacert", root]), "hello\n", "{arguments:?}");
    }
    lock("another");
    let arguments = [&with_key[..], &[locked_text, "--tls-password-file", word, "0"]].concat();
    fails("http-server", &arguments, 1, "locked.pem: the password does not decrypt the key");
    let without = [&with_key[..], &[locked_text, "0"]].concat();
    fails("http-server", &without, 1, "locked.pem");
}

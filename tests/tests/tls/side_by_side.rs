//! The patterns of CPython's users of TLS: the same client of Python's asks a server of Python's
//! and ours.

use tests::prelude::*;

/// The servers' files, and Python's servers with them.
struct Sides {
    authority: Authority,
    files: Files,
}

impl Sides {
    fn new(name: &str) -> Self {
        let authority = Authority::new(name);
        let files = authority.issue(&["localhost"]);
        Sides { authority, files }
    }

    fn context(&self) -> ssl::SSLContext {
        let context = ssl::SSLContext::new();
        context.load_cert_chain(&self.files.cert, &self.files.key).expect("good files")
    }

    /// Starts a server of Python's. Returns it with its port, or `None` if there is no Python.
    fn python(&self, script: &str, mode: &str) -> Option<(Process, String)> {
        let [cert, key] = [&self.files.cert, &self.files.key].map(|path| path.to_str());
        let arguments = [cert.expect("text"), key.expect("text"), mode];
        let server = python(script, &arguments)?;
        let port = server.line();
        Some((server, port))
    }

    /// What a client of Python's says about a server.
    #[track_caller]
    fn ask(&self, client: &str, port: &str) -> String {
        let root = self.authority.root().to_str().expect("text");
        python_says(client, &[port, root]).expect("Python is there")
    }
}

fn port(address: &Address) -> String {
    inet(address).port().to_string()
}

const ECHO: &str = include_str!("python/echo.py");

/// Sends lines in each version, after a client that speaks plain text.
const LINES: &str = r#"
import socket, ssl, sys
address = "127.0.0.1", int(sys.argv[1])
plain = socket.create_connection(address, 20)
plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
    context = ssl.create_default_context(cafile=sys.argv[2])
    context.minimum_version = context.maximum_version = version
    client = context.wrap_socket(socket.create_connection(address, 20), server_hostname="localhost")
    print(client.version(), client.getpeercert()["subject"], client.compression())
    for line in b"FOO\n", b"x" * 1000 + b"\n", bytes(range(64, 96)):
        client.sendall(line)
        got = b""
        while len(got) < len(line):
            got += client.recv(2000)
        print(got)
    client.sendall(b"over\n")
    print(client.recv(100))
"#;

/// Sends the lines of `test_starttls`, without its way back, which this library does not have.
const STARTTLS: &str = r#"
import socket, ssl, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
for line in b"msg 1\n", b"MSG 2\n", b"STARTTLS\n", b"MSG 3\n", b"msg 4\n":
    client.sendall(line)
    print(type(client).__name__, client.recv(100))
    if line == b"STARTTLS\n":
        context = ssl.create_default_context(cafile=sys.argv[2])
        client = context.wrap_socket(client, server_hostname="localhost")
client.sendall(b"over\n")
print(client.recv(100))
"#;

/// The handler of `python/echo.py`.
#[derive(BaseRequestHandler)]
struct Lower {
    request: Socket,
    server: ServerRef<WithContext>,
}

struct WithContext(ssl::SSLContext);

impl BaseServer for WithContext {}

impl Lower {
    fn handle(&self) -> io::Result<()> {
        loop {
            match &*self.request.recv(1024)? {
                b"" | b"over\n" => return Ok(()),
                b"STARTTLS\n" => {
                    self.request.sendall(b"OK\n")?;
                    self.server.0.wrap_socket(&self.request)?;
                }
                data => self.request.sendall(&data.to_ascii_lowercase())?,
            }
        }
    }
}

/// `ThreadedEchoServer` of CPython's `test_ssl`.
fn an_echo_is_the_same<C: Column>() {
    let sides = Sides::new("echo");
    let Some((_python, theirs)) = sides.python(ECHO, "tls") else { return };
    let state = WithContext(sides.context());
    let builder = Server::<Tcp, C, Lower, _>::with(state).tls(sides.context());
    let ours = run(builder, LOCAL);
    let said = sides.ask(LINES, &port(&ours.address()));
    assert!(said.contains(r"b'foo\n'"), "{said}");
    assert_eq!(said, sides.ask(LINES, &theirs));
}

/// The same with `starttls_server=True`.
fn an_echo_with_starttls_is_the_same<C: Column>() {
    let sides = Sides::new("starttls");
    let Some((_python, theirs)) = sides.python(ECHO, "starttls") else { return };
    let state = WithContext(sides.context());
    let ours = run(Server::<Tcp, C, Lower, _>::with(state), LOCAL);
    let said = sides.ask(STARTTLS, &port(&ours.address()));
    assert!(said.contains(r"SSLSocket b'msg 3\n'"), "{said}");
    assert_eq!(said, sides.ask(STARTTLS, &theirs));
}

const IMAP: &str = include_str!("python/imap.py");

/// Logs in before and after STARTTLS.
const LOGIN: &str = r#"
import imaplib, ssl, sys
client = imaplib.IMAP4("localhost", int(sys.argv[1]), timeout=20)
print(client.capabilities)
try:
    client.login("ann", "secret")
except imaplib.IMAP4.error as error:
    print(error)
print(client.starttls(ssl.create_default_context(cafile=sys.argv[2])))
print(client.capabilities, client.login("ann", "secret"))
try:
    client.starttls()
except imaplib.IMAP4.abort as error:
    print(error)
print(client.logout())
"#;

/// The handler of `python/imap.py`.
#[derive(StreamRequestHandler)]
struct Mailbox {
    request: Socket,
    server: ServerRef<WithContext>,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Mailbox {
    fn handle(&mut self) -> io::Result<()> {
        self.say("* OK ready")?;
        loop {
            let line = self.rfile.readline(1000)?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut words = line.split_whitespace();
            let (Some(tag), Some(verb)) = (words.next(), words.next()) else { return Ok(()) };
            let has_tls = self.request.ssl().is_some();
            match &*verb.to_ascii_uppercase() {
                "CAPABILITY" => {
                    let more = if has_tls { "" } else { " STARTTLS" };
                    self.say(&format!("* CAPABILITY IMAP4rev1{more}"))?;
                    self.say(&format!("{tag} OK done"))?;
                }
                "STARTTLS" => {
                    self.say(&format!("{tag} OK begin"))?;
                    self.server.0.wrap_socket(&self.request)?;
                }
                "LOGIN" if has_tls => self.say(&format!("{tag} OK welcome"))?,
                "LOGIN" => self.say(&format!("{tag} NO not in plain text"))?,
                "LOGOUT" => {
                    self.say("* BYE good-bye")?;
                    return self.say(&format!("{tag} OK done"));
                }
                _ => self.say(&format!("{tag} BAD what?"))?,
            }
        }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        write!(self.wfile, "{text}\r\n")
    }
}

/// The server of CPython's `test_imaplib`.
fn a_mailbox_is_the_same<C: Column>() {
    let sides = Sides::new("mailbox");
    let Some((_python, theirs)) = sides.python(IMAP, "") else { return };
    let state = WithContext(sides.context());
    let ours = run(Server::<Tcp, C, Mailbox, _>::with(state), LOCAL);
    let said = sides.ask(LOGIN, &port(&ours.address()));
    assert!(said.contains("[b'welcome']"), "{said}");
    assert_eq!(said, sides.ask(LOGIN, &theirs));
}

matrix!(columns: an_echo_is_the_same, an_echo_with_starttls_is_the_same, a_mailbox_is_the_same);

const HTTPS: &str = include_str!("python/https.py");

/// Asks for a page beside a client that says nothing.
const PAGE: &str = r#"
import http.client, socket, ssl, sys
silent = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
context = ssl.create_default_context(cafile=sys.argv[2])
client = http.client.HTTPSConnection("localhost", int(sys.argv[1]), timeout=2, context=context)
try:
    client.request("GET", "/")
    print(client.getresponse().read().decode())
except TimeoutError:
    print("nothing in 2 s")
"#;

/// The intended difference: in Python one silent client stops the whole server.
fn a_silent_client_stops_no_page<C: Concurrent>() {
    let sides = Sides::new("pages");
    let Some((_python, theirs)) = sides.python(HTTPS, "") else { return };
    assert_eq!(sides.ask(PAGE, &theirs), "nothing in 2 s\n");
    let page = |request: Socket, _: Address| {
        let mut rfile = request.makefile(-1, 0).0;
        while rfile.readline(1000)?.len() > 2 {}
        request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    };
    let ours = run(Server::<Tcp, C, _, _>::handling(page).tls(sides.context()), LOCAL);
    assert_eq!(sides.ask(PAGE, &port(&ours.address())), "hello\n");
}

matrix!(concurrent: a_silent_client_stops_no_page);

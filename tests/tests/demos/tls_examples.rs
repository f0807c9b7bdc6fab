//! The examples with TLS as users run them, with clients that they name.

use tests::prelude::*;

use crate::{needs, text};

/// An example with its log, at a free port.
struct Example {
    process: Process,
    port: String,
}

impl Example {
    #[track_caller]
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(example(name));
        command.arg(LOCAL).args(arguments).env("RUST_LOG", "info");
        let process = Process::start(&mut command);
        let line = process.error_with("listening on ");
        let port = line.rsplit(':').next().expect("a port").to_owned();
        Example { process, port }
    }

    fn address(&self) -> Address {
        format!("127.0.0.1:{}", self.port).to_address().expect("an address")
    }

    /// Waits for its end after a signal, with success.
    #[track_caller]
    fn end(self) {
        self.process.signal(Signal::TERM);
        self.process.ended().passed();
    }
}

/// Asks for a page, with a certificate or without.
const PAGE: &str = r#"
import http.client, ssl, sys
port, root, own = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
context = ssl.create_default_context(cafile=root)
if own:
    context.load_cert_chain(*own)
client = http.client.HTTPSConnection("localhost", port, timeout=20, context=context)
client.request("GET", "/")
print(client.getresponse().read().decode(), end="")
"#;

#[test]
fn a_page_names_session_and_client() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let (files, own) = (authority.issue(&["localhost"]), clients.issue(&["client"]));
    let root = text(authority.root());
    let arguments = [text(&files.cert), text(&files.key), "--clients", text(clients.root())];
    let server = Example::start("tls", &arguments);
    let page = |own: &[&str]| python_says(PAGE, &[&[&server.port, root], own].concat());
    let Some(without) = page(&[]) else { return };
    let session = "TLSv1.3, TLS13_AES_256_GCM_SHA384, for localhost";
    assert_eq!(without, format!("{session}, client with no certificate\n"));
    let with = page(&[text(&own.cert), text(&own.key)]);
    assert_eq!(with, Some(format!("{session}, client with a trusted certificate\n")));
    server.end();
}

/// What `openssl s_client` says about the certificate of a host, and the page that it gets.
fn s_client_asks(server: &Example, authority: &Authority, host: &str) -> (String, String) {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-no_ign_eof", "-verify_return_error", "-servername", host]);
    command.args(["-verify_hostname", host, "-CAfile", text(authority.root())]);
    command.arg("-connect").arg(format!("127.0.0.1:{}", server.port));
    let mut client = Process::start(&mut command);
    // It takes input only after its handshake.
    let mut certificate = Vec::new();
    loop {
        let line = client.line();
        match &*line {
            "-----BEGIN CERTIFICATE-----" => certificate.clear(),
            "-----END CERTIFICATE-----" => break,
            _ => certificate.push(line),
        }
    }
    client.write("GET / HTTP/1.1\r\n\r\n");
    loop {
        let line = client.line();
        if line.contains(", client with ") {
            return (certificate.concat(), line);
        }
    }
}

#[test]
fn each_host_has_its_certificate_until_a_signal() {
    let Some(()) = needs("openssl", "version") else { return };
    let authority = Authority::new("hosts");
    let (one, other) = (authority.issue(&["one.example"]), authority.issue(&["other.example"]));
    let paths = [text(&one.cert), text(&one.key), text(&other.cert), text(&other.key)];
    let server = Example::start("tls", &paths);
    let (first, page) = s_client_asks(&server, &authority, "one.example");
    assert!(page.contains(", for one.example, "), "{page}");
    let (second, _) = s_client_asks(&server, &authority, "other.example");
    assert_ne!(first, second);
    let fresh = authority.issue(&["one.example"]);
    fs::copy(&fresh.cert, &one.cert).expect("copy");
    fs::copy(&fresh.key, &one.key).expect("copy");
    server.process.signal(Signal::HUP);
    server.process.error_with("reloaded ");
    let (renewed, _) = s_client_asks(&server, &authority, "one.example");
    assert_ne!(renewed, first);
    assert_eq!(s_client_asks(&server, &authority, "other.example").0, second);
    server.end();
}

/// Connections to these ports, one after the other, of which each may go on with the session of the
/// one before.
const SESSIONS: &str = r#"
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
context.maximum_version = getattr(ssl.TLSVersion, sys.argv[1])
session, reused = None, []
for port in sys.argv[3:]:
    plain = socket.create_connection(("127.0.0.1", int(port)), 20)
    client = context.wrap_socket(plain, server_hostname="localhost", session=session)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert b", client with " in client.recv(1000)
    session = client.session
    reused.append(client.session_reused)
    client.close()
print(*reused)
"#;

#[test]
fn a_session_goes_on_in_another_process() {
    let authority = Authority::new("processes");
    let (files, keys) = (authority.issue(&["localhost"]), authority.join("keys"));
    fs::write(&keys, "5eed".repeat(16)).expect("write");
    let own = [text(&files.cert), text(&files.key)];
    let shared = [own[0], own[1], "--tickets", text(&keys)];
    let [one, other, alone] =
        [&shared[..], &shared, &own].map(|arguments| Example::start("tls", arguments));
    let ports = [&*one.port, &other.port, &one.port, &alone.port];
    for version in ["TLSv1_2", "TLSv1_3"] {
        let arguments = [&[version, text(authority.root())], &ports[..]].concat();
        let Some(said) = python_says(SESSIONS, &arguments) else { return };
        assert_eq!(said, "False True True False\n", "{version}");
    }
    for server in [one, other, alone] {
        server.end();
    }
}

/// Sends a message, which the server takes only with TLS.
const MAIL: &str = r#"
import smtplib, ssl, sys
client = smtplib.SMTP("localhost", int(sys.argv[1]), local_hostname="client", timeout=20)
client.ehlo()
assert client.has_extn("starttls")
try:
    client.sendmail("ann@example.org", ["bob@example.org"], "too early")
except smtplib.SMTPResponseException as error:
    print(error.smtp_code, error.smtp_error.decode())
client.starttls(context=ssl.create_default_context(cafile=sys.argv[2]))
client.ehlo()
assert not client.has_extn("starttls")
client.sendmail("ann@example.org", ["bob@example.org"], "Subject: dots\n\n.one\n..two\n")
client.docmd("DATA")
client.send(b"one for a server that takes a line feed alone for a line's end\n.\nNOOP\r\n")
print(client.sock.version(), client.sock.recv(100))
"#;

#[test]
fn mail_comes_after_starttls() {
    let authority = Authority::new("mail");
    let files = authority.issue(&["localhost"]);
    let server = Example::start("starttls", &[text(&files.cert), text(&files.key)]);
    let Some(said) = python_says(MAIL, &[&server.port, text(authority.root())]) else { return };
    assert_eq!(said, "530 STARTTLS first\nTLSv1.3 b''\n");
    let line = server.process.error_with("a message of ");
    assert!(line.ends_with(r#"a message of 26 bytes: "Subject: dots\n\n.one\n..two\n""#), "{line}");
    server.end();
}

#[test]
fn s_client_starts_tls_too() {
    let Some(()) = needs("openssl", "version") else { return };
    let authority = Authority::new("starttls");
    let files = authority.issue(&["localhost"]);
    let server = Example::start("starttls", &[text(&files.cert), text(&files.key)]);
    let mut command = Command::new("openssl");
    command.args(["s_client", "-quiet", "-no_ign_eof", "-starttls", "smtp"]);
    command.args(["-verify_return_error", "-verify_hostname", "localhost"]);
    command.args(["-CAfile", text(authority.root())]);
    command.arg("-connect").arg(format!("127.0.0.1:{}", server.port));
    let mut client = Process::start(&mut command);
    // The last answer before the handshake.
    client.error_with("250 STARTTLS");
    client.write("EHLO client\r\nQUIT\r\n");
    assert_eq!(client.line(), "250 localhost\r");
    assert_eq!(client.line(), "221 good-bye\r");
    server.end();
}

/// A command that an attacker has put behind `STARTTLS` was not protected.
#[test]
fn early_commands_are_not_obeyed() {
    let authority = Authority::new("injected");
    let files = authority.issue(&["localhost"]);
    let server = Example::start("starttls", &[text(&files.cert), text(&files.key)]);
    let mut client = Client::stream(&server.address());
    client.send("EHLO client\r\nSTARTTLS\r\nMAIL FROM:<evil@example.org>\r\n");
    let answer = String::from_utf8(client.rest_or_reset()).expect("text");
    assert!(!answer.contains("250 ok"), "{answer}");
    server.process.error_with("unread");
    server.end();
}

//! Programs that look for weaknesses, and another make of client.

use tests::prelude::*;

/// A client that is neither of OpenSSL nor of `rustls`.
fn gnutls_gets_its_line_back<C: Column>() {
    if !has_program("gnutls-cli", "--version") {
        return;
    }
    let authority = Authority::new("gnutls");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(authority.context()), LOCAL);
    let port = inet(&server.address()).port().to_string();
    for (priority, version) in
        [("NORMAL:-VERS-ALL:+VERS-TLS1.2", "(TLS1.2"), ("NORMAL:-VERS-ALL:+VERS-TLS1.3", "(TLS1.3")]
    {
        let mut command = Command::new("gnutls-cli");
        command.args(["--port", &port, "--priority", priority, "--verify-hostname", "localhost"]);
        command.arg("--x509cafile").arg(authority.root()).arg("127.0.0.1");
        let mut client = Process::start(&mut command);
        let mut said = String::new();
        while !said.contains("Simple Client Mode") {
            said += &(client.line() + "\n");
        }
        assert!(said.contains(version) && said.contains("certificate is trusted"), "{said}");
        client.write("hello\n");
        while client.line() != "hello" {}
        client.end_input();
        assert!(client.wait().0.success());
    }
    until("both are counted", || server.stats().finished == 2);
}

matrix!(columns: gnutls_gets_its_line_back);

/// Old versions, weak ciphers, renegotiation and compression are not there.
#[test]
fn sslscan_finds_no_weakness() {
    if !has_program("sslscan", "--version") {
        return;
    }
    let authority = Authority::new("scanned");
    let server = run(ThreadingTCPServer::<Echo>::builder().tls(authority.context()), LOCAL);
    let mut command = Command::new("sslscan");
    // Its search for groups waits for answers that no server gives.
    command.args(["--no-colour", "--no-groups", "--sni-name=localhost"]);
    command.arg(server.address().to_string());
    let said = Process::start(&mut command).ended().passed();
    let lines: Vec<String> = said.lines().map(spaced).collect();
    for expected in [
        "SSLv2 disabled",
        "SSLv3 disabled",
        "TLSv1.0 disabled",
        "TLSv1.1 disabled",
        "TLSv1.2 enabled",
        "TLSv1.3 enabled",
        "Session renegotiation not supported",
        "TLSv1.3 not vulnerable to heartbleed",
        "TLSv1.2 not vulnerable to heartbleed",
    ] {
        assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {said}");
    }
    let is_cipher = |line: &&String| line.starts_with("Preferred") || line.starts_with("Accepted");
    let ciphers: Vec<_> = lines.iter().filter(is_cipher).collect();
    // Authenticated encryption, with keys that are forgotten.
    let is_strong = |line: &&&String| {
        (line.contains("GCM") || line.contains("CHACHA20")) && line.contains(" DHE ")
    };
    assert_eq!(ciphers.iter().filter(is_strong).count(), ciphers.len(), "{said}");
    assert_eq!(ciphers.len(), 6, "{said}");
}

/// The words of a line with a space between each two.
fn spaced(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

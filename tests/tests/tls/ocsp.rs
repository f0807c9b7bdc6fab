//! What an authority says about a certificate, sent with it.

use socketserver::ssl::SSLContext;
use tests::prelude::*;

/// What `openssl ocsp` makes for a certificate whose line of the authority's index begins with
/// `entry`: a file.
fn response(authority: &Authority, files: &Files, entry: &str) -> PathBuf {
    let path = |name: &str| authority.join(name);
    let serial = files.serial;
    let line = format!("{entry}\t{serial:02X}\tunknown\t/CN=any\n");
    fs::write(path("index"), line).expect("write");
    fs::write(path("root.key"), authority.key_pem()).expect("write");
    let mut command = Command::new("openssl");
    command.args(["ocsp", "-ndays", "7", "-noverify"]).arg("-index").arg(path("index"));
    command.arg("-rkey").arg(path("root.key"));
    for option in ["-rsigner", "-CA", "-issuer"] {
        command.arg(option).arg(authority.root());
    }
    // `-issuer` counts for the certificates behind it.
    command.arg("-cert").arg(&files.cert);
    let made = path(&format!("response-{serial}.der"));
    Process::start(command.arg("-respout").arg(&made)).ended().passed();
    made
}

const GOOD: &str = "V\t401230000000Z\t";
const REVOKED: &str = "R\t401230000000Z\t250101000000Z";

/// What `openssl s_client` gets, in its words.
fn status(address: &Address) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-status", "-servername", "localhost", "-connect"]);
    let said = Process::start(command.arg(address.to_string())).ended().passed();
    let lines = said.lines().filter(|line| {
        line.starts_with("OCSP response: ") || line.trim_start().starts_with("Cert Status: ")
    });
    lines.map(str::trim).collect::<Vec<_>>().join(", ")
}

fn a_client_gets_the_response_until_it_expires<C: Column>() {
    if !has_program("openssl", "version") {
        return;
    }
    let lines = keep_lines(LevelFilter::Warn);
    let authority = Authority::new("stapled");
    let files = authority.issue(&["localhost"]);
    let file = response(&authority, &files, GOOD);
    let context = SSLContext::new().load_cert_chain(&files.cert, &files.key).expect("good");
    let context = context.ocsp_response(&file).expect("good");
    let server = run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL);
    assert_eq!(status(&server.address()), "OCSP response:, Cert Status: good");
    // The time after which there is a newer one is the last of three.
    let mut bytes = fs::read(&file).expect("read");
    let is_year = |at: &usize| bytes[*at..].starts_with(b"\x18\x0f20");
    let last = (0..bytes.len()).filter(is_year).nth(2).expect("three times");
    bytes[last + 2..last + 6].copy_from_slice(b"2020");
    fs::write(&file, bytes).expect("write");
    context.reload().expect("good");
    assert_eq!(status(&server.address()), "OCSP response: no response sent");
    let path = file.display();
    let line = format!("{path}: expired on 2020-");
    assert!(matches!(lines.about(&line)[..], [(log::Level::Warn, _)]));
}

matrix!(columns: a_client_gets_the_response_until_it_expires);

#[test]
fn faults_of_responses() {
    if !has_program("openssl", "version") {
        return;
    }
    let authority = Authority::new("responses");
    let (files, other) = (authority.issue(&["localhost"]), authority.issue(&["other"]));
    let context = || SSLContext::new().load_cert_chain(&files.cert, &files.key).expect("good");
    let cert = files.cert.display();
    let wrong = |file: &Path, fault: &str| {
        let error = context().ocsp_response(file).expect_err("a bad response");
        assert_eq!(error.to_string(), format!("{}: {fault}", file.display()));
    };
    let about_another = response(&authority, &other, GOOD);
    wrong(&about_another, &format!("is about another certificate than that in {cert}"));
    let revoked = response(&authority, &files, REVOKED);
    wrong(&revoked, &format!("says that {cert} is revoked"));
    let good = fs::read(response(&authority, &files, GOOD)).expect("read");
    let file = authority.join("any.der");
    for length in 0..good.len() {
        fs::write(&file, &good[..length]).expect("write");
        wrong(&file, "is no OCSP response in DER");
    }
    fs::write(&file, [0x30, 3, 0x0a, 1, 6]).expect("write");
    wrong(&file, "is no OCSP response but a refusal: unauthorized");
    fs::write(&file, [0x30, 3, 0x0a, 1, 9]).expect("write");
    wrong(&file, "is no OCSP response but a refusal: an unknown status");
    let error = SSLContext::new().ocsp_response(&file).expect_err("too early");
    let expected = "expected load_cert_chain before ocsp_response, got no certificate";
    assert_eq!(error.to_string(), expected);
}

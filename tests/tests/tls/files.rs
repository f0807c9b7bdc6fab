//! Errors name the file and its fault.

use std::os::unix::fs::PermissionsExt;

use rcgen::{KeyPair, date_time_ymd};
use socketserver::ssl::SSLContext;
use tests::prelude::*;

/// The error for two files, in which `{}` is the folder.
#[track_caller]
fn wrong(authority: &Authority, cert: &Path, key: &Path, expected: &str) {
    let error = SSLContext::new().load_cert_chain(cert, key).expect_err("a bad file");
    let folder = authority.join("");
    let expected = expected.replace("{}", folder.to_str().expect("text"));
    assert_eq!(error.to_string(), expected);
}

/// A file beside the certificates.
fn file(authority: &Authority, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = authority.join(name);
    fs::write(&path, content).expect("write");
    path
}

#[test]
fn files_that_are_not_there_or_something_else() {
    let authority = Authority::new("files");
    let Files { cert, key, .. } = authority.issue(&["localhost"]);
    let none = authority.join("none.pem");
    let missing = "{}none.pem: cannot be read: No such file or directory (os error 2)";
    wrong(&authority, &none, &key, missing);
    wrong(&authority, &cert, &none, missing);
    let swapped = "{}files-1.key: has no certificate but a private key: swapped?";
    wrong(&authority, &key, &cert, swapped);
    let twice = "{}files-1.pem: has no private key but a certificate: swapped?";
    wrong(&authority, &cert, &cert, twice);
    let text = file(&authority, "text", "a letter");
    wrong(&authority, &text, &key, "{}text: has no certificate");
    let damaged = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let damaged = file(&authority, "damaged", damaged);
    wrong(&authority, &damaged, &key, "{}damaged: is not PEM, or damaged");
}

#[test]
fn keys_that_do_not_belong() {
    let authority = Authority::new("root");
    let middle = authority.below("middle");
    let (one, other) = (middle.issue(&["one"]), middle.issue(&["other"]));
    let foreign =
        "{}middle-2.key: the key does not belong to the first certificate of {}middle-1.pem";
    wrong(&authority, &one.cert, &other.key, foreign);
    // The chain upside down.
    let chain = fs::read_to_string(&one.cert).expect("read");
    let second = chain.rfind("-----BEGIN").expect("two");
    let turned = file(&authority, "turned", chain[second..].to_owned() + &chain[..second]);
    let first = "{}turned: the server's own certificate comes first, and is number 2";
    wrong(&authority, &turned, &one.key, first);
    // Both in one file.
    let both = chain + &fs::read_to_string(&one.key).expect("read");
    let both = file(&authority, "both", both);
    SSLContext::new().load_cert_chain(&both, &both).expect("good");
}

/// Made by OpenSSL, in the forms that people have.
#[test]
fn files_of_other_forms() {
    if !has_program("openssl", "version") {
        return;
    }
    let authority = Authority::new("forms");
    let Files { cert, key, .. } = authority.issue(&["localhost"]);
    let openssl = |line: &str| {
        let folder = authority.join("");
        let words = line.split(' ').map(|word| word.replace("{}", folder.to_str().expect("text")));
        Process::start(Command::new("openssl").args(words)).ended().passed();
    };
    openssl("pkey -in {}forms-1.key -aes128 -passout pass:secret -out {}new.key");
    openssl("genrsa -out {}old.rsa 2048");
    openssl("rsa -in {}old.rsa -traditional -aes128 -passout pass:secret -out {}old.key");
    for name in ["new.key", "old.key"] {
        let expected = format!(
            "{{}}{name}: is encrypted; `openssl pkey -in {{}}{name} -out NEW` removes the password"
        );
        wrong(&authority, &cert, &authority.join(name), &expected);
        // The command does what the error says, and asks for the password if it is not given.
        openssl(&format!("pkey -in {{}}{name} -out {{}}open.key -passin pass:secret"));
        let opened = SSLContext::new().load_cert_chain(&cert, authority.join("open.key"));
        match opened {
            Ok(_) => assert_eq!(name, "new.key"),
            Err(error) => assert!(error.to_string().contains("does not belong"), "{error}"),
        }
    }
    openssl("x509 -in {}forms-1.pem -outform DER -out {}cert.der");
    let der = "{}cert.der: is DER, expected PEM; `openssl x509 -inform DER` or `openssl pkey` \
               converts it";
    wrong(&authority, &authority.join("cert.der"), &key, der);
    openssl("pkcs12 -export -in {}forms-1.pem -inkey {}forms-1.key -passout pass: -out {}all.p12");
    let p12 = "{}all.p12: is PKCS#12, expected PEM; `openssl pkcs12 -nodes` converts it";
    wrong(&authority, &authority.join("all.p12"), &key, p12);
    for (kind, expected) in [
        ("rsa:1024", "RSA of 1024 bits, expected 2048 to 4096"),
        ("ed448", "Ed448, expected RSA, P-256, P-384 or Ed25519"),
        ("ec -pkeyopt ec_paramgen_curve:P-521", "P-521, expected RSA, P-256, P-384 or Ed25519"),
    ] {
        openssl(&format!(
            "req -x509 -newkey {kind} -nodes -subj /CN=localhost -keyout {{}}k -out {{}}c"
        ));
        let expected = format!("{{}}c: has a key of {expected}");
        wrong(&authority, &authority.join("c"), &authority.join("k"), &expected);
    }
    // Keys that work: SEC1, PKCS#1, Ed25519, RSA of 4096 bits.
    for kind in ["rsa:4096", "ed25519"] {
        openssl(&format!(
            "req -x509 -newkey {kind} -nodes -subj /CN=localhost -keyout {{}}k -out {{}}c"
        ));
        let context = SSLContext::new();
        context.load_cert_chain(authority.join("c"), authority.join("k")).expect(kind);
    }
    openssl("ec -in {}forms-1.key -out {}sec1.key");
    SSLContext::new().load_cert_chain(&cert, authority.join("sec1.key")).expect("SEC1");
}

/// As `openssl x509 -req -signkey` makes them.
#[test]
fn a_certificate_of_version_1() {
    if !has_program("openssl", "version") {
        return;
    }
    let authority = Authority::new("version");
    let path = |name| authority.join(name).to_str().expect("text").to_owned();
    for words in [
        vec![
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=x",
            "-keyout",
            &path("k"),
            "-out",
            &path("r"),
        ],
        vec!["x509", "-req", "-in", &path("r"), "-signkey", &path("k"), "-out", &path("c")],
    ] {
        Process::start(Command::new("openssl").args(words)).ended().passed();
    }
    let expected = "{}c: has a certificate of X.509 version 1, expected 3";
    wrong(&authority, &authority.join("c"), &authority.join("k"), expected);
}

/// Certificates that work, but not for long or not for all clients.
#[test]
fn remarks_on_files_that_work() {
    let lines = keep_lines(LevelFilter::Info);
    let authority = Authority::new("remarks");
    let load = |files: &Files| SSLContext::new().load_cert_chain(&files.cert, &files.key);
    let expired = authority.issue_expired(&["localhost"]);
    load(&expired).expect("good");
    let line =
        format!("{}: expired on 2020-01-01: serving it nevertheless", expired.cert.display());
    assert!(matches!(lines.about(&line)[..], [(log::Level::Warn, _)]));
    let line = format!("{}: has no intermediate certificate", expired.cert.display());
    assert!(matches!(lines.about(&line)[..], [(log::Level::Info, _)]));
    let line = format!("{}: every user of this machine can read", expired.key.display());
    assert!(matches!(lines.about(&line)[..], [(log::Level::Warn, _)]));
}

/// A program may prefer no server to one with such a certificate.
#[test]
fn validity_may_be_required() {
    let authority = Authority::new("validity");
    let load = |context: SSLContext, files: &Files| {
        context.load_cert_chain(&files.cert, &files.key).map_err(|error| error.to_string())
    };
    let required = || SSLContext::new().require_valid(true).expect("nothing to check");
    let expired = authority.issue_expired(&["localhost"]);
    let key = KeyPair::generate().expect("a key");
    let early = authority.issue_with(&["localhost"], key, |params| {
        params.not_before = date_time_ymd(2100, 1, 1);
    });
    for (files, fault) in
        [(&expired, "expired on 2020-01-01"), (&early, "not valid before 2100-01-01")]
    {
        let expected = format!("{}: {fault}", files.cert.display());
        assert_eq!(load(required(), files).expect_err("not valid"), expected);
        let context = load(SSLContext::new(), files).expect("served nevertheless");
        let error = context.clone().require_valid(true).expect_err("not valid");
        assert_eq!(error.to_string(), expected);
        context.require_valid(false).expect("nothing is required");
    }
    let good = authority.issue(&["localhost"]);
    let context = load(required(), &good).expect("good");
    fs::copy(&expired.cert, &good.cert).expect("copy");
    fs::copy(&expired.key, &good.key).expect("copy");
    let error = context.reload().expect_err("not valid");
    assert!(error.to_string().ends_with("expired on 2020-01-01"), "{error}");
}

/// No error shows the content of a key.
#[test]
fn errors_and_debug_show_no_key() {
    let authority = Authority::new("secret");
    let files = authority.issue(&["localhost"]);
    let context = SSLContext::new().load_cert_chain(&files.cert, &files.key).expect("good");
    let debug = format!("{context:?}");
    assert!(debug.contains("secret-1.pem") && debug.len() < 300, "{debug}");
}

/// A file that Wireshark reads.
#[test]
fn secrets_of_sessions_go_to_a_file() {
    let authority = Authority::new("keylog");
    let path = authority.join("secrets");
    let context = authority.context().keylog_filename(&path).expect("a file");
    let server = run(ThreadingTCPServer::<Echo>::builder().tls(context), LOCAL);
    let mut client =
        TlsClient::connect(&server.address(), client_config(&authority, None), "localhost");
    client.ask(b"hello");
    let text = fs::read_to_string(&path).expect("read");
    let labels: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(labels.contains(&"CLIENT_TRAFFIC_SECRET_0"), "{labels:?}");
    assert!(text.lines().all(|line| line.split(' ').count() == 3));
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

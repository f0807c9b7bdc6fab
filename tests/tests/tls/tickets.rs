//! Tickets: how many, and with which keys.

use std::os::unix::fs::PermissionsExt;

use socketserver::ssl::{SSLContext, TLSVersion, VerifyMode};
use tests::prelude::*;

use crate::reload::goes_on;

/// Writes a file of keys, each of which is this digit, 64 times.
fn write_keys(file: &Path, digits: &[&str]) {
    let lines = digits.iter().map(|digit| digit.repeat(64) + "\n");
    fs::write(file, format!("# keys\n\n{}", lines.collect::<String>())).expect("write");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("a mode");
}

fn serve<C: Column>(context: &SSLContext) -> Running<()> {
    run(Server::<Tcp, C, Echo>::builder().tls(context.clone()), LOCAL)
}

/// As between two machines.
fn a_session_goes_on_at_another_server<C: Column>() {
    let authority = Authority::new("shared");
    let keys = authority.join("keys");
    write_keys(&keys, &["1"]);
    for version in [TLSVersion::TLSv1_2, TLSVersion::TLSv1_3] {
        let context = || authority.context().minimum_version(version).maximum_version(version);
        let with_keys = || context().ticket_keys(&keys).expect("good keys");
        let (one, other) = (serve::<C>(&with_keys()), serve::<C>(&with_keys()));
        let config = Arc::new(client_config(&authority, None));
        assert!(!goes_on(&one.address(), &config));
        assert!(goes_on(&other.address(), &config), "{version:?}");
        assert!(goes_on(&one.address(), &config), "{version:?}");
        let stranger = serve::<C>(&context());
        assert!(!goes_on(&stranger.address(), &config), "{version:?}");
    }
}

/// The keys of yesterday open tickets, until they are removed.
fn keys_change_with_their_file<C: Column>() {
    let authority = Authority::new("rotated");
    let keys = authority.join("keys");
    write_keys(&keys, &["1"]);
    let with_keys = || authority.context().ticket_keys(&keys).expect("good keys");
    let (old, fresh) = (with_keys(), with_keys());
    let (one, other) = (serve::<C>(&old), serve::<C>(&fresh));
    for (digits, expected) in [(&["2", "1"][..], true), (&["3", "2"], false)] {
        write_keys(&keys, digits);
        fresh.reload().expect("good keys");
        let config = Arc::new(client_config(&authority, None));
        assert!(!goes_on(&one.address(), &config));
        assert_eq!(goes_on(&other.address(), &config), expected, "{digits:?}");
        assert!(goes_on(&other.address(), &config), "{digits:?}");
    }
    fs::write(&keys, "nothing").expect("write");
    let error = fresh.reload().expect_err("bad keys");
    let expected = "line 1: expected 64 hexadecimal digits, as `openssl rand -hex 32` prints";
    assert_eq!(error.to_string(), format!("{}: {expected}", keys.display()));
}

/// A session that goes on is not checked again: so it does not where other clients are trusted.
fn a_session_does_not_go_on_where_trust_differs<C: Column>() {
    let authority = Authority::new("careful");
    let keys = authority.join("keys");
    write_keys(&keys, &["1"]);
    let with_keys = || authority.context().ticket_keys(&keys).expect("good keys");
    let trusting = |mode| {
        let context = with_keys().load_verify_locations(authority.root()).expect("good");
        serve::<C>(&context.verify_mode(mode))
    };
    let required = trusting(VerifyMode::Required);
    let own = authority.issue(&["client"]);
    for careless in [serve::<C>(&with_keys()), trusting(VerifyMode::Optional)] {
        let config = Arc::new(client_config(&authority, Some(&own)));
        assert!(!goes_on(&careless.address(), &config));
        assert!(goes_on(&careless.address(), &config));
        assert!(!goes_on(&required.address(), &config));
    }
}

/// How many a client of 1.3 gets.
fn the_number_of_tickets_is_set<C: Column>() {
    let authority = Authority::new("numbers");
    for number in [0, 2, 5] {
        let server = serve::<C>(&authority.context().num_tickets(number));
        let config = Arc::new(client_config(&authority, None));
        let mut client = TlsClient::connect(&server.address(), config.clone(), "localhost");
        client.ask(b"hello");
        let received = client.0.conn.tls13_tickets_received();
        assert_eq!(usize::try_from(received), Ok(number));
        drop(client);
        assert_eq!(goes_on(&server.address(), &config), number > 0);
    }
}

matrix!(columns:
    a_session_goes_on_at_another_server, keys_change_with_their_file,
    a_session_does_not_go_on_where_trust_differs, the_number_of_tickets_is_set,
);

#[test]
fn faults_of_files_of_keys() {
    let lines = keep_lines(LevelFilter::Warn);
    let authority = Authority::new("keys");
    let keys = authority.join("keys");
    let read = || SSLContext::new().ticket_keys(&keys);
    let expected = "line 3: expected 64 hexadecimal digits, as `openssl rand -hex 32` prints";
    for (content, expected) in [
        ("", "has no key; `openssl rand -hex 32` prints one"),
        ("# none\n", "has no key; `openssl rand -hex 32` prints one"),
        ("# two\n\n1234\n", expected),
    ] {
        fs::write(&keys, content).expect("write");
        let error = read().expect_err("bad keys");
        assert_eq!(error.to_string(), format!("{}: {expected}", keys.display()));
    }
    write_keys(&keys, &["c"]);
    let debug = format!("{:?}", read().expect("good keys"));
    assert!(!debug.contains("ccc"), "{debug}");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).expect("a mode");
    read().expect("good keys");
    let path = keys.display();
    let line = format!("{path}: every user of this machine can read the keys of tickets");
    assert!(matches!(lines.about(&line)[..], [(log::Level::Warn, _)]));
    fs::remove_file(&keys).expect("it is there");
    assert_eq!(error_kind(read()), ErrorKind::NotFound);
}

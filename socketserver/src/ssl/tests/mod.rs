//! No parser panics, whatever a stranger sends and however a file is damaged.
//!
//! `PROPTEST_CASES=1000000 cargo test --features tls ssl::tests` tries more.

use std::sync::{Arc, OnceLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::config::provider;
use super::der::{self, Fields};
use super::ocsp;
use super::response::response;
use super::state::State;

/// One damage. Lengths and types are single bytes, so that most are those of a byte.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Add(Index, u8),
    Remove(Index),
    Repeat(Index, Index),
    Cut(Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Add(at, byte)),
        1 => any::<Index>().prop_map(Change::Remove),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => any::<Index>().prop_map(Change::Cut),
    ];
    vec(change, 1..6)
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        let at = |index: &Index| index.index(bytes.len().max(1));
        match change {
            _ if bytes.is_empty() => {}
            Change::Set(place, byte) => {
                let place = at(place);
                bytes[place] = *byte;
            }
            Change::Add(place, byte) => bytes.insert(at(place), *byte),
            Change::Remove(place) => drop(bytes.remove(at(place))),
            Change::Repeat(from, to) => {
                let (from, to) = (at(from), at(to));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
            Change::Cut(place) => bytes.truncate(at(place)),
        }
    }
    bytes
}

/// A certificate with its key.
fn certified() -> &'static (CertificateDer<'static>, Vec<u8>) {
    static CERTIFIED: OnceLock<(CertificateDer<'static>, Vec<u8>)> = OnceLock::new();
    CERTIFIED.get_or_init(|| {
        let names = vec!["example.org".to_owned(), "*.example.org".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        (made.cert.der().clone(), made.signing_key.serialize_der())
    })
}

#[test]
fn a_response_has_its_answer() {
    let response = response();
    let [answer] = &ocsp::answers(Fields(&response)).unwrap()[..] else { panic!("one answer") };
    assert_eq!((answer.serial, answer.status), (&[7][..], ocsp::GOOD));
    assert_eq!(answer.expires.as_ref().unwrap().to_string(), "2026-11-30");
}

/// The first bytes of a client.
fn hello() -> &'static [u8] {
    static HELLO: OnceLock<Vec<u8>> = OnceLock::new();
    HELLO.get_or_init(|| {
        let builder = ClientConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let host = ServerName::try_from("example.org").unwrap();
        let mut client = ClientConnection::new(Arc::new(config), host).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        hello
    })
}

/// A server's session before its handshake.
fn state() -> State {
    static CONFIG: OnceLock<Arc<ServerConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let (certificate, key) = certified();
        let key = PrivateKeyDer::Pkcs8(key.clone().into());
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate.clone()], key).unwrap())
    });
    State::new(ServerConnection::new(config.clone()).unwrap().into())
}

/// Feeds a session in chunks of this size. Returns whether it has failed, and what it answers.
fn fed(bytes: &[u8], size: usize) -> (bool, bool) {
    let mut state = state();
    for chunk in bytes.chunks(size) {
        state.feed(chunk.to_vec());
        if state.decode().is_err() {
            break;
        }
    }
    let has_failed = state.decode().is_err();
    (has_failed, !state.take_outgoing().is_empty())
}

proptest! {
    #[test]
    fn changed_certificates(changes in changes()) {
        let bytes = changed(&certified().0, &changes);
        let _ = (der::facts(&bytes), der::serial(&bytes));
    }

    #[test]
    fn changed_responses(changes in changes()) {
        let _ = ocsp::answers(Fields(&changed(&response(), &changes)));
    }

    #[test]
    fn any_fields(bytes in vec(any::<u8>(), 0..200)) {
        let _ = (der::facts(&bytes), der::serial(&bytes), ocsp::answers(Fields(&bytes)));
        let mut fields = Fields(&bytes);
        while let Some(field) = fields.next() {
            let _ = der::date(field);
        }
    }

    /// The same bytes have the same end, however they come.
    #[test]
    fn changed_hellos(changes in changes(), size in 1..600usize) {
        let bytes = changed(hello(), &changes);
        prop_assert_eq!(fed(&bytes, size), fed(&bytes, bytes.len().max(1)));
    }
}

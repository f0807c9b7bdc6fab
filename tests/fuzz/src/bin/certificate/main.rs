//! Certificates and OCSP responses, beside the reader of `rustls`.

#![no_main]

mod calendar;
mod seeds;

use calendar::day;
use libfuzzer_sys::fuzz_target;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};
use socketserver::fuzzing::{certificate, response};

/// A host that this name of a certificate is for. `None` for a name that the other reader ignores.
fn host_of(name: &str) -> Option<ServerName<'static>> {
    let host = match name.strip_prefix("*.") {
        Some(rest) if rest.contains('.') => format!("x.{rest}"),
        Some(_) => return None,
        None => name.to_owned(),
    };
    ServerName::try_from(host).ok().filter(|_| !name.ends_with('.'))
}

fn is_about_name(verified: Result<(), Error>) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    let Err(Error::InvalidCertificate(error)) = verified else { return false };
    matches!(error, NotValidForName | NotValidForNameContext { .. })
}

fuzz_target!(init: fuzz::seed(seeds::all()), |bytes: &[u8]| -> () {
    let more = [bytes, &[0x30, 0]].concat();
    if let Some(read) = certificate(bytes) {
        assert_eq!(certificate(&more).as_ref(), Some(&read), "what follows changes nothing");
        read.dates.iter().for_each(|(seconds, text)| assert_eq!(*text, day(*seconds)));
        let der = CertificateDer::from(bytes);
        let theirs = ParsedCertificate::try_from(&der).ok();
        for name in &read.names {
            assert_eq!(*name, name.to_ascii_lowercase());
            if let (Some(theirs), Some(host)) = (&theirs, host_of(name)) {
                // A name behind one that cannot be read does not count for the other reader.
                let verified = verify_server_name(theirs, &host);
                assert!(!is_about_name(verified), "{name}");
            }
        }
    }
    if let Some(answers) = response(bytes) {
        assert_eq!(response(&more).as_ref(), Some(&answers), "what follows changes nothing");
        let dates = answers.iter().filter_map(|(_, expires)| expires.as_ref());
        dates.for_each(|(seconds, text)| assert_eq!(*text, day(*seconds)));
    }
});

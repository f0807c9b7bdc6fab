//! What the fuzz target `certificate` reads. It is here, because the readers are private.

use super::{der, ocsp};

/// The rest of a response about the certificate 7, behind its status.
pub fn response_seed() -> Vec<u8> {
    super::response::response()
}

/// Names and dates of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Names of the hosts that it is for.
    pub names: Vec<String>,
    /// Its first and its last second since 1970, each with its day as text.
    pub dates: [(i64, String); 2],
    /// Its serial number.
    pub serial: Vec<u8>,
}

/// Reads a certificate. `None` if the bytes are not one.
pub fn certificate(bytes: &[u8]) -> Option<Certificate> {
    let facts = der::facts(bytes)?;
    let serial = der::serial(bytes).expect("a certificate has a serial number").to_vec();
    let dates = [&facts.not_before, &facts.not_after].map(dated);
    Some(Certificate { names: facts.names, dates, serial })
}

/// Serial numbers and dates in the rest of an OCSP response, behind its status. `None` if the bytes
/// are not one.
#[expect(clippy::type_complexity)]
pub fn response(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Option<(i64, String)>)>> {
    let answers = ocsp::answers(der::Fields(bytes))?.into_iter();
    let answers = answers.map(|one| (one.serial.to_vec(), one.expires.as_ref().map(dated)));
    Some(answers.collect())
}

fn dated(date: &der::Date) -> (i64, String) {
    (date.seconds, date.to_string())
}

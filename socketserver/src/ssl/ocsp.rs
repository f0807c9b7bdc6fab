//! OCSP responses from files: statements of an authority that a certificate is not revoked.

use std::fs;
use std::io;
use std::path::Path;

use super::der::{self, Date, Fields, OCTET_STRING, OID, SEQUENCE};
use super::files::{unreadable, wrong};

const ENUMERATED: u8 = 0x0a;
const GENERALIZED_TIME: u8 = 0x18;
/// Types of the fields with the numbers 0 and 1. The first contains another field, or is empty.
const FIRST: u8 = 0xa0;
pub(super) const GOOD: u8 = 0x80;
const REVOKED: u8 = 0xa1;

/// Reasons for which an authority gives no response, with the numbers of the protocol.
const REFUSALS: [(u8, &str); 5] = [
    (1, "malformed request"),
    (2, "internal error"),
    (3, "try later"),
    (5, "signature required"),
    (6, "unauthorized"),
];

/// A response about one certificate.
pub(super) struct Response {
    pub(super) bytes: Vec<u8>,
    /// `None` if the authority always has a newer one.
    pub(super) expires: Option<Date>,
}

/// Reads a response, and checks that it calls this certificate good.
pub(super) fn read(file: &Path, certificate: &[u8], certfile: &Path) -> io::Result<Response> {
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    let none = || wrong(file, "is no OCSP response in DER");
    let mut fields = Fields(&bytes);
    let mut fields = Fields(fields.take(SEQUENCE).ok_or_else(none)?);
    match fields.take(ENUMERATED).ok_or_else(none)? {
        [0] => {}
        status => {
            let known = REFUSALS.iter().find(|(number, _)| [*number] == status);
            let text = known.map_or("an unknown status", |(_, text)| text);
            return Err(wrong(file, format!("is no OCSP response but a refusal: {text}")));
        }
    }
    let serial = der::serial(certificate).ok_or_else(none)?;
    let answers = answers(fields).ok_or_else(none)?;
    let Some(answer) = answers.into_iter().find(|answer| answer.serial == serial) else {
        let what = format!("is about another certificate than that in {}", certfile.display());
        return Err(wrong(file, what));
    };
    match answer.status {
        GOOD => Ok(Response { expires: answer.expires, bytes }),
        REVOKED => Err(wrong(file, format!("says that {} is revoked", certfile.display()))),
        _ => Err(wrong(file, format!("says that {} is unknown", certfile.display()))),
    }
}

/// The part of a response about one certificate.
pub(super) struct Answer<'a> {
    pub(super) serial: &'a [u8],
    pub(super) status: u8,
    pub(super) expires: Option<Date>,
}

/// The parts of a response, which follow its status.
pub(super) fn answers(mut fields: Fields<'_>) -> Option<Vec<Answer<'_>>> {
    let mut response = Fields(Fields(fields.take(FIRST)?).take(SEQUENCE)?);
    response.take(OID)?;
    let basic = Fields(response.take(OCTET_STRING)?).take(SEQUENCE)?;
    let mut data = Fields(Fields(basic).take(SEQUENCE)?);
    let _version = data.take_if(FIRST);
    let _responder = data.next()?;
    data.take(GENERALIZED_TIME)?;
    let mut all = Fields(data.take(SEQUENCE)?);
    let mut answers = Vec::new();
    while let Some(answer) = all.take(SEQUENCE) {
        answers.push(self::answer(Fields(answer))?);
    }
    Some(answers)
}

fn answer(mut fields: Fields<'_>) -> Option<Answer<'_>> {
    let mut id = Fields(fields.take(SEQUENCE)?);
    id.take(SEQUENCE)?;
    id.take(OCTET_STRING)?;
    id.take(OCTET_STRING)?;
    let serial = id.take(der::INTEGER)?;
    let (status, _) = fields.next()?;
    fields.take(GENERALIZED_TIME)?;
    let expires = match fields.take_if(FIRST) {
        Some(time) => Some(der::date(Fields(time).next()?)?),
        None => None,
    };
    Some(Answer { serial, status, expires })
}

//! An OCSP response in its shortest form.

use super::der::{INTEGER, OCTET_STRING, OID, SEQUENCE};

fn field(kind: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 0x82][..], &length, &content].concat()
}

/// What follows the status of a response of OCSP, about the certificate 7.
pub(super) fn response() -> Vec<u8> {
    let time = |kind| field(kind, &[b"20261130123456Z"]);
    let hash = field(OCTET_STRING, &[&[9; 20]]);
    let id = [&field(SEQUENCE, &[])[..], &hash, &hash, &field(INTEGER, &[&[7]])].concat();
    let expires = field(0xa0, &[&time(0x18)]);
    let answer = [&field(SEQUENCE, &[&id])[..], &[0x80, 0], &time(0x18), &expires].concat();
    let answers = field(SEQUENCE, &[&field(SEQUENCE, &[&answer])]);
    let data = [&field(0xa2, &[&hash])[..], &time(0x18), &answers].concat();
    let basic = field(SEQUENCE, &[&field(SEQUENCE, &[&data])]);
    let bytes = field(SEQUENCE, &[&field(OID, &[&[1]]), &field(OCTET_STRING, &[&basic])]);
    field(0xa0, &[&bytes])
}

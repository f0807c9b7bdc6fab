//! The facts of a certificate that decide which client gets it, or that errors and log lines name.

use std::fmt;

/// Facts of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) version: u8,
    pub(super) is_own_issuer: bool,
    pub(super) not_before: Date,
    pub(super) not_after: Date,
    pub(super) key: Key,
    /// Names of the hosts that it is for, in lower case.
    pub(super) names: Vec<String>,
}

/// A kind of key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rsa {
        bits: usize,
    },
    /// P-256, P-384 and Ed25519.
    Usable,
    /// Another kind, with its name.
    Unusable(&'static str),
}

/// A time in seconds, and its day as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Date {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    day: String,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.day)
    }
}

const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
pub(super) const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;

const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];

/// Fields of DER, one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field: its type and its content.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&kind, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let bytes = rest.get(..usize::from(first & 0x7f)).filter(|bytes| bytes.len() <= 4)?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            rest = &rest[bytes.len()..];
        }
        let content = rest.get(..length)?;
        self.0 = &rest[length..];
        Some((kind, content))
    }

    /// The next field, which must be of this type.
    pub(super) fn take(&mut self, kind: u8) -> Option<&'a [u8]> {
        self.next().filter(|(its, _)| *its == kind).map(|(_, content)| content)
    }

    /// The next field, if it is of this type.
    pub(super) fn take_if(&mut self, kind: u8) -> Option<&'a [u8]> {
        (self.0.first() == Some(&kind)).then(|| self.take(kind))?
    }
}

/// Reads a certificate. `None` if the bytes are not one.
pub(super) fn facts(certificate: &[u8]) -> Option<Facts> {
    let mut fields = Fields(Fields(certificate).take(SEQUENCE)?);
    let mut fields = Fields(fields.take(SEQUENCE)?);
    let version = match fields.take_if(VERSION) {
        Some(version) => Fields(version).take(INTEGER)?.last()?.checked_add(1)?,
        None => 1,
    };
    fields.take(INTEGER)?;
    fields.take(SEQUENCE)?;
    let issuer = fields.take(SEQUENCE)?;
    let mut validity = Fields(fields.take(SEQUENCE)?);
    let not_before = date(validity.next()?)?;
    let not_after = date(validity.next()?)?;
    let subject = fields.take(SEQUENCE)?;
    let key = key(fields.take(SEQUENCE)?)?;
    // Two optional ids that certificates no longer have.
    let _ = (fields.take_if(0x81), fields.take_if(0x82));
    let names = fields.take_if(EXTENSIONS).and_then(names).unwrap_or_default();
    let is_own_issuer = issuer == subject;
    Some(Facts { version, is_own_issuer, not_before, not_after, key, names })
}

/// The serial number of a certificate.
pub(super) fn serial(certificate: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields(Fields(certificate).take(SEQUENCE)?);
    let mut fields = Fields(fields.take(SEQUENCE)?);
    let _version = fields.take_if(VERSION);
    fields.take(INTEGER)
}

fn key(content: &[u8]) -> Option<Key> {
    let mut fields = Fields(content);
    let mut algorithm = Fields(fields.take(SEQUENCE)?);
    Some(match algorithm.take(OID)? {
        RSA => {
            let (_, key) = fields.take(BIT_STRING)?.split_first()?;
            let modulus = Fields(Fields(key).take(SEQUENCE)?).take(INTEGER)?;
            let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
            let unused = modulus.first()?.leading_zeros() as usize;
            Key::Rsa { bits: modulus.len() * 8 - unused }
        }
        EC => match algorithm.take(OID)? {
            P256 | P384 => Key::Usable,
            P521 => Key::Unusable("P-521"),
            _ => Key::Unusable("an uncommon curve"),
        },
        ED25519 => Key::Usable,
        ED448 => Key::Unusable("Ed448"),
        DSA => Key::Unusable("DSA"),
        _ => Key::Unusable("an uncommon kind"),
    })
}

fn names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut extensions = Fields(Fields(extensions).take(SEQUENCE)?);
    while let Some(extension) = extensions.take(SEQUENCE) {
        let mut fields = Fields(extension);
        let id = fields.take(OID)?;
        let _ = fields.take_if(BOOLEAN);
        if id == ALTERNATIVE_NAMES {
            let mut fields = Fields(Fields(fields.take(OCTET_STRING)?).take(SEQUENCE)?);
            let all = std::iter::from_fn(|| fields.next());
            let hosts = all.filter(|(kind, _)| *kind == DNS_NAME);
            let hosts = hosts.filter_map(|(_, name)| std::str::from_utf8(name).ok());
            return Some(hosts.map(str::to_ascii_lowercase).collect());
        }
    }
    None
}

/// `YYMMDDHHMMSSZ`, or the same with four digits of the year. `None` for a time that no calendar or
/// clock has.
pub(super) fn date((kind, content): (u8, &[u8])) -> Option<Date> {
    let digits = content.strip_suffix(b"Z")?;
    let short = kind == UTC_TIME;
    let (year, rest) = digits.split_at_checked(if short { 2 } else { 4 })?;
    let year = number(year)?;
    let year = if short { year + if year < 50 { 2000 } else { 1900 } } else { year };
    let [Some(month), Some(day), Some(hour), Some(minute), Some(second)] =
        std::array::from_fn(|at| number(rest.get(2 * at..2 * at + 2)?))
    else {
        return None;
    };
    let is_time = rest.len() == 10 && hour < 24 && minute < 60 && second < 60;
    if !is_time || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    Some(Date {
        seconds: days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second,
        day: format!("{year:04}-{month:02}-{day:02}"),
    })
}

/// A number of digits alone.
fn number(digits: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    digits.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

fn days_of(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

/// Days from 1970-01-01 to a day, in years that begin in March, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let of_year = (153 * months + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + of_year - 719_468
}

#[cfg(test)]
#[path = "tests/der.rs"]
mod tests;

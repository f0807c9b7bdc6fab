//! Tickets with keys from a file, which several processes can share.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::server::ProducesTickets;

use super::files;

/// Seconds for which a ticket is accepted.
const LIFETIME: u32 = 12 * 3_600;

const NAME_LEN: usize = 16;

/// The keys of a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TicketKeys {
    file: PathBuf,
    keys: Vec<[u8; 32]>,
}

impl TicketKeys {
    pub(super) fn read(file: &Path) -> io::Result<Self> {
        let text = fs::read(file).map_err(|error| files::unreadable(file, &error))?;
        let lines = (1..).zip(text.split(|byte| *byte == b'\n'));
        let lines = lines.map(|(number, line)| (number, line.trim_ascii()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && line[0] != b'#');
        let key = |(number, line): (usize, &[u8])| {
            key(line).ok_or_else(|| {
                let expected = "64 hexadecimal digits, as `openssl rand -hex 32` prints";
                files::wrong(file, format!("line {number}: expected {expected}"))
            })
        };
        let keys: Vec<_> = lines.map(key).collect::<io::Result<_>>()?;
        if keys.is_empty() {
            return Err(files::wrong(file, "has no key; `openssl rand -hex 32` prints one"));
        }
        files::warn_if_public(file, "the keys of tickets");
        Ok(TicketKeys { file: file.to_owned(), keys })
    }

    /// The keys that the file has now.
    pub(super) fn read_again(&self) -> io::Result<Self> {
        Self::read(&self.file)
    }

    /// Makes and accepts tickets of sessions that were checked with this trust alone.
    pub(super) fn tickets(&self, trust: &[u8; 32]) -> Arc<dyn ProducesTickets> {
        let salt = Salt::new(HKDF_SHA256, trust);
        Arc::new(Tickets(self.keys.iter().map(|key| Key::new(&salt.extract(key))).collect()))
    }
}

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKeys").field("file", &self.file).finish_non_exhaustive()
    }
}

/// The key in a line: 64 hexadecimal digits.
fn key(line: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if line.len() != 2 * key.len() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(line.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(key)
}

/// The keys: the first one encrypts tickets, and all of them decrypt.
#[derive(Debug)]
struct Tickets(Vec<Key>);

/// A key with its name. A ticket consists of the key's name, a nonce, and, encrypted, the time and
/// the session.
struct Key {
    name: [u8; NAME_LEN],
    key: LessSafeKey,
}

impl Key {
    fn new(secret: &Prk) -> Self {
        let mut name = [0; 32];
        let key = secret.expand(&[b"ticket key"], &CHACHA20_POLY1305).map(UnboundKey::from);
        let named =
            secret.expand(&[b"ticket name"], HKDF_SHA256).and_then(|okm| okm.fill(&mut name));
        // Both can fail only for wrong lengths.
        named.expect("a length for names");
        let (&name, _) = name.split_first_chunk().expect("half of it");
        Key { name, key: LessSafeKey::new(key.expect("a length for keys")) }
    }

    fn seal(&self, message: &[u8], time: u64) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = [&time.to_be_bytes(), message].concat();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(self.name), &mut sealed).ok()?;
        Some([&self.name[..], &nonce, &sealed].concat())
    }

    fn open(&self, nonce: [u8; NONCE_LEN], sealed: &[u8], time: u64) -> Option<Vec<u8>> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let mut sealed = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(self.name), &mut sealed).ok()?;
        let (made, message) = opened.split_first_chunk()?;
        // The clock of the machine that has made the ticket may be ahead.
        let age = time.saturating_sub(u64::from_be_bytes(*made));
        (age <= LIFETIME.into()).then(|| message.to_vec())
    }
}

impl Tickets {
    fn seal(&self, message: &[u8], time: u64) -> Option<Vec<u8>> {
        self.0.first()?.seal(message, time)
    }

    fn open(&self, ticket: &[u8], time: u64) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_first_chunk::<NAME_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk()?;
        // Names need no comparison in constant time, because they are not secret.
        let key = self.0.iter().find(|key| key.name == *name)?;
        key.open(*nonce, sealed, time)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.seal(message, now())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.open(ticket, now())
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
#[path = "tests/tickets.rs"]
mod tests;

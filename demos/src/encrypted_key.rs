//! A private key in a file that needs a password.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pkcs8::der::pem::LineEnding;
use pkcs8::der::pem::PemLabel;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use rustix::fs::{MemfdFlags, memfd_create};

/// A file of PEM with a key, and a file with its password. The decrypted key is in memory alone,
/// under a path that only this process can read.
#[derive(Clone, Debug)]
pub struct EncryptedKey {
    key: PathBuf,
    password: PathBuf,
    plain: Arc<File>,
}

impl EncryptedKey {
    /// Reads both files. White space around the password does not count. A key without a password
    /// is accepted too.
    ///
    /// # Errors
    /// `InvalidData` for a wrong password, or for an unknown kind of key; those of the system.
    pub fn open(key: &Path, password: &Path) -> io::Result<Self> {
        let plain = memfd_create("key", MemfdFlags::CLOEXEC)?;
        let (key, password) = (key.to_owned(), password.to_owned());
        let key = EncryptedKey { key, password, plain: Arc::new(plain.into()) };
        key.decrypt()?;
        Ok(key)
    }

    /// Reads both files again.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn decrypt(&self) -> io::Result<()> {
        let (pem, password) = (read(&self.key)?, read(&self.password)?);
        let plain =
            without_password(&pem, password.trim()).map_err(|problem| wrong(&self.key, problem))?;
        let mut file = &*self.plain;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(plain.as_bytes())
    }

    /// The path of the decrypted key, for this process alone.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.plain.as_raw_fd()).into()
    }
}

fn wrong(path: &Path, problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {problem}", path.display()))
}

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path).map_err(|error| {
        io::Error::new(error.kind(), format!("{}: cannot be read: {error}", path.display()))
    })
}

/// The key as PEM without a password.
fn without_password(pem: &str, password: &str) -> Result<String, &'static str> {
    if pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err("the key is in OpenSSL's old format; convert it with `openssl pkcs8 -topk8`");
    }
    let start = format!("-----BEGIN {}-----", EncryptedPrivateKeyInfoRef::PEM_LABEL);
    let Some(start) = pem.find(&start) else {
        return Ok(pem.to_owned());
    };
    let (_, document) =
        SecretDocument::from_pem(&pem[start..]).map_err(|_| "the key is not valid PEM")?;
    let encrypted = document.decode_msg::<EncryptedPrivateKeyInfoRef<'_>>();
    let encrypted = encrypted.map_err(|_| "the key is not valid PKCS #8")?;
    let plain = encrypted.decrypt(password).map_err(
        |_| "the password does not decrypt the key, or the encryption is of an unknown kind",
    )?;
    let pem = plain.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF);
    pem.map(|pem| pem.to_string()).map_err(|_| "the key cannot be encoded")
}

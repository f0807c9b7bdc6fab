//! Certificates for the tests of TLS, each made when a test needs it.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::prelude::*;

/// A certificate, with those of the authorities between it and the root, and its key.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// What revokes the certificate.
    pub serial: u64,
}

/// An authority, and a folder for what it issues.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: Arc<Folder>,
    name: String,
    /// The authority's own certificate, in front of those above it, without the root's.
    chain: String,
    root: PathBuf,
    issued: AtomicU64,
}

/// What a certificate of an authority has.
fn of_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A key of RSA, which `openssl` makes.
pub fn rsa_key(bits: usize) -> KeyPair {
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-quiet", "-algorithm", "rsa", "-pkeyopt"]);
    let made = openssl.arg(format!("rsa_keygen_bits:{bits}")).output().expect("openssl");
    KeyPair::from_pem(str::from_utf8(&made.stdout).expect("PEM")).expect("a key")
}

impl Authority {
    /// A root.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = of_authority(name);
        let own = params.self_signed(&key).expect("a certificate");
        let folder = Arc::new(Folder::new());
        let root = folder.join("root.pem");
        fs::write(&root, own.pem()).expect("write");
        let issuer = Issuer::new(params, key);
        let issued = AtomicU64::new(1);
        let (name, chain) = (name.to_owned(), String::new());
        Authority { issuer, folder, name, chain, root, issued }
    }

    /// An authority below this one.
    pub fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = of_authority(name);
        let own = params.signed_by(&key, &self.issuer).expect("a certificate");
        Authority {
            issuer: Issuer::new(params, key),
            folder: self.folder.clone(),
            name: name.to_owned(),
            chain: own.pem() + &self.chain,
            root: self.root.clone(),
            issued: AtomicU64::new(1),
        }
    }

    /// The root's certificate.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The authority's own key, for programs that sign something else with it.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A path for a file beside the certificates.
    pub fn join(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A certificate for these hosts, or for a client's name.
    pub fn issue(&self, hosts: &[&str]) -> Files {
        self.issue_with(hosts, KeyPair::generate().expect("a key"), |_| {})
    }

    /// One that has expired.
    pub fn issue_expired(&self, hosts: &[&str]) -> Files {
        self.issue_with(hosts, KeyPair::generate().expect("a key"), |params| {
            params.not_after = date_time_ymd(2020, 1, 1);
        })
    }

    /// One with this key, after `change` has changed it.
    pub fn issue_with(
        &self,
        hosts: &[&str],
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Files {
        let serial = self.issued.fetch_add(1, Relaxed);
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("names of hosts");
        params.serial_number = Some(SerialNumber::from(serial));
        let name = format!("{} {serial}", self.name);
        params.distinguished_name.push(DnType::CommonName, &name);
        change(&mut params);
        let own = params.signed_by(&key, &self.issuer).expect("a certificate");
        let name = name.replace(' ', "-");
        let (cert, key_file) =
            (self.join(&format!("{name}.pem")), self.join(&format!("{name}.key")));
        fs::write(&cert, own.pem() + &self.chain).expect("write");
        fs::write(&key_file, key.serialize_pem()).expect("write");
        Files { cert, key: key_file, serial }
    }

    /// A list that revokes these, good until that year.
    pub fn revoke(&self, serials: &[u64], until: i32) -> PathBuf {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2019, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).expect("a list").pem().expect("PEM");
        let number = self.issued.fetch_add(1, Relaxed);
        let path = self.join(&format!("{}-{number}.crl", self.name.replace(' ', "-")));
        fs::write(&path, list).expect("write");
        path
    }

    /// The context of a server at `localhost` and 127.0.0.1.
    #[track_caller]
    pub fn context(&self) -> ssl::SSLContext {
        let files = self.issue(&["localhost", "127.0.0.1"]);
        ssl::SSLContext::new().load_cert_chain(files.cert, files.key).expect("good files")
    }
}

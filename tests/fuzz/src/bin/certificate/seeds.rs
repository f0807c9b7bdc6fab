//! Certificates of several kinds, and a response.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519, SerialNumber, date_time_ymd,
};
use socketserver::fuzzing::response_seed;

pub(super) fn all() -> Vec<Vec<u8>> {
    let mut seeds = vec![response_seed()];
    let names = ["example.org", "*.example.org", "127.0.0.1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).expect("names");
    let made = |params: &CertificateParams, key: KeyPair| -> Certificate {
        params.self_signed(&key).expect("a certificate")
    };
    let p256 = || KeyPair::generate().expect("a key");
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
    seeds.extend([p256(), p384, ed25519].map(|key| made(&params, key).der().to_vec()));
    // Beyond 2050 a date has four digits of its year.
    params.not_after = date_time_ymd(2050, 1, 1);
    params.not_before = date_time_ymd(2048, 2, 29);
    params.serial_number = Some(SerialNumber::from(7_u64));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names.clear();
    seeds.push(made(&params, p256()).der().to_vec());
    seeds
}

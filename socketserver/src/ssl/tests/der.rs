//! Fields of DER.

use super::*;

#[test]
fn dates() {
    assert_eq!(days(1970, 1, 1), 0);
    assert_eq!(days(2000, 2, 29), 11_016);
    assert_eq!(days(2026, 11, 30), 20_787);
    let utc = date((UTC_TIME, b"261130123456Z")).unwrap();
    assert_eq!((utc.seconds, utc.day.as_str()), (1_796_042_096, "2026-11-30"));
    let general = date((0x18, b"20261130123456Z")).unwrap();
    assert_eq!(general, utc);
    assert!(date((0x18, b"20240229235959Z")).is_some());
}

#[test]
fn times_of_no_calendar_or_clock_are_none() {
    let wrong = "2611 261130123456 261130123456ZZ 2611301234Z 261130123456.5Z +61130123456Z \
        26+130123456Z 2611-1123456Z 261330123456Z 260030123456Z 260631123456Z 260600123456Z \
        250229123456Z 261130243456Z 261130126056Z 261130123460Z 2611301234\u{664}Z";
    for time in wrong.split(' ') {
        assert_eq!(date((UTC_TIME, time.as_bytes())), None, "{time}");
    }
}

#[test]
fn facts_of_a_certificate() {
    let names = vec!["Example.org".to_owned(), "*.example.org".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let der = made.cert.der();
    let facts = facts(der).unwrap();
    assert_eq!((facts.version, facts.is_own_issuer), (3, true));
    assert_eq!(facts.names, ["example.org", "*.example.org"]);
    assert_eq!(facts.key, Key::Usable);
    assert_eq!(facts.not_before.to_string(), "1975-01-01");
    for length in 0..der.len() {
        let _ = super::facts(&der[..length]);
    }
}

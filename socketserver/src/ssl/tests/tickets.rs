//! Tickets and their keys.

use super::*;

fn keys(first: u8, others: &[u8]) -> TicketKeys {
    let keys = [&[first], others].concat().into_iter().map(|byte| [byte; 32]).collect();
    TicketKeys { file: PathBuf::new(), keys }
}

fn made(keys: &TicketKeys, trust: u8) -> Tickets {
    let salt = Salt::new(HKDF_SHA256, &[trust; 32]);
    Tickets(keys.keys.iter().map(|key| Key::new(&salt.extract(key))).collect())
}

#[test]
fn the_same_keys_open_a_ticket() {
    let (one, other) = (keys(1, &[]).tickets(&[0; 32]), keys(1, &[]).tickets(&[0; 32]));
    let ticket = one.encrypt(b"a session").unwrap();
    assert_eq!(other.decrypt(&ticket).unwrap(), b"a session");
    assert_ne!(one.encrypt(b"a session").unwrap(), ticket);
    // Those of yesterday are still good, and not those of tomorrow.
    assert!(keys(2, &[1]).tickets(&[0; 32]).decrypt(&ticket).is_some());
    let of_tomorrow = keys(2, &[1]).tickets(&[0; 32]).encrypt(b"a session").unwrap();
    assert!(one.decrypt(&of_tomorrow).is_none());
    // Nor those of sessions that were checked otherwise.
    assert!(keys(1, &[]).tickets(&[9; 32]).decrypt(&ticket).is_none());
}

#[test]
fn a_ticket_expires() {
    let tickets = made(&keys(1, &[]), 0);
    let ticket = tickets.seal(b"a session", 1_000_000).unwrap();
    let open = |time| tickets.open(&ticket, time).is_some();
    let end = 1_000_000 + u64::from(LIFETIME);
    assert_eq!([999_000, 1_000_000, end, end + 1].map(open), [true, true, true, false]);
}

#[test]
fn a_damaged_ticket_is_none() {
    let tickets = made(&keys(1, &[]), 0);
    let ticket = tickets.seal(b"a session", 0).unwrap();
    for at in 0..ticket.len() {
        assert!(tickets.open(&ticket[..at], 0).is_none());
        let mut changed = ticket.clone();
        changed[at] ^= 1;
        assert!(tickets.open(&changed, 0).is_none());
    }
}

#[test]
fn lines_of_a_file() {
    assert_eq!(key(&b"0a".repeat(32)), Some([10; 32]));
    assert_eq!(key(&b"FF".repeat(32)), Some([255; 32]));
    for wrong in [&b"0a".repeat(31), &b"0a".repeat(33), &b"0g".repeat(32), &b"+1".repeat(32)] {
        assert_eq!(key(wrong), None);
    }
}

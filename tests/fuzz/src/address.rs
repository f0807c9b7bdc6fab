//! Addresses as text.

use std::io;
use std::net::SocketAddr;

use socketserver::proxy::ProxyProtocol;
use socketserver::{Address, ToAddress};

/// Reads an address and a network, shows the address, and reads that.
///
/// # Panics
/// If another address comes back, or a control character is shown.
pub fn check_address(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Err(error) = ProxyProtocol::trusting([text]) {
        check_error(&error);
    }
    if needs_a_look_up(text) {
        return;
    }
    match text.to_address() {
        Ok(address) => check_shown(&address),
        Err(error) => check_error(&error),
    }
}

fn check_shown(address: &Address) {
    let shown = address.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
    // What is escaped has a backslash.
    if !shown.contains('\\') {
        assert_eq!(shown.to_address().ok().as_ref(), Some(address), "{shown}");
    }
    let other_port = address.clone().with_port(7);
    assert_eq!(other_port.family(), address.family());
    assert_eq!(other_port.host(), address.host(), "a host has many ports");
    assert_eq!(address.ip().is_some(), address.port().is_some());
    if let Some(ip) = address.ip() {
        let canonical = Address::from(SocketAddr::new(ip, 0));
        let is_link_local = shown.starts_with("[fe");
        assert!(canonical.host() == address.host() || is_link_local, "{shown}");
    }
}

fn check_error(error: &io::Error) {
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    let shown = error.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
}

/// Whether a name server would be asked. Fuzzing does not leave this machine.
fn needs_a_look_up(text: &str) -> bool {
    !text.starts_with(['@', '\0'])
        && !text.contains('/')
        && text.parse::<SocketAddr>().is_err()
        && text.rsplit_once(':').is_some_and(|(host, port)| {
            let has_interface = host.starts_with('[') && host.contains('%');
            let is_name = !host.is_empty() && !host.contains([':', '[', ']']);
            (is_name || has_interface) && port.parse::<u16>().is_ok()
        })
}

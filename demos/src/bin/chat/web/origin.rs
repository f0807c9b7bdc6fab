//! The origin of a request. A page of another site may send requests through a browser, with the
//! browser's cookie.

use std::net::{IpAddr, Ipv6Addr};

use rustix::system::uname;

/// The names of this machine from which a page may be loaded. Other names are refused: a stranger
/// can let any name mean this machine's address, and a page from there would count as one of this
/// server.
pub(crate) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// The usual names of this machine, and those in `more`.
    pub(super) fn new(more: Vec<String>) -> Self {
        let own = uname().nodename().to_string_lossy().into_owned();
        let local = format!("{own}.local");
        let names = ["localhost".to_owned(), local, own].into_iter().chain(more).collect();
        Hosts { names }
    }

    /// Whether the field `Host` of a request is one of these names, or an address.
    pub(super) fn know(&self, host: &str) -> bool {
        let name = without_port(host);
        if let Some(ip) = name.strip_prefix('[') {
            return ip.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
        }
        let is_known = |known: &String| known.eq_ignore_ascii_case(name);
        name.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()) || self.names.iter().any(is_known)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a request comes from a page of this server, or from no page at all. `origin` and `site`
/// are its fields `Origin` and `Sec-Fetch-Site`. Browsers send the first with every request that
/// changes something, and newer browsers the second with all requests.
pub(super) fn is_own(host: &str, origin: Option<&str>, site: Option<&str>) -> bool {
    let is_here = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    origin.is_none_or(is_here) && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_known() {
        let hosts = Hosts::new(vec!["Chat.example.org".to_owned()]);
        let known = "localhost,LOCALHOST:80,127.0.0.1:9998,192.0.2.1,[::1]:80,[fe80::1],\
                     chat.example.org:80";
        for host in known.split(',') {
            assert!(hosts.know(host), "{host}");
        }
        // The first is empty.
        let others = ",:80,example.org,a.chat.example.org,localhost.example.org,localhost:80:80,\
                      ::1,[::1,[127.0.0.1],127.0.0.1.example.org,0x7f.1";
        for host in others.split(',') {
            assert!(!hosts.know(host), "{host}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let host = "localhost:80";
        for (origin, site) in [
            (None, None),
            (Some("http://localhost:80"), None),
            (Some("https://LOCALHOST:80"), Some("same-origin")),
            (None, Some("none")),
        ] {
            assert!(is_own(host, origin, site), "{origin:?} {site:?}");
        }
        for (origin, site) in [
            (Some("null"), None),
            (Some("http://localhost:81"), None),
            (Some("http://localhost"), Some("same-origin")),
            (Some("http://evil@localhost:80"), None),
            (None, Some("same-site")),
            (None, Some("cross-site")),
        ] {
            assert!(!is_own(host, origin, site), "{origin:?} {site:?}");
        }
    }
}

//! What stands behind the `?` of a path.

/// The query of a path, undecoded.
pub(super) fn of_path(path: &str) -> &str {
    let path = path.split('#').next().unwrap_or_default();
    path.split_once('?').map_or("", |(_, query)| query)
}

/// Its names and values. Characters beyond ASCII are bytes here, as in a path.
pub(super) fn parse(query: &str) -> Vec<(String, String)> {
    let bytes: Vec<u8> = query.chars().map(|char| char as u8).collect();
    form_urlencoded::parse(&bytes).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_in_order() {
        let of = |path| parse(of_path(path));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(of("/a"), []);
        assert_eq!(of("/?a=1&b=%C3%A4+&a="), [pair("a", "1"), pair("b", "\u{e4} "), pair("a", "")]);
        assert_eq!(of("/?x=\u{c3}\u{a4}#?y"), [pair("x", "\u{e4}")]);
    }
}

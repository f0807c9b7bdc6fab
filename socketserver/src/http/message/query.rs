//! The path of a request and its query, which follows the `?`.

use super::text::latin1;

/// A path without its query.
pub(in crate::http) fn path_without(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default()
}

/// The query of a path, not decoded.
pub(in crate::http) fn of_path(path: &str) -> &str {
    let path = path.split('#').next().unwrap_or_default();
    path.split_once('?').map_or("", |(_, query)| query)
}

/// The names and values of a query, decoded. A character beyond ASCII stands for one byte, as in a
/// path.
pub(in crate::http) fn parse(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(&latin1(query)).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_before_its_query() {
        for path in ["/a", "/a?", "/a?b=/c?d", "/a#?b"] {
            assert_eq!(path_without(path), "/a", "{path}");
        }
        assert_eq!(path_without("/a%3Fb"), "/a%3Fb");
    }

    #[test]
    fn queries_are_decoded_in_order() {
        let of = |path| parse(of_path(path));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(of("/a"), []);
        assert_eq!(of("/?a=1&b=%C3%A4+&a="), [pair("a", "1"), pair("b", "\u{e4} "), pair("a", "")]);
        assert_eq!(of("/?x=\u{c3}\u{a4}#?y"), [pair("x", "\u{e4}")]);
    }
}

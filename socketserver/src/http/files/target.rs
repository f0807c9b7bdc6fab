//! The path of a request, as bytes.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What Python's `quote` leaves as it is, in a name.
pub(super) const NAME: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');
const PATH: &AsciiSet = &NAME.remove(b'/');
/// What no part of a URL may have. Its quoted bytes stay quoted.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a request points to below the root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Names joined by `/`, none of which is empty, `.` or `..`. Empty for the root itself.
    pub(super) path: Vec<u8>,
    /// The path ends where only a directory can be.
    pub(super) is_directory: bool,
    query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes the target of a request line apart. A quoted slash separates names as a plain one
    /// does, since no name has one. `None` if a name has a NUL, as no file's has.
    ///
    /// Python: `SimpleHTTPRequestHandler.translate_path`
    pub(super) fn parse(target: &'a [u8]) -> Option<Self> {
        let target = before(target, b'#').0;
        let (path, query) = before(without_authority(target), b'?');
        let decoded: Vec<u8> = percent_decode(path).collect();
        if decoded.contains(&0) {
            return None;
        }
        let (path, is_directory) = normalised(&decoded);
        Some(Target { path, is_directory, query })
    }

    /// The URL of the same directory with the slash that it lacks. It has no host: it begins with
    /// one slash, and has nothing that a browser would take for a second one or for a new line.
    pub(super) fn location(&self) -> String {
        let path = percent_encode(&self.path, PATH);
        match self.query {
            Some(query) => format!("/{path}/?{}", percent_encode(query, QUERY)),
            None => format!("/{path}/"),
        }
    }

    /// Whether a name on the way is hidden.
    pub(super) fn is_hidden(&self) -> bool {
        let mut names = self.path.split(|byte| *byte == b'/');
        let first = names.next().is_some_and(|name| is_hidden(name, true));
        first || names.any(|name| is_hidden(name, false))
    }

    /// The value of a field of the query, which must be a plain word.
    pub(super) fn query_value(&self, name: &str) -> Option<&'a [u8]> {
        let mut fields = self.query?.split(|byte| *byte == b'&');
        fields.find_map(|field| {
            field.strip_prefix(name.as_bytes()).and_then(|field| field.strip_prefix(b"="))
        })
    }

    /// As a person reads it.
    pub(super) fn display(&self) -> Vec<u8> {
        let slash: &[u8] = if self.path.is_empty() { b"" } else { b"/" };
        [&b"/"[..], &self.path, slash].concat()
    }
}

/// Whether a name is hidden. The root's `.well-known` is what programs ask for by that name.
pub(super) fn is_hidden(name: &[u8], is_at_root: bool) -> bool {
    name.starts_with(b".") && !(is_at_root && name == b".well-known")
}

/// What is before the first `mark`, and what is after it, if there is one.
fn before(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == mark) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

/// A proxy's request has a whole URL.
fn without_authority(target: &[u8]) -> &[u8] {
    let is = |scheme: &&[u8]| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    let Some(scheme) = schemes.into_iter().find(is) else { return target };
    let rest = &target[scheme.len()..];
    rest.iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .map_or(&b""[..], |place| &rest[place..])
}

/// The names of a path without dots, and whether its last name can only be a directory's.
fn normalised(path: &[u8]) -> (Vec<u8>, bool) {
    let mut normal: Vec<u8> = Vec::with_capacity(path.len());
    let mut is_directory = true;
    for name in path.split(|byte| *byte == b'/') {
        is_directory = matches!(name, b"" | b"." | b"..");
        if name == b".." {
            // The root is its own parent.
            let end = normal.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            normal.truncate(end);
        } else if !is_directory {
            if !normal.is_empty() {
                normal.push(b'/');
            }
            normal.extend_from_slice(name);
        }
    }
    (normal, is_directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(target: &str) -> (String, bool) {
        let target = Target::parse(target.as_bytes()).expect("no NUL");
        (String::from_utf8(target.path).expect("text"), target.is_directory)
    }

    #[test]
    fn no_path_leaves_the_root() {
        let expected = [
            ("/", ("", true)),
            ("", ("", true)),
            ("/a", ("a", false)),
            ("a/b", ("a/b", false)),
            ("//a///b/", ("a/b", true)),
            ("/a%2Fb%2f", ("a/b", true)),
            ("/../../etc/passwd", ("etc/passwd", false)),
            ("/%2e%2e/%2e%2e/etc/passwd", ("etc/passwd", false)),
            ("/..%2f..%2fetc/passwd", ("etc/passwd", false)),
            ("/%252e%252e/", ("%2e%2e", true)),
            ("/..;/..\\/a", ("..;/..\\/a", false)),
            ("/a/./b/../c", ("a/c", false)),
            ("/a/..", ("", true)),
            ("/a/.", ("a", true)),
            ("/...", ("...", false)),
            ("/a+b%20c", ("a+b c", false)),
            ("/%zz%4", ("%zz%4", false)),
            ("/a?b/../../c#d", ("a", false)),
            ("/a%3fb%23c", ("a?b#c", false)),
            ("/a#b?c", ("a", false)),
            ("http://host/a/../b?c", ("b", false)),
            ("HTTPS://host?x", ("", true)),
            ("http://host", ("", true)),
            ("/http://host/a", ("http:/host/a", false)),
        ];
        for (target, (to, is_directory)) in expected {
            assert_eq!(path(target), (to.to_owned(), is_directory), "{target}");
        }
        assert_eq!(Target::parse(b"/%ff\xc3\xa9").expect("bytes").path, b"\xff\xc3\xa9");
        assert_eq!(Target::parse(b"/a%00b"), None);
        assert_eq!(Target::parse(b"/a\0"), None);
    }

    #[test]
    fn location_has_one_slash_in_front_and_no_host() {
        let expected = [
            ("//evil/..%2f..%2fdir", "/dir/"),
            ("///dir", "/dir/"),
            ("/\\evil/../dir", "/dir/"),
            ("/\\\\evil", "/%5C%5Cevil/"),
            ("/dir%0d%0aX:y/..%2fdir", "/dir/"),
            ("/dir%0d%0aX:y", "/dir%0D%0AX%3Ay/"),
            ("/a b~c?d=\\e f%0d&g=\"", "/a%20b~c/?d=%5Ce%20f%0d&g=%22"),
            ("/%ff?", "/%FF/?"),
            ("http://host//dir?q", "/dir/?q"),
        ];
        for (target, location) in expected {
            let parsed = Target::parse(target.as_bytes()).expect("no NUL");
            assert_eq!(parsed.location(), location, "{target}");
        }
        let raw = Target::parse(b"/a?\r\n\xe9").expect("no NUL");
        assert_eq!(raw.location(), "/a/?%0D%0A%E9");
    }

    #[test]
    fn hidden_names_are_those_with_a_dot_in_front() {
        let expected = [
            ("/a/b", false),
            ("/.git/config", true),
            ("/a/.git/config", true),
            ("/%2egit", true),
            ("/.well-known/security.txt", false),
            ("/.well-known/.secret", true),
            ("/a/.well-known/b", true),
            ("/.well-known-not", true),
            ("/a/../.x", true),
            ("/.x/..", false),
            ("/", false),
        ];
        for (target, hidden) in expected {
            let parsed = Target::parse(target.as_bytes()).expect("no NUL");
            assert_eq!(parsed.is_hidden(), hidden, "{target}");
        }
    }

    #[test]
    fn query_values_are_found_by_name() {
        let target = Target::parse(b"/?sorted=no&sort=size&order=&sort=b").expect("no NUL");
        assert_eq!(target.query_value("sort"), Some(&b"size"[..]));
        assert_eq!(target.query_value("order"), Some(&b""[..]));
        assert_eq!(target.query_value("x"), None);
    }
}

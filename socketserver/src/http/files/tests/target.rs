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

/// CPython's `SimpleHTTPRequestHandlerTestCase`, whose tests have these names.
#[test]
fn query_arguments() {
    for target in ["/filename", "/filename?foo=bar", "/filename?a=b&spam=eggs#zot"] {
        assert_eq!(path(target), ("filename".to_owned(), false));
    }
}

#[test]
fn start_with_double_slash() {
    for target in ["//filename", "//filename?foo=bar"] {
        assert_eq!(path(target), ("filename".to_owned(), false));
    }
}

use super::*;

#[test]
fn types_are_pythons_with_a_charset_for_text() {
    let types = Types::default();
    let expected = [
        ("a.html", "text/html; charset=utf-8"),
        ("a/b.d/INDEX.HTM", "text/html; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.md", "text/markdown; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.xml", "text/xml"),
        ("a.woff2", "font/woff2"),
        ("a.tar.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.svgz", "application/gzip"),
        ("a.Z", "application/octet-stream"),
        ("a.bz2", "application/x-bzip2"),
        ("a.xz", "application/x-xz"),
        ("a.zzz", "application/octet-stream"),
        ("a.d/noext", "application/octet-stream"),
        ("a.html/", "application/octet-stream"),
        (".html", "application/octet-stream"),
        ("", "application/octet-stream"),
    ];
    for (name, of_type) in expected {
        assert_eq!(types.of(name.as_bytes()), of_type, "{name}");
    }
    assert_eq!(types.of(b"a.\xff"), "application/octet-stream");
}

#[test]
fn a_programs_types_come_first() {
    let mut types = Types::default();
    types.set(".html", "text/html; charset=latin-1".to_owned());
    types.set("ext", "a/b".to_owned());
    types.default = "c/d".into();
    assert_eq!(types.of(b"a.HTML"), "text/html; charset=latin-1");
    assert_eq!(types.of(b"a.ext"), "a/b");
    assert_eq!(types.of(b"a.zzz"), "c/d");
    assert_eq!(types.of(b"a.css"), "text/css; charset=utf-8");
}

#[test]
fn table_has_each_extension_once_under_a_type() {
    let text = include_str!("../types.txt");
    let mut count = 0;
    for line in text.lines() {
        let (of_type, extensions) = line.split_once(' ').expect("a type and extensions");
        assert!(of_type.contains('/'), "{line}");
        count += extensions.split(' ').filter(|extension| !extension.is_empty()).count();
    }
    assert!(count >= 150);
    assert_eq!(BUILT_IN.len(), count);
}

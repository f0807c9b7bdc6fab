//! The tests of CPython's `SimpleHTTPServerTestCase`, under their names, for a handler of HTTP/1.0
//! as theirs is. Three differ, and say so. `http/cpython/` has the others, and the list of all.

// The names are CPython's.
#![allow(non_snake_case)]

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::harness::list;

list!(
    ;
    test_list_dir_nonascii_dirname,
    test_list_dir_undecodable_dirname,
    test_list_dir_undecodable_dirname2,
    test_list_dir_escape_dirname,
    test_list_dir_unencodable_dirname,
    test_list_dir_nonascii_filename,
    test_list_dir_undecodable_filename,
    test_list_dir_escape_filename,
    test_list_dir_unencodable_filename,
    test_query_arguments,
    test_start_with_double_slash,
    test_list_dir_with_query_and_fragment,
    test_get_dir_redirect_location_domain_injection_bug,
    test_get,
    test_head,
    test_browser_cache,
    test_browser_cache_file_changed,
    test_browser_cache_with_If_None_Match_header,
    test_invalid_requests,
    test_last_modified,
    test_path_without_leading_slash;
);

const DATA: &[u8] = b"We are the knights who say Ni!";
const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn tree(column: Column) -> Tree {
    Tree::of("files::files_1_0", column, &[], &[("base/test", DATA)])
}

/// Asserts what all their tests do: a status, and the end of the connection behind the body.
#[track_caller]
fn check(reply: &Reply, status: u16, data: Option<&[u8]>) {
    assert_eq!(reply.status, status);
    assert!(!reply.phrase.is_empty());
    assert_eq!(reply.version, 0);
    assert!(reply.field("Connection").is_none_or(|value| value == "close"));
    if let Some(data) = data {
        assert!(reply.body == data, "{}", reply.text());
    }
}

fn quote(bytes: &[u8]) -> String {
    let quoted = bytes.iter().map(|byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'.' | b'-' | b'~' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    quoted.collect()
}

fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::new();
    for byte in bytes {
        match byte {
            b'&' => escaped.extend_from_slice(b"&amp;"),
            b'<' => escaped.extend_from_slice(b"&lt;"),
            b'>' => escaped.extend_from_slice(b"&gt;"),
            other => escaped.push(*other),
        }
    }
    escaped
}

#[track_caller]
fn contains(reply: &Reply, part: &[u8]) {
    let found = reply.body.windows(part.len()).any(|window| window == part);
    assert!(found, "{} is not in {}", part.escape_ascii(), reply.text());
}

fn check_dirname(column: Column, dirname: &[u8], quoted: Option<&str>) {
    let tree = tree(column);
    fs::create_dir(tree.folder.join("base").join(name(dirname))).expect("a folder");
    let quoted = quoted.map_or_else(|| quote(dirname), str::to_owned);
    let reply = tree.get(&format!("/base/{quoted}/"), &[]);
    check(&reply, 200, None);
    let prefix = [&b"listing for /base/"[..], &*escape(dirname), b"/</"].concat();
    contains(&reply, &[&*prefix, b"title>"].concat());
    contains(&reply, &[&*prefix, b"h1>"].concat());
}

fn check_filename(column: Column, filename: &[u8]) {
    let tree = tree(column);
    write(&tree.folder.join("base").join(name(filename)), filename);
    let reply = tree.get("/base/", &[]);
    check(&reply, 200, None);
    assert!(reply.field("Content-Type").is_some_and(|of_type| of_type.contains("charset=")));
    let quoted = quote(filename);
    contains(&reply, format!("href=\"{quoted}\"").as_bytes());
    contains(&reply, &[&b">"[..], &*escape(filename), b"<"].concat());
    check(&tree.get(&format!("/base/{quoted}"), &[]), 200, Some(filename));
}

fn test_list_dir_nonascii_dirname(column: Column) {
    check_dirname(column, "\u{e6}\u{430}\u{3b1}\u{5d0}".as_bytes(), None);
}

fn test_list_dir_undecodable_dirname(column: Column) {
    check_dirname(column, b"\xe7w\xf0", None);
}

fn test_list_dir_undecodable_dirname2(column: Column) {
    check_dirname(column, b"\xff", Some("%ff"));
}

fn test_list_dir_escape_dirname(column: Column) {
    for dirname in [&b"q?"[..], b"f#", b"&amp;", b"<i>", b"\"double\"", b"'single'", b"%A4"] {
        check_dirname(column, dirname, None);
    }
}

fn test_list_dir_nonascii_filename(column: Column) {
    check_filename(column, "\u{e6}\u{430}\u{3b1}\u{5d0}.txt".as_bytes());
}

fn test_list_dir_undecodable_filename(column: Column) {
    check_filename(column, b"\xe7w\xf0.txt");
}

fn test_list_dir_escape_filename(column: Column) {
    for filename in [&b"q?"[..], b"f#", b"&amp;", b"<i>", b"\"double\"", b"'single'", b"%A4"] {
        check_filename(column, filename);
    }
}

/// A name that is UTF-8 but for half of a surrogate pair, which no encoding has.
const UNENCODABLE: &[u8] = b"@\xed\xb2\x80";

fn test_list_dir_unencodable_dirname(column: Column) {
    check_dirname(column, UNENCODABLE, None);
}

fn test_list_dir_unencodable_filename(column: Column) {
    check_filename(column, &[UNENCODABLE, b".txt"].concat());
}

fn test_list_dir_with_query_and_fragment(column: Column) {
    let tree = tree(column);
    for target in ["/base/?x=123", "/base/#123", "/base/?x=123#456"] {
        let reply = tree.get(target, &[]);
        contains(&reply, b"listing for /base/</title>");
        contains(&reply, b"listing for /base/</h1>");
    }
}

/// Ours is the path that was found, without a host also where the request had one.
fn test_get_dir_redirect_location_domain_injection_bug(column: Column) {
    let tree = tree(column);
    fs::create_dir(tree.folder.join("base/existing_directory")).expect("a folder");
    let url = "/python.org/..%2f..%2f..%2f..%2f..%2f../%0a%0d/../base/existing_directory";
    for prefix in ["", "/", "//", "https://pypi.org/"] {
        let reply = tree.get(&format!("{prefix}{url}"), &[]);
        check(&reply, 301, None);
        assert_eq!(reply.field("Location"), Some("/base/existing_directory/"));
    }
}

fn test_get(column: Column) {
    let tree = tree(column);
    check(&tree.get("/base/test", &[]), 200, Some(DATA));
    check(&tree.get("/base/test/", &[]), 404, None);
    check(&tree.get("/base/test%2f", &[]), 404, None);
    check(&tree.get("/base/", &[]), 200, None);
    check(&tree.get("/base%2f", &[]), 200, None);
    let reply = tree.get("/base", &[]);
    check(&reply, 301, None);
    assert_eq!(reply.field("Content-Length"), Some("0"));
    check(&tree.get("/base/?hi=2", &[]), 200, None);
    let reply = tree.get("/base?hi=1", &[]);
    check(&reply, 301, None);
    assert_eq!(reply.field("Location"), Some("/base/?hi=1"));
    check(&tree.get("/ThisDoesNotExist", &[]), 404, None);
    check(&tree.get("/ThisDoesNotExist/", &[]), 404, None);
    fs::create_dir_all(tree.folder.join("base/spam/index.html")).expect("folders");
    check(&tree.get("/base/spam/", &[]), 200, None);
    write(&tree.folder.join("base/index.html"), b"Dummy index file\r\n");
    check(&tree.get("/base/", &[]), 200, Some(b"Dummy index file\r\n"));
    // The system lets its superuser read everything.
    if !getuid().is_root() {
        let base = tree.folder.join("base");
        fs::set_permissions(&base, fs::Permissions::from_mode(0o000)).expect("permissions");
        let reply = tree.get("/base/", &[]);
        fs::set_permissions(&base, fs::Permissions::from_mode(0o755)).expect("permissions");
        check(&reply, 404, None);
    }
}

fn test_head(column: Column) {
    let reply = tree(column).ask("HEAD", "/base/test", &[]);
    check(&reply, 200, Some(b""));
    assert_eq!(reply.field("Content-Length"), Some("30"));
    assert_eq!(reply.field("Content-Type"), Some("application/octet-stream"));
}

fn test_browser_cache(column: Column) {
    let tree = tree(column);
    for date in [MODIFIED, "Sun, 06 Nov 1994 09:49:37 GMT"] {
        let line = format!("If-Modified-Since: {date}");
        check(&tree.get("/base/test", &[&line]), 304, Some(b""));
    }
}

fn test_browser_cache_file_changed(column: Column) {
    let line = "If-Modified-Since: Sat, 06 Nov 1993 08:49:37 GMT";
    check(&tree(column).get("/base/test", &[line]), 200, Some(DATA));
}

/// Theirs asks with `*`, which Python ignores. By RFC 9110 it means "only if there is none".
fn test_browser_cache_with_If_None_Match_header(column: Column) {
    let tree = tree(column);
    let date = format!("If-Modified-Since: {MODIFIED}");
    check(&tree.get("/base/test", &[&date, "If-None-Match: \"other\""]), 200, Some(DATA));
    check(&tree.get("/base/test", &[&date, "If-None-Match: *"]), 304, Some(b""));
}

fn test_invalid_requests(column: Column) {
    let tree = tree(column);
    for method in ["FOO", "custom", "GETs"] {
        check(&tree.ask(method, "/", &[]), 501, None);
    }
}

fn test_last_modified(column: Column) {
    let reply = tree(column).get("/base/test", &[]);
    check(&reply, 200, Some(DATA));
    assert_eq!(reply.field("Last-Modified"), Some(MODIFIED));
}

/// Our redirects begin with a slash nevertheless.
fn test_path_without_leading_slash(column: Column) {
    let tree = tree(column);
    check(&tree.get("base/test", &[]), 200, Some(DATA));
    check(&tree.get("base/test/", &[]), 404, None);
    check(&tree.get("base/", &[]), 200, None);
    check(&tree.get("base", &[]), 301, None);
    check(&tree.get("base/?hi=2", &[]), 200, None);
    let reply = tree.get("base?hi=1", &[]);
    check(&reply, 301, None);
    assert_eq!(reply.field("Location"), Some("/base/?hi=1"));
}

/// Of `SimpleHTTPRequestHandlerTestCase`, which asks for the path that a target is translated to.
#[track_caller]
fn check_targets(column: Column, targets: &[&str]) {
    let tree = tree(column);
    for target in targets {
        check(&tree.get(target, &[]), 200, Some(DATA));
    }
}

fn test_query_arguments(column: Column) {
    check_targets(column, &["/base/test", "/base/test?foo=bar", "/base/test?a=b&spam=eggs#zot"]);
}

fn test_start_with_double_slash(column: Column) {
    check_targets(column, &["//base/test", "//base/test?foo=bar"]);
}

//! Paths, redirects and ranges of files: rows 32 to 35.

use super::super::case::{Case, case};

const MISSING: &str = "404! or 404 or 400! or 400";

pub(super) fn cases() -> Vec<Case> {
    let mut all = paths();
    all.extend(redirects());
    all.extend(ranges());
    all.into_iter().map(Case::on_files).collect()
}

fn get(row: u8, path: &[u8], right: &'static str, python: &'static str, why: &'static str) -> Case {
    case(row, [b"GET ", path, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat(), right, python, why)
}

fn paths() -> Vec<Case> {
    vec![
        get(32, b"/%00", MISSING, "!", "there is no such name, and each request has an answer"),
        get(32, b"/a%0d%0aX:y", MISSING, "404!", ""),
        get(32, b"/%ff", MISSING, "404!", ""),
        get(32, b"/\xc3\xa9", MISSING, "404!", ""),
        get(32, b"/%c0%ae%c0%ae/", MISSING, "404!", ""),
        get(33, b"/../etc/passwd", MISSING, "404!", ""),
        get(33, b"/../../../../../../etc/passwd", MISSING, "404!", ""),
        get(33, b"/%2e%2e/etc/passwd", MISSING, "404!", ""),
        get(33, b"/..%2fetc/passwd", MISSING, "404!", ""),
        get(33, b"/%252e%252e/etc/passwd", MISSING, "404!", ""),
        get(
            33,
            b"/link-to-etc/passwd",
            "404! or 404 or 403! or 403",
            "200 secret",
            "a link that leads out of the folder is followed only if the server says so",
        ),
    ]
}

fn redirects() -> Vec<Case> {
    let local = "a browser takes `/\\` for the beginning of another host";
    let normal = "the redirect is made of the path that was found";
    let to_dir = "301 /dir/ or 308 /dir/ or 404! or 404 or 400! or 400";
    vec![
        get(34, b"/dir", "301 /dir/ or 308 /dir/", "301 /dir/", ""),
        get(34, b"//evil/..%2f..%2fdir", to_dir, "301 /evil/..%2f..%2fdir/", normal),
        get(34, b"///dir", to_dir, "301 /dir/", ""),
        get(34, b"/\\evil/../dir", to_dir, "301 /\\evil/../dir/", local),
        get(
            34,
            b"/dir%0d%0aX:y/..",
            "301 / or 308 / or 200 or 404! or 404 or 400! or 400",
            "301 /dir%0d%0aX:y/../",
            normal,
        ),
    ]
}

fn ranges() -> Vec<Case> {
    let part = "RFC 9110, 14.2: a part of the file was asked for";
    let range = |range: &str, right, python, why| {
        let head = "GET /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=";
        case(35, format!("{head}{range}\r\n\r\n"), right, python, why)
    };
    let many = (0..1_000).map(|_| "0-0").collect::<Vec<_>>().join(",");
    let old = "0-0\r\nIf-Range: Thu, 01 Jan 1970 00:00:01 GMT";
    vec![
        range("0-0", "206 bytes 0-0/10 0", "200 0123456789", part),
        range("-1", "206 bytes 9-9/10 9", "200 0123456789", part),
        range("5-", "206 bytes 5-9/10 56789", "200 0123456789", part),
        range("9-3", "200 0123456789", "200 0123456789", ""),
        range("0-0,2-2", "206 multipart", "200 0123456789", part),
        range(&many, "200 0123456789", "200 0123456789", ""),
        range("10-", "416 bytes */10 or 416 bytes */10!", "200 0123456789", part),
        range(old, "200 0123456789", "200 0123456789", ""),
    ]
}

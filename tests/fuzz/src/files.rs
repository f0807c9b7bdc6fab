//! Requests for static files: paths, ranges and conditions.

use std::sync::OnceLock;

use socketserver::http::{Files, SimpleHTTPRequestHandler};

use crate::connection::converse;
use crate::folder::{CONTENT, SECRET, files};
use crate::replies::{Reply, replies};

fn get(target: &str, fields: &[&str]) -> Vec<Reply> {
    let mut request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n");
    fields.iter().for_each(|field| request.extend([field, "\r\n"]));
    request.push_str("\r\n");
    let state = files();
    replies(&converse::<SimpleHTTPRequestHandler, Files>(state, request.as_bytes(), usize::MAX))
}

fn tag() -> &'static str {
    static TAG: OnceLock<String> = OnceLock::new();
    TAG.get_or_init(|| get("/a.txt", &[])[0].field("ETag").expect("a tag").to_owned())
}

/// Asks for a file.
///
/// # Panics
/// If the reply has a secret, other bytes than the file's, or one of its bytes twice; or if it
/// leads to another host.
pub fn check_files(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let text = text.replace("{E}", tag());
    let mut lines = text.split('\n');
    let target = lines.next().unwrap_or_default();
    let fields: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    for reply in get(target, &fields) {
        let body = String::from_utf8_lossy(&reply.body);
        assert!(!body.contains(SECRET), "{body}");
        let is_file = reply.field("ETag").is_some();
        match reply.status {
            200 if is_file => assert_eq!(body, CONTENT),
            206 => check_parts(&reply, &body),
            301 => check_location(reply.field("Location").expect("a place")),
            status => assert!((200..500).contains(&status) || status >= 501, "{body}"),
        }
    }
}

/// Each byte of the file is there at most once, in its place.
fn check_parts(reply: &Reply, body: &str) {
    let kind = reply.field("Content-Type").expect("a type");
    let Some(boundary) = kind.strip_prefix("multipart/byteranges; boundary=") else {
        let range = reply.field("Content-Range").expect("a range");
        return assert_eq!(body, part(range).expect("a range of the file"));
    };
    let parts = body.strip_suffix(&format!("\r\n--{boundary}--\r\n")).expect("an end");
    let parts: Vec<&str> = parts.split(&format!("\r\n--{boundary}\r\n")).skip(1).collect();
    let mut sent = 0;
    for one in &parts {
        let (head, bytes) = one.split_once("\r\n\r\n").expect("a head");
        let (_, range) = head.split_once("Content-Range: ").expect("a range");
        assert_eq!(bytes, part(range).expect("a range of the file"));
        sent += bytes.len();
    }
    assert!(parts.len() > 1 && sent < CONTENT.len(), "{sent} bytes in {} parts", parts.len());
}

/// The bytes of `bytes 0-3/16`.
fn part(range: &str) -> Option<&'static str> {
    let (range, size) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let is_right = size.parse() == Ok(CONTENT.len());
    CONTENT.get(first.parse().ok()?..=last.parse().ok()?).filter(|_| is_right)
}

fn check_location(place: &str) {
    assert!(place.starts_with('/') && !place.starts_with("//"), "{place}");
    assert!(place.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\'), "{place}");
}

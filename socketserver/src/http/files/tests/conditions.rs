//! Conditions and ranges of a request, at the reply.

use super::*;

fn ten() -> (Folder, Files) {
    let folder = Folder::new();
    folder.write("ten.bin", "0123456789");
    folder.write("empty", "");
    let files = folder.files();
    (folder, files)
}

#[test]
fn a_fresh_copy_is_not_sent_again() {
    let (_folder, files) = ten();
    let whole = get(&files, "/ten.bin");
    let etag = field(&whole, "ETag").expect("a tag");
    for head in [("If-None-Match", etag), ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")] {
        let reply = ask(&files, "GET", "/ten.bin", &[head, ("Range", "bytes=0-0")]);
        assert_eq!((reply.status, &*body(&reply)), (304, ""));
        assert_eq!(field(&reply, "ETag"), Some(etag));
        assert_eq!(reply.length, None);
        assert_eq!(field(&reply, "Content-Type"), None);
    }
    let reply = ask(&files, "GET", "/ten.bin", &[("If-Match", "\"other\"")]);
    assert_eq!(reply.status, 412);
    // Where nothing is, no condition can hold or fail.
    assert_eq!(ask(&files, "GET", "/missing", &[("If-Match", "\"other\"")]).status, 404);
    assert_eq!(ask(&files, "GET", "/missing", &[("If-None-Match", "*")]).status, 404);
}

#[test]
fn a_range_gets_its_part() {
    let (_folder, files) = ten();
    let expected = [
        ("bytes=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=-1", 206, "9", "bytes 9-9/10"),
        ("bytes=5-", 206, "56789", "bytes 5-9/10"),
        ("bytes=2-4,3-6", 206, "23456", "bytes 2-6/10"),
        ("bytes=9-3", 200, "0123456789", ""),
        ("bytes=10-", 416, "Range Not Satisfiable", "bytes */10"),
    ];
    for (range, status, text, content_range) in expected {
        let reply = ask(&files, "GET", "/ten.bin", &[("Range", range)]);
        assert_eq!((reply.status, &*body(&reply)), (status, text), "{range}");
        assert_eq!(field(&reply, "Content-Range").unwrap_or_default(), content_range);
        let head = ask(&files, "HEAD", "/ten.bin", &[("Range", range)]);
        assert_eq!((head.status, head.length), (200, Some(10)), "{range}");
    }
    assert_eq!(ask(&files, "GET", "/empty", &[("Range", "bytes=0-")]).status, 416);
    let many: Vec<String> = (0..1_000).map(|n| format!("{n}-{n}")).collect();
    let many = format!("bytes={}", many.join(","));
    assert_eq!(ask(&files, "GET", "/ten.bin", &[("Range", &many)]).status, 200);
}

#[test]
fn several_ranges_come_in_parts_with_heads() {
    let (_folder, files) = ten();
    let reply = ask(&files, "GET", "/ten.bin", &[("Range", "bytes=8-,0-1,4-4")]);
    assert_eq!((reply.status, field(&reply, "Content-Range")), (206, None));
    let content_type = field(&reply, "Content-Type").expect("a type");
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").expect("parts");
    let part = |range: &str, text: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {range}/10\r\n\r\n{text}"
        )
    };
    let parts = [part("8-9", "89"), part("0-1", "01"), part("4-4", "4")].concat();
    assert_eq!(body(&reply), format!("{parts}\r\n--{boundary}--\r\n"));
    let other = ask(&files, "GET", "/ten.bin", &[("Range", "bytes=8-,0-1,4-4")]);
    assert_ne!(field(&other, "Content-Type"), Some(content_type), "the boundary is random");
}

#[test]
fn a_range_of_another_state_gets_the_whole() {
    let (_folder, files) = ten();
    let whole = get(&files, "/ten.bin");
    let etag = field(&whole, "ETag").expect("a tag");
    let range = ("Range", "bytes=5-");
    for (validator, status) in [
        (etag, 206),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 206),
        ("\"other\"", 200),
        ("Sun, 06 Nov 1994 08:49:38 GMT", 200),
    ] {
        let reply = ask(&files, "GET", "/ten.bin", &[range, ("If-Range", validator)]);
        assert_eq!(reply.status, status, "{validator}");
    }
    // Without a range in this file there is nothing to refuse.
    let reply = ask(&files, "GET", "/ten.bin", &[("Range", "bytes=99-"), ("If-Range", "\"x\"")]);
    assert_eq!(reply.status, 200);
}

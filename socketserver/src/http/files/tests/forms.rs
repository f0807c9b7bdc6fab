//! Files that lie beside themselves, compressed.

use super::*;

#[test]
fn the_best_form_that_is_there_is_sent() {
    let folder = Folder::new();
    folder.write("a.css", "plain");
    folder.write("a.css.br", "brotli");
    folder.write("a.css.gz", "gzip");
    folder.write("dir/index.html", "index");
    folder.write("dir/index.html.zst", "zstandard");
    folder.write("dir.gz", "another file");
    folder.write("lone.gz", "no form of a file");
    fs::create_dir(folder.join("b.js.gz")).expect("a folder");
    folder.write("b.js", "script");
    let files = folder.files().precompressed(true);
    let expected = [
        ("/a.css", "", "plain", None),
        ("/a.css", "gzip", "gzip", Some("gzip")),
        ("/a.css", "gzip, br", "brotli", Some("br")),
        ("/a.css", "gzip, br;q=0.5", "gzip", Some("gzip")),
        ("/a.css", "zstd", "plain", None),
        ("/a.css", "zstd, gzip;q=0.1", "gzip", Some("gzip")),
        ("/a.css", "*", "brotli", Some("br")),
        ("/dir/", "zstd", "zstandard", Some("zstd")),
        ("/b.js", "gzip", "script", None),
        ("/a.css.gz", "br", "gzip", None),
    ];
    for (target, accept, text, coding) in expected {
        let reply = ask(&files, "GET", target, &[("Accept-Encoding", accept)]);
        assert_eq!((reply.status, &*body(&reply)), (200, text), "{target} {accept}");
        assert_eq!(field(&reply, "Content-Encoding"), coding);
        assert_eq!(field(&reply, "Vary"), Some("Accept-Encoding"));
    }
    let accept = [("Accept-Encoding", "gzip")];
    assert_eq!(ask(&files, "GET", "/lone", &accept).status, 404);
    assert_eq!(ask(&files, "GET", "/dir", &accept).status, 301);

    let [plain, coded] = [&[][..], &accept].map(|head| ask(&files, "GET", "/a.css", head));
    assert_eq!(field(&coded, "Content-Type"), Some("text/css; charset=utf-8"));
    let (plain, tag) = (field(&plain, "ETag"), field(&coded, "ETag"));
    assert_ne!(plain, tag);
    let known = [accept[0], ("If-None-Match", tag.expect("a tag"))];
    let reply = ask(&files, "GET", "/a.css", &known);
    assert_eq!((reply.status, field(&reply, "Vary")), (304, Some("Accept-Encoding")));
    let known = [accept[0], ("If-None-Match", plain.expect("a tag"))];
    assert_eq!(ask(&files, "GET", "/a.css", &known).status, 200);
    let part = [accept[0], ("Range", "bytes=1-2")];
    let reply = ask(&files, "GET", "/a.css", &part);
    assert_eq!((&*body(&reply), field(&reply, "Content-Encoding")), ("zi", Some("gzip")));

    // A form of an older file.
    fs::write(folder.join("a.css"), "newer").expect("write");
    assert_eq!(body(&ask(&files, "GET", "/a.css", &accept)), "newer");
    folder.write("a.css", "plain");

    // Nothing is looked for where it was not asked for.
    let reply = ask(&folder.files(), "GET", "/a.css", &accept);
    assert_eq!((&*body(&reply), field(&reply, "Vary")), ("plain", None));
}

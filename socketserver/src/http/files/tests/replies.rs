//! Which reply a path and a method get.

use super::*;

fn tree() -> Folder {
    let folder = Folder::new();
    folder.write("file.txt", "text");
    folder.write("with/index.html", "index");
    folder.write("other/index.htm", "old");
    folder.write("bare/inner", "inner");
    folder.write(".secret/file", "secret");
    folder.write(".well-known/security.txt", "contact");
    folder.write("a b\\c/inner", "odd");
    folder
}

#[test]
fn paths_lead_to_files_indexes_and_redirects() {
    let folder = tree();
    let files = folder.files();
    let expected = [
        ("/file.txt", 200, "text"),
        ("/file.txt?a=b", 200, "text"),
        ("/with/../file.txt", 200, "text"),
        ("/%66ile.txt", 200, "text"),
        ("file.txt", 200, "text"),
        ("/with/", 200, "index"),
        ("/with%2f", 200, "index"),
        ("/with/index.html", 200, "index"),
        ("/other/", 200, "old"),
        ("/bare/inner", 200, "inner"),
        ("/with", 301, ""),
        ("/file.txt/", 404, "File not found"),
        ("/file.txt/x", 404, "File not found"),
        ("/missing", 404, "File not found"),
        ("/missing/", 404, "File not found"),
        ("/file.txt%00", 404, "File not found"),
        ("/%ff", 404, "File not found"),
        ("/.secret/file", 404, "File not found"),
        ("/bare/../.secret/", 404, "File not found"),
        ("/.well-known/security.txt", 200, "contact"),
    ];
    for (target, status, text) in expected {
        let reply = get(&files, target);
        assert_eq!((reply.status, &*body(&reply)), (status, text), "{target}");
        let head = ask(&files, "HEAD", target, &[]);
        assert_eq!(head.status, status);
        // The time says how old the file is, so these are the same.
        assert_eq!((head.fields, head.length), (reply.fields, reply.length), "{target}");
    }
    let shown = folder.files().hidden(true);
    assert_eq!(body(&get(&shown, "/.secret/file")), "secret");
}

#[test]
fn a_file_is_described() {
    let folder = tree();
    let reply = get(&folder.files(), "/file.txt");
    assert_eq!(field(&reply, "Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(reply.length, Some(4));
    assert_eq!(field(&reply, "Last-Modified"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(field(&reply, "Accept-Ranges"), Some("bytes"));
    assert_eq!(field(&reply, "Vary"), None);
    let etag = field(&reply, "ETag").expect("a tag");
    assert!(etag.starts_with("\"2ebc98a100000000-4-") && etag.ends_with('"'), "{etag}");
}

#[test]
fn redirects_lead_to_the_directory_itself() {
    let folder = tree();
    let files = folder.files();
    let expected = [
        ("/with", "/with/"),
        ("/with?q=1&r", "/with/?q=1&r"),
        ("//evil.example/..%2f..%2fwith", "/with/"),
        ("/\\evil.example/../with", "/with/"),
        ("/a%20b%5cc", "/a%20b%5Cc/"),
        ("/x%0d%0aSet-Cookie:a=b/../with?q\r\nX:", "/with/?q%0D%0AX:"),
    ];
    for (target, location) in expected {
        let reply = get(&files, target);
        assert_eq!(reply.status, 301, "{target}");
        assert_eq!(field(&reply, "Location"), Some(location));
        assert_eq!(reply.length, Some(0));
        assert_eq!(field(&reply, "Cache-Control"), Some("no-cache"));
    }
}

#[test]
fn other_methods_are_not_allowed() {
    let folder = tree();
    let files = folder.files();
    for method in ["POST", "PUT", "DELETE", "PATCH", "FOO"] {
        let reply = ask(&files, method, "/file.txt", &[]);
        assert_eq!(reply.status, 405);
        assert_eq!(field(&reply, "Allow"), Some("GET, HEAD, OPTIONS"));
    }
    let reply = ask(&files, "OPTIONS", "*", &[]);
    assert_eq!((reply.status, field(&reply, "Allow")), (204, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn cors_is_on_every_reply_and_answers_preflights() {
    const ORIGIN: &str = "Access-Control-Allow-Origin";
    let folder = tree();
    let files = folder.files().cors();
    for (method, target) in [
        ("GET", "/file.txt"),
        ("GET", "/missing"),
        ("HEAD", "/with"),
        ("POST", "/"),
        ("OPTIONS", "/"),
    ] {
        assert_eq!(field(&ask(&files, method, target, &[]), ORIGIN), Some("*"));
    }
    let preflight = [("Access-Control-Request-Method", "GET"), ("Origin", "http://a")];
    let reply = ask(&files, "OPTIONS", "/file.txt", &preflight);
    assert_eq!(reply.status, 204);
    assert_eq!(field(&reply, "Access-Control-Allow-Methods"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(field(&reply, "Access-Control-Allow-Headers"), Some("*"));
    let without = ask(&folder.files(), "OPTIONS", "/file.txt", &preflight);
    assert!(without.fields.iter().all(|field| !field.0.starts_with("Access")));
}

#[test]
fn an_application_answers_for_its_paths() {
    let folder = tree();
    folder.write("index.html", "app");
    let files = folder.files().spa(true);
    let html = [("Accept", "text/html,*/*;q=0.8")];
    let expected: [(&str, Head<'_>, u16, &str); 7] = [
        ("/users/7", &[], 200, "app"),
        ("/users/7/", &[], 200, "app"),
        ("/users/john.doe", &html, 200, "app"),
        ("/lost.js", &[], 404, "File not found"),
        ("/lost.js", &[("Accept", "*/*")], 404, "File not found"),
        ("/.secret/file", &[], 200, "app"),
        ("/file.txt", &html, 200, "text"),
    ];
    for (target, head, status, text) in expected {
        let reply = ask(&files, "GET", target, head);
        assert_eq!((reply.status, &*body(&reply)), (status, text), "{target}");
    }
    let without = Folder::new();
    assert_eq!(get(&without.files().spa(true), "/x").status, 404);
}

#[test]
fn indexes_are_those_that_were_named() {
    let folder = tree();
    let files = folder.files().index(["inner", "index.html"]).listing(false);
    assert_eq!(body(&get(&files, "/bare/")), "inner");
    assert_eq!(body(&get(&files, "/with/")), "index");
    let reply = get(&files, "/other/");
    assert_eq!((reply.status, &*body(&reply)), (404, "No permission to list directory"));
}

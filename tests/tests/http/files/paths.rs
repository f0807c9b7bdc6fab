//! Where paths lead.

use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::harness::list;

list!(
    ;
    no_path_leaves_the_folder,
    fifos_and_devices_are_not_found,
    redirects_stay_on_the_site,
    names_of_any_bytes_are_found,
    every_reply_has_the_fields_of_the_site,
    fields_of_the_site_replace_others,
    methods_that_files_lack_are_refused;
);

fn no_path_leaves_the_folder(column: Column) {
    let tree = Tree::new(column, &[], &[("inner/file", b"inner"), (".git/config", b"hidden")]);
    let outside = tree.folder.path().with_extension("outside");
    write(&outside.join("secret"), b"secret");
    symlink(&outside, tree.folder.join("absolute")).expect("a link");
    symlink("../..", tree.folder.join("inner/parent")).expect("a link");
    let outside_name = outside.file_name().expect("a name").to_str().expect("text");
    let relative = format!("../{outside_name}/secret");
    symlink(&relative, tree.folder.join("relative")).expect("a link");
    symlink("/proc/self/root", tree.folder.join("magic")).expect("a link");
    let forms = [
        format!("/{relative}"),
        format!("/%2e%2e/{outside_name}/secret"),
        format!("/..%2f{outside_name}%2fsecret"),
        format!("/inner/../../{outside_name}/secret"),
        format!("/%252e%252e/{outside_name}/secret"),
        format!("/..\\{outside_name}\\secret"),
        format!("/%c0%ae%c0%ae/{outside_name}/secret"),
        format!("/.%00./{outside_name}/secret"),
        format!("//{}/secret", outside.display()),
        "/absolute/secret".to_owned(),
        "/absolute/".to_owned(),
        "/relative".to_owned(),
        "/inner/parent/etc/passwd".to_owned(),
        "/magic/etc/passwd".to_owned(),
        "/.git/config".to_owned(),
        "/inner/../.git/config".to_owned(),
        "/%2egit/config".to_owned(),
    ];
    for form in forms {
        let reply = tree.get(&form, &[]);
        assert_eq!(reply.status, 404, "{form}");
        assert!(!reply.text().contains("secret"), "{form}");
    }
    assert_eq!(tree.get("/x/../inner/./file", &[]).text(), "inner");
    drop(tree);
    fs::remove_dir_all(outside).expect("it is there");
}

/// A FIFO without a writer would keep the handler waiting for ever.
fn fifos_and_devices_are_not_found(column: Column) {
    let tree = Tree::new(column, &["links"], &[]);
    mknodat(CWD, tree.folder.join("fifo"), FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    let _listener =
        std::os::unix::net::UnixListener::bind(tree.folder.join("socket")).expect("a socket");
    symlink("/dev/zero", tree.folder.join("zero")).expect("a link");
    for target in ["/fifo", "/socket", "/zero", "/fifo/", "/%00", "/a%0d%0aX:y", "/%ff"] {
        assert_eq!(tree.get(target, &[]).status, 404, "{target}");
    }
    let listing = tree.get("/", &[]);
    assert!(!listing.text().contains("<td>"), "{}", listing.text());
}

fn redirects_stay_on_the_site(column: Column) {
    let tree = Tree::new(column, &[], &[("dir/file", b"")]);
    for (target, location) in [
        ("/dir", "/dir/"),
        ("/dir?a=b&c", "/dir/?a=b&c"),
        ("//evil/..%2f..%2fdir", "/dir/"),
        ("///dir", "/dir/"),
        ("/\\evil/../dir", "/dir/"),
        ("/x%0d%0aX:y/../dir", "/dir/"),
        ("http://evil//dir", "/dir/"),
    ] {
        let reply = tree.get(target, &[]);
        assert_eq!((reply.status, reply.field("Location")), (301, Some(location)), "{target}");
        assert_eq!(reply.field("Content-Length"), Some("0"));
        assert_eq!(reply.field("Cache-Control"), Some("no-cache"));
    }
}

/// Every byte that a name can have, in a listing and in a request.
fn names_of_any_bytes_are_found(column: Column) {
    let tree = Tree::new(column, &["hidden"], &[]);
    let mut names: Vec<Vec<u8>> = (1..=255_u8)
        .filter(|byte| *byte != b'/' && *byte != b'.')
        .map(|byte| vec![byte, b'a', byte])
        .collect();
    names.push(vec![0xff; 255]);
    for bytes in &names {
        fs::write(tree.folder.path().join(name(bytes)), bytes).expect("write");
    }
    let page = tree.get("/", &[]);
    assert_eq!(page.field("Content-Type"), Some("text/html; charset=utf-8"));
    let (mut links, mut found) = (BTreeSet::new(), BTreeSet::new());
    for row in page.text().split("<tr><td><a href=\"").skip(1) {
        let link = row.split('"').next().expect("an end").to_owned();
        assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link}");
        let reply = tree.get(&format!("/{link}"), &[]);
        assert_eq!(reply.status, 200, "{link}");
        found.insert(reply.body);
        links.insert(link);
    }
    let json = tree.get("/", &["Accept: application/json"]).text();
    let json: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    let hrefs = json.iter().map(|entry| entry["href"].as_str().expect("text").to_owned());
    assert_eq!(hrefs.collect::<BTreeSet<_>>(), links);
    assert_eq!(found, names.into_iter().collect());
}

fn every_reply_has_the_fields_of_the_site(column: Column) {
    let tree = Tree::new(column, &["header", "cors", "no-store"], &[("dir/file", b"file")]);
    let statuses = [
        ("GET", "/dir/file", 200, ""),
        ("HEAD", "/dir/file", 200, ""),
        ("GET", "/dir/file", 206, "Range: bytes=0-1"),
        ("GET", "/dir", 301, ""),
        ("GET", "/dir/file", 304, "If-None-Match: *"),
        ("GET", "/missing", 404, ""),
        ("POST", "/dir/file", 405, "Content-Length: 0"),
        ("GET", "/dir/file", 412, "If-Match: \"x\""),
        ("GET", "/dir/file", 416, "Range: bytes=9-"),
        ("GET", "/dir/", 200, ""),
        ("OPTIONS", "/dir/file", 204, "Access-Control-Request-Method: GET"),
    ];
    for (method, target, status, line) in statuses {
        let lines: &[&str] = if line.is_empty() { &[] } else { &[line] };
        let reply = tree.ask(method, target, lines);
        assert_eq!(reply.status, status, "{method} {target} {line}");
        assert_eq!(reply.field("X-Own"), Some("value"), "{status}");
        assert_eq!(reply.field("Access-Control-Allow-Origin"), Some("*"), "{status}");
        assert_eq!(reply.field("Cache-Control"), Some("no-store"), "{status}");
    }
}

fn fields_of_the_site_replace_others(column: Column) {
    let tree = Tree::new(column, &["replacing"], &[("file", b"file")]);
    for (method, target) in [("GET", "/file"), ("GET", "/missing"), ("HEAD", "/"), ("PUT", "/")] {
        let reply = tree.ask(method, target, &["Content-Length: 0"]);
        for name in ["Server", "Content-Type"] {
            assert_eq!(reply.field(name), Some("mine"), "{method} {target}");
        }
    }
}

fn methods_that_files_lack_are_refused(column: Column) {
    let tree = Tree::new(column, &[], &[("file", b"file")]);
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let reply = tree.ask(method, "/file", &["Content-Length: 0"]);
        assert_eq!((reply.status, reply.field("Allow")), (405, Some("GET, HEAD, OPTIONS")));
    }
    for method in ["FOO", "custom", "GETs"] {
        assert_eq!(tree.ask(method, "/file", &[]).status, 501, "{method}");
    }
    let reply = tree.ask("OPTIONS", "/file", &[]);
    assert_eq!((reply.status, reply.field("Allow")), (204, Some("GET, HEAD, OPTIONS")));
}

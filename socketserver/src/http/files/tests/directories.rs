//! Listings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::Symlinks;
use super::*;

const JSON: [(&str, &str); 1] = [("Accept", "application/json")];

fn page(files: &Files, target: &str) -> String {
    let reply = get(files, target);
    assert_eq!(reply.status, 200);
    assert_eq!(field(&reply, "Content-Type"), Some("text/html; charset=utf-8"));
    body(&reply)
}

/// The links of a page's table, in order.
fn links(page: &str) -> Vec<&str> {
    let rows = page.split("<tr><td><a href=\"").skip(1);
    rows.map(|row| row.split('"').next().expect("an end")).collect()
}

/// What the page shows for each of them.
fn texts(page: &str) -> Vec<&str> {
    let rows = page.split("<tr><td>").skip(1);
    rows.map(|row| row.split_once("\">").expect("a link").1.split("</a>").next().expect("an end"))
        .collect()
}

fn furnished() -> Folder {
    let folder = Folder::new();
    folder.write("b.txt", "x".repeat(1_500));
    folder.write("A.txt", "xx");
    folder.write("c", "");
    folder.write("Dir/inner", "");
    folder.write(".hidden", "");
    folder.write(".well-known/x", "");
    symlink("b.txt", folder.join("to-file")).expect("a link");
    symlink("Dir", folder.join("to-dir")).expect("a link");
    symlink("/etc", folder.join("out")).expect("a link");
    symlink("nowhere", folder.join("broken")).expect("a link");
    mknodat(CWD, folder.join("fifo"), FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    folder
}

#[test]
fn a_listing_shows_only_served_files() {
    let folder = furnished();
    let shown = page(&folder.files(), "/");
    let expected = [".well-known/", "A.txt", "b.txt", "c", "Dir/", "to-dir/", "to-file"];
    assert_eq!(links(&shown), expected);
    let expected = [".well-known/", "A.txt", "b.txt", "c", "Dir/", "to-dir@", "to-file@"];
    assert_eq!(texts(&shown), expected);
    for link in links(&shown) {
        assert_eq!(get(&folder.files(), &format!("/{link}")).status, 200, "{link}");
    }
    assert!(shown.contains("b.txt</a><td>1.5 KiB<td>1994-11-06 08:49\n"));
    assert!(shown.contains("A.txt</a><td>2 B<td>"));
    assert!(!shown.contains("Parent"));
    assert!(page(&folder.files(), "/Dir/").contains("<a href=\"../\">Parent directory</a>"));

    let never = page(&folder.files().symlinks(Symlinks::Never), "/");
    assert_eq!(links(&never), [".well-known/", "A.txt", "b.txt", "c", "Dir/"]);
    let always = folder.files().symlinks(Symlinks::Always).hidden(true);
    assert_eq!(links(&page(&always, "/"))[..2], [".hidden", ".well-known/"]);
    assert!(links(&page(&always, "/")).contains(&"out/"));
}

#[test]
fn a_listing_is_sorted_as_its_query_says() {
    let folder = Folder::new();
    for (name, length, seconds) in [("b", 30, 3), ("A", 20, 1), ("c", 10, 2)] {
        folder.write(name, "x".repeat(length));
        let file = fs::File::options().write(true).open(folder.join(name)).expect("open");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).expect("a time");
    }
    let files = folder.files();
    let expected = [
        ("/", ["A", "b", "c"]),
        ("/?order=desc", ["c", "b", "A"]),
        ("/?sort=name&order=asc", ["A", "b", "c"]),
        ("/?sort=size", ["c", "A", "b"]),
        ("/?sort=size&order=desc", ["b", "A", "c"]),
        ("/?sort=date", ["A", "c", "b"]),
        ("/?order=desc&sort=date", ["b", "c", "A"]),
        ("/?sort=nonsense", ["A", "b", "c"]),
    ];
    for (target, names) in expected {
        assert_eq!(links(&page(&files, target)), names, "{target}");
    }
    let by_size = page(&files, "/?sort=size");
    let heading = "<th scope=\"col\" aria-sort=\"ascending\">\
                   <a href=\"?sort=size&amp;order=desc\">Size</a></th>";
    assert!(by_size.contains(heading), "{by_size}");
    assert!(by_size.contains("<th scope=\"col\"><a href=\"?sort=name\">Name</a></th>"));
}

/// The names of CPython's tests, which a browser must show as they are, and find.
#[test]
fn every_name_is_escaped_and_found() {
    let folder = Folder::new();
    let names: [&[u8]; 9] = [
        b"?x&y<z>\"'%A4\\n",
        b"a\nb\r\tc",
        b"#frag",
        "tes\u{2019}t \u{e9}\u{1f600}".as_bytes(),
        b"\xff\xfe",
        "to\u{202e}gpj.exe \u{2014}".as_bytes(),
        b"<script>alert(1)<script>",
        b"%2e%2e",
        b" ",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let name = Path::new(OsStr::from_bytes(name));
        fs::write(folder.path().join(name), number.to_string()).expect("write");
    }
    let files = folder.files();
    let shown = page(&files, "/");
    assert_eq!(links(&shown).len(), names.len());
    assert!(links(&shown).contains(&"%3Fx%26y%3Cz%3E%22%27%25A4%5Cn"));
    assert!(links(&shown).contains(&"%FF%FE"));
    assert!(links(&shown).contains(&"to%E2%80%AEgpj.exe%20%E2%80%94"));
    assert!(shown.contains(">?x&amp;y&lt;z&gt;\"'%A4\\n</a>"), "{shown}");
    assert!(!shown.contains("<script"));
    // It would turn the end of the name around.
    assert!(shown.contains(">to\u{fffd}gpj.exe \u{2014}</a>"), "{shown}");
    let mut found: Vec<String> =
        links(&shown).iter().map(|link| body(&get(&files, &format!("/{link}")))).collect();
    found.sort();
    assert_eq!(found, ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
}

#[test]
fn a_title_is_the_decoded_path() {
    let folder = Folder::new();
    folder.write("<b> & \"c\"/x", "");
    let shown = page(&folder.files(), "/%3Cb%3E%20&%20\"c\"/?sort=size");
    for tag in ["title", "h1"] {
        let text = format!("<{tag}>Directory listing for /&lt;b&gt; &amp; \"c\"/</{tag}>");
        assert!(shown.contains(&text), "{shown}");
    }
}

#[test]
fn json_is_for_programs() {
    let folder = furnished();
    folder.write("q\"\\\n\u{1}\u{e9}", "");
    fs::write(folder.path().join(OsStr::from_bytes(b"\xff")), "").expect("write");
    let reply = ask(&folder.files(), "GET", "/?sort=size&order=desc", &JSON);
    assert_eq!(field(&reply, "Content-Type"), Some("application/json"));
    assert_eq!(field(&reply, "Vary"), Some("Accept"));
    let parsed: serde_json::Value = serde_json::from_str(&body(&reply)).expect("JSON");
    let first = &parsed[0];
    assert_eq!(first["name"], "to-file");
    assert_eq!(first["type"], "file");
    assert_eq!(first["size"], 1_500);
    assert_eq!(first["modified"], "1994-11-06T08:49:37Z");
    let of = |href: &str| {
        let mut entries = parsed.as_array().expect("an array").iter();
        entries.find(|entry| entry["href"] == href).unwrap_or_else(|| panic!("{href}"))
    };
    assert_eq!(of("q%22%5C%0A%01%C3%A9")["name"], "q\"\\\n\u{1}\u{e9}");
    assert_eq!(of("%FF")["name"], "\u{fffd}");
    let directory = of("Dir/");
    assert_eq!((&directory["type"], &directory["size"]), (&"directory".into(), &().into()));

    let empty = Folder::new();
    assert_eq!(body(&ask(&empty.files(), "GET", "/", &JSON)), "[]\n");
}

#[test]
fn names_that_begin_alike_are_in_order() {
    let folder = Folder::new();
    let sorted =
        ["File", "file", "file-", "file-aaaaaaaA", "file-aaaaaaaaB", "FILE-aaaaaaaac", "filf"];
    for name in sorted.into_iter().rev() {
        folder.write(name, "");
    }
    assert_eq!(links(&page(&folder.files(), "/")), sorted);
    for name in &sorted[3..6] {
        folder.write(&format!("alike/{name}"), "");
    }
    assert_eq!(links(&page(&folder.files(), "/alike/")), sorted[3..6]);
}

#[test]
fn a_directory_that_is_removed_is_not_found() {
    let folder = Folder::new();
    folder.write("root/inner/file", "");
    let files = Files::new(folder.join("root")).expect("a directory");
    fs::remove_dir_all(folder.join("root")).expect("it is there");
    for target in ["/", "/inner/", "/inner", "/inner/file"] {
        assert_eq!(get(&files, target).status, 404, "{target}");
    }
    // Another one in its place is not that which was opened.
    folder.write("root/other", "");
    assert_eq!(get(&files, "/other").status, 404);
}

/// A listing of many names has no details, so that it needs no system call per name.
#[test]
fn a_long_listing_has_names_alone() {
    let folder = Folder::new();
    for number in 0..5_001 {
        fs::write(folder.join(&format!("{number:05}")), "").expect("write");
    }
    let shown = page(&folder.files(), "/?sort=size");
    assert_eq!(links(&shown).len(), 5_001);
    assert!(links(&shown).is_sorted());
    assert!(!shown.contains(">Size<"));
    assert!(shown.contains("<tr><td><a href=\"00000\">00000</a>\n"));
    let json = body(&ask(&folder.files(), "GET", "/", &JSON));
    assert!(json.starts_with("[\n{\"name\":\"00000\",\"href\":\"00000\",\"type\":\"file\"},\n"));
    // One fewer, and there is room for them.
    fs::remove_file(folder.join("00007")).expect("it is there");
    assert!(page(&folder.files(), "/").contains(">Size<"));
}

#[test]
fn sizes_are_rounded_to_tenths() {
    let folder = Folder::new();
    let file = fs::File::create(folder.join("sparse")).expect("create");
    for (size, text) in [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.0 KiB"),
        (1_075, "1.0 KiB"),
        (1_076, "1.1 KiB"),
        (1_048_575, "1.0 MiB"),
        (5 << 30, "5.0 GiB"),
    ] {
        file.set_len(size).expect("a length");
        let shown = page(&folder.files(), "/");
        assert!(shown.contains(&format!("</a><td>{text}<td>")), "{shown}");
    }
}

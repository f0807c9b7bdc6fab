//! curl and Python as clients.

use super::*;
use crate::harness::list;

list!(
    ;
    curl_resumes_and_caches,
    curl_decodes_precompressed_files,
    python_reads_ranges_pages_and_json,
    files_go_through_tls;
);

/// What curl prints. `None` if it is not there.
fn curl(arguments: &[&str]) -> Option<String> {
    if !has_program("curl", "--version") {
        return None;
    }
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--path-as-is"]).args(arguments);
    Some(Process::start(&mut command).ended().passed())
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn curl_resumes_and_caches(column: Column) {
    let data = content(3_000_000);
    let tree = Tree::new(column, &[], &[("large", &data), ("text.txt", b"0123456789")]);
    let (large, text) = (tree.url("/large"), tree.url("/text.txt"));
    let out = tree.folder.join("out");
    let path = out.to_str().expect("text");
    // A part is there already: curl asks for the rest of it.
    fs::write(&out, &data[..1_000_001]).expect("write");
    let Some(_) = curl(&["-C", "-", "-o", path, &large]) else { return };
    assert!(fs::read(&out).expect("read") == data, "another content");
    let says = |arguments: &[&str]| curl(arguments).expect("it is there");
    assert_eq!(says(&["-r", "2-4", &text]), "234\n");
    assert_eq!(says(&["-r", "-3", &text]), "789\n");
    let parts = says(&["-r", "0-1,5-6", &text]);
    assert_eq!(parts.matches("Content-Range: bytes ").count(), 2, "{parts}");

    let code = ["-o", "/dev/null", "-w", "%{http_code}"];
    let status = |more: &[&str]| says(&[&code[..], more, &[&*text]].concat());
    assert_eq!(status(&["-z", "Sun, 06 Nov 1994 08:49:37 GMT"]), "304\n");
    assert_eq!(status(&["-z", "Sun, 06 Nov 1994 08:49:36 GMT"]), "200\n");
    assert_eq!(status(&["-z", "-Sun, 06 Nov 1994 08:49:36 GMT"]), "412\n");
    let tag = tree.folder.join("tag");
    let tag = tag.to_str().expect("text");
    assert_eq!(status(&["--etag-save", tag]), "200\n");
    assert_eq!(status(&["--etag-compare", tag]), "304\n");
    write(&tree.folder.join("text.txt"), b"other content");
    assert_eq!(status(&["--etag-compare", tag]), "200\n");
    assert_eq!(status(&["-I"]), "200\n");
    assert_eq!(
        says(&[&*tree.url("/../../../../etc/passwd"), "-w", "%{http_code}", "-o", path]),
        "404\n"
    );
    // Several on one connection, where the column keeps it.
    let both = says(&[&text, &text, &tree.url("/missing"), &text, "-o", "/dev/null"]);
    assert_eq!(both.matches("other content").count(), 2, "{both}");
}

/// Python makes the compressed form, and curl reads it.
fn curl_decodes_precompressed_files(column: Column) {
    let text = b"a { color: red }\n".repeat(200);
    let tree = Tree::new(column, &["precompressed"], &[("a.css", &text)]);
    let path = tree.folder.join("a.css");
    let script = "import gzip, sys\n\
                  open(sys.argv[1] + '.gz', 'wb').write(gzip.compress(open(sys.argv[1], 'rb').read()))";
    let Some(_) = python_says(script, &[path.to_str().expect("text")]) else { return };
    let Some(plain) = curl(&["--compressed", &tree.url("/a.css")]) else { return };
    assert_eq!(plain.as_bytes(), text);
    let head = curl(&["-I", "-H", "Accept-Encoding: gzip", &tree.url("/a.css")]).expect("there");
    assert!(head.contains("Content-Encoding: gzip"), "{head}");
    assert!(head.contains("Vary: Accept-Encoding"), "{head}");
    assert!(head.contains("Content-Type: text/css; charset=utf-8"), "{head}");
}

const PYTHON: &str = r#"
import http.client, json, sys, urllib.parse, urllib.request
from html.parser import HTMLParser

url = sys.argv[1]
host = urllib.parse.urlsplit(url).netloc

class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []
    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])

def get(path, **headers):
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    return reply, reply.read()

reply, body = get("/text.txt")
assert (reply.status, body) == (200, b"0123456789"), (reply.status, body)
etag = reply.headers["ETag"]
reply, body = get("/text.txt", Range="bytes=3-5", **{"If-Range": etag})
assert (reply.status, body) == (206, b"345")
assert reply.headers["Content-Range"] == "bytes 3-5/10"
reply, body = get("/text.txt", **{"If-None-Match": etag})
assert (reply.status, body) == (304, b"")

import email
reply, body = get("/text.txt", Range="bytes=0-1,8-")
message = email.message_from_bytes(
    b"Content-Type: " + reply.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
parts = [(part["Content-Range"], part.get_payload()) for part in message.get_payload()]
assert parts == [("bytes 0-1/10", "01"), ("bytes 8-9/10", "89")], parts

# Every link of the page leads where it says, also from a browser's point of view.
page = urllib.request.urlopen(url + "/dir", timeout=20)
assert page.url == url + "/dir/", page.url
parser = Links()
parser.feed(page.read().decode(errors="replace"))
links = [link for link in parser.links if not link.startswith("?")]
assert len(links) == 4, links
for link in links:
    reply = urllib.request.urlopen(urllib.parse.urljoin(page.url, link), timeout=20)
    assert reply.status == 200, link

request = urllib.request.Request(url + "/dir/?sort=size&order=desc",
                                 headers={"Accept": "application/json"})
entries = json.load(urllib.request.urlopen(request, timeout=20))
assert [entry["size"] for entry in entries] == [3, 2, 1], entries
for entry in entries:
    reply, body = get("/dir/" + entry["href"])
    assert len(body) == entry["size"], entry
print("done")
"#;

fn python_reads_ranges_pages_and_json(column: Column) {
    let tree = Tree::new(column, &[], &[("text.txt", b"0123456789")]);
    for (bytes, length) in [(&b"a&b?c=<d>#\"'%41"[..], 3), (b"\xff\xfe", 2), (b"\xc3\xa9 ", 1)] {
        write(&tree.folder.join("dir").join(name(bytes)), vec![b'x'; length]);
    }
    let Some(said) = python_says(PYTHON, &[&tree.url("")]) else { return };
    assert_eq!(said, "done\n");
}

/// Every byte of a file that is large and of one that is small.
fn files_go_through_tls(column: Column) {
    let authority = Authority::new("files");
    let identity = authority.issue(&["localhost"]);
    let folder = Folder::new();
    let data = content(3_000_017);
    write(&folder.join("large"), &data);
    write(&folder.join("small"), b"small");
    let paths = [&identity.cert, &identity.key].map(|path| path.to_str().expect("text"));
    let arguments = [paths[0], paths[1], folder.path().to_str().expect("text")];
    let site = Site::start("files::files_over_tls", column, &arguments);
    for (target, expected) in [("/large", &*data), ("/small", b"small")] {
        let config = client_config(&authority, None);
        let mut client = TlsClient::connect(site.address(), config, "localhost").0;
        let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        client.write_all(head.as_bytes()).expect("sent");
        let mut received = Vec::new();
        client.read_to_end(&mut received).expect("a whole stream");
        let end = received.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        assert!(received[end..] == *expected, "{target}: {} bytes", received.len());
    }
}

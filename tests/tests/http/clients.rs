//! Clients that others have written.

use tests::prelude::*;

use crate::harness::{Column, list};
use crate::site::Site;

list!(; curl_is_understood, python_is_understood ; wrk_gets_nothing_but_replies);

fn echo(column: Column) -> (Site, String) {
    let site = Site::start("hostile::echo::echo", column, &[]);
    let url = format!("http://{}", site.address());
    (site, url)
}

#[track_caller]
fn curl(input: &str, arguments: &[&str]) -> Ended {
    let mut curl = Process::start(Command::new("curl").args(["-s", "-v"]).args(arguments));
    curl.write(input);
    let ended = curl.ended();
    assert!(ended.status.success(), "{ended:?}");
    ended
}

/// Uploads of unknown length, `Expect`, old versions, and connections that are used again.
fn curl_is_understood(column: Column) {
    if !has_program("curl", "--version") {
        return;
    }
    let (_site, url) = echo(column);
    let target = format!("{url}/p");
    let host = format!("host={}", &url["http://".len()..]);
    let upload = curl("hello", &["-X", "POST", "-T", "-", &target]);
    assert_eq!(upload.output, format!("POST /p hello {host}\n"));
    assert!(upload.errors.contains("> Transfer-Encoding: chunked"), "{}", upload.errors);
    let expect = ["-H", "Expect: 100-continue", "-d", "@-", &target];
    let posted = curl("abc", &expect);
    assert_eq!(posted.output, format!("POST /p abc {host}\n"));
    assert!(posted.errors.contains("< HTTP/1.1 100 Continue"), "{}", posted.errors);
    for version in ["--http1.0", "--http1.1", "--http0.9"] {
        assert_eq!(curl("", &[version, &target]).output, format!("GET /p {host}\n"));
    }
    let twice = curl("", &["-w", "%{num_connects};", &target, "-w", "%{num_connects};", &target]);
    let second = if column == Column::Inline { "1;\n" } else { "0;\n" };
    assert!(twice.output.ends_with(second), "{}", twice.output);
    let missing = curl("", &["-w", "%{http_code}", "-o", "/dev/null", &format!("{url}/missing")]);
    assert_eq!(missing.output, "404\n");
    let head = curl("", &["-I", &target]);
    assert!(head.output.starts_with("HTTP/1.1 501 "), "{}", head.output);
    let as_is = curl("", &["--path-as-is", &format!("{url}/a/../b")]);
    assert_eq!(as_is.output, format!("GET /a/../b {host}\n"));
}

/// `http.client` and `urllib`: a second request on a connection, chunked and long bodies, an error.
fn python_is_understood(column: Column) {
    const SCRIPT: &str = r#"
import http.client, sys, urllib.error, urllib.request
host, inline = sys.argv[1], sys.argv[2] == "inline"
connection = http.client.HTTPConnection(host, timeout=20)
def ask(method, path, **rest):
    connection.request(method, path, **rest)
    reply = connection.getresponse()
    return reply.status, reply.read().decode(), reply.will_close
def chunks():
    yield b"ab"
    yield b"c" * 3
for reply in (
    ask("GET", "/1"),
    ask("POST", "/2", body=b"abc"),
    ask("POST", "/3", body=chunks()),
    ask("POST", "/4", body=b"x" * 1_000_000, headers={"Expect": "100-continue"}),
    ask("HEAD", "/5"),
    ask("GET", "/6"),
):
    print(*reply)
with urllib.request.urlopen("http://%s/7" % host, data=b"a=b", timeout=20) as reply:
    print(reply.status, reply.read().decode())
try:
    urllib.request.urlopen("http://%s/missing" % host, timeout=20)
except urllib.error.HTTPError as error:
    print(error.code, error.reason)
"#;
    let site = Site::start("hostile::echo::echo", column, &[]);
    let host = site.address().to_string();
    let Some(said) = python_says(SCRIPT, &[&host, &column.to_string()]) else { return };
    let closes = if column == Column::Inline { "True" } else { "False" };
    let expected = [
        format!("200 GET /1 host={host} {closes}"),
        format!("200 POST /2 abc host={host} {closes}"),
        format!("200 POST /3 abccc host={host} {closes}"),
        format!("200 POST /4 {} of 1000000 host={host} {closes}", "x".repeat(80)),
        "501  True".to_owned(),
        format!("200 GET /6 host={host} {closes}"),
        format!("200 POST /7 a=b host={host}"),
        "404 Not Found".to_owned(),
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

fn wrk_gets_nothing_but_replies(column: Column) {
    if !has_program("wrk", "-v") {
        return;
    }
    let (site, url) = echo(column);
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c8", "-d1s", "--timeout", "10s", &format!("{url}/p")]);
    let said = Process::start(&mut wrk).ended().passed();
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate: f64 = rate.expect("a rate").trim().parse().expect("a number");
    println!("{column}: {rate} requests a second");
    assert!(rate > 1.0, "{said}");
    site.end();
}

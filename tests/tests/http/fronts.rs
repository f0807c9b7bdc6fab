//! Behind HAProxy and nginx, a server handles exactly the requests that the front has counted: none
//! is smuggled past it.

use tests::prelude::*;

use crate::harness::{Column, list};
use crate::hostile;
use crate::replies::Replies;
use crate::site::Site;

list!(; ; no_request_is_smuggled_past_haproxy, no_request_is_smuggled_past_nginx);

/// How long a client listens that may have sent too little.
const QUIET: Duration = Duration::from_secs(1);

/// A free port, which a program that cannot choose one gets.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind(inet(&apart())).expect("bind");
    listener.local_addr().expect("an address")
}

/// Waits until a front listens.
#[track_caller]
fn up(address: SocketAddr) -> Address {
    let address = Address::from(address);
    until("the front listens", || Client::impatient(&address).is_ok());
    address
}

/// The requests of the hostile cases, whose paths have their numbers.
fn requests() -> Vec<Vec<u8>> {
    let numbered = |(number, bytes): (usize, Vec<u8>)| {
        let text = bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        let text = text.replace("/next", &format!("/next{number}"));
        let text = text.replace("POST /p ", &format!("POST /p{number} "));
        let text = text.replace("GET / ", &format!("GET /g{number} "));
        text.chars().map(|char| u8::try_from(char).expect("a byte")).collect()
    };
    hostile::small_requests().into_iter().enumerate().map(numbered).collect()
}

/// Sends each request through a front, one client after the other, and one that ends them.
fn send_all(front: &Address) {
    for request in requests() {
        let mut replies = Replies::new(Client::stream(front));
        replies.client.tcp().set_read_timeout(Some(QUIET)).expect("a timeout");
        replies.client.try_send(&request);
        replies.client.try_send("GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        // A front that waits for the rest of a request is left alone after a while.
        let _ = replies.everything();
    }
    // nginx gives up on a client that ends its own stream.
    let mut replies = Replies::new(Client::stream(front));
    replies.client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(replies.reply().status, 200);
}

/// Requests that were answered with success, each as its method and target, in order.
type Requests = Vec<String>;

/// Of a line that has a method, a target, some word, and a status.
fn successes<'l>(lines: impl Iterator<Item = &'l str>) -> Requests {
    let success = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let [method, target, .., status] = words[..] else { return None };
        status.starts_with('2').then(|| format!("{method} {target}"))
    };
    let mut requests: Requests = lines.filter_map(success).collect();
    requests.sort();
    requests
}

/// What the server has handled, by its log.
fn handled(log: &str) -> Requests {
    let lines = log.lines().filter_map(|line| {
        let (_, line) = line.split_once("socketserver::http: ")?;
        let (_, line) = line.split_once('"')?;
        let (request, rest) = line.split_once("\" ")?;
        let (status, _) = rest.split_once(' ')?;
        Some(format!("{request} {status}"))
    });
    successes(lines.collect::<Vec<_>>().iter().map(|line| &**line))
}

#[track_caller]
fn check(column: Column, counted: &Requests, handled: &Requests) {
    assert_eq!(handled, counted, "the server's requests, and the front's");
    let next = counted.iter().filter(|request| request.contains("/next")).count();
    println!("{column}: {} requests were counted, {next} of them /next", counted.len());
    assert!(next > 5 && counted.last().is_some(), "{counted:?}");
}

fn no_request_is_smuggled_past_haproxy(column: Column) {
    if !has_program("haproxy", "-v") {
        return;
    }
    let site = Site::start("hostile::echo::echo", column, &[]);
    let (folder, front) = (Folder::new(), free_port());
    let config = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n \
         timeout http-request 20s\n retries 0\n http-reuse always\n\
         listen in\n bind {front}\n log stdout format raw local0\n \
         log-format \"counted %HM %HU %s %ST\"\n server only {}\n",
        site.address()
    );
    let path = folder.join("haproxy.cfg");
    fs::write(&path, config).expect("write");
    let haproxy = Process::start(Command::new("haproxy").arg("-db").arg("-f").arg(&path));
    send_all(&up(front));
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &String| !line.contains(" /last ")) {
        lines.push(haproxy.line());
    }
    drop(haproxy);
    let lines = lines.iter().filter_map(|line| line.strip_prefix("counted "));
    let counted = successes(lines.filter(|line| line.contains(" only ")));
    check(column, &counted, &handled(&site.end()));
}

fn no_request_is_smuggled_past_nginx(column: Column) {
    if !has_program("nginx", "-v") {
        return;
    }
    let site = Site::start("hostile::echo::echo", column, &[]);
    let (folder, front) = (Folder::new(), free_port());
    let (path, log) = (folder.join("nginx.conf"), folder.join("access.log"));
    let place = folder.join("");
    let place = place.display();
    let config = format!(
        "daemon off;\nmaster_process off;\npid {place}pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\n log_format counted '$request_method $request_uri only $upstream_status';\n \
         access_log {place}access.log counted;\n client_body_temp_path {place}body;\n \
         proxy_temp_path {place}proxy;\n fastcgi_temp_path {place}fastcgi;\n \
         uwsgi_temp_path {place}uwsgi;\n scgi_temp_path {place}scgi;\n \
         upstream only {{\n server {} max_fails=0;\n keepalive 8;\n }}\n \
         server {{\n listen {front};\n location / {{\n proxy_pass http://only;\n \
         proxy_http_version 1.1;\n proxy_set_header Connection \"\";\n \
         proxy_set_header Host a;\n proxy_next_upstream off;\n \
         proxy_ignore_client_abort on;\n }}\n }}\n}}\n",
        site.address(),
    );
    fs::write(&path, config).expect("write");
    let nginx = Process::start(Command::new("nginx").arg("-c").arg(&path));
    send_all(&up(front));
    let counted = || fs::read_to_string(&log).expect("a log");
    until("the last request is counted", || counted().contains(" /last "));
    drop(nginx);
    let counted = counted();
    assert!(counted.contains(" 200\n"), "{counted}");
    check(column, &successes(counted.lines()), &handled(&site.end()));
}

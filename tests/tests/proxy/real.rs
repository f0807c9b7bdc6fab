//! HAProxy, nginx and curl, where they are installed. CI installs them.

use tests::prelude::*;

fn has(program: &str) -> bool {
    has_program(program, "-v")
}

/// Waits until a program listens.
#[track_caller]
fn up(address: SocketAddr) -> Address {
    let address = Address::from(address);
    until("the proxy listens", || Client::impatient(&address).is_ok());
    address
}

/// Asks a server of [`Behind`] by way of a proxy. Not every proxy passes on the end of one
/// direction alone, so the client ends when it has its answer.
#[track_caller]
fn ask_behind(front: &Address) {
    let mut client = Client::stream(front);
    let own = client.tcp().local_addr().expect("an address");
    client.send("hello\n");
    let mut lines = BufReader::new(client).lines().map(|line| line.expect("a line"));
    let greeting = lines.next().expect("a greeting");
    assert!(greeting.starts_with(&format!("client {own} 127.0.0.1:")), "{greeting}");
    assert_eq!(lines.next().as_deref(), Some("hello"));
}

/// A server that is asked by way of a proxy: each of these is HAProxy's option for its server line.
fn by_way_of_haproxy<C: Column>() {
    if !has("haproxy") {
        return;
    }
    let (folder, lines) = (Folder::new(), keep_lines(LevelFilter::Debug));
    let server = run(Server::<Tcp, C, Behind>::builder().proxy_protocol(local_proxies()), LOCAL);
    for (option, check) in [
        ("send-proxy", ""),
        ("send-proxy-v2", ""),
        ("send-proxy-v2 proxy-v2-options crc32c,unique-id,authority", ""),
        ("send-proxy-v2 proxy-v2-options crc32c", "check check-send-proxy inter 50ms"),
    ] {
        let front = free_port(&apart());
        let config = format!(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
             frontend in\n bind {front}\n unique-id-format %{{+X}}o%ci:%cp\n default_backend out\n\
             backend out\n server only {} {option} {check}\n",
            server.address()
        );
        let path = folder.join("haproxy.cfg");
        fs::write(&path, config).expect("write");
        let haproxy = Process::start(Command::new("haproxy").arg("-db").arg("-f").arg(&path));
        ask_behind(&up(front));
        if !check.is_empty() {
            let before = server.stats().accepted;
            until("health checks have come", || server.stats().accepted > before + 3);
        }
        drop(haproxy);
    }
    // HAProxy resets the connection of a check, which a handler may notice.
    let levels: BTreeSet<_> = lines.about(": request ").into_iter().map(|line| line.0).collect();
    assert!(levels.iter().all(|level| *level == log::Level::Debug), "{levels:?}");
}

/// One client after the other by way of HAProxy, each at its own limit.
fn limits_hold_behind_haproxy<C: Column>() {
    if !has("haproxy") {
        return;
    }
    let hour = Duration::from_secs(3_600);
    let builder = Server::<Tcp, C, Behind>::builder().max_rate_per_address(3, hour);
    let server = run(builder.proxy_protocol(local_proxies()), LOCAL);
    let (folder, front) = (Folder::new(), free_port(&apart()));
    let config = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
         listen in\n bind {front}\n server only {} send-proxy-v2\n",
        server.address()
    );
    let path = folder.join("haproxy.cfg");
    fs::write(&path, config).expect("write");
    let _haproxy = Process::start(Command::new("haproxy").arg("-db").arg("-f").arg(&path));
    let front = up(front);
    let ask = |ip: [u8; 4]| {
        let mut client = Client::stream_from(ip.into(), &front).expect("connect");
        client.send("hello");
        client.end();
        !client.rest_or_reset().is_empty()
    };
    for last in [2, 3] {
        let answered = (0..8).filter(|_| ask([127, 0, 9, last])).count();
        assert_eq!(answered, 3, "of each client, at one proxy");
    }
}

fn by_way_of_nginx<C: Column>() {
    if !has("nginx") {
        return;
    }
    let server = run(Server::<Tcp, C, Behind>::builder().proxy_protocol(local_proxies()), LOCAL);
    let (folder, front) = (Folder::new(), free_port(&apart()));
    let path = folder.join("nginx.conf");
    let modules = "/usr/lib/nginx/modules/ngx_stream_module.so";
    let module = match fs::exists(modules) {
        Ok(true) => format!("load_module {modules};\n"),
        _ => String::new(),
    };
    let config = format!(
        "{module}daemon off;\nmaster_process off;\npid {pid};\nerror_log stderr;\nevents {{}}\n\
         stream {{\n server {{\n listen {front};\n proxy_pass {};\n proxy_protocol on;\n }}\n}}\n",
        server.address(),
        pid = folder.join("pid").display(),
    );
    fs::write(&path, config).expect("write");
    let _nginx = Process::start(Command::new("nginx").arg("-c").arg(&path));
    ask_behind(&up(front));
}

matrix!(columns: by_way_of_haproxy, limits_hold_behind_haproxy, by_way_of_nginx);

/// The example, and the configuration that stands beside it.
#[test]
fn the_example_works_behind_haproxy() {
    if !has("haproxy") {
        return;
    }
    let mut server = Command::new(example("behind_haproxy"));
    let server = Process::start(server.arg("127.0.0.1:0").env("RUST_LOG", "behind_haproxy=info"));
    let line = server.error_with("listening on ");
    let (_, address) = line.rsplit_once(' ').expect("an address");
    let front = free_port(&apart());
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../socketserver/examples/haproxy.cfg");
    let mut haproxy = Command::new("haproxy");
    haproxy.args(["-db", "-f", config]).env("FRONT", front.to_string()).env("SERVER", address);
    let _haproxy = Process::start(&mut haproxy);
    let mut client = Client::stream(&up(front));
    let own = client.tcp().local_addr().expect("an address");
    client.send("one\ntwo");
    let answer = String::from_utf8(client.finish()).expect("text");
    assert!(answer.starts_with(&format!("hello {own}, by way of 127.0.0.1:")), "{answer}");
    assert!(answer.ends_with("\none\ntwo"), "{answer}");
}

/// `curl --haproxy-protocol` sends version 1, with its own address.
#[test]
fn curl_sends_a_header() {
    if !has("curl") {
        return;
    }
    let answer = ThreadingTCPServer::handling(|request: Socket, client: Address| {
        request.recv(65_536)?;
        let said = request.proxy().and_then(|header| header.client()).cloned();
        assert_eq!(said, Some(client.clone()));
        let body = client.ip().expect("an address of IP").to_string();
        let length = body.len();
        let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n");
        request.sendall(format!("{head}{body}").as_bytes())
    });
    let server = run(answer.proxy_protocol(local_proxies()), LOCAL);
    let url = format!("http://{}/", server.address());
    let curl = Process::start(Command::new("curl").args(["-s", "--haproxy-protocol", &url]));
    assert_eq!(curl.ended().passed(), "127.0.0.1\n");
}

//! An error of the command line is one line and status 2, an error of the address one line and
//! status 1.

use tests::prelude::*;

use crate::{Server, command};

/// Runs a program that fails. Returns its one line.
#[track_caller]
pub(crate) fn fails(name: &str, arguments: &[&str], status: i32) -> String {
    let process = Process::start(&mut command(name, arguments));
    let (ended, output, error) = process.wait();
    assert_eq!(ended.code(), Some(status), "{name} {arguments:?}: {error}");
    assert_eq!(output, "", "{name} {arguments:?}");
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 1, "{name} {arguments:?}: {error}");
    assert!(lines[0].starts_with("error: "), "{error}");
    lines[0].to_owned()
}

#[test]
fn usage_errors_are_one_line_with_status_2() {
    for name in ["upper", "upper-client", "chat", "chat-client"] {
        let line = fails(name, &["--no-such-option"], 2);
        assert!(line.contains("'--no-such-option'"), "{line}");
        assert!(line.ends_with("; see --help"), "{line}");
        let line = fails(name, &["127.0.0.1:0", "another"], 2);
        assert!(line.contains("'another'"), "{line}");
        for address in ["", "9999", "127.0.0.1:70000", "::1:80", "a\nb"] {
            let line = fails(name, &[address], 2);
            assert!(line.contains("ADDRESS"), "{line}");
            assert!(line.contains("HOST:PORT"), "{line}");
        }
    }
    for (name, option, values) in [
        ("upper chat", "--concurrency", "none/"),
        ("upper chat", "--max-threads", "many/0/-1/1.5/"),
        ("upper chat", "--max-connections", "many/0"),
        ("upper chat", "--drain", "soon/inf/nan/1e30/"),
        ("upper", "--timeout", "never/0/-1"),
        ("upper", "--transport", "pigeon"),
    ] {
        for (name, value) in
            name.split(' ').flat_map(|name| values.split('/').map(move |value| (name, value)))
        {
            let line = fails(name, &[&format!("{option}={value}")], 2);
            assert!(line.contains(option), "{line}");
        }
    }
    for (name, options) in [
        ("upper", ["--concurrency", "green", "--max-threads", "3"]),
        ("chat", ["--concurrency", "green", "--max-threads", "3"]),
        ("upper", ["--transport", "udp", "--timeout", "5"]),
    ] {
        let line = fails(name, &options, 2);
        assert!(line.contains(options[2]), "{line}");
    }
    fails("chat", &["--concurrency", "forking"], 2);
    for options in [
        &["--web", "/path"] as &[_],
        &["--web", "127.0.0.1"],
        &["--web", ":0", "--exit-when-idle", "5"],
        &["--web", ":0", "--concurrency", "inline"],
        &["--web-host", "name"],
        &["--away-timeout", "5"],
    ] {
        let line = fails("chat", options, 2);
        assert!(line.contains("--web"), "{line}");
    }
    let line = fails("chat", &["--max-connections", "20000"], 2);
    assert!(line.contains("'--max-connections'"), "{line}");
    for (name, arguments) in [
        ("upper-client", &[":9999"] as &[_]),
        ("chat-client", &[":9999"]),
        ("tutorial", &["t1", "client", ":9999"]),
        ("tutorial", &["t1", "server", "/path"]),
        ("upper", &["--transport", "udp", "@name"]),
    ] {
        let line = fails(name, arguments, 2);
        assert!(line.contains("expected"), "{line}");
    }
    fails("upper", &["--transport", "unix", ""], 2);
    fails("upper-client", &["--transport", "unix-datagram", ""], 2);
}

#[test]
fn bind_errors_name_the_address_with_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
    let taken = taken.local_addr().expect("an address").to_string();
    // The second is reserved for documentation.
    for address in [&*taken, "192.0.2.1:9999"] {
        for name in ["upper", "chat"] {
            let line = fails(name, &[address], 1);
            assert!(line.contains(address), "{line}");
        }
    }
    // The taken port is one of TCP.
    for row in ["t1", "t2", "t5", "t6", "t8"] {
        let line = fails("tutorial", &[row, "server", &taken], 1);
        assert!(line.starts_with("error: cannot "), "{line}");
        assert_eq!(line.matches(&taken).count(), 1, "{line}");
    }
    for name in ["upper", "chat", "upper-client", "chat-client"] {
        let line = fails(name, &["[fe80::1:2%lo]:9999"], 1);
        assert!(line.contains("[fe80::1:2%1]:9999"), "{line}");
    }
    let folder = Folder::new();
    let [path, long] = ["none/socket", &"x".repeat(200)].map(|name| folder.join(name));
    let [path, long] = [&path, &long].map(|path| path.to_str().expect("text"));
    for (transport, address) in [
        ("udp", "192.0.2.1:9999"),
        ("unix", path),
        ("unix", long),
        ("unix-datagram", path),
        ("unix-datagram", long),
    ] {
        let line = fails("upper", &["--transport", transport, address], 1);
        assert!(line.contains(address), "{line}");
    }
}

#[test]
fn connect_errors_name_the_address_with_status_1() {
    let folder = Folder::new();
    let path = folder.join("missing").display().to_string();
    for (name, arguments, address) in [
        ("upper-client", &["127.0.0.1:1"] as &[_], "127.0.0.1:1"),
        ("chat-client", &["127.0.0.1:1"], "127.0.0.1:1"),
        ("upper-client", &["--transport", "unix", &path], &path),
        ("upper-client", &["--transport", "unix-datagram", &path], &path),
    ] {
        let line = fails(name, arguments, 1);
        assert!(line.contains(address), "{line}");
    }
}

#[test]
fn help_and_version_succeed() {
    for name in ["upper", "upper-client", "chat", "chat-client"] {
        let (status, output, error) = Process::start(&mut command(name, &["--help"])).wait();
        assert!(status.success());
        assert!(output.contains(&format!("Usage: {name}")), "{output}");
        assert_eq!(error, "");
        if name == "chat" {
            assert!(output.contains("[default: 5000]"), "{output}");
        }
        let (status, output, error) = Process::start(&mut command(name, &["--version"])).wait();
        assert!(status.success());
        assert_eq!((&*output, &*error), (&*format!("{name} 0.1.0\n"), ""));
    }
}

#[test]
fn addresses_of_every_form_are_served() {
    let folder = Folder::new();
    for name in ["upper", "chat"] {
        let [path, abstract_name] =
            [folder.join(name).display().to_string(), format!("@{name}-{}", std::process::id())];
        for address in ["127.0.0.1:0", "localhost:0", ":0", "[::1]:0", &path, &abstract_name] {
            let server = Server::start(name, &[address]);
            let shown = server.address_text().replace("0.0.0.0", "127.0.0.1");
            let mut client = Process::start(&mut command(&format!("{name}-client"), &[&shown]));
            client.write("/quit\n");
            let (status, output, error) = client.wait();
            assert!(status.success(), "{name} {address}: {error}");
            assert!(output.contains("QUIT") || output.contains("your name"), "{output}");
            server.drain();
        }
    }
}

#[test]
fn paths_need_no_slash() {
    let folder = Folder::new();
    for transport in ["unix", "unix-datagram"] {
        let mut command = command("upper", &["--transport", transport, "plain"]);
        let server = Server::of(Process::start(command.current_dir(folder.path())));
        assert_eq!(server.address_text(), "plain");
        let there = Address::Unix(folder.join("plain"));
        let mut client = match transport {
            "unix" => Client::stream(&there),
            _ => Client::datagram(&there),
        };
        assert_eq!(client.ask("hello"), b"HELLO");
        drop(client);
        server.drain();
        assert!(!folder.join("plain").exists(), "the file is removed");
    }
}

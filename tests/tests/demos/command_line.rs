//! An error of the command line is one line and status 2, an error of the address one line and
//! status 1.

use tests::prelude::*;

use crate::{Server, command, start, text};

/// Runs a program that fails with this status, in one line that contains `text`. Returns the line.
#[track_caller]
pub(crate) fn fails(name: &str, arguments: &[&str], status: i32, text: &str) -> String {
    fails_as(&mut command(name, arguments), status, text)
}

#[track_caller]
pub(crate) fn fails_as(command: &mut Command, status: i32, text: &str) -> String {
    let (ended, output, error) = Process::start(command).wait();
    assert_eq!(ended.code(), Some(status), "{command:?}: {error}");
    assert_eq!(output, "", "{command:?}");
    assert!(error.starts_with("error: ") && error.lines().count() == 1, "{command:?}: {error}");
    assert!(error.contains(text), "expected {text:?} of {command:?}: {error}");
    error.trim_end().to_owned()
}

const PROGRAMS: [&str; 4] = ["upper", "upper-client", "chat", "chat-client"];

#[test]
fn usage_errors_are_one_line_with_status_2() {
    for name in PROGRAMS {
        let line = fails(name, &["--no-such-option"], 2, "'--no-such-option'");
        assert!(line.ends_with("; see --help"), "{line}");
        fails(name, &["127.0.0.1:0", "another"], 2, "'another'");
        for address in ["", "9999", "127.0.0.1:70000", "::1:80", "a\nb"] {
            let line = fails(name, &[address], 2, "ADDRESS");
            assert!(line.contains("HOST:PORT"), "{line}");
        }
    }
    for (names, option, values) in [
        ("upper chat", "--concurrency", "none/"),
        ("upper chat", "--max-threads", "many/0/-1/1.5/"),
        ("upper chat", "--max-connections", "many/0"),
        ("upper chat", "--drain", "soon/inf/nan/1e30/"),
        ("upper", "--timeout", "never/0/-1"),
        ("upper", "--transport", "pigeon"),
    ] {
        for value in values.split('/') {
            for name in names.split(' ') {
                fails(name, &[&format!("{option}={value}")], 2, option);
            }
        }
    }
    for (name, arguments, text) in [
        ("upper", &["--concurrency", "green", "--max-threads", "3"] as &[_], "--max-threads"),
        ("chat", &["--concurrency", "green", "--max-threads", "3"], "--max-threads"),
        ("upper", &["--transport", "udp", "--timeout", "5"], "--timeout"),
        ("chat", &["--concurrency", "forking"], "forking"),
        ("chat", &["--web", "/path"], "--web"),
        ("chat", &["--web", "127.0.0.1"], "--web"),
        ("chat", &["--web", ":0", "--exit-when-idle", "5"], "--web"),
        ("chat", &["--web", ":0", "--concurrency", "inline"], "--web"),
        ("chat", &["--web-host", "name"], "--web"),
        ("chat", &["--away-timeout", "5"], "--web"),
        ("chat", &["--max-connections", "20000"], "'--max-connections'"),
        ("upper-client", &[":9999"], "expected"),
        ("chat-client", &[":9999"], "expected"),
        ("tutorial", &["t1", "client", ":9999"], "expected"),
        ("tutorial", &["t1", "server", "/path"], "expected"),
        ("upper", &["--transport", "udp", "@name"], "expected"),
        ("upper", &["--transport", "unix", ""], ""),
        ("upper-client", &["--transport", "unix-datagram", ""], ""),
    ] {
        fails(name, arguments, 2, text);
    }
}

#[test]
fn bind_errors_name_the_address_with_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
    let taken = taken.local_addr().expect("an address").to_string();
    // The second is reserved for documentation.
    for address in [&*taken, "192.0.2.1:9999"] {
        for name in ["upper", "chat"] {
            fails(name, &[address], 1, address);
        }
    }
    // The taken port is one of TCP.
    for row in ["t1", "t2", "t5", "t6", "t8"] {
        let line = fails("tutorial", &[row, "server", &taken], 1, "error: cannot ");
        assert_eq!(line.matches(&taken).count(), 1, "{line}");
    }
    for name in PROGRAMS {
        fails(name, &["[fe80::1:2%lo]:9999"], 1, "[fe80::1:2%1]:9999");
    }
    let folder = Folder::new();
    let [path, long] = ["none/socket", &"x".repeat(200)].map(|name| folder.join(name));
    let [path, long] = [text(&path), text(&long)];
    for (transport, address) in [
        ("udp", "192.0.2.1:9999"),
        ("unix", path),
        ("unix", long),
        ("unix-datagram", path),
        ("unix-datagram", long),
    ] {
        fails("upper", &["--transport", transport, address], 1, address);
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
        fails(name, arguments, 1, address);
    }
}

#[test]
fn help_and_version_succeed() {
    for name in PROGRAMS {
        let (status, output, error) = start(name, &["--help"]).wait();
        assert!(status.success());
        assert!(output.contains(&format!("Usage: {name}")), "{output}");
        assert_eq!(error, "");
        if name == "chat" {
            assert!(output.contains("[default: 5000]"), "{output}");
        }
        let (status, output, error) = start(name, &["--version"]).wait();
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
            let mut client = start(&format!("{name}-client"), &[&shown]);
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

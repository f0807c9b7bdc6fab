//! Sockets from the programs that pass them: systemd's, inetd and xinetd, where they are installed.
//! CI installs them.

use tests::prelude::*;

use crate::{Server, command};

/// A client of `upper`. Every byte that it receives is an answer, and none is a log line.
#[track_caller]
fn ask(address: SocketAddr) {
    let mut client = Client::stream(&address.into());
    assert_eq!(client.ask("hello"), b"HELLO");
    assert_eq!(client.finish(), b"");
}

#[track_caller]
fn listens(address: SocketAddr) {
    until("it listens", || Client::impatient(&address.into()).is_ok());
}

/// `systemd-socket-activate` with these arguments, and then the program with its arguments.
fn activate(arguments: &[&str], program: &Path, own: &[&str]) -> Process {
    let mut command = Command::new("systemd-socket-activate");
    Process::start(command.args(arguments).arg(program).args(own))
}

fn has_systemd() -> bool {
    has_program("systemd-socket-activate", "--version")
}

/// It becomes the server at the first client, and keeps its number.
#[test]
fn systemd_passes_a_listener_by_name() {
    if !has_systemd() {
        return;
    }
    let [other, own] = [(); 2].map(|()| free_port(&apart()));
    let listen = [format!("--listen={other}"), format!("--listen={own}")];
    let passing = [&listen[0], &listen[1], "--fdname=other:web"];
    let upper = ["--inherit", "web", "127.0.0.1:1"];
    let server = activate(&passing, &demo("upper"), &upper);
    listens(own);
    ask(own);
    ask(own);
    let server = Server::of(server);
    assert_eq!(server.address, Address::from(own));
    assert_eq!(server.drain().summary()[3..], [0, 0]);
}

#[test]
fn systemd_passes_a_socket_of_datagrams() {
    if !has_systemd() {
        return;
    }
    let address = UdpSocket::bind(inet(&apart())).expect("bind").local_addr().expect("a name");
    let listen = format!("--listen={address}");
    let upper = ["--transport", "udp", "--inherit", "web", "127.0.0.1:1"];
    let server = activate(&["--datagram", &listen, "--fdname=web"], &demo("upper"), &upper);
    server.error_with("Listening on ");
    let mut client = Client::datagram(&address.into());
    assert_eq!(client.ask("hello"), b"HELLO");
    assert_eq!(Server::of(server).drain().summary(), [1, 1, 0, 0, 0]);
}

#[test]
fn systemd_passes_a_unix_socket() {
    if !has_systemd() {
        return;
    }
    let folder = Folder::new();
    let path = folder.join("server");
    let listen = format!("--listen={}", path.display());
    let upper = ["--inherit", "web", "./elsewhere"];
    let server = activate(&[&listen, "--fdname=web"], &demo("upper"), &upper);
    server.error_with("Listening on ");
    let mut client = Client::stream(&Address::Unix(path.clone()));
    assert_eq!(client.ask("hello"), b"HELLO");
    drop(client);
    assert_eq!(Server::of(server).drain().summary(), [1, 1, 0, 0, 0]);
    assert!(path.exists(), "the file is the manager's");
}

/// A process per connection, as for `Accept=yes`.
#[test]
fn systemd_passes_a_connection() {
    if !has_systemd() {
        return;
    }
    for style in [&[][..], &["--inetd"]] {
        let address = free_port(&apart());
        let listen = format!("--listen={address}");
        let passing = [&["--accept", &listen, "--setenv=RUST_LOG=debug"], style].concat();
        let _server = activate(&passing, &demo("upper"), &["--inherit", "-", "127.0.0.1:1"]);
        listens(address);
        for _ in 0..3 {
            ask(address);
        }
    }
}

/// Runs inetd in the foreground, with one service.
fn inetd(folder: &Folder, address: SocketAddr, wait: &str, arguments: &str) -> Process {
    let config = folder.join("inetd.conf");
    let (upper, user) = (demo("upper").display().to_string(), user());
    let line = format!("{address} stream tcp {wait} {user} {upper} upper {arguments}\n");
    fs::write(&config, line).expect("write");
    let mut command = Command::new("inetd");
    Process::start(command.env("RUST_LOG", "debug").arg("-d").arg(config))
}

/// This user's name.
fn user() -> String {
    let ended = Process::start(Command::new("id").arg("-un")).ended();
    ended.passed().trim().to_owned()
}

/// The service is standard input, and `-` says so.
const ONE: &str = "--inherit - 127.0.0.1:1";

/// It ends soon after its last client.
const ALL: &str = "--inherit - --exit-when-idle 0.3 127.0.0.1:1";

fn has_inetd() -> bool {
    // It has no option that only prints.
    has_program("inetd", "--help")
}

#[test]
fn inetd_passes_a_connection() {
    if !has_inetd() {
        return;
    }
    let (folder, address) = (Folder::new(), free_port(&apart()));
    let inetd = inetd(&folder, address, "nowait", ONE);
    listens(address);
    for _ in 0..3 {
        ask(address);
        inetd.error_with("reaped, status 0");
    }
}

/// It listens again when the server has ended.
#[test]
fn inetd_passes_a_listener_and_takes_it_back() {
    if !has_inetd() {
        return;
    }
    let (folder, address) = (Folder::new(), free_port(&apart()));
    let inetd = inetd(&folder, address, "wait", ALL);
    listens(address);
    for _ in 0..2 {
        (0..3).for_each(|_| ask(address));
        inetd.error_with("reaped, status 0");
    }
}

/// Runs xinetd in the foreground, with one service.
fn xinetd(folder: &Folder, address: SocketAddr, wait: &str, arguments: &str) -> Process {
    let [config, log, main, pid] =
        ["xinetd.conf", "log", "xinetd.log", "pid"].map(|name| folder.join(name));
    let (ip, port, user, upper) = (address.ip(), address.port(), user(), demo("upper"));
    let text = format!(
        "service upper\n{{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n \
         bind = {ip}\n port = {port}\n wait = {wait}\n user = {user}\n env = RUST_LOG=debug\n \
         server = {}\n server_args = {arguments}\n log_type = FILE {}\n log_on_success = EXIT\n}}\n",
        upper.display(),
        log.display()
    );
    fs::write(&config, text).expect("write");
    let mut command = Command::new("xinetd");
    command.args(["-dontfork", "-f"]).arg(config).arg("-filelog").arg(main);
    Process::start(command.arg("-pidfile").arg(pid))
}

/// Waits until as many servers of xinetd have ended, each with success.
#[track_caller]
fn have_ended(folder: &Folder, count: usize) {
    let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
    until("they have ended", || log().matches("EXIT: upper ").count() >= count);
    assert_eq!(log().matches("EXIT: upper status=0").count(), count, "{}", log());
}

#[test]
fn xinetd_passes_a_connection() {
    if !has_program("xinetd", "-version") {
        return;
    }
    let (folder, address) = (Folder::new(), free_port(&apart()));
    let _xinetd = xinetd(&folder, address, "no", ONE);
    listens(address);
    (0..3).for_each(|_| ask(address));
    // One more has found that it listens.
    have_ended(&folder, 4);
}

#[test]
fn xinetd_passes_a_listener_and_takes_it_back() {
    if !has_program("xinetd", "-version") {
        return;
    }
    let (folder, address) = (Folder::new(), free_port(&apart()));
    let _xinetd = xinetd(&folder, address, "yes", ALL);
    listens(address);
    for ended in 1..=2 {
        (0..3).for_each(|_| ask(address));
        have_ended(&folder, ended);
    }
}

/// The units of the examples, with the program where it is.
#[test]
fn the_units_are_valid_and_hardened() {
    if !has_program("systemd-analyze", "--version") {
        return;
    }
    let (folder, examples) =
        (Folder::new(), concat!(env!("CARGO_MANIFEST_DIR"), "/../socketserver/examples"));
    let upper = demo("upper").display().to_string();
    let units = ["upper.service", "upper.socket"].map(|name| {
        let text = fs::read_to_string(Path::new(examples).join(name)).expect("a unit");
        let unit = folder.join(name);
        fs::write(&unit, text.replace("/usr/local/bin/upper", &upper)).expect("write");
        unit
    });
    let analyze = |arguments: &[&str], units: &[PathBuf]| {
        let mut command = Command::new("systemd-analyze");
        Process::start(command.args(arguments).args(units)).wait()
    };
    let (status, _, errors) = analyze(&["verify"], &units);
    assert!(status.success() && errors.is_empty(), "{errors}");
    // From 0 to 100: an ordinary service has 96.
    let (status, output, errors) =
        analyze(&["security", "--offline=yes", "--threshold=15"], &units[..1]);
    assert!(status.success(), "{output}{errors}");
}

/// The command line of the unit, and what its times say.
#[test]
fn the_service_of_the_units_serves() {
    let unit = include_str!("../../../socketserver/examples/upper.service").replace("\\\n", "");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let words: Vec<_> = line.expect("a command").split_whitespace().skip(1).collect();
    let shell = "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=upper; exec \"$@\" 3<&0";
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = listener.local_addr().expect("an address");
    let upper = command("upper", &words);
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]).arg(upper.get_program()).args(upper.get_args());
    let server = Server::of(Process::start_on(OwnedFd::from(listener), &mut command));
    ask(address);
    server.process.signal(Signal::TERM);
    // It is a lame duck for some seconds.
    ask(address);
    assert_eq!(server.end().summary(), [2, 2, 0, 0, 0]);
}

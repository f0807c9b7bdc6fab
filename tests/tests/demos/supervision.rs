//! The demos under a service manager: sockets that it passes, and messages that it gets.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self, UnixDatagram};

use tests::prelude::*;

use crate::command_line::{fails, fails_as};
use crate::{Log, Server, command};

/// A service manager that holds a listener, starts the server again and again, and hammers it
/// meanwhile. It prints the number of clients that were answered, and the messages of each server.
const MANAGER: &str = r#"
import array, os, signal, socket, sys, tempfile, threading, time

program, form, restarts, clients = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
folder = tempfile.TemporaryDirectory()
name = f'@{folder.name}' if form == 'abstract' else f'{folder.name}/notify'
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(name.replace('@', '\0'))
manager.settimeout(20)
listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
address = listener.getsockname()

def start():
    process = os.fork()
    if process:
        return process
    os.dup2(listener.fileno(), 3)
    passed = dict(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web',
                  NOTIFY_SOCKET=name, WATCHDOG_USEC='20000', WATCHDOG_PID=str(os.getpid()))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.execve(program, [program, '--inherit', 'web', '127.0.0.1:1'], {**os.environ, **passed})

def message():
    text, ancillary, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(4))
    for _, _, fds in ancillary:
        os.close(array.array('i', fds)[0])
    return text.decode()

answered, lost = [0], []
def hammer(count):
    for _ in range(count):
        try:
            with socket.create_connection(address, 20) as client:
                client.sendall(b'hello')
                assert client.recv(5) == b'HELLO'
            answered[0] += 1
        except Exception as error:
            lost.append(repr(error))

hammers = [threading.Thread(target=hammer, args=[clients // 4]) for _ in range(4)]
for thread in hammers:
    thread.start()
for _ in range(restarts):
    process = start()
    told = [message()]
    while not (any('STATUS' in text for text in told) and told.count('WATCHDOG=1') > 2):
        told.append(message())
    os.kill(process, signal.SIGTERM)
    while told[-1] != 'BARRIER=1':
        told.append(message())
    _, status = os.waitpid(process, 0)
    # Each kind where it came first.
    print(status, *dict.fromkeys(text.split('=')[0] for text in told))
last = start()
for thread in hammers:
    thread.join()
os.kill(last, signal.SIGTERM)
os.waitpid(last, 0)
print(answered[0], 'answered', *lost)
"#;

/// The listener is the manager's, so no client is refused or reset while the server is away.
#[test]
fn restarts_under_a_manager_lose_no_client() {
    let size = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let (restarts, clients) = (size("RESTARTS", "10"), size("CLIENTS", "400"));
    for form in ["path", "abstract"] {
        let arguments = [&*demo_path("upper"), form, &restarts, &clients];
        let Some(said) = python_says(MANAGER, &arguments) else { return };
        let mut lines = said.lines();
        for _ in 0..restarts.parse().expect("a number") {
            assert_eq!(lines.next(), Some("0 READY STATUS WATCHDOG STOPPING BARRIER"), "{said}");
        }
        assert_eq!(lines.next(), Some(&*format!("{clients} answered")), "{said}");
    }
}

/// A manager of this test, at an abstract address.
fn manager(name: &str) -> (UnixDatagram, String) {
    let name = format!("{name}-{}", std::process::id());
    let address = net::SocketAddr::from_abstract_name(&name).expect("a short name");
    let manager = UnixDatagram::bind_addr(&address).expect("an unused name");
    manager.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    (manager, format!("@{name}"))
}

/// No server can satisfy such a watchdog, and this one serves clients meanwhile.
#[test]
fn watchdog_of_a_microsecond_leaves_the_loop_alone() {
    let (manager, name) = manager("watchdog");
    let mut upper = command("upper", &["127.0.0.1:0"]);
    upper.env("NOTIFY_SOCKET", name).env("WATCHDOG_USEC", "1").env("RUST_LOG", "warn");
    let (began, server) = (Instant::now(), Server::of(Process::start(&mut upper)));
    let mut message = [0; 1_000];
    for _ in 0..=20 {
        while manager.recv(&mut message).map(|length| &message[..length]).expect("a message")
            != b"WATCHDOG=1"
        {}
    }
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    assert_eq!(Client::stream(&server.address).ask("hello"), b"HELLO");
    drop(manager);
    let Log(log) = server.drain();
    assert!(log.contains("expected a watchdog period of at least 20ms, got 1µs: "), "{log}");
}

#[test]
fn an_idle_server_ends() {
    let server = Server::start("upper", &["127.0.0.1:0", "--exit-when-idle", "1"]);
    assert_eq!(Client::stream(&server.address).ask("hello"), b"HELLO");
    assert_eq!(server.end().summary(), [1, 1, 0, 0, 0]);
}

/// A shell that passes its standard input on as systemd passes a socket, with this environment.
pub(crate) fn activated(environment: &str, arguments: &[&str]) -> Command {
    let upper = command("upper", arguments);
    let mut command = Command::new("sh");
    // The tests themselves may have been started with a descriptor 4.
    let script = format!("export LISTEN_PID=$$ {environment}; exec \"$@\" 3<&0 4<&-");
    command.args(["-c", &script, "sh"]).arg(upper.get_program()).args(upper.get_args());
    command
}

const INHERIT: [&str; 3] = ["127.0.0.1:0", "--inherit", "web"];

/// Asks a server once, and ends it.
#[track_caller]
fn answers(server: Server) {
    assert_eq!(Client::stream(&server.address).ask("hello"), b"HELLO");
    assert_eq!(server.drain().summary(), [1, 1, 0, 0, 0]);
}

/// A line, and then the end of the pipe, while the server lives on.
#[test]
fn readiness_is_a_line_on_a_descriptor() {
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let upper = command("upper", &["--notify-fd", "3", "127.0.0.1:0"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$@\" 3<&0 </dev/null", "sh"]).arg(upper.get_program());
    let server = Server::of(Process::start_on(writer, command.args(upper.get_args())));
    drop(command);
    let text = in_time("the pipe's end", move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    assert_eq!(text.expect("text"), "\n");
    answers(server);
}

#[test]
fn readiness_goes_to_no_descriptor_of_the_program() {
    for (fd, complaint) in [
        ("2", "expected the number of a descriptor, at least 3, got 2"),
        ("99", "descriptor 99: Bad file descriptor"),
    ] {
        fails("upper", &["--notify-fd", fd, "127.0.0.1:0"], 1, complaint);
    }
}

#[test]
fn wrong_sockets_of_a_manager_are_errors() {
    let no_socket = "expected a socket as descriptor \"web\" of the manager";
    for (environment, complaint) in [
        ("LISTEN_FDS=x", "expected a number in LISTEN_FDS, got \"x\""),
        ("LISTEN_FDS=2", "descriptor 4: Bad file descriptor"),
        ("LISTEN_FDS=1 LISTEN_FDNAMES=web", no_socket),
    ] {
        fails_as(&mut activated(environment, &INHERIT), 1, complaint);
    }
}

#[test]
fn variables_of_others_are_left_alone() {
    for environment in [
        // A parent's environment is not the child's.
        "LISTEN_PID=1 LISTEN_FDS=1",
        // Shell scripts take a variable away so.
        "LISTEN_PID= LISTEN_FDS= LISTEN_FDNAMES= NOTIFY_SOCKET= WATCHDOG_USEC=",
    ] {
        answers(Server::of(Process::start(&mut activated(environment, &INHERIT))));
    }
}

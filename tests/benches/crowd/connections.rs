//! Connections to six processes that share one port, because a process may have some 20,000
//! descriptors here, and each address of the clients has 28,000 ports.

use std::ops::RangeFrom;

use tests::prelude::*;

use crate::report;

/// The argument that makes this program one of the servers.
pub(crate) const SERVE: &str = "serve";

/// The argument that makes this program some of the clients.
pub(crate) const CONNECT: &str = "connect";

const PROCESSES: usize = 6;

const MESSAGE: &[u8; 64] = b"to be sent back in upper case: the quick brown fox and the dog..";

/// The clients' ports, below those that the system chooses: it would search longer and longer for a
/// free one.
const PORTS: RangeFrom<u16> = 15_000..;

/// If no answer arrives for this long, a server has failed.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(BaseRequestHandler)]
struct Upper {
    request: Socket,
}

impl Upper {
    fn handle(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            match self.request.recv_into(&mut buffer)? {
                0 => return Ok(()),
                count => self.request.sendall(&buffer[..count].to_ascii_uppercase())?,
            }
        }
    }
}

/// Serves until standard input ends.
pub(crate) fn serve(address: &str) -> io::Result<()> {
    let server =
        GreenTCPServer::<Upper>::builder().allow_reuse_port(true).bind(address)?.spawn()?;
    println!("{}", server.server_address());
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

/// Connects that many clients from one address. Each has an exchange at once, and another one for
/// each line of standard input. Prints each time how many were answered.
pub(crate) fn connect(address: &str, source: &str, count: &str) -> io::Result<()> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let source: Ipv4Addr = source.parse().map_err(io::Error::other)?;
    let count: usize = count.parse().map_err(io::Error::other)?;
    let mut clients = Vec::with_capacity(count);
    for port in PORTS.take(count) {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((source, port)).into())?;
        socket.connect(&address.into())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut client = TcpStream::from(socket);
        exchange(&mut client)?;
        clients.push(client);
    }
    println!("{}", clients.len());
    for line in io::stdin().lines() {
        line?;
        let answered = clients.iter_mut().map(exchange).filter(Result::is_ok);
        println!("{}", answered.count());
    }
    Ok(())
}

fn exchange(client: &mut TcpStream) -> io::Result<()> {
    let mut answer = [0; MESSAGE.len()];
    client.write_all(MESSAGE)?;
    client.read_exact(&mut answer)?;
    if answer[..] == MESSAGE.to_ascii_uppercase()[..] {
        Ok(())
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

pub(crate) fn run(count: usize) -> io::Result<()> {
    raise_descriptor_limit()?;
    let began = Instant::now();
    let first = start(&[SERVE, "127.0.0.1:0"])?;
    let address = first.line();
    let mut servers = vec![first];
    for _ in 1..PROCESSES {
        let server = start(&[SERVE, &address])?;
        server.line();
        servers.push(server);
    }
    let before = memory(&servers)?;
    let mut clients = Vec::new();
    for number in 0..PROCESSES {
        let share = count * (number + 1) / PROCESSES - count * number / PROCESSES;
        let source = format!("127.0.0.{}", number + 2);
        clients.push(start(&[CONNECT, &address, &source, &share.to_string()])?);
    }
    let connected = sum_of_lines(&clients);
    let took = began.elapsed();
    let each = (memory(&servers)? - before) as f64 / count as f64 / 1024.0;
    let shares: Vec<usize> = servers.iter().map(descriptors).collect::<io::Result<_>>()?;
    for client in &mut clients {
        client.write("again\n");
    }
    let answered = sum_of_lines(&clients);
    println!("{count} connections to {PROCESSES} processes that share one port");
    let bar = |number| Some((count.to_string(), number == count));
    report("connected and answered", connected, bar(connected));
    report("answered again, while all are open", answered, bar(answered));
    report("time to connect", format!("{:.1} s", took.as_secs_f64()), None);
    report("servers' memory", format!("{each:.2} KiB each"), None);
    report("descriptors of each server", format!("{shares:?}"), None);
    Ok(())
}

fn start(arguments: &[&str]) -> io::Result<Process> {
    Ok(Process::start(Command::new(std::env::current_exe()?).args(arguments)))
}

/// Each process prints a number. With this many clients, one may take a minute.
fn sum_of_lines(processes: &[Process]) -> usize {
    let number = |process: &Process| {
        process.line_within(Duration::from_secs(300)).parse::<usize>().expect("a number")
    };
    processes.iter().map(number).sum()
}

fn memory(servers: &[Process]) -> io::Result<u64> {
    servers.iter().map(|server| memory_of(server.id(), "VmRSS")).sum()
}

fn descriptors(server: &Process) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{}/fd", server.id()))?.count())
}

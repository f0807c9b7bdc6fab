//! Serves the files of a folder by TFTP (RFC 1350), for reading only.
//!
//!     cargo run --example tftp 127.0.0.1:6969 folder
//!     curl tftp://127.0.0.1:6969/name

#![allow(clippy::print_stdout)]

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socketserver::{Address, Datagram, Socket, SocketKind, ThreadingUDPServer, is_timeout};

const READ: u16 = 1;
const DATA: u16 = 3;
const ACKNOWLEDGEMENT: u16 = 4;
const ERROR: u16 = 5;
const NOT_FOUND: u16 = 1;
const ILLEGAL: u16 = 4;
const BLOCK_SIZE: usize = 512;
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(1);

/// The code and the text of an error message to the client.
type Refusal = (u16, &'static str);

fn packet(opcode: u16, number: u16, rest: &[u8]) -> Vec<u8> {
    [&opcode.to_be_bytes(), &number.to_be_bytes(), rest].concat()
}

/// The file's name in a request to read it.
fn name_asked_for(request: &[u8]) -> Result<String, Refusal> {
    let texts = request.strip_prefix(&READ.to_be_bytes());
    let texts = texts.ok_or((ILLEGAL, "files can only be read"))?;
    let mut texts = texts.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let (name, mode) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    if !mode.eq_ignore_ascii_case("octet") {
        return Err((ILLEGAL, "expected the mode octet"));
    }
    Ok(name.into_owned())
}

fn open(folder: &Path, name: &str) -> Result<File, Refusal> {
    let path = folder.join(name.trim_start_matches('/')).canonicalize();
    let path = path.ok().filter(|path| path.starts_with(folder) && path.is_file());
    path.and_then(|path| File::open(path).ok()).ok_or((NOT_FOUND, "no such file"))
}

/// Sends a block until the client acknowledges it.
fn send_block(conversation: &Socket, number: u16, block: &[u8]) -> io::Result<()> {
    for _ in 0..TRIES {
        conversation.send(&packet(DATA, number, block))?;
        // Late acknowledgements of earlier blocks are passed over.
        loop {
            match conversation.recv(BLOCK_SIZE) {
                Ok(reply) if reply == packet(ACKNOWLEDGEMENT, number, b"") => return Ok(()),
                Ok(reply) if reply.starts_with(&ERROR.to_be_bytes()) => {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                Ok(_) => {}
                Err(error) if is_timeout(&error) => break,
                Err(error) => return Err(error),
            }
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn send_file(conversation: &Socket, file: &mut File) -> io::Result<()> {
    let (mut number, mut block) = (0_u16, vec![0; BLOCK_SIZE]);
    while block.len() == BLOCK_SIZE {
        number = number.wrapping_add(1);
        block.clear();
        file.take(BLOCK_SIZE as u64).read_to_end(&mut block)?;
        send_block(conversation, number, &block)?;
    }
    Ok(())
}

fn transfer(request: &Datagram, client_address: &Address, folder: &Path) -> io::Result<()> {
    // The conversation has its own port, which distinguishes it from all others.
    let conversation = Socket::new(client_address.family(), SocketKind::Datagram)?;
    conversation.bind(request.local_address()?.with_port(0))?;
    conversation.connect(client_address)?;
    conversation.settimeout(Some(PATIENCE))?;
    match name_asked_for(&request.data).and_then(|name| open(folder, &name)) {
        Ok(mut file) => send_file(&conversation, &mut file),
        Err((code, text)) => {
            conversation.send(&packet(ERROR, code, format!("{text}\0").as_bytes())).map(drop)
        }
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:6969".into());
    let folder = PathBuf::from(arguments.next().unwrap_or(".".into())).canonicalize()?;
    let server = ThreadingUDPServer::handling(move |request: Datagram, client_address| {
        transfer(&request, &client_address, &folder)
    })
    .daemon_threads(true)
    .bind(&*address)?;
    println!("listening on {}", server.server_address());
    server.drain_on_signals(Duration::ZERO)?;
    server.serve_forever()
}

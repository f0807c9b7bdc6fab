//! Clients that several scenarios share, and what they see.

use std::fmt::Write as _;
use std::os::unix::net::UnixDatagram;

use tests::prelude::*;

use crate::session::Session;

pub(super) fn ask(session: &mut Session<'_>) {
    ask_for("hello\n", session);
}

/// Sends one text, ends its stream, and sees the answer.
pub(super) fn ask_for(text: &str, session: &mut Session<'_>) {
    see_answer(saying(text, session), session);
}

/// A client that has sent one text.
pub(super) fn saying(text: &str, session: &Session<'_>) -> Client {
    let mut client = session.client();
    client.send(text);
    client
}

/// Sends one line from that client, and sees the answer.
pub(super) fn ask_with(mut client: Client, session: &mut Session<'_>) {
    client.send("hello\n");
    see_answer(client, session);
}

fn see_answer(mut client: Client, session: &mut Session<'_>) {
    client.end();
    session.go();
    session.see("client", &mut client);
}

/// Does not even connect.
pub(super) fn idle(_: &mut Session<'_>) {}

pub(super) fn silent(session: &mut Session<'_>) {
    let mut client = session.client();
    session.go();
    session.see("client", &mut client);
}

/// A client of Unix datagrams without a name, which gets no answers.
pub(super) fn unnamed(session: &Session<'_>) -> Client {
    let socket = UnixDatagram::unbound().expect("a socket");
    let path = session.address.path().expect("a path");
    socket.connect(path).expect("connect");
    Client::UnixDatagram(socket, Folder::new())
}

/// The rest of a client's stream, and how it ends; or the datagrams that have arrived.
pub(super) fn rest(client: &mut Client) -> String {
    match client {
        Client::Tcp(_) | Client::UnixStream(_) => return rest_of_stream(client),
        // A busy system may deliver one late.
        Client::Udp(socket) => socket.set_read_timeout(Some(Duration::from_millis(20))),
        Client::UnixDatagram(socket, _) => socket.set_nonblocking(true),
    }
    .expect("a socket");
    let mut buffer = vec![0; 65_536];
    let mut datagrams = Vec::new();
    while let Ok(received) = client.read(&mut buffer) {
        datagrams.push(text(&buffer[..received]));
    }
    match datagrams.is_empty() {
        true => "nothing".to_owned(),
        false => datagrams.join(" "),
    }
}

fn rest_of_stream(client: &mut Client) -> String {
    let mut data = Vec::new();
    let end = match client.read_to_end(&mut data) {
        Ok(_) => "end",
        Err(error) if error.kind() == ErrorKind::ConnectionReset => "reset",
        Err(error) => panic!("neither an end nor a reset: {error}"),
    };
    format!("{} {end}", text(&data))
}

/// Bytes as text, with long runs of one byte abbreviated.
fn text(data: &[u8]) -> String {
    let mut text = String::new();
    for run in data.chunk_by(|one, next| one == next) {
        let byte = run[0].escape_ascii().to_string();
        match run.len() {
            short @ ..10 => text += &byte.repeat(short),
            long => write!(text, "{byte}*{long}").expect("a string"),
        }
    }
    format!("\"{text}\"")
}

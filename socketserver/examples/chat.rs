//! A chat: each line goes to all clients. The handlers share the state of their server.
//!
//!     cargo run --example chat
//!     nc 127.0.0.1 9999               # and again in a third terminal

use std::collections::HashMap;
use std::env;
use std::io;
use std::net::Shutdown;
use std::time::Duration;

use parking_lot::Mutex;
use socketserver::{
    Address, BaseServer, ServerRef, Socket, SocketOption, SocketReader, StreamRequestHandler,
    ThreadingTCPServer,
};

/// Shared by all handlers. In Python: the attributes of a `ThreadingTCPServer` subclass.
#[derive(Default)]
struct Chat {
    members: Mutex<HashMap<Address, Socket>>,
}

impl BaseServer for Chat {}

impl Chat {
    fn say(&self, text: &str) {
        // Release this lock before the first send, so that a slow member delays only speakers.
        let members: Vec<Socket> = self.members.lock().values().cloned().collect();
        for member in members {
            // The lines of several speakers stay whole. But after an error there may be half of
            // one.
            if member.sendall(text.as_bytes()).is_err() {
                // The member has left, or reads nothing. Its handler sees the end and removes it.
                let _ = member.shutdown(Shutdown::Both);
            }
        }
    }
}

#[derive(StreamRequestHandler)]
struct Member {
    request: Socket,
    client_address: Address,
    server: ServerRef<Chat>,
    rfile: SocketReader,
}

impl Member {
    fn setup(&self) -> io::Result<()> {
        // A member may take two seconds to read a line, and any time to write one.
        let limit = SocketOption::SendTimeout(Some(Duration::from_secs(2)));
        self.request.setsockopt(limit)?;
        let (address, socket) = (self.client_address.clone(), self.request.clone());
        self.server.members.lock().insert(address, socket);
        Ok(())
    }

    fn handle(&mut self) -> io::Result<()> {
        for line in self.rfile.lines_up_to(4096) {
            // Control characters could command the terminals of others.
            let text = line?.replace(char::is_control, "\u{fffd}");
            let line = format!("{}: {text}\n", self.client_address);
            self.server.say(&line);
        }
        Ok(())
    }

    fn finish(&self) {
        self.server.members.lock().remove(&self.client_address);
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let address = env::args().nth(1).unwrap_or("127.0.0.1:9999".into());
    ThreadingTCPServer::<Member, Chat>::bind(address)?.serve_forever()
}

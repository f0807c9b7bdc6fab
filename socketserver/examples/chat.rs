//! A chat: each line goes to all clients. The handlers share the state of their server.
//!
//!     cargo run --example chat
//!     nc 127.0.0.1 9999               and again in a third terminal

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use parking_lot::Mutex;
use socketserver::{
    Address, BaseServer, ServerRef, Socket, SocketReader, StreamRequestHandler, ThreadingTCPServer,
};

/// Shared by all handlers. In Python: the attributes of a `ThreadingTCPServer` subclass.
#[derive(Default)]
struct Chat {
    members: Mutex<HashMap<Address, Socket>>,
}

impl BaseServer for Chat {}

impl Chat {
    fn say(&self, text: &str) {
        // Release the lock before the first send, so that a slow member delays only the speaker.
        let members: Vec<Socket> = self.members.lock().values().cloned().collect();
        for member in members {
            // A member that has left is removed by its own handler.
            let _ = member.sendall(text.as_bytes());
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
    fn setup(&self) {
        let (address, socket) = (self.client_address.clone(), self.request.clone());
        self.server.members.lock().insert(address, socket);
    }

    fn handle(&mut self) -> io::Result<()> {
        for line in self.rfile.by_ref().lines() {
            self.server
                .say(&format!("{}: {}\n", self.client_address, line?));
        }
        Ok(())
    }

    fn finish(&self) {
        self.server.members.lock().remove(&self.client_address);
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::<Member, Chat>::bind("127.0.0.1:9999")?.serve_forever()
}

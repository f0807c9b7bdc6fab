//! A connection of a real server, whose client is in memory.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use parking_lot::Mutex;
use socketserver::{
    BaseServer, Builder, Concurrency, Job, Layer, Rejected, RequestHandler, Socket, SocketKind,
    UnixStream, Wire, socketpair,
};

use crate::log_lines::check_log_lines;

/// What a client sends, in pieces of at most `piece` bytes, and what it has received.
struct Client {
    sent: Vec<u8>,
    taken: usize,
    piece: usize,
    received: Vec<u8>,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Client>>);

impl Layer for Shared {
    fn recv(&self, _: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        let client = &mut *self.0.lock();
        let rest = &client.sent[client.taken..];
        let length = rest.len().min(buffer.len()).min(client.piece);
        buffer[..length].copy_from_slice(&rest[..length]);
        client.taken += length;
        Ok(length)
    }

    fn send(&self, _: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        self.0.lock().received.extend_from_slice(data);
        Ok(data.len())
    }

    fn pending(&self) -> bool {
        let client = self.0.lock();
        client.taken < client.sent.len()
    }

    fn end(&self, _: &Wire<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Handlers run in the place of the loop. Unlike an inline server this one keeps connections, since
/// there is only one.
struct InPlace;

impl Concurrency for InPlace {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        job.run();
        Ok(())
    }
}

/// Serves a client that sends this, and then the end of its stream. Returns what it receives.
pub(crate) fn converse<H, S>(state: &Arc<S>, sent: &[u8], piece: usize) -> Vec<u8>
where
    H: RequestHandler<Socket, S>,
    S: BaseServer<Socket>,
{
    check_log_lines();
    let client = Client { sent: sent.to_vec(), taken: 0, piece, received: Vec::new() };
    let layer = Shared(Arc::new(Mutex::new(client)));
    let (ours, theirs) = socketpair(SocketKind::Stream).expect("a pair");
    theirs.shutdown(Shutdown::Write).expect("a connection");
    let set = layer.clone();
    let builder = Builder::<_, _, H, S>::with_shared(UnixStream::new(), InPlace, state.clone());
    let builder = builder.prepared(move |request: &Socket| request.set_layer(set.clone()));
    let server = builder.from_socket(ours).expect("a connection");
    server.serve_forever().expect("an end");
    drop(server);
    std::mem::take(&mut layer.0.lock().received)
}

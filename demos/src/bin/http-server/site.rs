//! The files, and their handlers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use demos::program::Failure;
use demos::server::print;
use signal_hook::consts::SIGINT;
use socketserver::http::{BaseHTTPRequestHandler, Files, ReplyWriter};
use socketserver::{BaseServer, ServerRef};

/// The state that the handlers share.
pub(crate) struct Site {
    files: Files,
    /// Set at Ctrl-C.
    interrupted: Arc<AtomicBool>,
}

impl Site {
    /// Serves these files.
    pub(crate) fn new(files: Files) -> Result<Self, Failure> {
        let interrupted = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGINT, interrupted.clone())?;
        Ok(Site { files, interrupted })
    }
}

impl BaseServer for Site {
    fn server_close(&self, _server: &ServerRef<Self>) {
        if self.interrupted.load(SeqCst) {
            print("\nKeyboard interrupt received, exiting.");
        }
    }
}

/// A handler for a version of HTTP.
macro_rules! handler {
    ($name:ident, $protocol:tt) => {
        #[derive(BaseHTTPRequestHandler)]
        #[handler(
                    protocol_version = $protocol, server_version = "http-server", standard_methods
                )]
        pub(crate) struct $name {
            wfile: ReplyWriter,
            server: ServerRef<Site>,
        }

        #[allow(non_snake_case)]
        impl $name {
            fn do_GET(&mut self) -> io::Result<()> {
                let server = self.server.clone();
                server.files.serve(self)
            }

            fn do_OPTIONS(&mut self) -> io::Result<()> {
                self.do_GET()
            }

            // The reply has the fields of all replies with files.
            fn method_not_allowed(&mut self, _: &str) -> io::Result<()> {
                self.do_GET()
            }
        }
    };
}

handler!(Handler10, "HTTP/1.0");
handler!(Handler11, "HTTP/1.1");

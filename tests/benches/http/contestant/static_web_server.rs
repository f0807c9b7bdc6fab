//! static-web-server, a file server on hyper and tokio. It inherits its listener.
//!
//! ```sh
//! cargo install static-web-server --no-default-features --features directory-listing
//! ```

use tests::prelude::*;

use super::service::FOLDER;
use super::{Contestant, Program, Service};
use crate::rounds::tcp_listener;

pub(super) const STATIC_WEB_SERVER: Contestant = Contestant {
    name: "static-web-server",
    about: "static-web-server: hyper on tokio, for files",
    services: &[Service::Files, Service::Listing],
    program: Program::Prepared { check: &["static-web-server", "--version"], command },
    ..Contestant::USUAL
};

fn command() -> Command {
    let listener = tcp_listener().expect("a free port");
    let mut command = Command::new("sh");
    // The words of the place follow, which it would not take. It looks for the first listener at
    // descriptor 3, as programs of systemd do.
    let exec = "exec env LISTEN_FDS=1 LISTEN_PID=$$ \
                static-web-server --fd 0 --root \"$0\" --log-level error \
                --directory-listing true --cache-control-headers false 3<&0 >/dev/null";
    command.args(["-c", exec, FOLDER]).stdin(OwnedFd::from(listener));
    command
}

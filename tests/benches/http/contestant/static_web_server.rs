//! static-web-server, a file server on hyper and tokio. It inherits its listener, as nginx does.
//!
//! ```sh
//! cargo install static-web-server --no-default-features --features directory-listing
//! ```

use tests::prelude::*;

use super::service::{FOLDER, inherited_listener};
use super::{Contestant, Program, Service, succeeds};

pub(super) const STATIC_WEB_SERVER: Contestant = Contestant {
    name: "static-web-server",
    about: "static-web-server: hyper on tokio, for files",
    ours: false,
    services: &[Service::Files, Service::Listing],
    most_connections: usize::MAX,
    sleeps: true,
    stops: false,
    program: Program::Other { find, command },
};

fn find() -> Result<(), String> {
    succeeds("static-web-server", &["--version"])
}

fn command() -> Command {
    let (listener, _) = inherited_listener();
    let mut command = Command::new("sh");
    // The words of the place follow, which it would not take.
    let exec = "exec static-web-server --fd \"$0\" --root \"$1\" --log-level error \
                --directory-listing true --cache-control-headers false >/dev/null";
    command.args(["-c", exec, &listener.to_string(), FOLDER]);
    command
}

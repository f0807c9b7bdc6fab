//! nginx with a worker per core. It inherits its listener, so that the port can be a free one.

use tests::prelude::*;

use super::service::{FOLDER, inherited_listener};
use super::{Contestant, Program, Service};
use crate::job::HELLO;
use crate::rounds::BACKLOG;

pub(super) const NGINX: Contestant = Contestant {
    name: "nginx",
    about: "nginx: an event loop per core, without a log",
    services: &[Service::Hello, Service::Files],
    program: Program::Prepared { check: &["nginx", "-v"], command },
    ..Contestant::USUAL
};

/// The process stays this one's, so that it ends with the benchmark.
fn command() -> Command {
    let (listener, address) = inherited_listener();
    let folder = Folder::new();
    let text = configuration(folder.path(), address);
    fs::write(folder.join("nginx.conf"), text).expect("a file");
    let mut command = Command::new("sh");
    // The words of the place follow, which nginx would not take. It complains of an inherited
    // listener before it knows where its log is.
    let exec = "exec nginx -c \"$0/nginx.conf\" -p \"$0\" 2>/dev/null";
    command.args(["-c", exec]).arg(folder.path());
    command.env("NGINX", format!("{};", listener));
    // This process becomes nginx.
    std::mem::forget(folder);
    command
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let folder = folder.display();
    let hello = HELLO.replace('\n', "\\n");
    format!(
        "daemon off;
         pid {folder}/pid;
         error_log /dev/null;
         worker_processes {workers};
         events {{ worker_connections 30000; }}
         http {{
             access_log off;
             sendfile on;
             tcp_nopush on;
             keepalive_requests 1000000000;
             keepalive_timeout 60s;
             default_type application/octet-stream;
             client_body_temp_path {folder}/body;
             proxy_temp_path {folder}/proxy;
             fastcgi_temp_path {folder}/fastcgi;
             uwsgi_temp_path {folder}/uwsgi;
             scgi_temp_path {folder}/scgi;
             server {{
                 listen {address} backlog={BACKLOG};
                 root {FOLDER};
                 location = /hello {{ default_type text/plain; return 200 \"{hello}\"; }}
             }}
         }}
        "
    )
}

//! Static files: what clients get, of a folder that they may see and of nothing else.

pub(crate) mod changes;
pub(crate) mod clients;
pub(crate) mod cpython;
pub(crate) mod large;
pub(crate) mod paths;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use socketserver::http::{
    BaseHTTPRequestHandler, Files, ReplyWriter, SimpleHTTPRequestHandler, Symlinks,
};
use tests::prelude::*;

use crate::harness::{Column, programs};
use crate::replies::{Reply, ask};
use crate::site::{Site, serve};

programs!(files, files_1_0, files_over_tls, counted_files);

/// The files of a folder, the first argument, as the other arguments say.
fn configured(arguments: &[String]) -> Files {
    let (folder, options) = arguments.split_first().expect("a folder");
    let files = Files::new(folder).expect("a folder");
    options.iter().fold(files, |files, option| match &**option {
        "cors" => files.cors(),
        "header" => files.header("X-Own", "value").expect("a field"),
        "replacing" => ["server", "content-type"]
            .into_iter()
            .try_fold(files, |files, name| files.header(name, "mine"))
            .expect("fields"),
        "hidden" => files.hidden(true),
        "no-store" => files.no_store(),
        "precompressed" => files.precompressed(true),
        "links" => files.symlinks(Symlinks::Always),
        "no-links" => files.symlinks(Symlinks::Never),
        other => unreachable!("{other}"),
    })
}

fn files(column: Column, arguments: &[String]) {
    serve(Builder::<_, _, SimpleHTTPRequestHandler, _>::new(
        Tcp::new(),
        column.concurrency(),
        configured(arguments),
    ));
}

/// The handler of CPython's tests, which is of HTTP/1.0.
#[derive(BaseHTTPRequestHandler)]
struct Old {
    wfile: ReplyWriter,
    server: ServerRef<Files>,
}

#[allow(non_snake_case)]
impl Old {
    fn do_GET(&mut self) -> io::Result<()> {
        self.server.clone().serve(self)
    }

    fn do_HEAD(&mut self) -> io::Result<()> {
        self.server.clone().serve(self)
    }
}

fn files_1_0(column: Column, arguments: &[String]) {
    serve(Builder::<_, _, Old, _>::new(Tcp::new(), column.concurrency(), configured(arguments)));
}

/// The arguments begin with a certificate and its key.
fn files_over_tls(column: Column, arguments: &[String]) {
    let (identity, arguments) = arguments.split_at(2);
    let context =
        ssl::SSLContext::new().load_cert_chain(&identity[0], &identity[1]).expect("a certificate");
    let builder = Builder::<_, _, SimpleHTTPRequestHandler, _>::new(
        Tcp::new(),
        column.concurrency(),
        configured(arguments),
    );
    serve(builder.tls(context));
}

/// Logs the size of each write.
struct Counted;

impl Layer for Counted {
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize> {
        wire.recv(buffer)
    }
    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
        eprintln!("wrote {}", data.len());
        wire.sendall(data).map(|()| data.len())
    }
    fn end(&self, _: &Wire<'_>) -> io::Result<()> {
        Ok(())
    }
}

fn counted_files(column: Column, arguments: &[String]) {
    let builder = Builder::<_, _, SimpleHTTPRequestHandler, _>::new(
        Tcp::new(),
        column.concurrency(),
        configured(arguments),
    );
    serve(builder.prepared(|request: &Socket| request.set_layer(Counted)));
}

/// A folder, and a server of its files.
struct Tree {
    folder: Arc<Folder>,
    site: Site,
}

impl Tree {
    #[track_caller]
    fn new(column: Column, options: &[&str], files: &[(&str, &[u8])]) -> Self {
        Self::of("files::files", column, options, files)
    }

    #[track_caller]
    fn of(program: &str, column: Column, options: &[&str], files: &[(&str, &[u8])]) -> Self {
        let folder = Folder::new();
        for (name, content) in files {
            write(&folder.join(name), content);
        }
        Self::at(Arc::new(folder), program, column, options)
    }

    #[track_caller]
    fn at(folder: Arc<Folder>, program: &str, column: Column, options: &[&str]) -> Self {
        let mut arguments = vec![folder.path().to_str().expect("text")];
        arguments.extend(options);
        let site = Site::start(program, column, &arguments);
        Tree { folder, site }
    }

    fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.site.address())
    }

    /// The reply to a GET, with further lines of its head.
    #[track_caller]
    fn get(&self, target: &str, lines: &[&str]) -> Reply {
        self.ask("GET", target, lines)
    }

    #[track_caller]
    fn ask(&self, method: &str, target: &str, lines: &[&str]) -> Reply {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
        for line in lines {
            head += &format!("{line}\r\n");
        }
        let mut replies = ask(self.site.address(), head + "\r\n");
        assert_eq!(replies.len(), 1, "{method} {target} {lines:?}");
        replies.remove(0)
    }
}

/// Writes a file into a folder that may have to be made, as old as if it had been there for years.
fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("write");
    age(path);
}

fn age(path: &Path) {
    let file = File::options().write(true).open(path).expect("open");
    let modified = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    file.set_modified(modified).expect("a time");
}

fn name(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

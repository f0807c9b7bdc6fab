//! The command line: Python's options, those of all servers of the demos, and others.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use demos::program::Failure;
use demos::server::ServerOptions;
use demos::tls::ServerTls;
use socketserver::http::{Files, Symlinks};
use socketserver::{Address, ToAddress};

/// Serves the files of a folder over HTTP, as `python -m http.server` does
#[derive(Parser)]
#[command(name = "http-server", version, mut_arg("tls", |tls| tls.hide(true)))]
pub(crate) struct Options {
    /// Port; 0 for any free port
    #[arg(default_value_t = 8000)]
    port: u16,

    /// Host or address to listen at [default: all IPv4 addresses; `::` is all addresses]
    #[arg(short, long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    bind: String,

    /// Folder whose files are served
    #[arg(short, long, default_value = ".")]
    directory: PathBuf,

    /// Version of HTTP; with 1.1, a connection serves many requests
    #[arg(short, long, value_name = "VERSION", default_value = "HTTP/1.1", value_enum)]
    pub(crate) protocol: Protocol,

    /// Field for every reply; may be given several times
    #[arg(short = 'H', long = "header", num_args = 2, value_names = ["NAME", "VALUE"])]
    headers: Vec<String>,

    /// Type of files whose extension has none
    #[arg(long, value_name = "TYPE", default_value = "application/octet-stream")]
    content_type: String,

    /// Speak TLS, with the certificate in this file; SIGHUP reads it again
    #[arg(long, value_name = "FILE", conflicts_with = "tls")]
    tls_cert: Option<PathBuf>,

    /// File with the certificate's key [default: that of the certificate]
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// File with the key's password
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_password_file: Option<PathBuf>,

    /// Let scripts of all sites read the files (CORS)
    #[arg(long)]
    cors: bool,

    /// Forbid browsers to store the files
    #[arg(long)]
    no_store: bool,

    /// Serve /index.html for paths without a file, for a single-page application
    #[arg(long)]
    spa: bool,

    /// Serve and list files whose name begins with a dot
    #[arg(long)]
    hidden: bool,

    /// Which symbolic links are followed
    #[arg(long, value_name = "WHICH", default_value_t, value_enum)]
    symlinks: SymlinkName,

    /// Serve FILE.br, FILE.zst or FILE.gz instead of FILE to clients that accept it
    #[arg(long)]
    precompressed: bool,

    /// Do not list folders
    #[arg(long)]
    no_listing: bool,

    #[command(flatten)]
    server: ServerOptions,
}

/// The versions of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// A connection per request, Python's default
    #[value(name = "HTTP/1.0")]
    Http10,
    /// Many requests per connection
    #[value(name = "HTTP/1.1")]
    Http11,
}

/// The policies for symbolic links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum SymlinkName {
    /// Links that stay in the folder
    #[default]
    Beneath,
    /// No links
    Never,
    /// All links
    Always,
}

impl Options {
    /// The address to listen at.
    pub(crate) fn address(&self) -> Result<Address, Failure> {
        (&*self.bind, self.port).to_address().map_err(|error| {
            Failure::usage(format!("invalid value '{}' for '--bind': {error}", self.bind))
        })
    }

    /// The files to serve.
    pub(crate) fn files(&self) -> Result<Files, Failure> {
        let mut files = Files::new(&self.directory).map_err(|error| {
            let folder = self.directory.display();
            Failure::usage(format!("invalid value '{folder}' for '--directory': {error}"))
        })?;
        for field in self.headers.chunks_exact(2) {
            files = files.header(&field[0], &field[1]).map_err(|error| {
                Failure::usage(format!("invalid value for '--header': {error}"))
            })?;
        }
        if self.cors {
            files = files.cors();
        }
        if self.no_store {
            files = files.no_store();
        }
        let files = files.default_content_type(&self.content_type).map_err(|error| {
            Failure::usage(format!("invalid value for '--content-type': {error}"))
        })?;
        Ok(files
            .precompressed(self.precompressed)
            .spa(self.spa)
            .hidden(self.hidden)
            .listing(!self.no_listing)
            .symlinks(match self.symlinks {
                SymlinkName::Beneath => Symlinks::Beneath,
                SymlinkName::Never => Symlinks::Never,
                SymlinkName::Always => Symlinks::Always,
            }))
    }

    /// The options of the server.
    pub(crate) fn server(self) -> Result<ServerOptions, Failure> {
        let Some(cert) = &self.tls_cert else {
            return Ok(self.server);
        };
        let key = self.tls_key.as_ref().unwrap_or(cert);
        let tls = match &self.tls_password_file {
            None => ServerTls::of_files(cert, key),
            Some(password) => ServerTls::with_password(cert, key, password),
        };
        Ok(self.server.with_tls(tls?.speaking(&["http/1.1"])))
    }
}

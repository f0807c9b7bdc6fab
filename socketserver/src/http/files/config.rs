//! The options: which files are served, and how.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::root::{Root, Symlinks};
use super::types::Types;
use crate::http::message::request_line::is_token;

/// The state of a server of static files: a directory, and the options. The defaults suit the open
/// internet.
///
/// ```
/// use socketserver::http::{Files, SimpleHTTPRequestHandler, ThreadingHTTPServer};
///
/// let files = Files::new(".")?
///     .header("Cross-Origin-Opener-Policy", "same-origin")?
///     .no_store();
/// let server = ThreadingHTTPServer::<SimpleHTTPRequestHandler, Files>::with(files)
///     .bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Python: the arguments and class attributes of `SimpleHTTPRequestHandler`
#[derive(Debug)]
pub struct Files {
    pub(super) root: Arc<Root>,
    pub(super) index: Vec<String>,
    /// Fields of all replies.
    pub(super) fields: Vec<(String, String)>,
    pub(super) cors: bool,
    pub(super) hidden: bool,
    pub(super) precompressed: bool,
    pub(super) spa: bool,
    pub(super) listing: bool,
    pub(super) types: Types,
}

impl Files {
    /// Serves the files below this directory, which must exist. It stays open, so that its files
    /// are found even after it has been renamed.
    ///
    /// # Errors
    /// Those of the system, with the directory's path: it does not exist, is not a directory, or
    /// may not be searched.
    ///
    /// Python: `directory=`, which need not exist
    pub fn new(directory: impl AsRef<Path>) -> io::Result<Self> {
        let directory = directory.as_ref();
        let root = Root::open(directory).map_err(|error| {
            let text = format!("cannot serve the files below {}: {error}", directory.display());
            io::Error::new(error.kind(), text)
        })?;
        Ok(Files {
            root: Arc::new(root),
            index: vec!["index.html".to_owned(), "index.htm".to_owned()],
            fields: Vec::new(),
            cors: false,
            hidden: false,
            precompressed: false,
            spa: false,
            listing: true,
            types: Types::default(),
        })
    }

    /// Names of index files. A request for a directory is answered with the first one that the
    /// directory has, and otherwise with a [`listing`](Self::listing). `index.html` and `index.htm`
    /// unless set.
    ///
    /// Python: `index_pages`
    pub fn index(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.index = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a field to every reply. It replaces the reply's own field of that name.
    ///
    /// # Errors
    /// `InvalidInput` for a name that is not a token of HTTP, and for a value that is not one line
    /// of visible characters. The same for `Date`, and for fields that say where a reply ends.
    ///
    /// Python: `--header`, for replies with status 200
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> io::Result<Self> {
        let (name, value) = (name.into(), value.into());
        let of_reply =
            ["Connection", "Content-Length", "Content-Range", "Date", "Transfer-Encoding"];
        if !is_token(name.as_bytes()) || of_reply.iter().any(|of| of.eq_ignore_ascii_case(&name)) {
            return Err(invalid("the name of a header field", &name));
        }
        self.fields.push((name, checked("the value of a header field", value)?));
        Ok(self)
    }

    /// Lets scripts of every origin read the files and the fields of each reply: adds
    /// `Access-Control-Allow-Origin: *` to every reply, and answers preflight requests.
    pub fn cors(mut self) -> Self {
        self.cors = true;
        self
    }

    /// Keeps clients and proxies from storing replies: adds `Cache-Control: no-store` to every one.
    pub fn no_store(mut self) -> Self {
        self.fields.push(("Cache-Control".to_owned(), "no-store".to_owned()));
        self
    }

    /// Whether hidden files are served and listed: names that begin with a dot. By default they are
    /// not, except for `.well-known` at the top.
    pub fn hidden(mut self, shown: bool) -> Self {
        self.hidden = shown;
        self
    }

    /// Which symbolic links are followed. By default those that lead to a place below the
    /// directory.
    ///
    /// Python: all are followed, out of the directory too
    pub fn symlinks(mut self, policy: Symlinks) -> Self {
        match Arc::get_mut(&mut self.root) {
            Some(root) => root.symlinks = policy,
            None => unreachable!("no request is served before the options are set"),
        }
        self
    }

    /// Whether clients that accept the coding get `a.css.br`, `a.css.zst` or `a.css.gz` instead of
    /// `a.css`, unless it is older than that. By default they do not. If `a.css` changes, compress
    /// it again.
    pub fn precompressed(mut self, used: bool) -> Self {
        self.precompressed = used;
        self
    }

    /// Whether a path without a file is answered with the index file at the top, for a single-page
    /// application that reads the path itself. By default the answer is 404. This applies to
    /// requests that accept HTML, as a browser's do when it opens a page, and to paths whose last
    /// name has no dot.
    pub fn spa(mut self, used: bool) -> Self {
        self.spa = used;
        self
    }

    /// Whether directories without an index file are listed. By default they are; otherwise the
    /// answer is 404.
    pub fn listing(mut self, shown: bool) -> Self {
        self.listing = shown;
        self
    }

    /// Sets the `Content-Type` of files with this extension, which may begin with its dot. It
    /// replaces the built-in type; there are some 300 of these.
    ///
    /// # Errors
    /// `InvalidInput` for a type that is not one line of visible characters.
    ///
    /// Python: `extensions_map`
    pub fn content_type(
        mut self,
        extension: impl AsRef<str>,
        content_type: impl Into<String>,
    ) -> io::Result<Self> {
        let content_type = checked("a type", content_type.into())?;
        self.types.set(extension.as_ref(), content_type);
        Ok(self)
    }

    /// Sets the `Content-Type` of files whose extension has no type. `application/octet-stream`
    /// unless set.
    ///
    /// # Errors
    /// As [`content_type`](Self::content_type).
    ///
    /// Python: `default_content_type`
    pub fn default_content_type(mut self, content_type: impl Into<String>) -> io::Result<Self> {
        self.types.default = Cow::Owned(checked("a type", content_type.into())?);
        Ok(self)
    }
}

fn checked(what: &str, value: String) -> io::Result<String> {
    let is_visible = value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    if is_visible && value.trim() == value { Ok(value) } else { Err(invalid(what, &value)) }
}

fn invalid(what: &str, got: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("expected {what}, got {got:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_no_head_can_have_are_refused() {
        let files = || Files::new("/").expect("a directory");
        let refused = |result: io::Result<Files>| {
            assert_eq!(result.expect_err("refused").kind(), io::ErrorKind::InvalidInput);
        };
        for name in
            ["", "a b", "a:", "a\r\nb", "\u{e4}", "content-length", "Transfer-Encoding", "DATE"]
        {
            refused(files().header(name, "value"));
        }
        for value in ["a\r\nb: c", "a\nb", "a\0", " a", "\u{e4}"] {
            refused(files().header("name", value));
            refused(files().content_type("ext", value));
            refused(files().default_content_type(value));
        }
        let set = files().header("X-Name", "").expect("empty").header("a", "b\tc d").expect("one");
        assert_eq!(set.fields.len(), 2);
    }

    #[test]
    fn a_missing_directory_is_an_error_that_names_it() {
        let error = Files::new("/no/such/place").expect_err("it is not there");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("/no/such/place"), "{error}");
        Files::new("/proc/version").expect_err("it is no directory");
    }
}

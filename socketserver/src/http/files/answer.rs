//! Choosing the reply to a request.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::Stat;
use rustix::io::Errno;

use super::accept;
use super::config::Files;
use super::listing::{Listing, Order, Request, SortBy, join};
use super::page::Page;
use super::ranges::{self, Choice};
use super::reply::{Body, Piece, Reply, content_range, multipart};
use super::root::Found;
use super::target::Target;
use super::validators::{Fields, Validators, Verdict};
use crate::green;
use crate::http::message::text::LOG_TARGET;

/// The methods that are served, for the field `Allow`.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// The parts of a request that decide about its reply.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// The path with its query, without an authority.
    pub(super) target: &'a [u8],
    pub(super) fields: Fields<'a>,
}

impl Asked<'_> {
    fn field(&self, name: &str) -> Cow<'_, str> {
        (self.fields)(name).unwrap_or_default()
    }
}

/// A file that has been found, and the form in which it is sent.
struct Chosen {
    file: File,
    stat: Stat,
    coding: Option<&'static str>,
}

impl Files {
    pub(super) fn answer(&self, asked: &Asked<'_>) -> Reply {
        let reply = match asked.method {
            "GET" | "HEAD" => self.get(asked).unwrap_or_else(|error| failure(asked, &error)),
            "OPTIONS" => self.options(asked),
            _ => Reply::new(405, Body::Error("Method Not Allowed")).with("Allow", METHODS),
        };
        if !self.cors {
            return reply;
        }
        reply.with("Access-Control-Allow-Origin", "*").with("Access-Control-Expose-Headers", "*")
    }

    fn options(&self, asked: &Asked<'_>) -> Reply {
        let reply = Reply::new(204, Body::Empty).with("Allow", METHODS);
        if !self.cors || (asked.fields)("Access-Control-Request-Method").is_none() {
            return reply;
        }
        reply
            .with("Access-Control-Allow-Methods", METHODS)
            .with("Access-Control-Allow-Headers", "*")
            .with("Access-Control-Max-Age", "86400")
    }

    fn get(&self, asked: &Asked<'_>) -> io::Result<Reply> {
        let Some(target) = Target::parse(asked.target) else { return Ok(Reply::not_found()) };
        if !self.hidden && target.is_hidden() {
            return self.missing(&target, asked);
        }
        if target.is_directory {
            return self.directory(&target, asked);
        }
        match self.root.find(&target.path)? {
            Some(Found::File(file, stat)) => self.file(&target.path, file, stat, asked),
            Some(Found::Directory(_)) => Ok(redirect(&target)),
            None => self.missing(&target, asked),
        }
    }

    /// The reply for a path that leads to nothing.
    fn missing(&self, target: &Target<'_>, asked: &Asked<'_>) -> io::Result<Reply> {
        if !self.spa {
            return Ok(Reply::not_found());
        }
        let last = target.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if last.contains(&b'.') && !accept::names_html(&asked.field("Accept")) {
            return Ok(Reply::not_found());
        }
        match self.index_of(b"", asked)? {
            Some(reply) => Ok(reply),
            None => Ok(Reply::not_found()),
        }
    }

    fn directory(&self, target: &Target<'_>, asked: &Asked<'_>) -> io::Result<Reply> {
        if let Some(reply) = self.index_of(&target.path, asked)? {
            return Ok(reply);
        }
        match self.root.find(&target.path)? {
            Some(Found::Directory(fd)) if self.listing => self.list(fd, target, asked),
            Some(Found::Directory(_)) => {
                Ok(Reply::new(404, Body::Error("No permission to list directory")))
            }
            // The name of a file has no slash at its end.
            _ => self.missing(target, asked),
        }
    }

    /// The reply with the directory's index file, if it has one.
    fn index_of(&self, directory: &[u8], asked: &Asked<'_>) -> io::Result<Option<Reply>> {
        for index in &self.index {
            let path = join(directory, index.as_bytes());
            if let Some(Found::File(file, stat)) = self.root.find(&path)? {
                return self.file(&path, file, stat, asked).map(Some);
            }
        }
        Ok(None)
    }

    fn file(&self, path: &[u8], file: File, stat: Stat, asked: &Asked<'_>) -> io::Result<Reply> {
        let mut chosen = Chosen { file, stat, coding: None };
        if self.precompressed {
            self.choose_form(path, &mut chosen, asked)?;
        }
        let Chosen { file, stat, coding } = chosen;
        let validators = Validators::new(&stat, SystemTime::now());
        let verdict = validators.judge(asked.fields);
        let described = |status| {
            let last_modified = validators.last_modified();
            let mut reply = Reply::new(status, Body::Empty);
            if self.precompressed {
                reply = reply.with("Vary", "Accept-Encoding");
            }
            reply.with("ETag", validators.etag).with("Last-Modified", last_modified)
        };
        match verdict {
            Verdict::NotModified => return Ok(described(304)),
            Verdict::Failed => {
                return Ok(Reply::new(412, Body::Error("Precondition Failed")));
            }
            Verdict::Serve | Verdict::ServeWhole => {}
        }
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        // Only GET has ranges.
        let has_ranges = verdict == Verdict::Serve && asked.method == "GET";
        let range = if has_ranges { (asked.fields)("Range") } else { None };
        let choice = range.map_or(Choice::Whole, |range| ranges::choose(&range, size));
        let content_type = self.types.of(path);
        Ok(match choice {
            Choice::Whole => described(200)
                .with_type(content_type, coding)
                .with_parts(file, vec![Piece::Part(0..size)]),
            Choice::Unsatisfiable => Reply::new(416, Body::Error("Range Not Satisfiable"))
                .with("Content-Range", format!("bytes */{size}")),
            Choice::Parts(parts) => match &*parts {
                [part] => described(206)
                    .with_type(content_type, coding)
                    .with("Content-Range", content_range(part, size))
                    .with_parts(file, vec![Piece::Part(part.clone())]),
                _ => {
                    let (content_type, pieces) = multipart(parts, &content_type, size);
                    described(206).with_type(content_type, coding).with_parts(file, pieces)
                }
            },
        })
    }

    /// Replaces the file by a compressed form of it, if there is one that the client prefers. A form
    /// that is older belongs to an older file. Programs that compress may keep whole seconds only.
    fn choose_form(&self, path: &[u8], chosen: &mut Chosen, asked: &Asked<'_>) -> io::Result<()> {
        for coding in accept::codings(&asked.field("Accept-Encoding")) {
            let sibling = [path, coding.suffix.as_bytes()].concat();
            if let Some(Found::File(file, stat)) = self.root.find(&sibling)?
                && stat.st_mtime >= chosen.stat.st_mtime
            {
                *chosen = Chosen { file, stat, coding: Some(coding.name) };
                break;
            }
        }
        Ok(())
    }

    fn list(&self, fd: OwnedFd, target: &Target<'_>, asked: &Asked<'_>) -> io::Result<Reply> {
        let is_json = accept::prefers_json(&asked.field("Accept"));
        let content_type = if is_json { "application/json" } else { "text/html; charset=utf-8" };
        let mut reply =
            Reply::new(200, Body::Empty).with("Content-Type", content_type).with("Vary", "Accept");
        if !is_json {
            // A listing loads nothing from elsewhere.
            const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
            reply = reply.with("Content-Security-Policy", POLICY);
        }
        if asked.method == "HEAD" {
            return Ok(reply);
        }
        let order = order(target);
        let (root, shows_hidden) = (Arc::clone(&self.root), self.hidden);
        let path = target.path.clone();
        // A long listing takes a while.
        let listing = green::blocking(move || {
            Listing::read(&root, &fd, Request { path: &path, shows_hidden, order })
        });
        let listing = match listing {
            // It has been removed since it was opened.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Reply::not_found()),
            listing => listing?,
        };
        let page = Page { listing, title: target.display(), order };
        reply.body = if is_json { Body::Json(page) } else { Body::Html(page) };
        Ok(reply)
    }
}

/// The order of a listing that the query asks for.
fn order(target: &Target<'_>) -> Order {
    let by = match target.query_value("sort") {
        Some(b"size") => SortBy::Size,
        Some(b"date") => SortBy::Date,
        _ => SortBy::Name,
    };
    Order { by, is_descending: target.query_value("order") == Some(b"desc") }
}

/// Redirects the client to the directory's URL with a slash, to which the links in it are relative.
fn redirect(target: &Target<'_>) -> Reply {
    let mut reply = Reply::new(301, Body::Empty)
        .with("Location", target.location())
        // Not for ever, because the directory may become a file.
        .with("Cache-Control", "no-cache");
    reply.length = Some(0);
    reply
}

/// The reply to an error of the system that says nothing about the path, such as a lack of
/// descriptors.
fn failure(asked: &Asked<'_>, error: &io::Error) -> Reply {
    let errors = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];
    let is_overload = Errno::from_io_error(error).is_some_and(|error| errors.contains(&error));
    let target = asked.target.escape_ascii();
    log::error!(target: LOG_TARGET, "cannot open the file at {target} ({error}): answering with an error page");
    match is_overload {
        true => Reply::new(503, Body::Error("Service Unavailable")),
        false => Reply::new(500, Body::Error("Internal Server Error")),
    }
}

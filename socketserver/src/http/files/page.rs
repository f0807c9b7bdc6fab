//! A listing as a page, and as JSON.

use std::io::{self, Write};

use percent_encoding::percent_encode;

use super::listing::{Entry, Kind, Listing, Order, SortBy};
use super::target::NAME;
use crate::http::message::date::Date;
use crate::http::message::request_line::letters_digits_and;

/// Bytes that are gathered for one write.
const ROOM: usize = 64 << 10;

const STYLE: &str = "\
:root{color-scheme:light dark;background:Canvas;color:CanvasText}\
body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
h1{font-size:1.4rem;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}\
th[aria-sort=ascending]:after{content:\" \\2191\"}\
th[aria-sort=descending]:after{content:\" \\2193\"}\
th,td{padding:.15rem 1rem .15rem 0;text-align:left}\
td:first-child{overflow-wrap:anywhere;unicode-bidi:isolate}\
td+td,th+th{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
tr:hover td{background:color-mix(in srgb,currentColor 8%,transparent)}";

/// The page of a directory.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) listing: Listing,
    /// The directory's path in the request, decoded.
    pub(super) title: Vec<u8>,
    pub(super) order: Order,
}

impl Page {
    /// Writes the page piece by piece.
    pub(super) fn write_html(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut out = Vec::with_capacity(2 * ROOM);
        self.push_top(&mut out);
        for entry in &self.listing.entries {
            self.push_row(&mut out, entry);
            if out.len() >= ROOM {
                to.write_all(&out)?;
                out.clear();
            }
        }
        out.extend_from_slice(b"</tbody>\n</table>\n");
        if self.listing.is_cut {
            out.extend_from_slice(b"<p>The directory has more names than are listed here.</p>\n");
        }
        out.extend_from_slice(b"</main>\n</body>\n</html>\n");
        to.write_all(&out)
    }

    fn push_top(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
              <meta name=\"viewport\" content=\"width=device-width\">\n\
              <title>Directory listing for ",
        );
        push_text(out, &self.title);
        out.extend_from_slice(b"</title>\n<style>");
        out.extend_from_slice(STYLE.as_bytes());
        out.extend_from_slice(b"</style>\n</head>\n<body>\n<main>\n<h1>Directory listing for ");
        push_text(out, &self.title);
        out.extend_from_slice(b"</h1>\n");
        if self.title != b"/" {
            out.extend_from_slice(b"<p><a href=\"../\">Parent directory</a></p>\n");
        }
        out.extend_from_slice(b"<table>\n<thead><tr>");
        self.push_heading(out, SortBy::Name, "name", "Name");
        if self.listing.has_details {
            self.push_heading(out, SortBy::Size, "size", "Size");
            self.push_heading(out, SortBy::Date, "date", "Date (UTC)");
        }
        out.extend_from_slice(b"</tr></thead>\n<tbody>\n");
    }

    /// Writes the heading of a column. It is a link to the listing in the order of this column, or
    /// in the reverse order if the listing has this order already.
    fn push_heading(&self, out: &mut Vec<u8>, by: SortBy, key: &str, text: &str) {
        let is_current = self.order.by == by;
        let sort = match (is_current, self.order.is_descending) {
            (false, _) => "",
            (true, false) => " aria-sort=\"ascending\"",
            (true, true) => " aria-sort=\"descending\"",
        };
        let reverse = if is_current && !self.order.is_descending { "&amp;order=desc" } else { "" };
        let heading =
            format!("<th scope=\"col\"{sort}><a href=\"?sort={key}{reverse}\">{text}</a></th>");
        out.extend_from_slice(heading.as_bytes());
    }

    fn push_row(&self, out: &mut Vec<u8>, entry: &Entry) {
        let name = self.listing.name(entry);
        let is_plain = is_plain(name);
        // The end tags of cells and rows are left out, as HTML allows: a listing is long.
        out.extend_from_slice(b"<tr><td><a href=\"");
        push_quoted(out, name, is_plain);
        if entry.kind == Kind::Directory {
            out.push(b'/');
        }
        out.extend_from_slice(b"\">");
        match is_plain {
            true => out.extend_from_slice(name),
            false => push_text(out, name),
        }
        match (entry.kind, entry.is_link) {
            (_, true) => out.push(b'@'),
            (Kind::Directory, false) => out.push(b'/'),
            _ => {}
        }
        out.extend_from_slice(b"</a>");
        if self.listing.has_details {
            out.extend_from_slice(b"<td>");
            if entry.kind == Kind::File {
                push_size(out, entry.size);
            }
            out.extend_from_slice(b"<td>");
            out.extend_from_slice(Date::of(entry.modified).to_the_minute().as_bytes());
        }
        out.push(b'\n');
    }

    /// Writes the listing as JSON: an array of objects, as nginx does.
    pub(super) fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut out = Vec::with_capacity(2 * ROOM);
        let mut separator = &b"[\n"[..];
        for entry in &self.listing.entries {
            out.extend_from_slice(separator);
            separator = b",\n";
            self.push_object(&mut out, entry);
            if out.len() >= ROOM {
                to.write_all(&out)?;
                out.clear();
            }
        }
        out.extend_from_slice(if self.listing.entries.is_empty() { b"[]\n" } else { b"\n]\n" });
        to.write_all(&out)
    }

    /// In a name that is not UTF-8, the wrong bytes are replaced; the `href` is exact.
    fn push_object(&self, out: &mut Vec<u8>, entry: &Entry) {
        let name = self.listing.name(entry);
        let is_plain = is_plain(name);
        out.extend_from_slice(b"{\"name\":\"");
        match is_plain {
            true => out.extend_from_slice(name),
            false => push_json(out, &String::from_utf8_lossy(name)),
        }
        out.extend_from_slice(b"\",\"href\":\"");
        push_quoted(out, name, is_plain);
        let kind: &[u8] = match entry.kind {
            Kind::Directory => b"/\",\"type\":\"directory\"",
            Kind::File => b"\",\"type\":\"file\"",
            Kind::Link => b"\",\"type\":\"link\"",
        };
        out.extend_from_slice(kind);
        if self.listing.has_details {
            let date = Date::of(entry.modified).to_the_second();
            out.extend_from_slice(format!(",\"modified\":\"{date}\"").as_bytes());
            if entry.kind == Kind::File {
                out.extend_from_slice(format!(",\"size\":{}", entry.size).as_bytes());
            }
        }
        out.push(b'}');
    }
}

/// Whether a name is the same in a URL, in HTML and in JSON, as most are. Looked up for each byte of
/// a long listing.
fn is_plain(name: &[u8]) -> bool {
    const PLAIN: [bool; 256] = letters_digits_and(b"_.-~");
    name.iter().fold(true, |plain, byte| plain & PLAIN[usize::from(*byte)])
}

fn push_quoted(out: &mut Vec<u8>, name: &[u8], is_plain: bool) {
    match is_plain {
        true => out.extend_from_slice(name),
        false => {
            percent_encode(name, NAME).for_each(|piece| out.extend_from_slice(piece.as_bytes()))
        }
    }
}

/// Writes text, escaped for HTML. Bytes that are not UTF-8 stay: a browser shows each as an unknown
/// character. The marks that change the direction of writing become unknown characters too, because
/// they could make a name look like another.
fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let mut plain = text;
    while let Some(place) = plain.iter().position(|byte| matches!(byte, b'&' | b'<' | b'>' | 0xe2))
    {
        out.extend_from_slice(&plain[..place]);
        let (shown, length): (&[u8], usize) = match plain[place..] {
            [b'&', ..] => (b"&amp;", 1),
            [b'<', ..] => (b"&lt;", 1),
            [b'>', ..] => (b"&gt;", 1),
            [_, 0x80, 0xaa..=0xae, ..] | [_, 0x81, 0xa6..=0xa9, ..] => (b"\xef\xbf\xbd", 3),
            _ => (b"\xe2", 1),
        };
        out.extend_from_slice(shown);
        plain = &plain[place + length..];
    }
    out.extend_from_slice(plain);
}

fn push_json(out: &mut Vec<u8>, text: &str) {
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend_from_slice(&[b'\\', char as u8]),
            '\0'..='\x1f' => out.extend_from_slice(format!("\\u{:04x}", char as u32).as_bytes()),
            _ => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn push_size(out: &mut Vec<u8>, size: u64) {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let text = if size < 1_024 {
        format!("{size} B")
    } else {
        // Rounds to tenths before it chooses the unit, so that no size is shown as 1,024.0.
        let mut unit = 0;
        let mut tenths = (u128::from(size) * 10 + 512) / 1_024;
        while tenths >= 10_240 {
            unit += 1;
            tenths = (tenths + 512) / 1_024;
        }
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    };
    out.extend_from_slice(text.as_bytes());
}

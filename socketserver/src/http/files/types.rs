//! The types of files, by their extensions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Per line a type, and its extensions. Where Python's `mimetypes` has a value of its own, it is
/// Python's; what the machine has installed does not matter. An archive has the type of its outer
/// format, since its bytes are sent as they are.
static BUILT_IN: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
    let lines = include_str!("types.txt").lines();
    lines
        .flat_map(|line| {
            let mut words = line.split(' ');
            let of_type = with_charset(words.next().unwrap_or_default());
            words.map(move |extension| (extension, of_type.clone()))
        })
        .collect()
});

/// XML says in its first line how it is encoded, and a charset would have precedence over that.
fn with_charset(of_type: &str) -> String {
    match of_type {
        "text/xml" => of_type.to_owned(),
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

#[derive(Clone, Debug)]
pub(super) struct Types {
    /// What the program has set, which comes first.
    own: HashMap<String, String>,
    /// For files whose extension has no type.
    pub(super) default: Cow<'static, str>,
}

impl Default for Types {
    fn default() -> Self {
        Types { own: HashMap::new(), default: "application/octet-stream".into() }
    }
}

impl Types {
    /// Sets a type, for an extension with or without its dot.
    pub(super) fn set(&mut self, extension: &str, of_type: String) {
        let extension = extension.strip_prefix('.').unwrap_or(extension);
        self.own.insert(extension.to_owned(), of_type);
    }

    /// The type of a file with this name or path. An extension counts as it is written first, as
    /// `.Z` is another format than `.z`, then in lower case.
    pub(super) fn of(&self, name: &[u8]) -> &str {
        let Some(extension) = extension(name) else { return &self.default };
        let look_up = |extension: &str| match self.own.get(extension) {
            Some(of_type) => Some(of_type),
            None => BUILT_IN.get(extension),
        };
        let found = look_up(extension).or_else(|| look_up(&extension.to_ascii_lowercase()));
        found.map_or(&*self.default, String::as_str)
    }
}

/// What follows the last dot of the last name, unless the name begins with it.
fn extension(path: &[u8]) -> Option<&str> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
    str::from_utf8(&name[dot + 1..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_pythons_with_a_charset_for_text() {
        let types = Types::default();
        let expected = [
            ("a.html", "text/html; charset=utf-8"),
            ("a/b.d/INDEX.HTM", "text/html; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.md", "text/markdown; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.json", "application/json"),
            ("a.svg", "image/svg+xml"),
            ("a.xml", "text/xml"),
            ("a.woff2", "font/woff2"),
            ("a.tar.gz", "application/gzip"),
            ("a.tgz", "application/gzip"),
            ("a.svgz", "application/gzip"),
            ("a.Z", "application/octet-stream"),
            ("a.bz2", "application/x-bzip2"),
            ("a.xz", "application/x-xz"),
            ("a.zzz", "application/octet-stream"),
            ("a.d/noext", "application/octet-stream"),
            ("a.html/", "application/octet-stream"),
            (".html", "application/octet-stream"),
            ("", "application/octet-stream"),
        ];
        for (name, of_type) in expected {
            assert_eq!(types.of(name.as_bytes()), of_type, "{name}");
        }
        assert_eq!(types.of(b"a.\xff"), "application/octet-stream");
    }

    #[test]
    fn a_programs_types_come_first() {
        let mut types = Types::default();
        types.set(".html", "text/html; charset=latin-1".to_owned());
        types.set("ext", "a/b".to_owned());
        types.default = "c/d".into();
        assert_eq!(types.of(b"a.HTML"), "text/html; charset=latin-1");
        assert_eq!(types.of(b"a.ext"), "a/b");
        assert_eq!(types.of(b"a.zzz"), "c/d");
        assert_eq!(types.of(b"a.css"), "text/css; charset=utf-8");
    }

    #[test]
    fn table_has_each_extension_once_under_a_type() {
        let text = include_str!("types.txt");
        let mut count = 0;
        for line in text.lines() {
            let (of_type, extensions) = line.split_once(' ').expect("a type and extensions");
            assert!(of_type.contains('/'), "{line}");
            count += extensions.split(' ').filter(|extension| !extension.is_empty()).count();
        }
        assert!(count >= 150);
        assert_eq!(BUILT_IN.len(), count);
    }
}

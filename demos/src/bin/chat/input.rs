//! The lines that members type, and the commands in them.

use std::io::{self, BufRead};

use demos::text::printable;
use socketserver::SocketReader;

/// Maximum number of bytes in a line, without its end.
pub(crate) const LONGEST_LINE: usize = 4_096;

/// The commands, as hints name them.
const COMMANDS: &str = "/who, /name NEW, /me TEXT, /quit";

/// A line as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Safe to show on any terminal.
    Text(String),
    /// More than [`LONGEST_LINE`] bytes, which were dropped.
    TooLong,
    /// The end of the stream.
    End,
}

impl Line {
    /// Reads the next line. Calls `wait` before each wait for the member, and `heard` after it,
    /// with the number of bytes. So a line without an end evades neither.
    pub(crate) fn read(
        rfile: &mut SocketReader,
        mut wait: impl FnMut() -> io::Result<()>,
        mut heard: impl FnMut(usize),
    ) -> io::Result<Self> {
        // With room for `\r\n`, so that these bytes show whether the line is too long.
        const PIECE: usize = LONGEST_LINE + 2;
        let mut line = Vec::new();
        loop {
            wait()?;
            let piece = rfile.fill_buf()?;
            let end = piece.iter().position(|&byte| byte == b'\n');
            let length = end.map_or(piece.len(), |end| end + 1);
            line.extend_from_slice(&piece[..length.min(PIECE - line.len())]);
            rfile.consume(length);
            heard(length);
            if end.is_some() || length == 0 {
                break;
            }
        }
        Ok(match without_end(&line) {
            [] if line.is_empty() => Line::End,
            text if text.len() <= LONGEST_LINE => Line::Text(printable(text)),
            _ => Line::TooLong,
        })
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The meaning of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// Nothing: the line is blank.
    Nothing,
    /// A line for the others.
    Say(&'a str),
    /// `/me TEXT`
    Act(&'a str),
    /// `/name NEW`
    Rename(&'a str),
    /// `/who`
    Who,
    /// `/quit`, or the word `over`.
    Quit,
    /// Another word with a slash, or a command without its argument.
    Unknown(&'a str),
}

impl<'a> Input<'a> {
    /// Reads the command at the start of a line.
    pub(crate) fn parse(line: &'a str) -> Self {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, rest.trim_start()) {
            ("", _) => Input::Nothing,
            ("over", "") => Input::Quit,
            ("/quit", _) => Input::Quit,
            ("/who", _) => Input::Who,
            ("/me", text) if !text.is_empty() => Input::Act(text),
            ("/name", name) if !name.is_empty() => Input::Rename(name),
            _ if word.starts_with('/') => Input::Unknown(word),
            _ => Input::Say(line),
        }
    }
}

/// The answer to an unknown command.
pub(crate) fn hint(command: &str) -> String {
    format!("-- {command} is not understood; there are {COMMANDS}\n")
}

/// The answer to a line that is too long.
pub(crate) fn too_long() -> String {
    format!("-- that line was dropped: it has more than {LONGEST_LINE} bytes\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use socketserver::Socket;

    use super::*;

    /// Lines of all lengths around the longest one, with all kinds of ends.
    fn typed() -> impl Strategy<Value = Vec<u8>> {
        let length = prop_oneof![0..10_usize, 4_085..4_105_usize, 8_180..8_210_usize];
        let text = prop_oneof![
            vec(any::<u8>(), 0..100),
            (any::<u8>(), length).prop_map(|(byte, length)| vec![byte; length]),
        ];
        let end = prop_oneof![Just(""), Just("\r"), Just("\n"), Just("\r\n"), Just("\r\r\n")];
        let line = (text, end).prop_map(|(text, end)| [&text, end.as_bytes()].concat());
        vec(line, 0..8).prop_map(|lines| lines.concat())
    }

    proptest! {
        #[test]
        fn every_line_is_read_or_dropped(
            typed in typed(),
            rbufsize in prop_oneof![Just(-1), 1..5_000_isize],
        ) {
            let (socket, mut other) = UnixStream::pair().expect("a pair");
            other.write_all(&typed).expect("there is room");
            other.shutdown(Shutdown::Write).expect("shutdown");
            let (mut rfile, _) = Socket::from(socket).makefile(rbufsize, 0);
            let mut heard = 0;
            let mut read = |rfile: &mut _| Line::read(rfile, || Ok(()), |bytes| heard += bytes);
            for line in typed.split_inclusive(|&byte| byte == b'\n') {
                let text = without_end(line);
                let expected = if text.len() > LONGEST_LINE {
                    Line::TooLong
                } else {
                    Line::Text(printable(text))
                };
                prop_assert_eq!(read(&mut rfile).expect("a line"), expected);
            }
            prop_assert_eq!(read(&mut rfile).expect("the end"), Line::End);
            prop_assert_eq!(heard, typed.len(), "every byte counts for the pace");
        }

        #[test]
        fn every_line_is_some_command(
            line in prop_oneof![".{0,60}", "[ /]{0,3}(me|name|who|quit|over)?[ a]{0,4}"],
        ) {
            let said = line.trim();
            match Input::parse(&line) {
                Input::Nothing => prop_assert!(said.is_empty()),
                Input::Say(text) => prop_assert!(text == said && !text.starts_with('/')),
                Input::Act(text) | Input::Rename(text) => {
                    prop_assert!(!text.is_empty() && text.trim() == text && said.ends_with(text));
                }
                Input::Unknown(word) => {
                    prop_assert!(word.starts_with('/') && said.starts_with(word));
                }
                Input::Who => prop_assert!(said.starts_with("/who")),
                Input::Quit => prop_assert!(said == "over" || said.starts_with("/quit")),
            }
        }
    }

    #[test]
    fn commands_are_recognised_by_their_first_word() {
        for (line, input) in [
            ("", Input::Nothing),
            ("  ", Input::Nothing),
            ("hello  all ", Input::Say("hello  all")),
            ("over and out", Input::Say("over and out")),
            ("over", Input::Quit),
            (" over ", Input::Quit),
            ("/quit", Input::Quit),
            ("/quit now", Input::Quit),
            ("/who", Input::Who),
            ("/me  waves", Input::Act("waves")),
            ("/name  ann", Input::Rename("ann")),
            ("/me", Input::Unknown("/me")),
            ("/name ", Input::Unknown("/name")),
            ("/whois ann", Input::Unknown("/whois")),
            ("/", Input::Unknown("/")),
        ] {
            assert_eq!(Input::parse(line), input, "{line:?}");
        }
    }

    #[test]
    fn a_line_may_end_in_cr_lf() {
        for line in ["text\n", "text\r\n", "text"] {
            assert_eq!(without_end(line.as_bytes()), b"text");
        }
        assert_eq!(without_end(b"\r\n"), b"");
    }
}

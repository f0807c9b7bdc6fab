//! The tables of the documentation, so that it says only what a run has printed.

use tests::prelude::*;

use super::text::{cells, circumstances};
use super::{Results, Table};
use crate::bench::{COLUMNS, NAME, PAGES, SUMMARY};
use crate::contestant;

/// What begins a table, for example `<!-- versus: `. Words follow: names of scenarios, `machine`,
/// `contestants`, `summary`.
fn begin() -> String {
    format!("<!-- {NAME}: ")
}

/// What ends the line of the words.
const WORDS_END: &str = " -->\n";

/// What ends a table.
fn end() -> String {
    format!("<!-- /{NAME} -->")
}

/// Replaces what stands between the marks of each page.
pub(crate) fn write_docs(results: &Results) -> io::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder above");
    for page in PAGES {
        let path = workspace.join(page);
        let text = replaced(&fs::read_to_string(&path)?, results);
        let text = text.map_err(|error| io::Error::other(format!("{page}: {error}")))?;
        fs::write(&path, text)?;
    }
    Ok(())
}

fn replaced(page: &str, results: &Results) -> Result<String, String> {
    let (begin, end) = (begin(), end());
    let mut parts = page.split(&begin);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (words, rest) = part.split_once(WORDS_END).ok_or("a mark without its end")?;
        let (_, rest) = rest.split_once(&end).ok_or(format!("no {end} after {words}"))?;
        text += &format!("{begin}{words}{WORDS_END}");
        for word in words.split(' ') {
            text += &format!("\n{}\n", content(word, results)?.trim_end());
        }
        text += &format!("\n{end}{rest}");
    }
    Ok(text)
}

fn content(word: &str, results: &Results) -> Result<String, String> {
    match word {
        "machine" => Ok(format!("{}. {}", results.machine, circumstances(results))),
        "contestants" => {
            let mut text = "| name | server |\n| --- | --- |\n".to_owned();
            for contestant in contestant::ALL {
                text += &format!("| `{}` | {} |\n", contestant.name, contestant.about);
            }
            Ok(text)
        }
        "summary" => Ok(summary(results)),
        scenario => {
            let table = results.table(scenario);
            Ok(markdown(table.ok_or(format!("{scenario} has not been measured"))?))
        }
    }
}

/// The main figures of some scenarios, for the contestants that most readers know.
fn summary(results: &Results) -> String {
    let mut text = format!("| | {} |\n", COLUMNS.join(" | "));
    text += &format!("| --- |{}\n", " ---: |".repeat(COLUMNS.len()));
    for table in SUMMARY.iter().filter_map(|scenario| results.table(scenario)) {
        let cell = |name: &&str| {
            let spread = table.row(name).and_then(|row| row.spread(table.figure));
            spread.map_or(String::new(), |spread| table.figure.text(spread.median))
        };
        let cells: Vec<String> = COLUMNS.iter().map(cell).collect();
        let (title, figure) = (&table.title, table.figure.label());
        text += &format!("| {title}: {figure} | {} |\n", cells.join(" | "));
    }
    text
}

fn markdown(table: &Table) -> String {
    let mut text = format!("**{}** ({})\n\n", table.title, table.cores);
    for (number, line) in cells(table).iter().enumerate() {
        text += &format!("| {} |\n", line.join(" | "));
        if number == 0 {
            text += &format!("| --- |{}\n", " ---: |".repeat(line.len() - 1));
        }
    }
    text
}

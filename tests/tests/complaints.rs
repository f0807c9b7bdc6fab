//! Whether each complaint about Python's `socketserver` is answered by the tests, as the table in
//! `complaints.md` says.

use tests::prelude::*;

/// Pairs of a complaint and a test: its place below `tests/` and its name.
type Answers = BTreeSet<(u32, String)>;

/// The answers that are tagged in a folder, whose tests begin with `place`.
fn tagged(folder: &Path, place: &str) -> Answers {
    let mut answers = Answers::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let place = match name.expect("a name") {
            "main" | "mod" => place.to_owned(),
            name => format!("{place}{name}::"),
        };
        if path.is_dir() {
            answers.extend(tagged(&path, &place));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).expect("a source file");
            answers.extend(tagged_in(&text, &place));
        }
    }
    answers
}

fn tagged_in(text: &str, place: &str) -> Answers {
    let (mut numbers, mut answers) = (Vec::new(), Answers::new());
    for line in text.lines() {
        if let Some(doc) = line.strip_prefix("///") {
            let tags = doc.split("omplaint ").skip(1);
            numbers.extend(tags.filter_map(|tag| tag.get(..2)?.parse::<u32>().ok()));
        } else if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split(['(', '<']).next().expect("a name");
            answers.extend(numbers.drain(..).map(|number| (number, format!("{place}{name}"))));
        }
    }
    answers
}

#[test]
fn every_complaint_is_answered_by_its_tests() {
    let rows = include_str!("complaints.md").lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let [number, _, here] = row.split(" | ").collect::<Vec<_>>()[..] else {
            return None;
        };
        Some((number.parse::<u32>().ok()?, here))
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.iter().map(|row| row.0).eq(1..=36));
    let mut answers = Answers::new();
    for (number, here) in rows {
        let tests = here.split('`').skip(1).step_by(2);
        answers.extend(tests.map(|test| (number, test.to_owned())));
        let reason = here.ends_with('.');
        assert!(here.contains('`') || reason, "{number:02}: no test, no reason");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    assert_eq!(answers, tagged(&folder, ""));
}

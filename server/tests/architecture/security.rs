//! The table of docs/SECURITY.md: each row once, and nothing named that is not there.

use std::{collections::BTreeSet, fs, path::Path};

/// The rows of each part of the table.
const PARTS: [(&str, usize); 10] = [
    ("AUTH", 23),
    ("SESS", 15),
    ("JWT", 15),
    ("AZ", 12),
    ("API", 30),
    ("WEB", 13),
    ("CRY", 8),
    ("DB", 10),
    ("LOG", 7),
    ("OPS", 11),
];

#[test]
fn every_row_is_answered_once_and_every_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/SECURITY.md")).expect("docs/SECURITY.md");
    let rows: Vec<Vec<&str>> = page.lines().filter_map(row).collect();
    let wanted =
        PARTS.iter().flat_map(|(part, count)| (1..=*count).map(move |row| format!("{part}-{row:02}")));
    let found: Vec<String> = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(found, wanted.collect::<Vec<_>>());
    let mut missing = BTreeSet::new();
    for row in &rows {
        let [id, how, shown] = row[..] else { panic!("{row:?} is no row") };
        let open =
            ["Not yet", "Does not apply", "Nothing is compressed"].iter().any(|word| how.starts_with(word));
        assert!(open || shown != "–", "{id} is said to be met, and nothing shows it");
        let named = shown.split('`').skip(1).step_by(2);
        missing.extend(named.filter(|named| !exists(&root, named)).map(|named| format!("{id}: {named}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn row(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    PARTS
        .iter()
        .any(|(part, _)| cells[0].strip_prefix(part).is_some_and(|rest| rest.starts_with('-')))
        .then_some(cells)
}

/// A file, or a test in one.
fn exists(root: &Path, named: &str) -> bool {
    let (file, test) = named.split_once("::").unwrap_or((named, ""));
    let Ok(text) = fs::read_to_string(root.join(file)) else { return false };
    test.is_empty() || text.contains(&format!("fn {test}("))
}

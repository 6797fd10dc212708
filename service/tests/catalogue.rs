//! The page of codes says what to do about each, and about no other.

use service::Code;

#[test]
fn the_contract_lists_each_code_with_its_status() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/API.md");
    let page = std::fs::read_to_string(path).expect("docs/API.md");
    let listed = page.split_once("\n## Codes\n").expect("a section of codes").1;
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(listed.contains(&row), "docs/API.md lacks {row}");
    }
    assert_eq!(listed.matches("\n| `").count(), Code::ALL.len(), "a code that does not exist is listed");
}

//! The page of problems has a paragraph for each code, and for no other.

use service::Code;

#[test]
fn each_code_has_one_paragraph_with_its_status_and_its_title() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROBLEMS.md");
    let page = std::fs::read_to_string(path).expect("docs/PROBLEMS.md");
    let paragraphs: Vec<_> =
        page.split("\n### `").skip(1).filter_map(|section| section.split_once("`\n\n")).collect();
    for code in Code::ALL {
        let mut of_it = paragraphs.iter().filter(|(named, _)| *named == code.as_str());
        let (Some((_, text)), None) = (of_it.next(), of_it.next()) else {
            panic!("docs/PROBLEMS.md needs one section \"### `{}`\"", code.as_str());
        };
        let begins = format!("**{} · {}.** ", code.status().as_u16(), code.title());
        let said = text.strip_prefix(&begins).unwrap_or_else(|| panic!("{code:?} does not begin {begins}"));
        let said = said.split("\n\n").next().unwrap_or_default();
        assert!(said.split_whitespace().count() > 10, "{code:?} says neither why nor what to do: {said}");
    }
    assert_eq!(paragraphs.len(), Code::ALL.len(), "docs/PROBLEMS.md tells of a code that does not exist");
}

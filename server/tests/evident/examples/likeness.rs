//! Whether an answer is like the one that the page shows, and what it is that the page gives a name to.

use super::page::Answer;
use serde_json::Value;
use std::collections::BTreeMap;

/// What names stand for so far.
#[derive(Debug, Default)]
pub(super) struct Names(pub(super) BTreeMap<String, String>);

/// What of a text is literal and what is not.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Literal(&'a str),
    /// `…`: one character at least.
    Anything,
    /// `$NAME`, which nothing is known of.
    Named(&'a str),
}

impl Names {
    /// Compares a whole answer; names that it gives are known from then on.
    pub(super) fn compare(&mut self, shown: &Answer, given: &Answer) -> Result<(), String> {
        if shown.status != given.status {
            return Err(format!("{} in the page, {} in truth", shown.status, given.status));
        }
        for (name, value) in &shown.headers {
            // A header tells of this answer, so its name moves on; what a body names stays what it is.
            self.0.remove(value.trim_start_matches('$'));
            let mut same = given.headers.iter().filter(|(other, _)| other == name);
            if !same.any(|(_, given)| self.is_like(value, given)) {
                return Err(format!("no header {name}: {value}"));
            }
        }
        match (serde_json::from_str(&shown.body), serde_json::from_str(&given.body)) {
            (Ok(shown), Ok(given)) => self.compare_json("", &shown, &given),
            _ if self.is_like(&shown.body, &given.body) => Ok(()),
            _ => Err("the bodies differ".to_owned()),
        }
    }

    fn compare_json(&mut self, at: &str, shown: &Value, given: &Value) -> Result<(), String> {
        match (shown, given) {
            (Value::Object(shown), Value::Object(given)) => {
                let goes_on = shown.contains_key("…");
                if let Some(unknown) = given.keys().find(|key| !goes_on && !shown.contains_key(*key)) {
                    return Err(format!("{at}/{unknown} is not in the page"));
                }
                for (key, shown) in shown.iter().filter(|(key, _)| *key != "…") {
                    let at = format!("{at}/{key}");
                    let given = given.get(key).ok_or_else(|| format!("{at} is in the page alone"))?;
                    self.compare_json(&at, shown, given)?;
                }
                Ok(())
            }
            (Value::Array(shown), Value::Array(given)) => {
                let (shown, goes_on) = match shown.split_last() {
                    Some((last, rest)) if last == "…" && !rest.is_empty() => (rest, true),
                    _ => (shown.as_slice(), false),
                };
                if given.len() < shown.len() || (given.len() > shown.len()) != goes_on {
                    return Err(format!("{at} has {} items", given.len()));
                }
                shown.iter().zip(given).enumerate().try_for_each(|(number, (shown, given))| {
                    self.compare_json(&format!("{at}/{number}"), shown, given)
                })
            }
            (Value::String(shown), Value::String(given)) if self.is_like(shown, given) => Ok(()),
            (Value::Number(_), Value::Number(_)) if at.ends_with("/position") => Ok(()),
            (shown, given) if shown == given => Ok(()),
            (shown, given) => Err(format!("{at} is {shown} in the page, {given} in truth")),
        }
    }

    /// Whether a text is like the one shown. A name that is not known yet is, from then on, what stands in its place.
    fn is_like(&mut self, shown: &str, given: &str) -> bool {
        if is_time(shown) {
            return form(shown) == form(given);
        }
        let mut found = Vec::new();
        let fits = fit(&pieces(shown, &self.0), given, &mut found);
        if fits {
            self.0.extend(found);
        }
        fits
    }
}

/// `2026-11-26T03:05:38.230248Z` or `2026-11-26`, whichever it is.
fn is_time(text: &str) -> bool {
    ["0000-00-00", "0000-00-00T00:00:00.000000Z"].contains(&form(text).as_str())
}

fn form(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

fn pieces<'a>(shown: &'a str, known: &'a BTreeMap<String, String>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = shown;
    while let Some(at) = rest.find(['…', '$']) {
        pieces.push(Piece::Literal(&rest[..at]));
        if let Some(behind) = rest[at..].strip_prefix('…') {
            pieces.push(Piece::Anything);
            rest = behind;
            continue;
        }
        let name = &rest[at + 1..];
        let end = name.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(name.len());
        let (name, behind) = name.split_at(end);
        pieces.push(known.get(name).map_or(Piece::Named(name), |value| Piece::Literal(value)));
        rest = behind;
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

/// Whether the pieces can be laid over a text, and what the names then cover.
fn fit(pieces: &[Piece<'_>], given: &str, found: &mut Vec<(String, String)>) -> bool {
    let Some((first, others)) = pieces.split_first() else { return given.is_empty() };
    if let Piece::Literal(text) = first {
        return given.strip_prefix(text).is_some_and(|rest| fit(others, rest, found));
    }
    let mut ends = given.char_indices().map(|(at, c)| at + c.len_utf8());
    let Some(end) = ends.find(|end| fit(others, &given[*end..], found)) else { return false };
    if let Piece::Named(name) = first {
        found.push(((*name).to_owned(), given[..end].to_owned()));
    }
    true
}

#[test]
fn what_differs_is_passed_over_and_what_does_not_is_noticed() {
    let mut names = Names::default();
    let like = |names: &mut Names, shown: &str, given: &str| {
        let answer = |body: &str| Answer::read(&format!("HTTP/1.1 200 OK\n\n{body}"));
        names.compare(&answer(shown), &answer(given)).is_ok()
    };
    assert!(like(&mut names, r#"{"id": "$ADA", "at": "2026-01-01"}"#, r#"{"id": "7", "at": "2027-12-31"}"#));
    assert_eq!(names.0["ADA"], "7");
    for (shown, right, wrong) in [
        (r#""user:$ADA""#, r#""user:7""#, r#""user:8""#),
        (r#""rt_…""#, r#""rt_x""#, r#""dv_x""#),
        (r#"[1, "…"]"#, "[1, 2]", "[1]"),
        (r#"[1]"#, "[1]", "[1, 2]"),
        (r#"{"a": 1}"#, r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#),
        (r#"{"a": 1, "…": "…"}"#, r#"{"a": 1, "b": 2}"#, r#"{"b": 2}"#),
        (r#"{"position": 1}"#, r#"{"position": 2}"#, r#"{"position": "2"}"#),
        (r#"{"version": 1}"#, r#"{"version": 1}"#, r#"{"version": 2}"#),
        ("a … c", "a b c", "a b d"),
    ] {
        assert!(like(&mut names, shown, right), "{shown} is like {right}");
        assert!(!like(&mut names, shown, wrong), "{shown} is not like {wrong}");
    }
}

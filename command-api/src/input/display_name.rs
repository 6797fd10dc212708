//! The name that people see.

use super::{Flaw, letters::is_invisible};
use crate::domain::DisplayName;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest name, in characters and in bytes.
const MAX_CHARACTERS: usize = 200;
const MAX_BYTES: usize = 800;

/// How many marks one letter can carry; languages need up to four.
const MAX_MARKS: usize = 4;

/// Reads a name to show: NFC, without white space around it, and nothing in it that hides or reorders letters.
pub(crate) fn display_name(text: &str) -> Result<DisplayName, Flaw> {
    let refused = |detail: String| Err(Flaw::new("display_name_invalid", detail));
    let name: String = text.trim().nfc().take(MAX_CHARACTERS + 1).collect();
    if name.is_empty() {
        return refused("A name has at least one character; leave it out to have none.".into());
    }
    if name.chars().count() > MAX_CHARACTERS || name.len() > MAX_BYTES {
        return refused(format!("A name has at most {MAX_CHARACTERS} characters and {MAX_BYTES} bytes."));
    }
    if name.chars().any(is_invisible) {
        return refused("A name has no control, zero-width or bidirectional characters.".into());
    }
    if longest_run_of_marks(&name) > MAX_MARKS {
        return refused(format!("A letter of a name carries at most {MAX_MARKS} marks."));
    }
    DisplayName::new(name).map_err(|invalid| Flaw::new("display_name_invalid", invalid.to_string()))
}

fn longest_run_of_marks(text: &str) -> usize {
    let runs = text.chars().scan(0, |run, character| {
        *run = if is_combining_mark(character) { *run + 1 } else { 0 };
        Some(*run)
    });
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_names() {
        let read = |text| display_name(text).map(|name| name.as_str().to_owned());
        for name in ["Ada", "Grace Brewster Murray Hopper", "Zoë", "明日香", "O’Neill", "<b>x</b>", "🦀"]
        {
            assert_eq!(read(name).as_deref(), Ok(name));
        }
        assert_eq!(read("  Ada ").as_deref(), Ok("Ada"));
        assert_eq!(read("Zoe\u{308}").as_deref(), Ok("Zo\u{eb}"));
    }

    #[test]
    fn what_hides_or_reorders_is_refused() {
        for wrong in ["", "   ", "a\0b", "a\nb", "a\u{202E}b", "a\u{200B}b", "\u{3164}", "a\u{1b}[2J"] {
            assert!(display_name(wrong).is_err(), "{wrong:?}");
        }
        assert!(display_name(&"a".repeat(200)).is_ok());
        assert!(display_name(&"a".repeat(201)).is_err());
        assert!(display_name(&format!("a{}", "\u{20D2}".repeat(10_000))).is_err());
        assert!(display_name(&format!("x{}", "\u{20D2}".repeat(5))).is_err());
    }
}

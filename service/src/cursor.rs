//! Cursors: where the next page of a list begins, in a text that its reader can neither change nor read.

use crate::{
    opaque::{Opaque, Salt},
    problem::{Code, Problem},
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};
use std::fmt;

const LABEL: &[u8] = b"evident cursor";
/// Longer than any of ours.
const MAX_CURSOR_BYTES: usize = 2_048;

/// Seals and opens cursors.
#[derive(Clone)]
pub struct Cursors(Opaque);

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors(…)")
    }
}

impl Cursors {
    /// Cursors under this key. All services of one installation share it.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Opaque::new(&key))
    }

    /// A cursor for `key`, the place of the last item that was shown. `list` names the list with its filters and its
    /// order; the cursor fits nothing else.
    #[must_use]
    pub fn seal(&self, list: &str, key: &impl Serialize) -> String {
        // Keys are numbers and texts, which always serialise.
        let payload = serde_json::to_vec(key).unwrap_or_default();
        self.0.seal(&[LABEL, list.as_bytes()], &payload, Salt::default())
    }

    /// The place that was sealed.
    ///
    /// # Errors
    ///
    /// `invalid-cursor` for anything that was not sealed for this list under this key.
    pub fn open<T: DeserializeOwned>(&self, list: &str, text: &str) -> Result<T, Problem> {
        let refused = || Problem::new(Code::InvalidCursor);
        if text.len() > MAX_CURSOR_BYTES {
            return Err(refused());
        }
        let payload = self.0.open(&[LABEL, list.as_bytes()], text).ok_or_else(refused)?;
        serde_json::from_slice(&payload).map_err(|_| refused())
    }
}

/// How many items a page holds at most: 1 to 200, 50 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// The number.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            limit @ 1..=200 => Ok(Self(limit)),
            0 | 201.. => Err(D::Error::custom("a limit is 1 to 200")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_own_list_alone() {
        let cursors = Cursors::new([1; 32]);
        let text = cursors.seal("users?status=active", &(17, "ada"));
        let opened: (u64, String) = cursors.open("users?status=active", &text).expect("ours");
        assert_eq!(opened, (17, "ada".to_owned()));
        assert!(cursors.open::<(u64, String)>("users", &text).is_err());
        assert!(Cursors::new([2; 32]).open::<(u64, String)>("users?status=active", &text).is_err());
    }

    #[test]
    fn a_changed_cut_or_foreign_cursor_is_refused() {
        let cursors = Cursors::new([1; 32]);
        let text = cursors.seal("users", &17_u64);
        for wrong in ["", "x", &text[1..], &text[..text.len() - 1], &format!("{text}A"), &"A".repeat(4_000)] {
            let refused = cursors.open::<u64>("users", wrong).map_err(|problem| problem.code());
            assert_eq!(refused, Err(Code::InvalidCursor), "{wrong:.40}");
        }
        assert!(cursors.open::<String>("users", &text).is_err(), "of another shape");
    }

    #[test]
    fn a_limit_is_one_to_two_hundred() {
        for (text, fits) in
            [("1", true), ("200", true), ("0", false), ("201", false), ("-1", false), ("\"9\"", false)]
        {
            assert_eq!(serde_json::from_str::<Limit>(text).is_ok(), fits, "{text}");
        }
        assert_eq!(Limit::default().get(), 50);
    }
}

//! Passwords, new ones and those that are tried.

use super::Flaw;
use crate::{App, failure::Failure};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The longest password, in code points and in bytes. It is refused before anything is hashed, never cut.
const MAX_CHARACTERS: usize = 256;
const MAX_BYTES: usize = 1024;

/// A password as it is hashed: NFC (SP 800-63B-4 §3.1.1.2) and nothing else changed. It leaves memory when dropped.
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    /// Reads a password that somebody tries. No rule for new ones applies, so that a rule that is made stricter locks
    /// nobody out.
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        // An allocation that grows leaves its old bytes behind, and NFC at most triples UTF-8.
        let mut password = Zeroizing::new(String::with_capacity(3 * MAX_BYTES));
        if text.len() <= MAX_BYTES {
            password.extend(text.nfc());
        }
        if password.is_empty() && !text.is_empty()
            || password.len() > MAX_BYTES
            || password.chars().count() > MAX_CHARACTERS
        {
            let detail = format!("A password has at most {MAX_CHARACTERS} characters and {MAX_BYTES} bytes.");
            return Err(Flaw::new("password_too_long", detail));
        }
        if password.chars().any(char::is_control) {
            return Err(Flaw::new("password_invalid", "A password has no control characters."));
        }
        Ok(Self(password))
    }

    /// The secret itself, for the hash.
    pub(crate) fn into_secret(self) -> Zeroizing<String> {
        self.0
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password that somebody chooses: long enough, and not among those that are guessed first.
pub(crate) struct NewPassword(Password);

impl NewPassword {
    fn of_length(text: &str, minimum: usize) -> Result<Self, Flaw> {
        let password = Password::parse(text)?;
        if password.as_str().chars().count() < minimum {
            return Err(Flaw::new(
                "password_too_short",
                format!("A password has at least {minimum} characters."),
            ));
        }
        Ok(Self(password))
    }

    /// The secret itself, for the hash.
    pub(crate) fn into_secret(self) -> Zeroizing<String> {
        self.0.into_secret()
    }
}

impl App {
    /// Reads a password that somebody chooses, wherever they do. `minimum` is the fewest code points, and `words` are
    /// what an attacker knows about its owner: the address, the name.
    ///
    /// There are no rules of composition (SP 800-63B-4 §3.1.1.2): length, the blocklists and strength are what helps.
    /// What is too short or too long is refused before anything costly is done with it. The rest is judged where
    /// passwords are hashed.
    pub(crate) async fn new_password(
        &self,
        text: &str,
        minimum: usize,
        words: Vec<String>,
    ) -> Result<Result<NewPassword, Flaw>, Failure> {
        let password = match NewPassword::of_length(text, minimum) {
            Ok(password) => password,
            Err(flaw) => return Ok(Err(flaw)),
        };
        let policy = Arc::clone(&self.policy);
        let judge = move || policy.judge(password.0.as_str(), &words).map(|judged| judged.map(|()| password));
        Ok(self.hasher.apart(judge).await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<(), &'static str> {
        NewPassword::of_length(text, 15).map(drop).map_err(|flaw| flaw.code)
    }

    #[test]
    fn length_counts_code_points() {
        assert_eq!(chosen("kf8 jw2 0ls qm"), Err("password_too_short"));
        assert_eq!(chosen("kf8 jw2 0ls qmz"), Ok(()));
        assert_eq!(chosen("éàüöñçøåæßðþłžš"), Ok(()));
        assert_eq!(chosen(&"🦀🐙🐝🐳🦉🐍🐢".repeat(2)), Err("password_too_short"));
    }

    #[test]
    fn long_ones_are_kept_whole_and_too_long_ones_refused() {
        let long: String = ('!'..='~').cycle().step_by(7).take(256).collect();
        assert_eq!(Password::parse(&long).map(|password| password.as_str().len()).ok(), Some(256));
        assert_eq!(chosen(&format!("{long}x")), Err("password_too_long"));
        assert_eq!(chosen(&"x".repeat(1 << 20)), Err("password_too_long"));
        assert_eq!(chosen(&"\u{1D160}".repeat(256)), Err("password_too_long"));
    }

    #[test]
    fn nfc_and_nothing_else() {
        let same = |a: &str, b: &str| {
            let read = |text| Password::parse(text).map(|password| password.as_str().to_owned());
            read(a) == read(b)
        };
        assert!(same("cafe\u{301}", "caf\u{e9}"));
        assert!(!same("Ａ", "A"));
        assert!(!same(" a", "a"));
        assert!(!same("A", "a"));
    }

    #[test]
    fn control_characters_are_refused_rather_than_cut_at() {
        assert_eq!(
            Password::parse("correct horse\0 battery").map(drop).map_err(|flaw| flaw.code),
            Err("password_invalid")
        );
    }
}

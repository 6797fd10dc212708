//! Which passwords may be chosen: the same wherever one is.

use super::{
    Flaw,
    blocklist::{Guessed, guessed_early},
    breached::{Breached, BreachedError},
};
use zxcvbn::zxcvbn;

/// The fewest guesses that zxcvbn must expect of who knows the owner's words. Eight characters of nothing are taken at that,
/// where so few are enough.
const LEAST_GUESSES: u64 = 100_000_000;

/// How many words of the owner's are looked for, and how long the longest.
const MAX_WORDS: usize = 64;
const MAX_WORD_BYTES: usize = 128;

/// What new passwords are held against.
#[derive(Debug)]
pub(crate) struct PasswordPolicy {
    /// What this service is called by its users.
    service: Vec<String>,
    breached: Option<Breached>,
}

impl PasswordPolicy {
    /// With the words in the service's own URL, and the operator's list when there is one.
    pub(crate) fn new(public_url: &str, breached: Option<Breached>) -> Self {
        let host = public_url.split("://").nth(1).unwrap_or_default();
        let host = host.split([':', '/']).next().unwrap_or_default();
        let labels = host.split(['.', '-']).map(str::to_lowercase);
        // Endings and short labels are parts of too many words.
        Self { service: labels.filter(|label| label.len() >= 4).collect(), breached }
    }

    /// Judges a password that has the right length and form. `words` are what an attacker knows about its owner.
    ///
    /// Takes a processor some milliseconds and may read the disk: not to be called where others wait.
    pub(super) fn judge(&self, password: &str, words: &[String]) -> Result<Result<(), Flaw>, BreachedError> {
        let words = words.iter().filter(|word| word.len() <= MAX_WORD_BYTES).take(MAX_WORDS);
        let words: Vec<&str> = words.chain(&self.service).map(String::as_str).collect();
        if let Some(guessed) = guessed_early(password, words.iter().copied()) {
            return Ok(Err(Flaw::new("password_blocklisted", why(guessed))));
        }
        if let Some(breached) = &self.breached
            && breached.contains(password)?
        {
            let detail = "This password has leaked somewhere, and is among the first that are tried.";
            return Ok(Err(Flaw::new("password_blocklisted", detail)));
        }
        Ok(strong_enough(password, &words))
    }
}

fn why(guessed: Guessed) -> &'static str {
    match guessed {
        Guessed::Repeats => "This password repeats one short part, and is among the first that are guessed.",
        Guessed::Common => {
            "This password is made of common words and runs of keys, and is among the first that are guessed."
        }
        Guessed::Own => {
            "This password is made of what others know of you: your address, your name, this service."
        }
    }
}

/// Refuses what zxcvbn expects to be guessed soon, with its reasons. It looks at the first hundred code points and at no more,
/// so that a long password takes no longer.
fn strong_enough(password: &str, words: &[&str]) -> Result<(), Flaw> {
    let strength = zxcvbn(password, words);
    if strength.guesses() >= LEAST_GUESSES {
        return Ok(());
    }
    let mut detail =
        format!("This password would be guessed soon: its strength is {} of 4.", strength.score());
    if let Some(feedback) = strength.feedback() {
        let warning = feedback.warning().map(|warning| warning.to_string());
        let suggestions = feedback.suggestions().iter().map(ToString::to_string);
        for sentence in warning.into_iter().chain(suggestions) {
            detail.push(' ');
            detail.push_str(&sentence);
        }
    }
    Err(Flaw::new("password_too_weak", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(password: &str, words: &[&str]) -> Result<(), Flaw> {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        let policy = PasswordPolicy::new("https://id.northwind-traders.example:8443/x", None);
        policy.judge(password, &words).expect("no list, no disk")
    }

    fn code(password: &str, words: &[&str]) -> Option<&'static str> {
        judged(password, words).err().map(|flaw| flaw.code)
    }

    #[test]
    fn what_is_long_and_ones_own_is_strong() {
        for right in [
            "correct horse battery staple",
            "kf8 jw2 0ls qmz",
            "seventeen grey herons",
            "ich mag keine roten gummibärchen",
            "これはとても長い合言葉なのです",
            // For who has a second factor in any case.
            "q7!wv2zk",
        ] {
            assert_eq!(judged(right, &["ada", "ada@x.io"]), Ok(()), "{right}");
        }
    }

    #[test]
    fn the_services_words_are_known_and_its_ending_is_none() {
        assert_eq!(code("Northwind-Traders-2026", &[]), Some("password_blocklisted"));
        let policy = PasswordPolicy::new("https://id.northwind-traders.com", None);
        assert_eq!(policy.service, ["northwind", "traders"]);
        assert!(PasswordPolicy::new("http://127.0.0.1:8080", None).service.is_empty());
    }

    #[test]
    fn what_would_be_guessed_soon_is_refused_with_reasons() {
        // No word of it is on our own list: zxcvbn's longer ones know them.
        let flaw = judged("zachary", &[]).expect_err("weak");
        assert_eq!(flaw.code, "password_too_weak");
        assert!(flaw.detail.contains(" of 4. "), "{}", flaw.detail);
        assert!(!flaw.detail.contains("zachary"));
    }

    #[test]
    fn the_owners_words_count_against_a_password() {
        let words = ["quetzalcoatlus"];
        assert_eq!(code("quetzalcoatlus1", &words), Some("password_blocklisted"));
    }

    #[test]
    fn of_a_long_password_a_hundred_code_points_are_looked_at() {
        let weak_for = |length| format!("{}kf8 jw2 0ls qmz", "ä".repeat(length));
        assert_eq!(strong_enough(&weak_for(50), &[]), Ok(()));
        let flaw = strong_enough(&weak_for(100), &[]).expect_err("its strength comes too late");
        assert_eq!(flaw.code, "password_too_weak");
    }

    #[test]
    fn what_has_leaked_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "seventeen grey herons\n").expect("written");
        let breached = Breached::open(file.path()).expect("a list");
        let policy = PasswordPolicy::new("http://x", Some(breached));
        let code = |password| policy.judge(password, &[]).expect("searched").err().map(|flaw| flaw.code);
        assert_eq!(code("seventeen grey herons"), Some("password_blocklisted"));
        assert_eq!(code("seventeen blue herons"), None);
    }
}

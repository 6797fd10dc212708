//! Passwords that are guessed first (SP 800-63B-4 §3.1.1.2).
//!
//! At fifteen characters hardly any entry of the well-known lists is long enough; what remains are common words strung
//! together, patterns, and what is known about the owner. So the list is of words, and a password is refused when
//! little is left of it without them.

/// Words that make up the passwords that people choose most, and the name of this service.
const COMMON: &str = include_str!("common.txt");

/// The order of keys and characters that people run their fingers over. Each is looked for forwards and backwards.
const RUNS: [&str; 7] = [
    "01234567890123456789012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
    "qwertzuiopasdfghjklyxcvbnmqwertzuiop",
    "azertyuiopqsdfghjklmwxcvbnazertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// How many characters must be left without common words, runs and repetition.
const MIN_LEFT: usize = 6;

/// The shortest run that counts as one.
const MIN_RUN: usize = 4;

/// The longest part that counts as repeated. `passwordpassword` repeats a part of eight.
const MAX_REPEATED: usize = 12;

/// Why a password is guessed early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guessed {
    /// It is one short part, again and again.
    Repeats,
    /// It is made of common words and runs of keys.
    Common,
    /// It is that once the owner's own words are taken out.
    Own,
}

/// Why a password would be guessed early, if it would: it is nothing but repetition, common words, runs of keys, and
/// the owner's own `words`.
pub(super) fn guessed_early<'a>(password: &str, words: impl IntoIterator<Item = &'a str>) -> Option<Guessed> {
    let lower = password.to_lowercase();
    if repeats(&lower) {
        return Some(Guessed::Repeats);
    }
    if left_without(&lower, COMMON.lines().map(str::to_owned).collect()) < MIN_LEFT {
        return Some(Guessed::Common);
    }
    let own = words.into_iter().map(str::to_lowercase);
    let all = own.chain(COMMON.lines().map(str::to_owned)).collect();
    (left_without(&lower, all) < MIN_LEFT).then_some(Guessed::Own)
}

/// How many letters are left when words and runs are taken out.
fn left_without(password: &str, mut words: Vec<String>) -> usize {
    words.retain(|word| word.chars().count() >= 3);
    // Longest first: `passwords` must not leave an `s` behind because `password` went before it.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = password.to_owned();
    for word in &words {
        rest = rest.replace(word.as_str(), "\n");
    }
    let letters: Vec<char> =
        rest.chars().filter(|character| character.is_alphanumeric() || *character == '\n').collect();
    left_without_runs(&letters)
}

/// Whether the text is one part again and again, the last time perhaps cut short.
fn repeats(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let longest = MAX_REPEATED.min(letters.len() / 2);
    (1..=longest).any(|period| letters[period..].iter().eq(&letters[..letters.len() - period]))
}

/// How many letters stand in no run of keys.
fn left_without_runs(letters: &[char]) -> usize {
    let mut left = 0;
    let mut rest = letters;
    while let [first, others @ ..] = rest {
        match longest_run(rest) {
            run if run >= MIN_RUN => rest = &rest[run..],
            _ => {
                left += usize::from(*first != '\n');
                rest = others;
            }
        }
    }
    left
}

fn longest_run(letters: &[char]) -> usize {
    let both_ways = RUNS.iter().flat_map(|run| [run.to_string(), run.chars().rev().collect()]);
    both_ways.map(|run| longest_prefix_in(letters, &run)).max().unwrap_or(0)
}

fn longest_prefix_in(letters: &[char], run: &str) -> usize {
    let run: Vec<char> = run.chars().collect();
    let shared = |start: usize| letters.iter().zip(&run[start..]).take_while(|(a, b)| a == b).count();
    (0..run.len()).map(shared).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        for wrong in [
            "passwordpassword",
            "PasswordPassword1",
            "qwertyuiopasdfgh",
            "123456789012345",
            "1234567890987654321",
            "evidentevidentevident",
            "Evident-Password-2026",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "letmeinletmein123",
            "iloveyou12345678",
            "1qaz2wsx3edc4rfv",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "welcomewelcome!!",
            "password12345678",
        ] {
            assert!(guessed_early(wrong, []).is_some(), "{wrong}");
        }
    }

    #[test]
    fn the_owners_own_words_do_not_help() {
        let words = ["ada.lovelace", "ada", "lovelace", "example", "com"];
        assert_eq!(guessed_early("ada.lovelace@example.com", words), Some(Guessed::Own));
        assert_eq!(guessed_early("AdaLovelace12345", words), Some(Guessed::Own));
        assert_eq!(guessed_early("ada keeps 7 brass gears", words), None);
    }

    #[test]
    fn what_is_long_and_ones_own_is_fine() {
        for right in [
            "correct horse battery staple",
            "Tr0ub4dor&3 and then some",
            "kf8 jw2 0ls qmz",
            "seventeen grey herons",
            "ich mag keine roten gummibärchen",
            "これはとても長い合言葉なのです",
        ] {
            assert_eq!(guessed_early(right, ["ada", "x", "io"]), None, "{right}");
        }
    }
}

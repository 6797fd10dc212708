//! Where secrets stand: in a variable, or in a file that another variable names. And which texts are none.

use super::{Environment, Secret, variables::file_of};
use std::{fs, io::Read};

/// The longest text that a file may hold.
const MAX_BYTES: u64 = 4_096;

/// What examples and images put where a password belongs.
const PLACEHOLDERS: [&str; 9] = [
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "replaceme",
    "replace-me",
    "your-password",
    "placeholder",
    "example-password",
];

/// Where a secret was found, if anywhere.
pub(super) enum Found {
    /// Neither variable is set.
    Nowhere,
    /// Here; mistakes in it are this variable's.
    There { variable: String, value: Secret },
    /// It cannot be had.
    Wrong { variable: String, message: &'static str },
}

/// Looks into the variable, and into the file that `NAME_FILE` names. One of them is enough: with two nobody could say
/// which one holds.
pub(super) fn find(environment: &Environment, name: &str) -> Found {
    let variable = file_of(name);
    match (environment.get(name), environment.get(&variable)) {
        (None, None) => Found::Nowhere,
        (Some(value), None) => Found::There { variable: name.to_owned(), value: Secret::new(value) },
        (Some(_), Some(_)) => {
            Found::Wrong { variable, message: "stands beside the variable itself; set one of the two" }
        }
        (None, Some(path)) => match read(path) {
            Ok(value) => Found::There { variable, value },
            Err(message) => Found::Wrong { variable, message },
        },
    }
}

/// The file's text, without the line's end that editors add.
fn read(path: &str) -> Result<Secret, &'static str> {
    let unreadable = "names a file that cannot be read";
    let file = fs::File::open(path).map_err(|_| unreadable)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|_| unreadable)?;
    let value = text.trim_end_matches(['\r', '\n']);
    match value.len() as u64 {
        0 => Err("names a file that is empty"),
        1..=MAX_BYTES => Ok(Secret::new(value)),
        _ => Err("names a file that is too long to hold one value"),
    }
}

/// Refuses what was copied from an example: everybody knows it.
pub(super) fn refuse_placeholder(secret: Secret) -> Result<Secret, &'static str> {
    let text = secret.expose().to_ascii_lowercase();
    let unfilled = |word: &str| word.starts_with("${") || (word.starts_with('<') && word.ends_with('>'));
    match passwords(&text).any(|word| unfilled(word) || PLACEHOLDERS.contains(&word)) {
        true => Err("still holds an example's placeholder; put a value of your own there"),
        false => Ok(secret),
    }
}

/// The passwords in a text: each that stands in a URL between `:` and `@`; or all of it.
fn passwords(text: &str) -> impl Iterator<Item = &str> {
    let in_urls = text.split("://").skip(1).filter_map(|rest| {
        let (user, _) = rest.split('/').next().unwrap_or_default().rsplit_once('@')?;
        Some(user.split_once(':').map_or(user, |(_, password)| password))
    });
    in_urls.chain(std::iter::once(text))
}

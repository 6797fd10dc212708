//! Passwords that are known to have leaked, from a file of the operator's.
//!
//! The file has one of two forms, told apart by its first line. Either each line is a password; such a list is read
//! once and kept in memory as eight bytes of hash an entry, so it is bounded. Or each line is the SHA-1 of a password
//! in hexadecimal, and perhaps `:` and a count, in order of the hashes, as Have I Been Pwned gives them away; such a
//! list has tens of gigabytes, stays on the disk, and is searched there by halves: some thirty-five short reads, most of
//! them from the system's cache.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::FileExt,
    path::Path,
};
use unicode_normalization::UnicodeNormalization;

/// The largest list of plain passwords, in bytes: some twenty million of them, and 160 MB of memory.
const MAX_PLAIN_BYTES: u64 = 256 * 1024 * 1024;
/// The longest line: a password of the greatest length, or a hash and its count.
const MAX_LINE_BYTES: usize = 1024 + 2;
/// How many digits a hash has.
const DIGITS: usize = 40;
/// How many lines of a sorted list are held against each other before it is believed to be one.
const SAMPLES: u64 = 64;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BreachedError {
    /// It cannot be opened or read.
    #[error("list of breached passwords cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is a list of passwords, and too long to be kept in memory.
    #[error(
        "list of breached passwords has over {MAX_PLAIN_BYTES} bytes: such a one must hold sorted SHA-1 hashes"
    )]
    TooLarge,
    /// A line is longer than any password.
    #[error("list of breached passwords has a line of over {MAX_LINE_BYTES} bytes, behind byte {0}")]
    LongLine(u64),
    /// It begins with hashes, and is not one in order after the other.
    #[error("list of breached passwords is not in order of its SHA-1 hashes, near byte {0}")]
    Unsorted(u64),
}

/// The list.
#[derive(Debug)]
pub(crate) enum Breached {
    /// Eight bytes of each entry's SHA-256, in order.
    Plain(Vec<u64>),
    /// A file of so many bytes, searched where it lies.
    Sorted { file: File, bytes: u64 },
}

impl Breached {
    /// Opens the file, and looks whether it is what it seems to be.
    pub(crate) fn open(path: &Path) -> Result<Self, BreachedError> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        if hash_in(&line_at(&file, 0)?).is_none() {
            return plain(file, bytes);
        }
        must_be_sorted(&file, bytes)?;
        Ok(Self::Sorted { file, bytes })
    }

    /// Whether the password is on it. Reads the disk when the list lies there.
    pub(crate) fn contains(&self, password: &str) -> Result<bool, BreachedError> {
        match self {
            Self::Plain(hashes) => Ok(hashes.binary_search(&short_hash(password)).is_ok()),
            Self::Sorted { file, bytes } => {
                let wanted = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
                let digits: String = wanted.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
                search(file, *bytes, digits.as_bytes())
            }
        }
    }
}

fn plain(file: File, bytes: u64) -> Result<Breached, BreachedError> {
    if bytes > MAX_PLAIN_BYTES {
        return Err(BreachedError::TooLarge);
    }
    let mut reader = BufReader::new(file);
    let (mut hashes, mut line, mut at) = (Vec::new(), Vec::new(), 0);
    loop {
        line.clear();
        let read = reader.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if read > MAX_LINE_BYTES {
            return Err(BreachedError::LongLine(at));
        }
        at += read as u64;
        // A line that is not text is nobody's password here.
        if let Ok(text) = std::str::from_utf8(&line) {
            let text = text.trim_end_matches(['\r', '\n']);
            if !text.is_empty() {
                hashes.push(short_hash(&text.nfc().collect::<String>()));
            }
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(Breached::Plain(hashes))
}

/// Of two passwords these are the same once in some ten million lists as long as they can be.
fn short_hash(password: &str) -> u64 {
    let hash = digest(&SHA256, password.as_bytes());
    hash.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// Holds lines from all over the file against each other. A file that passes may still be wrong in between; what it
/// would lack then is not found.
fn must_be_sorted(file: &File, bytes: u64) -> Result<(), BreachedError> {
    let mut before = Vec::new();
    for sample in 0..SAMPLES {
        let at = next_line(file, bytes / SAMPLES * sample, bytes)?;
        if at >= bytes {
            break;
        }
        let hash = hash_in(&line_at(file, at)?).ok_or(BreachedError::Unsorted(at))?;
        if hash < before {
            return Err(BreachedError::Unsorted(at));
        }
        before = hash;
    }
    Ok(())
}

fn search(file: &File, bytes: u64, wanted: &[u8]) -> Result<bool, BreachedError> {
    // The line that is sought begins in `low..high`, if it is there.
    let (mut low, mut high) = (0, bytes);
    while low < high {
        let middle = low + (high - low) / 2;
        let at = next_line(file, middle, bytes)?;
        if at >= high {
            high = middle;
            continue;
        }
        let hash = hash_in(&line_at(file, at)?).ok_or(BreachedError::Unsorted(at))?;
        match hash.as_slice().cmp(wanted) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = at + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

/// Where the first line begins that begins at `from` or behind it.
fn next_line(file: &File, from: u64, bytes: u64) -> Result<u64, BreachedError> {
    let Some(before) = from.checked_sub(1) else { return Ok(0) };
    let mut piece = [0; MAX_LINE_BYTES];
    let read = read_at(file, &mut piece, before)?;
    match piece[..read].iter().position(|byte| *byte == b'\n') {
        Some(end) => Ok(before + end as u64 + 1),
        None if before + read as u64 >= bytes => Ok(bytes),
        None => Err(BreachedError::LongLine(before)),
    }
}

/// The line that begins there, without its end.
fn line_at(file: &File, at: u64) -> Result<Vec<u8>, BreachedError> {
    let mut piece = [0; MAX_LINE_BYTES];
    let read = read_at(file, &mut piece, at)?;
    Ok(piece[..read].split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec())
}

/// As much as there is, up to the whole piece.
fn read_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read_at(&mut piece[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The hash that a line begins with, in capitals; `None` when it does not.
fn hash_in(line: &[u8]) -> Option<Vec<u8>> {
    let (hash, rest) = line.split_at_checked(DIGITS)?;
    let whole = matches!(rest.first(), None | Some(b':' | b'\r'));
    (whole && hash.iter().all(u8::is_ascii_hexdigit)).then(|| hash.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn list(lines: &[String]) -> Result<Breached, BreachedError> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(lines.concat().as_bytes()).expect("written");
        Breached::open(file.path())
    }

    fn sha1(password: &str) -> String {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn breached(number: u32) -> String {
        format!("leaked password number {number}")
    }

    #[test]
    fn a_sorted_list_is_searched_to_its_first_and_last_line() {
        for (count, end) in [(1, "\n"), (2, "\r\n"), (3, ":17\n"), (500, ":5\r\n"), (501, "\n")] {
            let mut lines: Vec<_> = (0..count).map(|n| sha1(&breached(n)) + end).collect();
            lines.sort();
            // The last line may lack its end.
            let last = lines.pop().expect("a line");
            lines.push(last.trim_end().to_owned());
            let list = list(&lines).expect("a list");
            assert!(matches!(list, Breached::Sorted { .. }));
            for number in 0..count {
                assert!(list.contains(&breached(number)).expect("searched"), "{number} of {count}");
                assert!(!list.contains(&breached(count + number)).expect("searched"));
            }
        }
    }

    #[test]
    fn a_plain_list_is_compared_in_nfc_and_nothing_else() {
        let list = list(&["cafe\u{301} noir sans sucre\n".into(), "\r\n".into(), "last one".into()]);
        let list = list.expect("a list");
        assert!(list.contains("caf\u{e9} noir sans sucre").expect("searched"));
        assert!(list.contains("last one").expect("searched"));
        for other in ["", "last", "Last one", "caf\u{e9} noir"] {
            assert!(!list.contains(other).expect("searched"), "{other:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_sorted_list_is_refused() {
        let mut lines: Vec<_> = (0..100).map(|n| sha1(&breached(n)) + "\n").collect();
        lines.sort();
        lines.reverse();
        assert!(matches!(list(&lines), Err(BreachedError::Unsorted(_))));
        lines.reverse();
        lines.insert(50, "x".repeat(2_000));
        assert!(matches!(list(&lines), Err(BreachedError::Unsorted(_) | BreachedError::LongLine(_))));
        assert!(matches!(list(&["x".repeat(2_000)]), Err(BreachedError::LongLine(0))));
        assert!(matches!(Breached::open(Path::new("/nowhere")), Err(BreachedError::Io(_))));
    }
}

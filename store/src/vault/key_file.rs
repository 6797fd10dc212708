//! The file that the master keys are in: one a line, each the base64 of 32 bytes. Never in a database, nor in a backup of one.

use super::{InvalidMasterKey, MasterKey};
use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};
use zeroize::Zeroizing;

/// More keys than any replacement needs at once.
const KEYS: usize = 16;

/// Why there is no master key in a file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there, or cannot be read.
    #[error("{0} is missing or cannot be read; it holds the key that the vault was made with: {1}")]
    Unreadable(String, io::Error),
    /// More people than its owner may read it.
    #[error("{0} may be read by others (mode {1:o}); make it 0600")]
    Shared(String, u32),
    /// It holds no key, or too many.
    #[error("{0} holds {1} keys; there is one a line, and at most {KEYS}")]
    Number(String, usize),
    /// One of its lines is no key.
    #[error("line {1} of {0}: {2}")]
    Line(String, usize, InvalidMasterKey),
}

/// The keys in a file, in their order, at least one. Refuses a file that others may read.
pub(super) fn read(path: &Path) -> Result<Vec<MasterKey>, KeyFileError> {
    let name = || path.display().to_string();
    let unreadable = |error| KeyFileError::Unreadable(name(), error);
    let metadata = fs::metadata(path).map_err(unreadable)?;
    let mode = metadata.permissions().mode();
    if is_shared(mode, metadata.uid() == rustix::process::geteuid().as_raw()) {
        return Err(KeyFileError::Shared(name(), mode & 0o777));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let key = |(n, line): (usize, &str)| {
        MasterKey::from_base64(line).map_err(|error| KeyFileError::Line(name(), n + 1, error))
    };
    let keys = lines.map(key).collect::<Result<Vec<_>, _>>()?;
    match keys.len() {
        1..=KEYS => Ok(keys),
        number => Err(KeyFileError::Number(name(), number)),
    }
}

/// Whether more people than this process's user may read it. Whoever hands a secret over to a process of another user, as
/// Kubernetes does, can only do so by a group; so a file of somebody else's may be read by one.
const fn is_shared(mode: u32, ours: bool) -> bool {
    let allowed = if ours { 0o700 } else { 0o740 };
    mode & 0o777 & !allowed != 0
}

#[cfg(test)]
mod tests {
    use super::{KeyFileError, is_shared, read};
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn a_key_is_read_by_its_owner_or_by_the_one_whom_it_is_handed_to() {
        assert!([0o600, 0o400].into_iter().all(|mode| !is_shared(mode, true)));
        assert!([0o640, 0o440, 0o604, 0o620].into_iter().all(|mode| is_shared(mode, true)));
        assert!([0o440, 0o400].into_iter().all(|mode| !is_shared(mode, false)));
        assert!([0o444, 0o460, 0o441].into_iter().all(|mode| is_shared(mode, false)));
    }

    #[test]
    fn a_file_holds_keys_one_a_line_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let written = |text: &str| {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("private");
            read(&path)
        };
        let (seven, eight) =
            ("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=");
        let keys = written(&format!("{eight}\n\n{seven}\n")).expect("two keys");
        assert_eq!(keys.iter().map(|key| key.to_base64().to_string()).collect::<Vec<_>>(), [eight, seven]);
        assert!(matches!(written("\n"), Err(KeyFileError::Number(_, 0))));
        assert!(matches!(written(&format!("{seven}\nno key\n")), Err(KeyFileError::Line(_, 2, _))));
        assert!(matches!(written(&format!("{seven}\n").repeat(17)), Err(KeyFileError::Number(_, 17))));
    }
}

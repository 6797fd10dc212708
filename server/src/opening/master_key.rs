//! The master key's file in the data folder, where it is ours to make and to write: one key a line, the newest first.

use crate::report::{Doing, Failure};
use service::{clock::Entropy, config::Config};
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use store::vault::MasterKey;
use zeroize::Zeroizing;

/// Whether the file is ours: nobody named another one.
pub(crate) fn is_ours(config: &Config) -> bool {
    config.data_dir.join("master.key") == config.master_key_file
}

/// Makes the file if it is to be ours and the vault was not made with another one.
///
/// A file that was named, or that a vault was made with, is never made up: it is missing, and that is what to say.
pub(super) fn ensure(config: &Config, vault_has_one: bool, entropy: &Entropy) -> Result<(), Failure> {
    let path = &config.master_key_file;
    if path.exists() || !is_ours(config) || vault_has_one {
        return Ok(());
    }
    // `create_new` decides a race between two first starts: the second reads what the first wrote.
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(mut file) => {
            file.write_all(line(&new_key(entropy)).as_bytes()).doing("write the master key")?;
            file.sync_all().doing("write the master key")
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).doing("make the master key"),
    }
}

/// The file, while this process alone may change it. Killed, it lets go.
pub(crate) struct OwnFile {
    path: PathBuf,
    _lock: fs::File,
}

impl OwnFile {
    /// Waits for whoever else is at it.
    pub(crate) fn lock(path: &Path) -> Result<Self, Failure> {
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let lock = options.open(path.with_extension("lock")).doing("lock the master key")?;
        lock.lock().doing("lock the master key")?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Puts a new key before those that are there. After a crash the file is as it was, or holds both.
    pub(crate) fn add_first(&self, entropy: &Entropy) -> Result<(), Failure> {
        let known = self.text()?;
        self.replace(&self.path, &Zeroizing::new(format!("{}{}", *line(&new_key(entropy)), *known)))
    }

    /// Moves every key but the first to a file of its own, named after the key: whoever restores a backup of the vault from
    /// before needs it. The files, if there were such keys.
    pub(crate) fn part_with_others(&self) -> Result<Vec<PathBuf>, Failure> {
        let text = self.text()?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(first) = lines.next() else { return Ok(Vec::new()) };
        let mut parted = Vec::new();
        for other in lines {
            let key = MasterKey::from_base64(other).doing("read the master key")?;
            let path = self.path.with_extension(format!("retired-{}.key", key.id()));
            self.replace(&path, &line(&key))?;
            parted.push(path);
        }
        if !parted.is_empty() {
            self.replace(&self.path, &Zeroizing::new(format!("{first}\n")))?;
        }
        Ok(parted)
    }

    fn text(&self) -> Result<Zeroizing<String>, Failure> {
        Ok(Zeroizing::new(fs::read_to_string(&self.path).doing("read the master key")?))
    }

    /// Whole or not at all: written beside, then renamed over it, and the folder flushed.
    fn replace(&self, path: &Path, text: &str) -> Result<(), Failure> {
        let beside = path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)
            .doing("write the master key")?;
        file.write_all(text.as_bytes()).doing("write the master key")?;
        file.sync_all().doing("write the master key")?;
        fs::rename(&beside, path).doing("write the master key")?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::File::open(folder.unwrap_or(Path::new("."))).doing("write the master key")?;
        folder.sync_all().doing("write the master key")
    }
}

fn new_key(entropy: &Entropy) -> MasterKey {
    MasterKey::from_bytes(entropy.bytes::<32>())
}

fn line(key: &MasterKey) -> Zeroizing<String> {
    Zeroizing::new(format!("{}\n", *key.to_base64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::vault::MasterKeys;

    #[test]
    fn a_new_key_comes_first_and_the_old_one_goes_to_a_file_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let file = OwnFile::lock(&path).expect("locked");
        let old = MasterKey::from_bytes([7; 32]);
        file.replace(&path, &line(&old)).expect("written");
        file.add_first(&Entropy::System).expect("added");
        let both = MasterKeys::read(path.clone()).expect("two keys").ids();
        assert_eq!(both.get(1), Some(&old.id()));

        let parted = file.part_with_others().expect("parted");
        assert_eq!(MasterKeys::read(path.clone()).expect("a key").ids(), both[..1]);
        let [kept] = &parted[..] else { panic!("one file: {parted:?}") };
        assert_eq!(MasterKeys::read(kept.clone()).expect("private").ids(), [old.id()]);
        assert_eq!(file.part_with_others().expect("nothing to do"), Vec::<PathBuf>::new());
    }
}

//! The master key: a file, never in a database.

use crate::report::{Doing, Failure};
use service::{clock::Entropy, config::Config};
use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};
use store::vault::MasterKey;

/// Makes the file if it is to be ours and the vault was not made with another one.
///
/// A file that was named, or that a vault was made with, is never made up: it is missing, and that is what to say.
pub(super) fn ensure(config: &Config, vault_has_one: bool, entropy: &Entropy) -> Result<(), Failure> {
    let path = &config.master_key_file;
    let ours = config.data_dir.join("master.key") == *path;
    if path.exists() || !ours || vault_has_one {
        return Ok(());
    }
    // `create_new` decides a race between two first starts: the second reads what the first wrote.
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(mut file) => {
            let key = MasterKey::from_bytes(entropy.bytes::<32>());
            file.write_all(format!("{}\n", *key.to_base64()).as_bytes()).doing("write the master key")?;
            file.sync_all().doing("write the master key")
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).doing("make the master key"),
    }
}

/// Reads it. Refuses a file that others may read.
pub(super) fn read(path: &Path) -> Result<MasterKey, Failure> {
    let Ok(metadata) = fs::metadata(path) else {
        let text = format!(
            "{} is missing or cannot be read; it is the one that the vault was made with",
            path.display()
        );
        return Err(text).doing("read the master key");
    };
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        let text =
            format!("{} may be read by others (mode {:o}); make it 0600", path.display(), mode & 0o777);
        return Err(text).doing("read the master key");
    }
    let text = fs::read_to_string(path).doing("read the master key")?;
    MasterKey::from_base64(text.trim()).doing("read the master key")
}

//! Mails as files, where no server is configured: for developing, and for one process.
//!
//! They hold addresses and links, so they do not stay: a person's go when the person is erased, and all go after a while.
//! A file is named by the event that asked for it, which is in the order of time, by its person, and by its kind.

use events::{Timestamp, UserId};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

/// How long a mail lies there. No link in it holds for so long.
const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many lie there: the oldest make room.
const MOST: usize = 1_000;

/// The folder that they lie in.
#[derive(Debug, Clone)]
pub(super) struct Files(PathBuf);

impl Files {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Writes a file, whole or not at all, for its owner alone.
    pub(super) fn keep(
        &self,
        person: UserId,
        (event, kind): (&str, &str),
        bytes: &[u8],
    ) -> io::Result<PathBuf> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let name = format!("{event}.{person}.{kind}");
        let (file, unfinished) =
            (self.0.join(format!("{name}.eml")), self.0.join(format!("{name}.unfinished")));
        let mut written =
            fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(&unfinished)?;
        written.write_all(bytes)?;
        written.sync_all()?;
        fs::rename(&unfinished, &file)?;
        Ok(file)
    }

    /// Removes all mails to a person.
    pub(super) fn forget(&self, person: UserId) -> io::Result<()> {
        let theirs = format!(".{person}.");
        self.all()?.iter().filter(|(name, _)| name.contains(&theirs)).try_for_each(|(_, file)| remove(file))
    }

    /// Removes what is too old at this moment, and what is too much.
    pub(super) fn tidy(&self, now: Timestamp) -> io::Result<()> {
        let now = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.micros()).unwrap_or_default());
        let all = self.all()?;
        let too_many = all.len().saturating_sub(MOST);
        for (n, (_, file)) in all.iter().enumerate() {
            let written = match fs::metadata(file) {
                Ok(about) => about.modified()?,
                // Somebody else removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let too_old = now.duration_since(written).is_ok_and(|age| age > LIFE);
            if n < too_many || too_old {
                remove(file)?;
            }
        }
        Ok(())
    }

    /// Every file by its name, the oldest first. There are none before there is a folder.
    fn all(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let named = |entry: fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let mut all = entries.map(|entry| entry.map(named)).collect::<io::Result<Vec<_>>>()?;
        // What somebody put there for themselves is not ours to remove.
        all.retain(|(name, _)| name.ends_with(".eml") || name.ends_with(".unfinished"));
        all.sort_unstable();
        Ok(all)
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));

    fn files() -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::in_folder(folder.path().join("mail"));
        (folder, files)
    }

    fn names(files: &Files) -> Vec<String> {
        files.all().expect("a folder").into_iter().map(|(name, _)| name).collect()
    }

    /// So long after the Unix epoch that whatever was just written is as old as `age`.
    fn after(age: Duration) -> Timestamp {
        let now = UNIX_EPOCH.elapsed().expect("a clock past 1970");
        Timestamp::default().after(now + age)
    }

    #[test]
    fn an_erased_persons_mails_go_and_nobody_elses() {
        let (_folder, files) = files();
        files.forget(ADA).expect("nothing to forget");
        for (person, kind) in [(ADA, "verification"), (BOB, "verification"), (ADA, "new-device")] {
            files.keep(person, ("event", kind), b"a mail").expect("a file");
        }
        files.forget(ADA).expect("forgotten");
        assert_eq!(names(&files), [format!("event.{BOB}.verification.eml")]);
    }

    #[test]
    fn mails_go_after_a_week() {
        let (_folder, files) = files();
        files.keep(ADA, ("event", "verification"), b"a mail").expect("a file");
        let hour = Duration::from_secs(60 * 60);
        files.tidy(after(LIFE - hour)).expect("tidied");
        assert_eq!(names(&files).len(), 1);
        files.tidy(after(LIFE + hour)).expect("tidied");
        assert_eq!(names(&files).len(), 0);
    }

    #[test]
    fn of_too_many_the_oldest_go_and_what_is_not_ours_stays() {
        let (_folder, files) = files();
        for n in 0..MOST + 3 {
            files.keep(ADA, (&format!("{n:04}"), "verification"), b"").expect("a file");
        }
        fs::write(files.0.join("0000.notes"), b"mine").expect("a file");
        files.tidy(after(Duration::ZERO)).expect("tidied");
        assert_eq!(names(&files).len(), MOST);
        assert!(names(&files)[0].starts_with("0003."));
        assert!(files.0.join("0000.notes").exists());
    }
}

//! The environment, and the `.env` file under it. Nothing else in Evident looks at either.

use super::LogFormat;
use std::{
    collections::BTreeMap,
    io::{ErrorKind, IsTerminal},
    path::{Path, PathBuf},
};

/// The variables that were set, those of the process before those of the file.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    terminal: bool,
}

/// A `.env` that cannot be read. Its lines may hold secrets, so none of them is shown.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEnvFile {
    /// The file is there and cannot be read.
    #[error("file {path} cannot be read", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// One of its entries is not `NAME=value`.
    #[error("file {path} is not made of NAME=value: see its entry {entry}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which entry, counted from one, without empty lines and comments.
        entry: usize,
    },
}

impl Environment {
    /// The environment of this process, and the `.env` in this folder when there is one. The process's own environment
    /// is not changed by it.
    ///
    /// # Errors
    ///
    /// When there is a `.env` that cannot be read.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn load(folder: &Path) -> Result<Self, InvalidEnvFile> {
        let mut variables = read_file(folder.join(".env"))?;
        for (name, value) in std::env::vars_os() {
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                variables.insert(name, value);
            }
        }
        Ok(Self { variables, terminal: std::io::stderr().is_terminal() })
    }

    /// An environment of these variables alone, away from any terminal.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, terminal: false }
    }

    /// The value of a variable. An empty one is as good as none, as in a compose file.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Who reads the log when nobody says: people on a terminal, machines otherwise.
    pub(super) fn log_format(&self) -> LogFormat {
        if self.terminal { LogFormat::Text } else { LogFormat::Json }
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

fn read_file(path: PathBuf) -> Result<BTreeMap<String, String>, InvalidEnvFile> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(InvalidEnvFile::Unreadable { path, source }),
    };
    let mut variables = BTreeMap::new();
    for (index, entry) in dotenvy::from_read_iter(text.as_slice()).enumerate() {
        let Ok((name, value)) = entry else {
            return Err(InvalidEnvFile::Malformed { path, entry: index + 1 });
        };
        variables.insert(name, value);
    }
    Ok(variables)
}

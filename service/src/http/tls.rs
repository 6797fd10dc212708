//! TLS of our own, for who has no proxy that ends it: 1.2 and 1.3, by aws-lc, with files that may be renewed at any time.

use crate::config::TlsFiles;
use aws_lc_rs::digest::{SHA256, digest};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// How often the files are looked at; SIGHUP looks at once.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A certificate that cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or not ours to read.
    #[error("file {path} cannot be read", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("file {path} holds no {what} as PEM", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key do not go together, or are of a kind that is not spoken.
    #[error("certificate cannot be served with")]
    Unusable(#[from] rustls::Error),
}

/// The TLS of an address. Clones share everything.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    files: TlsFiles,
    serving: RwLock<Serving>,
}

/// What is served with, and what the files were that it was made of.
struct Serving {
    config: Arc<ServerConfig>,
    digest: Vec<u8>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// When they cannot be served with.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let serving = RwLock::new(Serving::read(files)?);
        Ok(Self(Arc::new(Shared { files: files.clone(), serving })))
    }

    /// Reads the files again, and serves new connections with them when they have changed. Connections that there are
    /// go on as they began.
    ///
    /// # Errors
    ///
    /// When they cannot be served with; then everything stays as it is.
    pub fn renew(&self) -> Result<bool, TlsError> {
        let renewed = Serving::read(&self.0.files)?;
        let mut serving = self.0.serving.write().unwrap_or_else(PoisonError::into_inner);
        let changed = renewed.digest != serving.digest;
        if changed {
            *serving = renewed;
        }
        Ok(changed)
    }

    /// Renews what is served with whenever the files change, or at SIGHUP, until told to stop.
    ///
    /// # Errors
    ///
    /// When the signal cannot be listened to.
    pub async fn follow_files(self, stop: CancellationToken) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = hangup.recv() => {}
                () = stop.cancelled() => return Ok(()),
            }
            let tls = self.clone();
            match tokio::task::spawn_blocking(move || tls.renew()).await {
                Ok(Ok(true)) => tracing::info!("a new certificate is served with"),
                Ok(Ok(false)) => {}
                // Said each time that it is looked at: the old one ends some day.
                Ok(Err(error)) => tracing::error!(%error, "the new certificate is not served with"),
                Err(error) => tracing::error!(%error, "the certificate was not looked at"),
            }
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let serving = self.0.serving.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&serving.config))
    }
}

impl Serving {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
        let malformed = |path: &Path, what| TlsError::Malformed { path: path.to_owned(), what };
        let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| malformed(&files.certificate, "certificate"))?;
        let private =
            PrivateKeyDer::from_pem_slice(&key).map_err(|_| malformed(&files.key, "private key"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = config.with_single_cert(chain, private)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let both = Zeroizing::new([&certificate[..], &key[..]].concat());
        Ok(Self { config: Arc::new(config), digest: digest(&SHA256, &both).as_ref().to_vec() })
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let bytes = fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    Ok(Zeroizing::new(bytes))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}

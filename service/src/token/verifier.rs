//! Whether a token holds: signed by one of our keys, for us, now.

use super::{Claims, strict};
use crate::problem::{Code, Problem};
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, UnparsedPublicKey},
};
use events::Timestamp;
use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

/// How far the clocks of two services may be apart, in seconds. It lets a token hold early, never late.
const LEEWAY_SECONDS: i64 = 30;
/// Tokens remembered as verified, in each of [`SHARDS`] shards and each of its two halves.
const REMEMBERED_PER_HALF: usize = 512;
const SHARDS: usize = 16;

/// A key that access tokens may be signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    /// Its name: the RFC 7638 thumbprint.
    pub kid: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

/// Why a token does not hold. The one who sent it never learns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of ours in form.
    #[error("token is malformed")]
    Malformed,
    /// It is of another algorithm, type, issuer or audience.
    #[error("token is of another kind, issuer or audience")]
    Foreign,
    /// No key of this name is trusted.
    #[error("token is signed by an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("token's signature does not fit")]
    Signature,
    /// Its time is over.
    #[error("token has expired")]
    Expired,
    /// Its time is yet to come.
    #[error("token does not hold yet")]
    Early,
}

impl From<TokenError> for Problem {
    fn from(_: TokenError) -> Self {
        Problem::new(Code::InvalidToken)
    }
}

/// Verifies access tokens. A token that held once is remembered by its hash; its time is looked at each time.
pub struct Verifier {
    issuer: String,
    audience: String,
    trusted: RwLock<Arc<Trusted>>,
}

/// The keys together with what was verified under them: a key that goes takes its tokens along.
struct Trusted {
    keys: HashMap<String, [u8; 32]>,
    verified: [Mutex<Halves>; SHARDS],
}

type TokenHash = [u8; 32];

/// When the young half is full it becomes the old one, and the old one is forgotten: bounded, and what is used stays.
#[derive(Default)]
struct Halves {
    young: HashMap<TokenHash, Arc<Claims>>,
    old: HashMap<TokenHash, Arc<Claims>>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} for {})", self.issuer, self.audience)
    }
}

impl Verifier {
    /// Trusts these keys for tokens of this issuer and audience.
    #[must_use]
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: impl IntoIterator<Item = VerifyingKey>,
    ) -> Self {
        let trusted = RwLock::new(Arc::new(Trusted::new(keys)));
        Self { issuer: issuer.into(), audience: audience.into(), trusted }
    }

    /// Trusts these keys and no others, from the very next token on.
    pub fn replace_keys(&self, keys: impl IntoIterator<Item = VerifyingKey>) {
        let trusted = Arc::new(Trusted::new(keys));
        *self.trusted.write().unwrap_or_else(PoisonError::into_inner) = trusted;
    }

    /// What the token says, if it holds at `now`. Whether its session still stands is for the caller to know.
    ///
    /// # Errors
    ///
    /// Says why it does not hold.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, TokenError> {
        let trusted = Arc::clone(&self.trusted.read().unwrap_or_else(PoisonError::into_inner));
        let hash = hash_of(token);
        let claims = match trusted.recall(&hash) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.verify_anew(&trusted, token)?);
                check_times(&claims, now)?;
                trusted.remember(hash, &claims);
                return Ok(claims);
            }
        };
        check_times(&claims, now)?;
        Ok(claims)
    }

    fn verify_anew(&self, trusted: &Trusted, token: &str) -> Result<Claims, TokenError> {
        let parsed = strict::parse(token)?;
        let key = trusted.keys.get(&parsed.kid).ok_or(TokenError::UnknownKey)?;
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(parsed.signed, &parsed.signature).map_err(|_| TokenError::Signature)?;
        if parsed.claims.iss != self.issuer || parsed.claims.aud != self.audience {
            return Err(TokenError::Foreign);
        }
        Ok(parsed.claims)
    }
}

fn hash_of(token: &str) -> TokenHash {
    let mut hash = TokenHash::default();
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
    if [claims.exp, claims.iat, claims.nbf, claims.auth_time].iter().any(|seconds| *seconds < 0) {
        return Err(TokenError::Malformed);
    }
    if claims.exp <= now.seconds() {
        return Err(TokenError::Expired);
    }
    let soon = now.seconds().saturating_add(LEEWAY_SECONDS);
    if claims.iat > soon || claims.nbf > soon { Err(TokenError::Early) } else { Ok(()) }
}

impl Trusted {
    fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let keys = keys.into_iter().map(|key| (key.kid, key.public)).collect();
        Self { keys, verified: Default::default() }
    }

    fn recall(&self, hash: &TokenHash) -> Option<Arc<Claims>> {
        let mut halves = self.shard(hash);
        if let Some(claims) = halves.young.get(hash) {
            return Some(Arc::clone(claims));
        }
        let claims = halves.old.remove(hash)?;
        halves.keep(*hash, &claims);
        Some(claims)
    }

    fn remember(&self, hash: TokenHash, claims: &Arc<Claims>) {
        self.shard(&hash).keep(hash, claims);
    }

    fn shard(&self, hash: &TokenHash) -> std::sync::MutexGuard<'_, Halves> {
        self.verified[usize::from(hash[0]) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn keep(&mut self, hash: TokenHash, claims: &Arc<Claims>) {
        if self.young.len() >= REMEMBERED_PER_HALF {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(hash, Arc::clone(claims));
    }
}

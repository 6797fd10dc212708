//! Answers that another instance has read, from Valkey: as true here as there, by the argument in [`super`].
//!
//! An answer is personal, and Valkey is a place where more can look than in our memory. So it lies there sealed, with
//! AES-256-GCM-SIV (RFC 8452) under a key of the server, under a name that is a keyed hash, and for [`LIFE`] only. What
//! it is about is bound to it: an answer that was moved under another name does not open.

use super::{LIFE, cache::Entry};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::{Buf, BufMut, Bytes};
use events::{LogId, Position, SessionId, Timestamp, UserId};
use metrics::{Counter, counter};
use service::{
    Config, Entropy,
    shared::{InvalidValkeyUrl, SharedCache},
};
use store::vault::Vault;

/// What the answers of one release look like another need not know, so each release reads its own alone.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The answers of all instances.
pub(crate) struct Shared {
    cache: SharedCache,
    seal: LessSafeKey,
    vault: Vault,
    log: LogId,
    entropy: Entropy,
    hits: Counter,
    misses: Counter,
}

impl Shared {
    /// As configured: none without `EVIDENT_REDIS_URL`.
    pub(crate) fn open(
        config: &Config,
        vault: &Vault,
        log: LogId,
        entropy: &Entropy,
    ) -> Result<Option<Self>, InvalidValkeyUrl> {
        let Some(cache) = SharedCache::open(config)? else { return Ok(None) };
        let key = vault.keyed_hash("shared answers", &[]);
        let seal = UnboundKey::new(&AES_256_GCM_SIV, &key).expect("a keyed hash has the 32 bytes of a key");
        Ok(Some(Self {
            cache,
            seal: LessSafeKey::new(seal),
            vault: vault.clone(),
            log,
            entropy: entropy.clone(),
            hits: counter!("evident_me_shared_cache_hits_total"),
            misses: counter!("evident_me_shared_cache_misses_total"),
        }))
    }

    /// What an instance has kept for a session, whether it is still right or not. It counts as read no later than now,
    /// whatever the clock of that instance says.
    pub(crate) async fn get(&self, user: UserId, session: SessionId, now: Timestamp) -> Option<Entry> {
        let sealed = self.cache.get(&self.name(session)).await;
        let entry = sealed.and_then(|sealed| self.open_entry(user, session, sealed));
        match &entry {
            Some(_) => self.hits.increment(1),
            None => self.misses.increment(1),
        }
        entry.map(|entry| Entry { read_at: entry.read_at.min(now), ..entry })
    }

    /// Offers an answer to the other instances.
    pub(crate) fn put(&self, session: SessionId, entry: &Entry) {
        self.cache.put(self.name(session), self.seal_entry(session, entry), LIFE);
    }

    /// Whether Valkey is there, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        self.cache.is_up()
    }

    fn name(&self, session: SessionId) -> String {
        let log = self.log.to_string();
        let hash = self.vault.keyed_hash("shared answer", &[log.as_bytes(), session.0.as_bytes()]);
        format!("evident:me:{}", URL_SAFE_NO_PAD.encode(&hash[..16]))
    }

    /// Nonce, ciphertext and tag. Inside: position, time and answer.
    fn seal_entry(&self, session: SessionId, entry: &Entry) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = self.entropy.bytes();
        let mut plain = Vec::with_capacity(16 + entry.body.len() + 16);
        plain.put_u64(entry.position.0);
        plain.put_i64(entry.read_at.micros());
        plain.extend_from_slice(&entry.body);
        let aad = Aad::from(self.about(entry.user, session));
        self.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut plain)
            .expect("AES-GCM-SIV seals all that is shorter than 64 GiB");
        [&nonce[..], &plain].concat()
    }

    fn open_entry(&self, user: UserId, session: SessionId, mut sealed: Vec<u8>) -> Option<Entry> {
        let (nonce, ciphertext) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut plain: &[u8] =
            self.seal.open_in_place(nonce, Aad::from(self.about(user, session)), ciphertext).ok()?;
        let position = Position(plain.try_get_u64().ok()?);
        let read_at = Timestamp::from_micros(plain.try_get_i64().ok()?);
        Some(Entry { user, body: Bytes::copy_from_slice(plain), position, read_at })
    }

    /// What an answer is about: the log's positions, the person, the session, and what answers look like.
    fn about(&self, user: UserId, session: SessionId) -> Vec<u8> {
        format!("{RELEASE}\n{}\n{}\n{}", self.log, user.0, session.0).into_bytes()
    }
}

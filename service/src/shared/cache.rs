//! Answers that one process has read and another may use. What they are, and whether they still hold, is known to those
//! who share them; here they are bytes with a life.

use super::{InvalidValkeyUrl, Valkey};
use crate::config::Config;
use metrics::{Counter, counter};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// The largest answer that is kept, in bytes. What is larger is not worth the way.
const MAX_BYTES: usize = 16 * 1024;
/// How many answers may be on their way to Valkey at a time. Those that come then are not kept.
const ON_THEIR_WAY: usize = 64;
/// The longest that anything may be kept.
const MAX_LIFE: Duration = Duration::from_secs(60);

/// Answers in Valkey. How many there are, and which go first, is its own `maxmemory` and `maxmemory-policy`.
#[derive(Debug, Clone)]
pub struct SharedCache {
    valkey: Valkey,
    on_their_way: Arc<Semaphore>,
    dropped: Counter,
}

impl SharedCache {
    /// As configured: none without `EVIDENT_REDIS_URL`. MUST be called inside the runtime.
    ///
    /// # Errors
    ///
    /// When `EVIDENT_REDIS_URL` is not a URL. A server that is away is not an error.
    pub fn open(config: &Config) -> Result<Option<Self>, InvalidValkeyUrl> {
        let Some(url) = &config.redis_url else { return Ok(None) };
        Ok(Some(Self {
            valkey: Valkey::open(url.expose(), "answers")?,
            on_their_way: Arc::new(Semaphore::new(ON_THEIR_WAY)),
            dropped: counter!("evident_shared_cache_dropped_total"),
        }))
    }

    /// What is kept under a key; `None`, at once, while Valkey is away.
    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.valkey.get(key).await?.filter(|value| value.len() <= MAX_BYTES)
    }

    /// Keeps a value for `life`, sixty seconds at most. Nobody waits for it, and it may come to nothing.
    pub fn put(&self, key: String, value: Vec<u8>, life: Duration) {
        let permit = Arc::clone(&self.on_their_way).try_acquire_owned();
        let (Ok(permit), true) = (permit, value.len() <= MAX_BYTES) else {
            self.dropped.increment(1);
            return;
        };
        let valkey = self.valkey.clone();
        tokio::spawn(async move {
            // Kept or not, nothing follows from it; a failure is counted and told where it happens.
            let _ = valkey.put(&key, &value, life.min(MAX_LIFE)).await;
            drop(permit);
        });
    }

    /// Whether Valkey is there, as far as is known.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.valkey.is_up()
    }
}

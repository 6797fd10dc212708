//! Who may go on, and who has to wait.

use super::{
    Class, InvalidValkeyUrl, Subscriber, Valkey,
    class::Counted,
    gcra::{Quota, Verdict},
    local::Buckets,
};
use crate::{
    clock::Clock,
    config::Config,
    problem::{Code, Problem},
    rate_limit::Left,
};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{KeyId, UserId};
use metrics::counter;
use std::{fmt, sync::Arc, time::Duration};

/// Whose attempts are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// All who come from one place.
    Subscriber(Subscriber),
    /// One person, from wherever.
    User(UserId),
    /// One API key, from wherever.
    Key(KeyId),
}

/// Counts attempts and turns away who makes too many. Clones count together.
#[derive(Debug, Clone)]
pub enum Limiter {
    /// Turns nobody away (`EVIDENT_RATE_LIMITS=off`).
    Off,
    /// Counts what comes to this process.
    InProcess(Arc<InProcess>),
    /// Counts what comes to all processes, where that matters; what comes to this one elsewhere, and everywhere while
    /// Valkey is away.
    Valkey(Arc<Together>),
}

/// Buckets in this process.
pub struct InProcess {
    buckets: Buckets,
    clock: Clock,
}

/// Buckets in Valkey.
pub struct Together {
    valkey: Valkey,
    /// Hides who somebody is: a bucket's name is a keyed hash.
    namer: hmac::Key,
    own: InProcess,
}

impl Limiter {
    /// As configured. `key` MUST be the same in all processes, and known to no one else. MUST be called inside the
    /// runtime.
    ///
    /// # Errors
    ///
    /// When `EVIDENT_REDIS_URL` is not a URL. A server that is away is not an error.
    pub fn open(config: &Config, key: &[u8; 32], clock: Clock) -> Result<Self, InvalidValkeyUrl> {
        match &config.redis_url {
            _ if !config.rate_limits => Ok(Limiter::Off),
            Some(url) => Ok(Limiter::together(Valkey::open(url.expose(), "limits")?, key, clock)),
            None => Ok(Limiter::in_process(clock)),
        }
    }

    /// Counts in this process alone.
    #[must_use]
    pub fn in_process(clock: Clock) -> Self {
        Limiter::InProcess(Arc::new(InProcess { buckets: Buckets::new(), clock }))
    }

    /// Counts together with whoever has the same key and the same Valkey.
    #[must_use]
    pub fn together(valkey: Valkey, key: &[u8; 32], clock: Clock) -> Self {
        let own = InProcess { buckets: Buckets::new(), clock };
        Limiter::Valkey(Arc::new(Together { valkey, namer: hmac::Key::new(hmac::HMAC_SHA256, key), own }))
    }

    /// Counts one attempt, and says what is left; nothing when nothing is counted.
    ///
    /// # Errors
    ///
    /// `too-many-requests`, with `Retry-After` and the limit, when it is one too many.
    pub async fn admit(&self, class: Class, who: Who) -> Result<Option<Left>, Problem> {
        if let Limiter::Off = self {
            return Ok(None);
        }
        let quota = class.quota();
        match self.count(class, who, quota).await {
            Verdict::Admitted { taken } => {
                let (attempts, more_in) = quota.left(taken);
                Ok(Some(Left { limit: class.limit(), attempts, more_in }))
            }
            Verdict::Refused { wait } => Err(too_many(class, wait)),
        }
    }

    pub(super) async fn count(&self, class: Class, who: Who, quota: Quota) -> Verdict {
        match self {
            // As if nobody had come before.
            Limiter::Off => Verdict::Admitted { taken: quota.interval },
            Limiter::InProcess(own) => own.count(class, who, quota),
            Limiter::Valkey(together) => match class.counted() {
                Counted::Apart => together.own.count(class, who, quota),
                // Apart, so that requests that ask nobody do not carry the room for it.
                Counted::Together => Box::pin(together.count(class, who, quota)).await,
            },
        }
    }
}

impl InProcess {
    fn count(&self, class: Class, who: Who, quota: Quota) -> Verdict {
        self.buckets.admit(class, who, quota, self.clock.now().micros())
    }
}

impl Together {
    #[cfg(test)]
    pub(super) fn valkey(&self) -> &Valkey {
        &self.valkey
    }

    /// Neither open nor closed while Valkey is away: the same limit, counted here.
    async fn count(&self, class: Class, who: Who, quota: Quota) -> Verdict {
        let bucket = self.name(class, who);
        match self.valkey.limit(&bucket, quota).await {
            Some(verdict) => verdict,
            None => {
                counter!("evident_limits_counted_alone_total", "class" => class.name()).increment(1);
                self.own.count(class, who, quota)
            }
        }
    }

    /// A bucket's name: whose it is cannot be read from it, and not be found out by trying all addresses.
    fn name(&self, class: Class, who: Who) -> String {
        let mut context = hmac::Context::with_key(&self.namer);
        context.update(class.name().as_bytes());
        match &who {
            Who::Subscriber(subscriber) => {
                context.update(b"\nsubscriber\n");
                context.update(subscriber.bytes());
            }
            Who::User(user) => {
                context.update(b"\nuser\n");
                context.update(user.0.as_bytes());
            }
            Who::Key(key) => {
                context.update(b"\nkey\n");
                context.update(key.0.as_bytes());
            }
        }
        let name = URL_SAFE_NO_PAD.encode(&context.sign().as_ref()[..16]);
        format!("evident:limit:{}:{name}", class.name())
    }
}

fn too_many(class: Class, wait: Duration) -> Problem {
    counter!("evident_limits_refused_total", "class" => class.name()).increment(1);
    Problem::limited(Code::TooManyRequests, class.limit(), wait)
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess(…)")
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Together").field(&self.valkey).finish()
    }
}

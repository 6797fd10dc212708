//! The script over there and the arithmetic here are one.

use super::{url, valkey};
use crate::{
    clock::Entropy,
    shared::gcra::{Quota, decide},
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use std::{cell::Cell, time::Duration};
use tokio::runtime::Runtime;

/// Today, in microseconds since 1970: sixteen digits, which a text of Lua's would round.
const TODAY: i64 = 1_795_521_600_123_457;

#[test]
fn valkey_and_this_process_decide_alike() {
    let runtime = Runtime::new().expect("a runtime");
    let valkey = runtime.block_on(valkey(&url()));
    // From a second on, so that no bucket goes by itself, by the server's clock, while a test sets its own.
    let quotas = (1_u32..20, 1_000_000_u64..50_000_000);
    // Mostly forth, sometimes back, as a clock that is put right.
    let steps = vec(prop_oneof![9 => 0_i64..30_000_000, 1 => -90_000_000_i64..0], 1..40);
    let refused = Cell::new(0_u32);
    TestRunner::default()
        .run(&(quotas, steps), |((burst, interval), steps)| {
            let quota = Quota { burst, interval: Duration::from_micros(interval) };
            let name = format!("test:agreement:{}", u64::from_be_bytes(Entropy::System.bytes()));
            let (mut bucket, mut now) = (None, TODAY);
            for step in steps {
                now += step;
                let (here, next) = decide(bucket, now, quota);
                bucket = Some(next);
                let there = runtime.block_on(valkey.limit_at(&name, quota, Some(now)));
                prop_assert_eq!(here, there.expect("Valkey answers"));
                refused.set(refused.get() + u32::from(!here.admits()));
            }
            Ok(())
        })
        .expect("they agree");
    assert!(refused.get() > 100, "{} refusals say little", refused.get());
}

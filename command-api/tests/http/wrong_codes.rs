//! Which codes are certainly wrong: a guess that is right by chance would be let in, and rightly.

use crate::authenticator::code;
use events::Timestamp;
use std::{collections::BTreeSet, time::Duration};

/// The codes of this step, of the two before it and of the two after it: every one that could be taken for right.
fn near(secret: &str, now: Timestamp) -> [String; 5] {
    [0, 30, 60, 90, 120].map(|seconds| {
        let from = now.before(Duration::from_secs(60));
        code(secret, from.after(Duration::from_secs(seconds)))
    })
}

/// Whether this code is, or could be taken for, one of now.
pub(crate) fn is_near(secret: &str, now: Timestamp, code: &str) -> bool {
    near(secret, now).iter().any(|near| near == code)
}

/// Six digits that are certainly wrong.
pub(crate) fn wrong_code(secret: &str, now: Timestamp) -> String {
    let mut all = (0..1_000_000).map(|number| format!("{number:06}"));
    all.find(|code| !is_near(secret, now, code)).expect("five are near")
}

/// Whether no two of the codes of now and of a while from now are the same by chance.
pub(crate) fn all_differ(secret: &str, now: Timestamp) -> bool {
    let later = near(secret, now.after(Duration::from_secs(120)));
    near(secret, now).iter().chain(&later[1..]).collect::<BTreeSet<_>>().len() == 9
}

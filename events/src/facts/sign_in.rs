//! Facts about an account's failed sign-ins, on `signin-{user}`. Each says all that the next decision needs.

use crate::{Network, Personal, Timestamp};
use serde::{Deserialize, Serialize};

/// `user.sign_in_failed.v1`. Bounded per account and window: a flood of guesses is counted, not written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInFailed {
    /// Why it failed.
    pub cause: FailureCause,
    /// How many failed in a row, this one included.
    pub failures: u32,
    /// From where.
    pub network: Personal<Network>,
}

/// Why a sign-in failed. The one who tried never learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// The password was wrong, or none was ever chosen.
    WrongPassword,
    /// The password was right; the code of the second factor was wrong, or used before.
    WrongCode,
    /// The password was right; the account is suspended.
    Suspended,
    /// The password was right; the account is deleted.
    Deleted,
    /// The password was right; the address is not verified, and has to be.
    Unverified,
}

/// `user.locked_out.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedOut {
    /// For whom.
    pub scope: LockoutScope,
    /// Sign-ins are accepted again from then on.
    pub until: Timestamp,
    /// How many failed in a row.
    pub failures: u32,
    /// From where the last one came.
    pub network: Personal<Network>,
}

/// For whom an account is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockoutScope {
    /// For the source that guessed. Others still sign in, so that guessing cannot lock its victim out.
    Source,
    /// For everybody.
    Account,
}

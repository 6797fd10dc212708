//! Facts about the second factor: what a person holds, on `user-{id}`, and what of it is used up, on `factor-{id}`.

use crate::{Personal, Version};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// By what, beside the password, somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// A code by the time (RFC 6238).
    Totp,
    /// One of the codes that are kept for when the other is lost.
    RecoveryCode,
}

/// What a person's authenticator and Evident share.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotpSecret {
    /// 160 bits, base32 without padding (RFC 4648 §6).
    pub totp_secret: String,
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// What recovery codes are compared with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryCodes {
    /// SHA-256 of each, base64. The codes themselves are nowhere.
    pub recovery_codes: Vec<String>,
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes(…)")
    }
}

/// `user.totp_enrolled.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotpEnrolled {
    /// The secret, which is asked for once a code of it has confirmed it.
    pub credential: Personal<TotpSecret>,
}

/// `user.totp_confirmed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirmed {
    /// The time step whose code confirmed it. That code and all before it are used up.
    pub step: u64,
}

/// `user.recovery_codes_issued.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryCodesIssued {
    /// All that are good from now on.
    pub credential: Personal<RecoveryCodes>,
}

/// `user.second_factor_used.v1`: all that is used up, so that the last record is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorUsed {
    /// Which was used this time.
    pub method: SecondFactor,
    /// Up to where codes by the time are used up.
    pub totp: Option<UsedTotp>,
    /// Which recovery codes are used up.
    pub recovery_codes: Option<UsedRecoveryCodes>,
}

/// Up to where the codes of one secret are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedTotp {
    /// The version of `user-{id}` at which the secret was given.
    pub enrolled: Version,
    /// The last time step whose code was used.
    pub step: u64,
}

/// Which codes of one set are used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedRecoveryCodes {
    /// The version of `user-{id}` at which the set was issued.
    pub issued: Version,
    /// By their places in the set, from 0.
    pub used: BTreeSet<u8>,
}

//! A hash as it is kept: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<output>`, a PHC string.

use super::{Cost, HashingError, memory::Memory};
use crate::domain::PasswordHash;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{Output, PasswordHash as Phc, Salt},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use metrics::counter;

/// The parts of a kept hash, all of them within bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) cost: Cost,
    pub(super) salt: Vec<u8>,
    pub(super) output: [u8; Kept::OUTPUT_BYTES],
}

impl Kept {
    /// RFC 9106 §3.1 recommends 128 bits.
    pub(super) const SALT_BYTES: usize = 16;
    /// RFC 9106 §4 recommends 256 bits.
    pub(super) const OUTPUT_BYTES: usize = 32;

    /// Reads a PHC string. What it asks for is bounded before anything is allocated for it.
    pub(super) fn from_phc(hash: &PasswordHash) -> Result<Self, HashingError> {
        let unreadable = HashingError::Unreadable;
        let phc = Phc::new(hash.as_str()).map_err(|_| unreadable("it is not a PHC string"))?;
        if phc.algorithm.as_str() != Algorithm::Argon2id.as_str() {
            return Err(unreadable("it is not Argon2id"));
        }
        if phc.version != Some(Version::V0x13.into()) {
            return Err(unreadable("it is not version 19"));
        }
        // A key id or associated data would take part in the hash; none of ours has them.
        if phc.params.iter().any(|(name, _)| !["m", "t", "p"].contains(&name.as_str())) {
            return Err(unreadable("it has parameters other than m, t and p"));
        }
        let number = |name: &str| phc.params.get_decimal(name).ok_or(unreadable("m, t or p is missing"));
        let cost = Cost { memory_kib: number("m")?, passes: number("t")?, lanes: number("p")? };
        cost.params().map_err(|_| unreadable("its cost is out of bounds"))?;
        let output = phc.hash.as_ref().map(Output::as_bytes).and_then(|output| output.try_into().ok());
        Ok(Self {
            cost,
            salt: phc
                .salt
                .as_ref()
                .map(|salt| Salt::as_ref(salt).to_vec())
                .ok_or(unreadable("it has no salt"))?,
            output: output.ok_or(unreadable("its output is not 256 bits long"))?,
        })
    }

    /// Writes the PHC string.
    pub(super) fn to_phc(&self) -> PasswordHash {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let (salt, output) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(self.output));
        PasswordHash::from_phc(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}"))
    }
}

/// Fills in the Argon2id hash of a password.
pub(super) fn argon2id(
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    memory: &mut Memory,
) -> Result<[u8; Kept::OUTPUT_BYTES], HashingError> {
    counter!("evident_password_hashes_total").increment(1);
    let mut output = [0; Kept::OUTPUT_BYTES];
    cost.argon2()?
        .hash_password_into_with_memory(password, salt, &mut output, memory.of(cost)?)
        .map_err(|_| HashingError::Unreadable("its salt does not fit Argon2"))?;
    Ok(output)
}

impl Cost {
    /// The most that one hash may cost, be it configured or kept: a forged hash must not eat the machine.
    const MOST: Cost = Cost { memory_kib: 1 << 20, passes: 64, lanes: 16 };

    pub(super) fn params(self) -> Result<Params, HashingError> {
        let Cost { memory_kib, passes, lanes } = self;
        let most = Self::MOST;
        if memory_kib > most.memory_kib || passes > most.passes || lanes > most.lanes {
            return Err(HashingError::Absurd(self));
        }
        Params::new(memory_kib, passes, lanes, Some(Kept::OUTPUT_BYTES))
            .map_err(|_| HashingError::Absurd(self))
    }

    pub(super) fn argon2(self) -> Result<Argon2<'static>, HashingError> {
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: impl Into<String>) -> Result<Kept, HashingError> {
        Kept::from_phc(&PasswordHash::from_phc(text.into()))
    }

    const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    const OUTPUT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    proptest! {
        #[test]
        fn a_hash_is_read_as_it_is_written(
            memory_kib in 128_u32..=1 << 20, passes in 1_u32..=64, lanes in 1_u32..=16,
            salt in proptest::collection::vec(any::<u8>(), 8..=48), output: [u8; 32],
        ) {
            let kept = Kept { cost: Cost { memory_kib, passes, lanes }, salt, output };
            prop_assert_eq!(Kept::from_phc(&kept.to_phc()).expect("our own hash"), kept);
        }

        #[test]
        fn whatever_is_read_stays_within_bounds(m: u32, t in 0_u32..200, p in 0_u32..40) {
            if let Ok(kept) = read(format!("$argon2id$v=19$m={m},t={t},p={p}${SALT}${OUTPUT}")) {
                let Cost { memory_kib, passes, lanes } = kept.cost;
                prop_assert!((8 * lanes..=1 << 20).contains(&memory_kib));
                prop_assert!((1..=64).contains(&passes) && (1..=16).contains(&lanes));
            }
        }

        #[test]
        fn no_text_is_more_than_refused(text in "\\PC{0,200}") {
            prop_assert!(read(text).is_err());
        }

        #[test]
        fn a_damaged_hash_is_refused_or_another(at in 0_usize..97, byte in 0x21_u8..0x7f) {
            let kept = Kept { cost: Cost { memory_kib: 19_456, passes: 2, lanes: 1 }, salt: vec![7; 16], output: [9; 32] };
            let right = kept.to_phc().as_str().to_owned();
            let mut damaged = right.clone().into_bytes();
            damaged[at] = byte;
            let damaged = String::from_utf8(damaged).expect("ASCII");
            prop_assume!(damaged != right);
            prop_assert!(read(damaged).map_or(true, |other| other != kept));
        }
    }

    #[test]
    fn what_we_never_write_is_refused() {
        for wrong in [
            String::new(),
            format!("$argon2i$v=19$m=19456,t=2,p=1${SALT}${OUTPUT}"),
            format!("$argon2id$v=16$m=19456,t=2,p=1${SALT}${OUTPUT}"),
            format!("$argon2id$m=19456,t=2,p=1${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=19456,t=2${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1,data=AAAA${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=4294967295,t=2,p=1${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=19456,t=4294967295,p=1${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=19456,t=2,p=16777215${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=7,t=2,p=1${SALT}${OUTPUT}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1${SALT}$AAAAAAAAAAAAAAAA"),
        ] {
            assert!(matches!(read(&wrong), Err(HashingError::Unreadable(_))), "{wrong}");
        }
    }
}

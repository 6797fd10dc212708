//! Hashes that other systems made, of people who were imported: checked until their first sign-in, when the password is
//! hashed anew. New ones are never made here.
//!
//! Read are bcrypt (`$2a$`, `$2b$`, `$2y$`), scrypt and PBKDF2 with HMAC-SHA-256 or -512 as PHC strings, PBKDF2 also as
//! passlib and Django write it, and Argon2 of each kind. What a hash asks for is bounded before anything is done for it.

use super::{Cost, HashingError, kept::Kept, memory::Memory};
use crate::domain::PasswordHash;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{Output, PasswordHash as Phc, Salt},
};
use aws_lc_rs::pbkdf2;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use metrics::counter;
use std::num::NonZeroU32;
use subtle::ConstantTimeEq;

/// The most that checking one hash may cost: somewhat over what is recommended for each, and a second of a processor.
const MOST_BCRYPT_COST: u32 = 14;
const MOST_SCRYPT_MEMORY: u64 = 1 << 20; // N·r, at 128 bytes each
const MOST_SCRYPT_WORK: u64 = 1 << 21; // N·r·p
const MOST_PBKDF2_ROUNDS: u32 = 2_000_000;
const MOST_ARGON2_KIB: u32 = 256 * 1024;
const MOST_ARGON2_WORK_KIB: u64 = 1024 * 1024; // m·t

/// The longest text that is looked at, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Salts and outputs, in bytes: what is shorter protects nobody, what is longer nobody makes.
const SALT_BYTES: std::ops::RangeInclusive<usize> = 1..=64;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Why a hash cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is of no form that is read here.
    Unsupported,
    /// Checking a password against it would cost too much.
    TooCostly,
}

/// A hash that can be imported.
#[derive(Debug)]
pub(crate) struct Importable {
    pub(crate) hash: PasswordHash,
    /// A hash of the same kind and cost that nobody has a password for; `None` when it is made as our own are.
    pub(crate) template: Option<String>,
}

/// A hash of somebody else's, within bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    Bcrypt { cost: u32, text: String },
    Scrypt { log_n: u8, r: u32, p: u32, salt: Vec<u8>, output: Vec<u8> },
    Pbkdf2 { kind: Hmac, rounds: NonZeroU32, salt: Vec<u8>, output: Vec<u8> },
    Argon2 { kind: Algorithm, version: Version, cost: Cost, salt: Vec<u8>, output: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hmac {
    Sha256,
    Sha512,
}

/// Reads a hash to import. `own` is what our own hashes cost.
pub(super) fn importable(text: &str, own: Cost) -> Result<Importable, Unfit> {
    let foreign = Foreign::read(text)?;
    let hash = PasswordHash::from_phc(text.to_owned());
    let ours = Kept::from_phc(&hash).is_ok_and(|kept| kept.cost == own);
    Ok(Importable { template: (!ours).then(|| foreign.template()), hash })
}

impl Foreign {
    /// Reads a hash in any of the forms.
    pub(super) fn read(text: &str) -> Result<Self, Unfit> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(Unfit::Unsupported);
        }
        // Django puts the hasher's name before hashes that have a form of their own.
        let text = text.strip_prefix("argon2$").or_else(|| text.strip_prefix("bcrypt$")).unwrap_or(text);
        let text = if text.starts_with("argon2") { &format!("${text}") } else { text };
        let mut parts = text.split('$');
        match (parts.next(), parts.next()) {
            (Some(""), Some("2a" | "2b" | "2y")) => bcrypt(text),
            (Some(""), Some("scrypt")) => scrypt(&parts.collect::<Vec<_>>()),
            (Some(""), Some("pbkdf2-sha256")) => pbkdf2(Hmac::Sha256, &parts.collect::<Vec<_>>()),
            (Some(""), Some("pbkdf2-sha512")) => pbkdf2(Hmac::Sha512, &parts.collect::<Vec<_>>()),
            (Some("pbkdf2_sha256"), Some(rounds)) => django(rounds, &parts.collect::<Vec<_>>()),
            (Some(""), Some("argon2i" | "argon2d" | "argon2id")) => argon2(text),
            (Some(_) | None, Some(_) | None) => Err(Unfit::Unsupported),
        }
    }

    /// Whether this is the password, after as much work as the hash asks for.
    pub(super) fn matches(&self, password: &str, memory: &mut Memory) -> Result<bool, HashingError> {
        counter!("evident_password_hashes_total").increment(1);
        let unreadable = |_| HashingError::Unreadable("it is not what it seemed to be");
        match self {
            Self::Bcrypt { text, .. } => {
                bcrypt::verify(password, text).map_err(|_| HashingError::Unreadable("it is not bcrypt"))
            }
            Self::Scrypt { log_n, r, p, salt, output } => {
                let params = scrypt::Params::new(*log_n, *r, *p)
                    .map_err(|_| HashingError::Unreadable("scrypt does not take its cost"))?;
                let mut found = vec![0; output.len()];
                scrypt::scrypt(password.as_bytes(), salt, &params, &mut found)
                    .map_err(|_| HashingError::Unreadable("scrypt does not give its length"))?;
                Ok(found.ct_eq(output).into())
            }
            Self::Pbkdf2 { kind, rounds, salt, output } => {
                let algorithm = match kind {
                    Hmac::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
                    Hmac::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
                };
                Ok(pbkdf2::verify(algorithm, *rounds, salt, password.as_bytes(), output).is_ok())
            }
            Self::Argon2 { kind, version, cost, salt, output } => {
                let params = params(*cost, output.len()).map_err(unreadable)?;
                let mut found = vec![0; output.len()];
                Argon2::new(*kind, *version, params)
                    .hash_password_into_with_memory(password.as_bytes(), salt, &mut found, memory.of(*cost)?)
                    .map_err(|_| HashingError::Unreadable("its salt does not fit Argon2"))?;
                Ok(found.ct_eq(output).into())
            }
        }
    }

    /// A hash of the same kind and cost, with nothing of this one's salt and output in it.
    fn template(&self) -> String {
        let salt = STANDARD_NO_PAD.encode([0; 16]);
        let output = |length: &Vec<u8>| STANDARD_NO_PAD.encode(vec![0; length.len()]);
        match self {
            Self::Bcrypt { cost, .. } => format!("$2b${cost:02}${}", ".".repeat(22 + 31)),
            Self::Scrypt { log_n, r, p, output: made, .. } => {
                format!("$scrypt$ln={log_n},r={r},p={p}${salt}${}", output(made))
            }
            Self::Pbkdf2 { kind, rounds, output: made, .. } => {
                let name = match kind {
                    Hmac::Sha256 => "pbkdf2-sha256",
                    Hmac::Sha512 => "pbkdf2-sha512",
                };
                format!("${name}$i={rounds}${salt}${}", output(made))
            }
            Self::Argon2 { kind, version, cost, output: made, .. } => {
                let Cost { memory_kib, passes, lanes } = cost;
                let (kind, version) = (kind.as_str(), u32::from(*version));
                format!("${kind}$v={version}$m={memory_kib},t={passes},p={lanes}${salt}${}", output(made))
            }
        }
    }
}

fn bcrypt(text: &str) -> Result<Foreign, Unfit> {
    let parts: bcrypt::HashParts = text.parse().map_err(|_| Unfit::Unsupported)?;
    match parts.get_cost() {
        cost @ 4..=MOST_BCRYPT_COST => Ok(Foreign::Bcrypt { cost, text: text.to_owned() }),
        0..4 => Err(Unfit::Unsupported),
        _ => Err(Unfit::TooCostly),
    }
}

fn scrypt(parts: &[&str]) -> Result<Foreign, Unfit> {
    let [cost, salt, output] = parts else { return Err(Unfit::Unsupported) };
    let [log_n, r, p] = numbers(cost, ["ln", "r", "p"])?;
    let log_n = u8::try_from(log_n).ok().filter(|log_n| (1..=40).contains(log_n)).ok_or(Unfit::TooCostly)?;
    if r == 0 || p == 0 {
        return Err(Unfit::Unsupported);
    }
    let memory = (1_u64 << log_n).saturating_mul(r.into());
    if memory > MOST_SCRYPT_MEMORY || memory.saturating_mul(p.into()) > MOST_SCRYPT_WORK {
        return Err(Unfit::TooCostly);
    }
    Ok(Foreign::Scrypt { log_n, r, p, salt: salt_in(salt)?, output: output_in(output)? })
}

/// `i=ROUNDS` and perhaps `l=LENGTH` (PHC), or `ROUNDS` alone (passlib).
fn pbkdf2(kind: Hmac, parts: &[&str]) -> Result<Foreign, Unfit> {
    let [cost, salt, output] = parts else { return Err(Unfit::Unsupported) };
    let output = output_in(output)?;
    let (count, length) = cost.split_once(",l=").unwrap_or((cost, ""));
    if !length.is_empty() && length.parse() != Ok(output.len()) {
        return Err(Unfit::Unsupported);
    }
    let rounds = rounds(count.strip_prefix("i=").unwrap_or(count))?;
    Ok(Foreign::Pbkdf2 { kind, rounds, salt: salt_in(salt)?, output })
}

/// `pbkdf2_sha256$ROUNDS$SALT$OUTPUT`: the salt is a text, the output is padded.
fn django(count: &str, parts: &[&str]) -> Result<Foreign, Unfit> {
    let [salt, output] = parts else { return Err(Unfit::Unsupported) };
    let output = STANDARD.decode(output).map_err(|_| Unfit::Unsupported)?;
    if !SALT_BYTES.contains(&salt.len()) || !OUTPUT_BYTES.contains(&output.len()) {
        return Err(Unfit::Unsupported);
    }
    Ok(Foreign::Pbkdf2 { kind: Hmac::Sha256, rounds: rounds(count)?, salt: salt.as_bytes().to_vec(), output })
}

fn argon2(text: &str) -> Result<Foreign, Unfit> {
    let phc = Phc::new(text).map_err(|_| Unfit::Unsupported)?;
    let kind = Algorithm::new(phc.algorithm.as_str()).map_err(|_| Unfit::Unsupported)?;
    // The first version did not write its number.
    let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from);
    let version = version.map_err(|_| Unfit::Unsupported)?;
    if phc.params.iter().any(|(name, _)| !["m", "t", "p"].contains(&name.as_str())) {
        return Err(Unfit::Unsupported);
    }
    let number = |name: &str| phc.params.get_decimal(name).ok_or(Unfit::Unsupported);
    let cost = Cost { memory_kib: number("m")?, passes: number("t")?, lanes: number("p")? };
    if cost.memory_kib > MOST_ARGON2_KIB
        || u64::from(cost.memory_kib) * u64::from(cost.passes) > MOST_ARGON2_WORK_KIB
        || cost.params().is_err()
    {
        return Err(Unfit::TooCostly);
    }
    let salt = phc.salt.as_ref().map(|salt| Salt::as_ref(salt).to_vec()).ok_or(Unfit::Unsupported)?;
    let output = phc.hash.as_ref().map(Output::as_bytes).map(<[u8]>::to_vec).ok_or(Unfit::Unsupported)?;
    if salt.len() < argon2::MIN_SALT_LEN || !OUTPUT_BYTES.contains(&output.len()) {
        return Err(Unfit::Unsupported);
    }
    Ok(Foreign::Argon2 { kind, version, cost, salt, output })
}

fn params(cost: Cost, output: usize) -> argon2::Result<Params> {
    Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(output))
}

fn rounds(text: &str) -> Result<NonZeroU32, Unfit> {
    let rounds: u64 = plain(text)?;
    match u32::try_from(rounds) {
        Ok(rounds @ 1..=MOST_PBKDF2_ROUNDS) => NonZeroU32::new(rounds).ok_or(Unfit::Unsupported),
        Ok(0) => Err(Unfit::Unsupported),
        Ok(_) | Err(_) => Err(Unfit::TooCostly),
    }
}

/// The values of `a=1,b=2,c=3`, in that order.
fn numbers(text: &str, names: [&str; 3]) -> Result<[u32; 3], Unfit> {
    let mut values = [0; 3];
    let mut parts = text.split(',');
    for (value, name) in values.iter_mut().zip(names) {
        let (found, number) = parts.next().and_then(|part| part.split_once('=')).ok_or(Unfit::Unsupported)?;
        if found != name {
            return Err(Unfit::Unsupported);
        }
        *value = u32::try_from(plain(number)?).map_err(|_| Unfit::TooCostly)?;
    }
    if parts.next().is_some() { Err(Unfit::Unsupported) } else { Ok(values) }
}

/// A number in digits alone. One that no machine holds is as good as the largest.
fn plain(text: &str) -> Result<u64, Unfit> {
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.parse().unwrap_or(u64::MAX)),
        false => Err(Unfit::Unsupported),
    }
}

fn salt_in(text: &str) -> Result<Vec<u8>, Unfit> {
    decoded(text).filter(|salt| SALT_BYTES.contains(&salt.len())).ok_or(Unfit::Unsupported)
}

fn output_in(text: &str) -> Result<Vec<u8>, Unfit> {
    decoded(text).filter(|output| OUTPUT_BYTES.contains(&output.len())).ok_or(Unfit::Unsupported)
}

/// Base64 without padding; passlib writes `.` for `+`.
fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.replace('.', "+")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PASSWORD: &str = "correct horse battery staple";

    /// Each made by another implementation: OpenSSL by way of Python's hashlib, libxcrypt, Argon2's own.
    const MADE_ELSEWHERE: [(&str, &str); 11] = [
        (PASSWORD, "$2a$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"),
        (PASSWORD, "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"),
        (PASSWORD, "$2y$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"),
        (PASSWORD, "bcrypt$$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"),
        (
            PASSWORD,
            "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU",
        ),
        (
            PASSWORD,
            "$pbkdf2-sha256$i=1000,l=32$AAECAwQFBgcICQoLDA0ODw$ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4",
        ),
        (
            PASSWORD,
            "$pbkdf2-sha512$1000$AAECAwQFBgcICQoLDA0ODw$A6AmFIti7CKlYdoPiV9jf1d9llp37o27Wms8Zx8fwMJGCOigJzAthOW3Pg\
             .XF5PnNiYnsQsIz1N5NtynrEm78w",
        ),
        (PASSWORD, "pbkdf2_sha256$1000$seasalt$3xmXbyk2QpiyNcnoBbzRPwEBsYPTbDlRdtmLyBvQltA="),
        ("password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"),
        ("password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"),
        (
            "password",
            "argon2$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
    ];

    #[test]
    fn hashes_made_elsewhere_are_checked() {
        let mut memory = Memory::default();
        for (password, text) in MADE_ELSEWHERE {
            let foreign = Foreign::read(text).unwrap_or_else(|unfit| panic!("{text}: {unfit:?}"));
            assert!(foreign.matches(password, &mut memory).expect("checked"), "{text}");
            for wrong in ["", "Password", "correct horse battery stapl"] {
                assert!(!foreign.matches(wrong, &mut memory).expect("checked"), "{text}");
            }
        }
    }

    #[test]
    fn a_template_costs_the_same_and_nobody_has_its_password() {
        let mut memory = Memory::default();
        for (password, text) in MADE_ELSEWHERE {
            let template = Foreign::read(text).expect("a hash").template();
            let foreign = Foreign::read(&template).unwrap_or_else(|unfit| panic!("{template}: {unfit:?}"));
            assert_eq!(foreign.template(), template);
            assert!(!foreign.matches(password, &mut memory).expect("checked"), "{template}");
        }
    }

    #[test]
    fn what_costs_too_much_is_refused_before_it_is_paid() {
        let bcrypt = "abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
        let (salt, output) = ("AAECAwQFBgcICQoLDA0ODw", "mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU");
        for text in [
            format!("$2b$15${bcrypt}"),
            format!("$2b$31${bcrypt}"),
            format!("$scrypt$ln=18,r=8,p=1${salt}${output}"),
            format!("$scrypt$ln=17,r=8,p=3${salt}${output}"),
            format!("$scrypt$ln=63,r=8,p=1${salt}${output}"),
            format!("$scrypt$ln=10,r=4294967295,p=4294967295${salt}${output}"),
            format!("$pbkdf2-sha256$i=2000001${salt}${output}"),
            format!("$pbkdf2-sha256$99999999999999999999999${salt}${output}"),
            "pbkdf2_sha256$4294967295$seasalt$3xmXbyk2QpiyNcnoBbzRPwEBsYPTbDlRdtmLyBvQltA=".to_owned(),
            format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${output}"),
            format!("$argon2d$v=19$m=262144,t=5,p=1${salt}${output}"),
            format!("$argon2i$v=16$m=4294967295,t=4294967295,p=1${salt}${output}"),
        ] {
            assert_eq!(Foreign::read(&text), Err(Unfit::TooCostly), "{text}");
        }
    }

    #[test]
    fn what_is_recommended_elsewhere_is_taken() {
        let (salt, output) = ("AAECAwQFBgcICQoLDA0ODw", "mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU");
        for text in [
            format!("$scrypt$ln=17,r=8,p=1${salt}${output}"),
            format!("$scrypt$ln=13,r=8,p=10${salt}${output}"),
            format!("$pbkdf2-sha512$i=1200000${salt}${output}"),
            format!("$argon2id$v=19$m=65536,t=3,p=4${salt}${output}"),
            format!("$argon2id$v=19$m=102400,t=2,p=8${salt}${output}"),
        ] {
            assert!(Foreign::read(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_hash_of_these_is_unsupported() {
        for text in [
            "",
            "password",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
            "$6$salt$x",
            "$2x$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
            "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6C",
            "$2b$03$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG",
            "$scrypt$ln=10,r=8$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU",
            "$scrypt$ln=10,r=8,p=0$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU",
            "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$mp90",
            "$pbkdf2-sha1$i=1000$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU",
            "$pbkdf2-sha256$i=0$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU",
            "$argon2id$v=18$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=65536,t=2,p=1,data=AAAA$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert_eq!(Foreign::read(text), Err(Unfit::Unsupported), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_more_than_refused(text in "(\\$(2b|scrypt|pbkdf2-sha256|argon2id)\\$)?\\PC{0,80}") {
            _ = Foreign::read(&text);
        }
    }
}

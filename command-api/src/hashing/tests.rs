//! Hashing as the rest of the service sees it.

use super::*;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

fn hasher(cost: Cost) -> Hasher {
    let limits =
        Limits { threads: NonZeroUsize::MIN, patience: Duration::from_secs(60), ..Limits::default() };
    Hasher::start(cost, limits).expect("threads start")
}

fn password(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[test]
fn the_hash_is_the_one_of_rfc_9106() {
    let params = argon2::ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(argon2::AssociatedData::new(&[4; 12]).expect("12 bytes"))
        .output_len(32)
        .build()
        .expect("the parameters of RFC 9106 §5.3");
    let version = argon2::Version::V0x13;
    let argon2 = argon2::Argon2::new_with_secret(&[3; 8], argon2::Algorithm::Argon2id, version, params);
    let mut output = [0; 32];
    let hashed = argon2.expect("an 8-byte secret").hash_password_into(&[1; 32], &[2; 16], &mut output);
    hashed.expect("a hash");
    assert_eq!(hex(&output), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

/// Made with the reference implementation's command line: `argon2 somesalt… -id -m 16 -t 2 -p 1 -l 32`.
#[tokio::test]
async fn a_hash_made_elsewhere_is_verified() {
    let elsewhere = PasswordHash::from_phc(
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc".to_owned(),
    );
    let verdict = hasher(CHEAP).verify(password("password"), Some(&elsewhere)).await.expect("a verdict");
    assert_eq!(verdict, Verdict { matches: true, outdated: true });
}

#[tokio::test]
async fn only_the_password_that_was_hashed_matches() {
    let hasher = hasher(CHEAP);
    let hash = hasher.hash(password("correct horse battery"), [7; 16]).await.expect("a hash");
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.as_str());
    let verdict = async |text| hasher.verify(password(text), Some(&hash)).await.expect("a verdict");
    assert_eq!(verdict("correct horse battery").await, Verdict { matches: true, outdated: false });
    for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
        assert_eq!(verdict(wrong).await, Verdict { matches: false, outdated: false }, "{wrong:?}");
    }
}

#[tokio::test]
async fn two_salts_make_two_hashes() {
    let hasher = hasher(CHEAP);
    let first = hasher.hash(password("the same"), [1; 16]).await.expect("a hash");
    let second = hasher.hash(password("the same"), [2; 16]).await.expect("a hash");
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_hash_of_another_cost_still_matches_and_is_outdated() {
    let hash = hasher(CHEAP).hash(password("unchanged"), [7; 16]).await.expect("a hash");
    for cost in [Cost { passes: 2, ..CHEAP }, Cost { memory_kib: 128, ..CHEAP }, Cost { lanes: 2, ..CHEAP }] {
        let verdict = hasher(cost).verify(password("unchanged"), Some(&hash)).await.expect("a verdict");
        assert_eq!(verdict, Verdict { matches: true, outdated: true }, "{cost:?}");
    }
}

#[tokio::test]
async fn without_a_hash_nothing_matches() {
    let verdict = hasher(CHEAP).verify(password("anything"), None).await.expect("a verdict");
    assert_eq!(verdict, Verdict { matches: false, outdated: false });
}

#[tokio::test]
async fn hashes_of_different_cost_share_a_thread() {
    let dear = Cost { memory_kib: 1024, passes: 2, lanes: 2 };
    let expected = hasher(dear).hash(password("p"), [7; 16]).await.expect("a hash");
    let cheap = hasher(CHEAP).hash(password("p"), [7; 16]).await.expect("a hash");
    let hasher = hasher(CHEAP);
    for hash in [&cheap, &expected, &cheap, &expected] {
        assert!(hasher.verify(password("p"), Some(hash)).await.expect("a verdict").matches);
    }
}

#[test]
fn an_absurd_cost_is_refused_before_anything_starts() {
    let limits = Limits { queue: 1, patience: Duration::ZERO, ..Limits::default() };
    for cost in [
        Cost { memory_kib: u32::MAX, ..CHEAP },
        Cost { memory_kib: 7, ..CHEAP },
        Cost { passes: 0, ..CHEAP },
        Cost { passes: 65, ..CHEAP },
        Cost { lanes: 0, ..CHEAP },
        Cost { lanes: 17, ..CHEAP },
    ] {
        assert!(matches!(Hasher::start(cost, limits), Err(HashingError::Absurd(_))), "{cost:?}");
    }
}

#[tokio::test]
async fn an_unreadable_hash_is_said_to_be_and_costs_nothing() {
    let forged = PasswordHash::from_phc("$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAA$AAAA".to_owned());
    let answer = hasher(CHEAP).verify(password("p"), Some(&forged)).await;
    assert!(matches!(answer, Err(HashingError::Unreadable(_))), "{answer:?}");
}

#[test]
fn memory_is_held_between_hashes_and_can_be_released() {
    let mut memory = Memory::default();
    assert!(!memory.is_held());
    assert_eq!(memory.of(CHEAP).expect("64 KiB").len(), 64);
    assert!(memory.is_held());
    memory.release();
    assert!(!memory.is_held());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

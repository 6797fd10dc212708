//! Sealing, opening, erasing.

use super::on_every_engine;
use crate::place::{Place, at_once, at_second, user};
use events::{EventId, Group, KeyName, Month, SealContext, StreamName, UserId};
use store::vault::{ErasureDue, Scope, Vault, VaultError};
use uuid::Uuid;

on_every_engine! {
    what_is_sealed_opens,
    moved_elsewhere_it_does_not_open,
    profiles_never_open_credentials,
    an_erased_person_ends_at_once,
    an_erased_person_does_not_come_back,
    an_erasure_is_due_from_its_time_on_until_it_is_finished_or_taken_back,
    what_is_due_comes_page_by_page,
    nobody_seals_for_a_stranger,
    of_many_who_create_a_person_at_once_all_get_the_same_keys,
    of_many_who_make_a_month_at_once_all_get_the_same_key,
    a_whole_batch_of_people_is_on_one_ring,
}

const GROUPS: [Group; 3] = [Group::Profile, Group::Credential, Group::Network];

fn month() -> Month {
    at_second(0).month()
}

fn key(person: UserId, group: Group) -> KeyName {
    KeyName { person, group, month: (group == Group::Network).then(month) }
}

fn context(stream: &StreamName, key: KeyName) -> SealContext<'_> {
    SealContext { event_id: EventId(Uuid::from_u128(9)), stream, event_type: "user.registered.v1", key }
}

async fn sealed(vault: &Vault, stream: &StreamName, person: UserId) -> Vec<(KeyName, Vec<u8>)> {
    let sealer = vault.sealer(person, month()).await.expect("keys");
    GROUPS
        .map(|group| key(person, group))
        .map(|key| (key, sealer.seal(&context(stream, key), b"Ada")))
        .to_vec()
}

async fn opens(
    vault: &Vault,
    stream: &StreamName,
    (key, ciphertext): &(KeyName, Vec<u8>),
    scope: Scope,
) -> bool {
    let ring = vault.keyring(&[*key], scope).await.expect("a ring");
    let opened = ring.open(&context(stream, *key), ciphertext);
    assert!(opened.as_deref().is_none_or(|opened| opened == b"Ada"));
    opened.is_some()
}

async fn what_is_sealed_opens(place: Place) {
    let (vault, ada) = (place.vault().await, user(1));
    let stream = StreamName::user(ada);
    vault.create_person(ada, at_second(0)).await.expect("created");
    for value in sealed(&vault, &stream, ada).await {
        assert!(!value.1.windows(3).any(|window| window == b"Ada"));
        assert!(opens(&place.vault().await, &stream, &value, Scope::All).await, "{}", value.0);
    }
}

async fn moved_elsewhere_it_does_not_open(place: Place) {
    let (vault, ada, bob) = (place.vault().await, user(1), user(2));
    let (stream, other_stream) = (StreamName::user(ada), StreamName::user(bob));
    for person in [ada, bob] {
        vault.create_person(person, at_second(0)).await.expect("created");
    }
    let next_month = at_second(40 * 24 * 60 * 60).month();
    vault.sealer(ada, next_month).await.expect("next month's key");
    for (name, ciphertext) in sealed(&vault, &stream, ada).await {
        let next = KeyName { month: Some(next_month), group: Group::Network, person: ada };
        let names: Vec<_> = GROUPS.iter().flat_map(|group| [key(ada, *group), key(bob, *group)]).collect();
        let ring = vault.keyring(&[&names[..], &[next]].concat(), Scope::All).await.expect("a ring");
        let home = context(&stream, name);
        assert!(ring.open(&home, &ciphertext).is_some());
        let moved = [
            SealContext { event_id: EventId(Uuid::from_u128(10)), ..home },
            SealContext { stream: &other_stream, ..home },
            SealContext { event_type: "user.registered.v2", ..home },
            SealContext { key: key(bob, name.group), ..home },
            SealContext { key: next, ..home },
        ];
        assert!(moved.iter().all(|moved| ring.open(moved, &ciphertext).is_none()), "{name}");
        let others = names.iter().filter(|other| **other != name);
        assert!(
            others.map(|key| context(&stream, *key)).all(|moved| ring.open(&moved, &ciphertext).is_none())
        );
        let mut changed = ciphertext.clone();
        changed[0] ^= 1;
        assert!(ring.open(&home, &changed).is_none());
        assert!(ring.open(&home, &ciphertext[..8]).is_none());
    }
}

async fn profiles_never_open_credentials(place: Place) {
    let (vault, ada) = (place.vault().await, user(1));
    let stream = StreamName::user(ada);
    vault.create_person(ada, at_second(0)).await.expect("created");
    for value in sealed(&vault, &stream, ada).await {
        let shown = value.0.group != Group::Credential;
        assert_eq!(opens(&vault, &stream, &value, Scope::Profiles).await, shown, "{}", value.0);
    }
}

async fn an_erased_person_ends_at_once(place: Place) {
    let (vault, ada, bob) = (place.vault().await, user(1), user(2));
    let stream = StreamName::user(ada);
    for person in [ada, bob] {
        vault.create_person(person, at_second(0)).await.expect("created");
    }
    let values = sealed(&vault, &stream, ada).await;
    let elsewhere = place.vault().await;
    for value in &values {
        assert!(opens(&elsewhere, &stream, value, Scope::All).await);
    }
    for _ in 0..2 {
        vault.finish_erasure(ada, at_second(1)).await.expect("erased");
    }
    for value in &values {
        assert!(!opens(&elsewhere, &stream, value, Scope::All).await, "{}", value.0);
    }
    assert!(matches!(elsewhere.sealer(ada, month()).await, Err(VaultError::PersonErased(id)) if id == ada));
    elsewhere.sealer(bob, month()).await.expect("another's keys stay");
}

async fn an_erased_person_does_not_come_back(place: Place) {
    let (vault, ada) = (place.vault().await, user(1));
    vault.finish_erasure(ada, at_second(0)).await.expect("erased");
    vault.create_person(ada, at_second(1)).await.expect("nothing to do");
    assert!(matches!(vault.sealer(ada, month()).await, Err(VaultError::PersonErased(_))));
}

fn erasure(intent: u128, person: UserId, second: i64) -> ErasureDue {
    ErasureDue {
        intent: Uuid::from_u128(intent),
        user: person,
        if_deleted: intent.is_multiple_of(2),
        due_at: at_second(second),
    }
}

async fn an_erasure_is_due_from_its_time_on_until_it_is_finished_or_taken_back(place: Place) {
    let vault = place.vault().await;
    let (ada, bob) = (user(1), user(2));
    let [first, second, third, bobs] = [(1, ada, 5), (2, ada, 3), (3, ada, 900), (4, bob, 4)]
        .map(|(intent, person, due)| erasure(intent, person, due));
    for due in [first, second, third, bobs] {
        vault.create_person(due.user, at_second(0)).await.expect("created");
        vault.note_erasure(&due).await.expect("noted");
    }
    let due = async |second| vault.due_erasures(at_second(second), None, 10).await.expect("a list");
    assert_eq!(due(2).await, []);
    assert_eq!(due(3).await, [second]);
    assert_eq!(due(5).await, [second, bobs, first]);
    assert_eq!(vault.erasures_waiting().await.expect("a number"), 2);
    vault.sealer(ada, month()).await.expect("noted is not finished");

    vault.take_back_erasure(second.intent).await.expect("taken back");
    assert_eq!(due(5).await, [bobs, first], "what others noted stays");
    let later = ErasureDue { due_at: at_second(7), ..bobs };
    vault.note_erasure(&later).await.expect("noted again");
    assert_eq!((due(6).await, due(7).await), (vec![first], vec![first, later]));

    vault.finish_erasure(ada, at_second(8)).await.expect("finished");
    assert_eq!(due(1_000).await, [later], "nothing of hers is due any more");
    vault.create_person(ada, at_second(9)).await.expect("nothing to do");
    assert!(vault.sealer(ada, month()).await.is_err(), "an erasure that is finished stays");
}

async fn what_is_due_comes_page_by_page(place: Place) {
    let vault = place.vault().await;
    // Several at one moment, so that a page ends between them.
    let all: Vec<_> = (1..=7).map(|n| erasure(n, user(n), i64::from(n > 5))).collect();
    for due in all.iter().rev() {
        vault.note_erasure(due).await.expect("noted");
    }
    let (mut seen, mut after) = (vec![], None);
    loop {
        let page = vault.due_erasures(at_second(1), after.as_ref(), 3).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = Some(*last);
        seen.extend(page);
    }
    assert_eq!(seen, all);
}

async fn nobody_seals_for_a_stranger(place: Place) {
    let stranger = place.vault().await.sealer(user(1), month()).await;
    assert!(matches!(stranger, Err(VaultError::PersonErased(_))));
}

async fn of_many_who_create_a_person_at_once_all_get_the_same_keys(place: Place) {
    let ada = user(1);
    let sealers = at_once(&place, 20, |vault, _| async move {
        vault.create_person(ada, at_second(0)).await.expect("created");
        vault.sealer(ada, month()).await.expect("keys")
    });
    let stream = StreamName::user(ada);
    let sealers = sealers.await;
    for key in GROUPS.map(|group| key(ada, group)) {
        let first = sealers[0].seal(&context(&stream, key), b"Ada");
        assert!(sealers.iter().all(|sealer| sealer.seal(&context(&stream, key), b"Ada") == first), "{key}");
    }
}

async fn of_many_who_make_a_month_at_once_all_get_the_same_key(place: Place) {
    let ada = user(1);
    place.vault().await.create_person(ada, at_second(0)).await.expect("created");
    let stream = StreamName::user(ada);
    let sealers =
        at_once(&place, 20, |vault, _| async move { vault.sealer(ada, month()).await.expect("keys") });
    let name = key(ada, Group::Network);
    let sealed: Vec<_> =
        sealers.await.iter().map(|sealer| sealer.seal(&context(&stream, name), b"Ada")).collect();
    assert!(sealed.iter().all(|one| *one == sealed[0]));
}

async fn a_whole_batch_of_people_is_on_one_ring(place: Place) {
    let vault = place.vault().await;
    let people: Vec<_> = (1..=40).map(user).collect();
    let stream: StreamName = "user-batch".parse().expect("a name");
    let mut values = Vec::new();
    for person in &people {
        vault.create_person(*person, at_second(0)).await.expect("created");
        values.extend(sealed(&vault, &stream, *person).await);
    }
    vault.finish_erasure(user(7), at_second(1)).await.expect("erased");
    let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
    let ring = vault.keyring(&names, Scope::All).await.expect("a ring");
    for (name, ciphertext) in &values {
        let opened = ring.open(&context(&stream, *name), ciphertext);
        assert_eq!(opened.is_some(), name.person != user(7), "{name}");
    }
    let nobody = vault.keyring(&[], Scope::All).await.expect("a ring");
    assert!(nobody.open(&context(&stream, names[0]), &values[0].1).is_none());
}

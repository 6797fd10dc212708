//! Pictures: sealed, one person's own, and gone with them.

use super::on_every_engine;
use crate::place::{Place, at_second, user};
use events::PictureId;
use store::vault::VaultError;
use uuid::Uuid;

on_every_engine! {
    a_picture_is_kept_under_its_name,
    what_is_superseded_goes_and_what_is_under_way_stays,
    an_erased_persons_pictures_are_gone_and_none_comes_after,
}

const FIRST: PictureId = PictureId(Uuid::from_u128(1));
const SECOND: PictureId = PictureId(Uuid::from_u128(2));

async fn a_picture_is_kept_under_its_name(place: Place) {
    let (vault, ada, bob) = (place.vault().await, user(1), user(2));
    for person in [ada, bob] {
        vault.create_person(person, at_second(0)).await.expect("created");
    }
    for _ in 0..2 {
        vault.keep_picture(ada, FIRST, b"a picture", at_second(0)).await.expect("kept");
    }
    let elsewhere = place.vault().await;
    assert_eq!(elsewhere.picture(ada, FIRST).await.expect("read").as_deref(), Some(&b"a picture"[..]));
    assert_eq!(elsewhere.picture(ada, SECOND).await.expect("read"), None);
    assert_eq!(elsewhere.picture(bob, FIRST).await.expect("read"), None);
    vault.drop_picture(ada, FIRST).await.expect("dropped");
    assert_eq!(elsewhere.picture(ada, FIRST).await.expect("read"), None);
}

async fn what_is_superseded_goes_and_what_is_under_way_stays(place: Place) {
    let (vault, ada) = (place.vault().await, user(1));
    let third = PictureId(Uuid::from_u128(3));
    vault.create_person(ada, at_second(0)).await.expect("created");
    for (id, second) in [(FIRST, 0), (SECOND, 1), (third, 20)] {
        vault.keep_picture(ada, id, b"a picture", at_second(second)).await.expect("kept");
    }
    vault.drop_other_pictures(ada, SECOND, at_second(10)).await.expect("dropped");
    for (id, there) in [(FIRST, false), (SECOND, true), (third, true)] {
        assert_eq!(vault.picture(ada, id).await.expect("read").is_some(), there, "{id}");
    }
}

async fn an_erased_persons_pictures_are_gone_and_none_comes_after(place: Place) {
    let (vault, ada, bob) = (place.vault().await, user(1), user(2));
    for person in [ada, bob] {
        vault.create_person(person, at_second(0)).await.expect("created");
        vault.keep_picture(person, FIRST, b"a picture", at_second(0)).await.expect("kept");
    }
    vault.finish_erasure(ada, at_second(1)).await.expect("erased");
    assert_eq!(vault.picture(ada, FIRST).await.expect("read"), None);
    assert!(vault.picture(bob, FIRST).await.expect("read").is_some());
    let late = vault.keep_picture(ada, SECOND, b"a picture", at_second(2)).await;
    assert!(matches!(late, Err(VaultError::PersonErased(id)) if id == ada));
    // Nothing is left in the table itself.
    let rows: i64 = place.count("pictures").await;
    assert_eq!(rows, 1);
}

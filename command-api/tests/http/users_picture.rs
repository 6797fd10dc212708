//! `PUT /users/{id}/picture`, `DELETE /users/{id}/picture`

use crate::house::{Answer, Guest, House};
use events::{Fact, PictureChanged, PictureId, StreamName, UserId};
use image::{ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// A picture of one colour.
pub(crate) fn png(red: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = RgbImage::from_pixel(40, 20, Rgb([red, 0, 0]));
    image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("written");
    bytes
}

/// The form that a file is sent in, between lines of `edge`.
pub(crate) fn form(file: &[u8]) -> Vec<u8> {
    let head = b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../me.png\"\r\n\r\n";
    [&head[..], file, b"\r\n--edge--\r\n"].concat()
}

async fn put(house: &House, by: &Guest, id: UserId, file: &[u8]) -> Answer {
    let asking = house.put(&format!("/users/{id}/picture")).by(by);
    asking.raw("multipart/form-data; boundary=edge", &form(file)).send().await
}

/// What the stream tells of pictures, the first first.
async fn pictures(house: &House, id: UserId) -> Vec<PictureChanged> {
    let facts = house.facts(&StreamName::user(id)).await.into_iter();
    facts.filter_map(|fact| if let Fact::PictureChanged(fact) = fact { Some(fact) } else { None }).collect()
}

async fn kept(house: &House, id: UserId, picture: PictureId) -> Option<Vec<u8>> {
    house.vault.picture(id, picture).await.expect("read")
}

#[tokio::test]
async fn a_picture_is_kept_outside_the_log_and_only_the_last_one() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let answer = put(&house, &ada, ada.id, &png(200)).await.must_be(200);
    assert_eq!((answer.header("etag"), &answer.body()["version"]), (Some("\"2\""), &2.into()));
    let first = pictures(&house, ada.id).await.remove(0);
    let file = kept(&house, ada.id, first.picture_id).await.expect("a file");
    let told = first.picture.open().expect("open");
    assert_eq!((told.width, told.height, told.media_type.as_str()), (40, 20, "image/jpeg"));
    assert!(file.starts_with(b"\xFF\xD8"));
    assert!(!house.kept().windows(64).any(|window| window == &file[..64]), "it lies sealed");

    put(&house, &ada, ada.id, &png(200)).await.must_be(200);
    assert_eq!(house.told_of(ada.id).await.len(), 2, "the same picture says nothing new");
    put(&house, &ada, ada.id, &png(100)).await.must_be(200);
    let second = pictures(&house, ada.id).await.remove(1);
    assert!(kept(&house, ada.id, first.picture_id).await.is_none());
    assert!(kept(&house, ada.id, second.picture_id).await.is_some());

    let path = format!("/users/{}/picture", ada.id);
    for _ in 0..2 {
        house.delete(&path).by(&ada).send().await.must_be(204);
    }
    assert!(kept(&house, ada.id, second.picture_id).await.is_none());
    let told = house.told_of(ada.id).await;
    assert_eq!(told[1..], ["user.picture_changed", "user.picture_changed", "user.picture_removed"]);
}

#[tokio::test]
async fn an_erased_persons_picture_is_gone_from_the_vault() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    put(&house, &ada, ada.id, &png(200)).await.must_be(200);
    let picture = pictures(&house, ada.id).await.remove(0);
    house.post(&format!("/users/{}/erasure", ada.id)).by(&admin).send().await.must_be(202);
    assert!(kept(&house, ada.id, picture.picture_id).await.is_none());
    assert!(
        pictures(&house, ada.id).await[0].picture.open().is_none(),
        "nor does its hash tell whose it was"
    );
    put(&house, &admin, ada.id, &png(200)).await.must_say(404, "not-found");
}

#[tokio::test]
async fn a_file_that_is_no_picture_changes_nothing() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    for (file, code) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "picture_type"),
        (png(1)[..60].to_vec(), "picture_broken"),
        ([png(1), vec![0; 1 << 20]].concat(), "picture_too_large"),
    ] {
        put(&house, &ada, ada.id, &file).await.must_refuse("/file", code);
    }
    put(&house, &ada, ada.id, &vec![0; 2 << 20]).await.must_say(413, "content-too-large");
    assert_eq!(house.told_of(ada.id).await, ["user.registered"]);
}

#[tokio::test]
async fn a_picture_is_ones_own_or_takes_a_permission() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (ada, eve) = (house.guest("ada@x.io").await, house.guest("eve@x.io").await);
    put(&house, &eve, ada.id, &png(200)).await.must_say(404, "not-found");
    let path = format!("/users/{}/picture", ada.id);
    house.delete(&path).by(&eve).send().await.must_say(404, "not-found");
    put(&house, &admin, ada.id, &png(200)).await.must_be(200);
    house.delete(&path).by(&admin).send().await.must_be(204);
}

#[tokio::test]
async fn of_two_who_change_a_picture_at_once_the_last_one_is_there() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let path = format!("/users/{}/picture", ada.id);
    for round in 0..4_u8 {
        // Pictures are made one at a time: whoever finds somebody at it is asked to come again.
        let (one, two) = (png(round * 20 + 10), png(round * 20 + 20));
        let answers = tokio::join!(put(&house, &ada, ada.id, &one), put(&house, &ada, ada.id, &two));
        for answer in [answers.0, answers.1] {
            assert!([200, 503].contains(&answer.status.as_u16()), "{answer:?}");
        }
        let last = pictures(&house, ada.id).await.pop().expect("a picture");
        assert!(kept(&house, ada.id, last.picture_id).await.is_some());
    }
    house.delete(&path).by(&ada).send().await.must_be(204);
}

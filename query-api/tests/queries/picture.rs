//! `GET /users/{id}/picture`

use crate::world::{Somebody, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use events::{Fact, Personal, Picture, PictureChanged, PictureId, PictureType};
use http::header;

const FILE: &[u8] = b"\x89PNG as far as anybody looks";

async fn shown(world: &mut World, somebody: &Somebody, sha256: &str) -> PictureId {
    let picture_id = PictureId(world.fresh_id());
    let now = world.clock.now();
    world.vault.keep_picture(somebody.user, picture_id, FILE, now).await.expect("kept");
    let picture = Picture { sha256: sha256.into(), media_type: PictureType::Png, width: 3, height: 2 };
    let fact = PictureChanged { picture_id, picture: Personal::Open(picture) };
    world.tell_of(somebody.user, Fact::PictureChanged(fact)).await;
    picture_id
}

fn path(somebody: &Somebody) -> String {
    format!("/api/v1/users/{}/picture", somebody.user)
}

#[tokio::test]
async fn a_picture_is_answered_as_what_it_is_and_harms_nobody() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    assert_eq!(world.get(&path(&ada), &ada).await.status, 404);
    shown(&mut world, &ada, "abc").await;
    let answer = world.get(&path(&ada), &ada).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (200, FILE));
    for (name, value) in [
        (header::CONTENT_TYPE, "image/png"),
        (header::ETAG, "\"abc\""),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.headers[&name], value, "{name}");
    }
    let asked = |tag: &'static str| ada.request(&path(&ada)).header(header::IF_NONE_MATCH, tag);
    let known = world.ask(asked("W/\"x\", \"abc\"")).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    assert_eq!(world.ask(asked("\"abd\"")).await.status, 200);
}

#[tokio::test]
async fn who_may_see_somebody_sees_their_picture() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let eve = world.somebody("Eve", &["user"]).await;
    let auditor = world.somebody("Max", &["auditor"]).await;
    shown(&mut world, &ada, "abc").await;
    assert_eq!(world.get(&path(&ada), &eve).await.status, 404);
    assert_eq!(world.get(&path(&ada), &auditor).await.status, 200);
}

#[tokio::test]
async fn what_was_taken_away_or_erased_is_not_there() {
    let mut world = World::new().await;
    let auditor = world.somebody("Max", &["auditor"]).await;
    let ada = world.somebody("Ada", &["user"]).await;
    shown(&mut world, &ada, "abc").await;
    world.tell_of(ada.user, Fact::PictureRemoved).await;
    assert_eq!(world.get(&path(&ada), &auditor).await.status, 404);
    shown(&mut world, &ada, "abd").await;
    assert_eq!(world.get(&path(&ada), &auditor).await.status, 200);
    world.erase(ada.user).await;
    assert_eq!(world.get(&path(&ada), &auditor).await.status, 404);
}

#[tokio::test]
async fn whoever_sees_a_person_sees_which_picture_they_have() {
    let mut world = World::new().await;
    let auditor = world.somebody("Max", &["auditor"]).await;
    let ada = world.somebody("Ada", &["user"]).await;
    let (one, list) = (format!("/api/v1/users/{}", ada.user), "/api/v1/users?q=ada");
    let told = async |world: &World| {
        let (one, list) = (world.get(&one, &auditor).await.json(), world.get(list, &auditor).await.json());
        assert_eq!(one["picture"], list["items"][0]["picture"]);
        one["picture"].clone()
    };
    assert!(told(&world).await.is_null());
    shown(&mut world, &ada, "abc").await;
    assert_eq!(told(&world).await, "abc");
    shown(&mut world, &ada, "abd").await;
    assert_eq!(told(&world).await, "abd");
    world.tell_of(ada.user, Fact::PictureRemoved).await;
    assert!(told(&world).await.is_null());
    shown(&mut world, &ada, "abe").await;
    world.erase(ada.user).await;
    assert!(world.get(&one, &auditor).await.json()["picture"].is_null());
}

#[tokio::test]
async fn an_export_holds_the_picture() {
    let mut world = World::new().await;
    let ada = world.somebody("Ada", &["user"]).await;
    let export = format!("/api/v1/users/{}/export", ada.user);
    assert!(world.get(&export, &ada).await.json()["picture"].is_null());
    shown(&mut world, &ada, "abc").await;
    let held = &world.get(&export, &ada).await.json()["picture"];
    assert_eq!(held["media_type"], "image/png");
    assert_eq!(STANDARD.decode(held["data"].as_str().expect("a text")).expect("base64"), FILE);
}

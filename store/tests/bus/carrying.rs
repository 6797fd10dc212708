//! What the stream holds.

use crate::{
    records::{sized, stream},
    world::{World, append, eventually},
};
use async_nats::jetstream::stream::StorageType;
use events::{Position, Version};
use futures_util::future::join_all;
use std::time::Duration;

pub(crate) async fn the_stream_is_an_exact_copy(world: World) {
    let _relay = world.relay().await;
    let admin = world.admin().await;
    join_all((0..16).map(|n| append_many(&world, n))).await;
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!(copy.after, Some(Position::START));
    assert_eq!(copy.records.len(), 16 * 60);
    copy.is_the_tail_of(&world.log).await;
}

async fn append_many(world: &World, n: u64) {
    append(&world.log, &format!("user-{n}"), 0, 60).await;
}

pub(crate) async fn long_names_and_large_records_are_carried(world: World) {
    let admin = world.admin().await;
    let _relay = world.relay().await;
    let long = "é".repeat(100);
    for name in ["user-a.b.c", "role- * >", ".", "-", "a b\u{2003}c", &long, &"*".repeat(200)] {
        let name = stream(name);
        let large = sized(world.log.id(), &name, 1, 50 * 1024);
        world.log.append(&name, Version::NONE, vec![large]).await.expect("appended");
    }
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!(copy.records.len(), 7);
    copy.is_the_tail_of(&world.log).await;
}

pub(crate) async fn a_late_relay_leaves_what_was_before_to_the_log(world: World) {
    let before = world.append("user-1", 40).await;
    let _relay = world.relay().await;
    world.append("user-2", 3).await;
    let admin = world.admin().await;
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!((copy.after, copy.records.len()), (Some(before), 3));
    copy.is_the_tail_of(&world.log).await;
}

pub(crate) async fn the_stream_is_made_as_it_must_be_and_mended(world: World) {
    let _relay = world.relay().await;
    world.append("user-1", 1).await;
    let admin = world.admin().await;
    let made = admin.info().await.config;
    assert_eq!(made.storage, StorageType::File);
    assert!(made.deny_delete && made.deny_purge && made.allow_direct);
    assert!(made.max_bytes > 0 && made.max_age > Duration::ZERO);
    assert_eq!(made.subjects, ["evident.>"]);
    assert!(made.description.as_ref().is_some_and(|text| text.ends_with(&world.log.id().to_string())));
    let batches = world.program == crate::server::Program::New;
    assert_eq!(made.allow_atomic_publish, batches);
    admin
        .configure(|config| {
            config.max_messages = 1;
            config.max_age = Duration::from_secs(300);
        })
        .await;
    eventually("the configuration is mended", async || admin.info().await.config == made).await;
}

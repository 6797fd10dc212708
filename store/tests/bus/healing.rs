//! Streams that lost something.

use crate::{
    stream::Admin,
    world::{World, append, eventually},
};
use events::Position;
use std::time::Duration;

/// Empties the stream, as a purge would if it were not denied: every message is too old at once. The relay mends that
/// every few seconds, perhaps before the server looked; then it is said again.
async fn empty(admin: &Admin) {
    let short = Duration::from_millis(100);
    eventually("the stream is empty", async || {
        if admin.info().await.config.max_age != short {
            admin.configure(|config| (config.max_age, config.duplicate_window) = (short, short)).await;
        }
        admin.info().await.state.messages == 0
    })
    .await;
}

pub(crate) async fn an_emptied_stream_is_gone_on_with(world: World) {
    let _relay = world.relay().await;
    let admin = world.admin().await;
    world.append("user-1", 20).await;
    world.relayed(&admin).await;
    empty(&admin).await;
    world.append("user-2", 20).await;
    // The relay mends the stream's age, so what it publishes from then on stays.
    eventually("the age is mended", async || admin.info().await.config.max_age > Duration::from_secs(60))
        .await;
    world.append("user-3", 20).await;
    world.relayed(&admin).await;
    admin.copy().await.is_the_tail_of(&world.log).await;
}

/// JetStream remembers the message ids of ten records that were deleted since, and would store nothing that comes with
/// one of them again, and say that all is well.
pub(crate) async fn what_is_published_again_within_the_window_for_duplicates_is_there_again(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    world.append("user-1", 10).await;
    world.relayed(&admin).await;
    let shorter = admin.info().await.state.last_sequence;
    world.append("user-2", 10).await;
    world.relayed(&admin).await;
    drop(relay);
    // Nothing can be deleted from a stream of ours: so it is made again without that, and filled with ids.
    let copy = admin.copy().await;
    let mut config = admin.info().await.config;
    (config.deny_purge, config.deny_delete) = (false, false);
    admin.delete_stream().await;
    let stream = admin.jetstream.create_stream(config).await.expect("a stream");
    for (stored, after) in copy.records.iter().zip(0..) {
        admin.forge(&stored.record, stored.position.0, after).await;
    }
    for sequence in shorter + 1..=stream.get_info().await.expect("info").state.last_sequence {
        stream.delete_message(sequence).await.expect("deleted");
    }
    assert_eq!(admin.copy().await.records.len(), 10);
    let _relay = world.relay().await;
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!((copy.after, copy.records.len()), (Some(Position::START), 20));
    copy.is_the_tail_of(&world.log).await;
}

pub(crate) async fn a_deleted_stream_is_made_and_filled_again(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    for round in 0..3 {
        let last = append(&world.log, &format!("user-{round}"), 0, 30).await;
        // It goes on from where it saw the stream end, which is there before NATS has told it so.
        eventually("the relay knows it", async || relay.bus.state().relayed == Some(last)).await;
        admin.delete_stream().await;
        append(&world.log, &format!("user-{round}"), 30, 10).await;
        world.relayed(&admin).await;
        let copy = admin.copy().await;
        assert_eq!(copy.records.len(), 10, "it goes on where it ended");
        copy.is_the_tail_of(&world.log).await;
    }
}

/// NATS comes back with what it held some time ago, as after a power cut that took what it had not written to disk.
pub(crate) async fn a_tail_that_nats_lost_is_published_again(world: World) {
    let _relay = world.relay().await;
    let admin = world.admin().await;
    world.append("user-1", 30).await;
    world.relayed(&admin).await;
    let before = admin.copy().await;
    world.server.kill();
    let saved = world.server.save();
    world.server.start_again();
    world.append("user-2", 30).await;
    world.relayed(&admin).await;
    world.server.kill();
    world.server.put_back(&saved);
    world.server.start_again();
    // Nothing is appended: it heals by itself.
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!((copy.after, copy.records.len()), (before.after, before.records.len() + 30));
    copy.is_the_tail_of(&world.log).await;
}

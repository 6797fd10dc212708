//! Followers of a log that the bus carries.

use crate::{
    records::{record, stream},
    stream::Admin,
    world::{PATIENCE, Relaying, World, append, eventually},
};
use events::{Position, Record};
use std::time::Duration;
use store::log::{Follower, Log, LogError};
use tokio::time::timeout;

/// Reads until a position, next by next.
async fn read_until(follower: &mut Follower, last: Position) {
    while follower.position() < last {
        let mut before = follower.position();
        let batch = timeout(PATIENCE, follower.next(70)).await.expect("in time").expect("read");
        assert!(!batch.is_empty() && batch.len() <= 70);
        for stored in batch {
            assert_eq!(stored.position, before.next(), "neither lost nor repeated");
            before = stored.position;
        }
    }
}

/// Whether a follower at the log's end is told by the bus: it is handed what the log does not hold.
async fn is_told_by_the_bus(follower: &mut Follower, log: &Log, admin: &Admin) {
    let end = follower.position();
    let forged: Record = record(log.id(), &stream("user-forged"), 1);
    admin.forge(&forged, end.0 + 1, end.0).await;
    let told = timeout(PATIENCE, follower.next(10)).await.expect("in time").expect("told");
    assert_eq!(told.iter().map(|stored| &stored.record).collect::<Vec<_>>(), [&forged]);
    let behind = timeout(PATIENCE, follower.next(10)).await.expect("in time");
    assert!(matches!(behind, Err(LogError::Behind { .. })), "{behind:?}");
}

/// Waits until a follower at the log's end would be told by the bus.
async fn subscribed(admin: &Admin, consumers: usize) {
    eventually("it subscribes", async || admin.info().await.state.consumer_count >= consumers).await;
}

/// From the beginning, over the seam and live: the same records at the same positions, whatever these are.
pub(crate) async fn a_follower_sees_what_the_log_holds(world: World) {
    let relay = world.relay().await;
    append(&world.log, "user-1", 0, 50).await;
    let mut follower = world.elsewhere().await.follow(Position::START);
    let (last, ()) = tokio::join!(append(&world.log, "user-2", 0, 50), async {
        timeout(PATIENCE, follower.next(10)).await.expect("in time").expect("read");
    });
    let mut seen = world.log.read_all(Position::START, 10).await.expect("the log answers");
    while follower.position() < last {
        seen.extend(timeout(PATIENCE, follower.next(70)).await.expect("in time").expect("read"));
    }
    drop(relay);
    let held = world.log.read_all(Position::START, 1_000).await.expect("the log answers");
    assert_eq!(held.len(), 100);
    assert!(
        seen.iter()
            .map(|stored| (stored.position, stored.record.bytes()))
            .eq(held.iter().map(|stored| (stored.position, stored.record.bytes())))
    );
}

pub(crate) async fn a_follower_catches_up_and_goes_live_over_the_bus(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    append(&world.log, "user-1", 0, 200).await;
    world.relayed(&admin).await;
    let mut follower = world.elsewhere().await.follow(Position::START);
    let (last, ()) =
        tokio::join!(append(&world.log, "user-2", 0, 200), read_until(&mut follower, Position(400)));
    assert_eq!(last, Position(400));
    read_until(&mut follower, append(&world.log, "user-3", 0, 5).await).await;
    world.relayed(&admin).await;
    drop(relay);
    is_told_by_the_bus(&mut follower, &world.log, &admin).await;
}

/// The stream is deleted with what the follower has not seen yet, and goes on behind it.
pub(crate) async fn a_gap_is_filled_from_the_log(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    append(&world.log, "user-1", 0, 20).await;
    world.relayed(&admin).await;
    let mut follower = world.elsewhere().await.follow(Position::START);
    read_until(&mut follower, Position(20)).await;
    drop(relay);
    admin.delete_stream().await;
    append(&world.log, "user-2", 0, 20).await;
    // A relay that knows nothing of before begins at the log's end.
    let _relay = world.relay().await;
    read_until(&mut follower, append(&world.log, "user-3", 0, 20).await).await;
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!(copy.after, Some(Position(40)), "21 to 40 were in the log only");
    copy.is_the_tail_of(&world.log).await;
}

pub(crate) async fn a_follower_without_nats_follows_the_log(world: World) {
    world.server.kill();
    let mut follower = world.elsewhere().await.follow(Position::START);
    append(&world.log, "user-1", 0, 20).await;
    read_until(&mut follower, Position(20)).await;
    let (last, ()) =
        tokio::join!(append(&world.log, "user-2", 0, 20), read_until(&mut follower, Position(40)));
    assert_eq!(last, Position(40));
}

/// NATS is there, and nobody publishes: no relay runs.
pub(crate) async fn a_follower_whose_bus_brings_nothing_follows_the_log(world: World) {
    let admin = world.admin().await;
    {
        let relay = world.relay().await;
        append(&world.log, "user-1", 0, 5).await;
        world.relayed(&admin).await;
        drop(relay);
    }
    let mut follower = world.elsewhere().await.follow(Position::START);
    read_until(&mut follower, Position(5)).await;
    subscribed(&admin, 1).await;
    for n in 0..5 {
        let last = append(&world.log, &format!("user-2-{n}"), 0, 1).await;
        read_until(&mut follower, last).await;
    }
}

pub(crate) async fn a_follower_comes_back_to_the_bus_after_each_outage(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    append(&world.log, "user-1", 0, 5).await;
    world.relayed(&admin).await;
    let mut follower = world.elsewhere().await.follow(Position::START);
    read_until(&mut follower, Position(5)).await;
    subscribed(&admin, 1).await;
    assert!(admin.delete_consumers().await > 0);
    read_until(&mut follower, append(&world.log, "user-2", 0, 5).await).await;
    world.server.restart();
    read_until(&mut follower, append(&world.log, "user-3", 0, 5).await).await;
    world.relayed(&admin).await;
    admin.delete_stream().await;
    read_until(&mut follower, append(&world.log, "user-4", 0, 5).await).await;
    world.relayed(&admin).await;
    subscribed(&admin, 1).await;
    drop(relay);
    is_told_by_the_bus(&mut follower, &world.log, &admin).await;
}

/// More is appended than is kept for followers while this one sleeps.
pub(crate) async fn a_slow_follower_misses_nothing(world: World) {
    let _relay: Relaying = world.relay().await;
    let log = world.elsewhere().await;
    let mut follower = log.follow(Position::START);
    append(&world.log, "user-0", 0, 1).await;
    read_until(&mut follower, Position(1)).await;
    for n in 1..=6 {
        let name = stream(&format!("user-{n}"));
        let many = (1..=1_000).map(|version| record(world.log.id(), &name, version)).collect();
        world.log.append(&name, events::Version::NONE, many).await.expect("appended");
    }
    world.relayed(&world.admin().await).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    read_until(&mut follower, Position(6_001)).await;
}

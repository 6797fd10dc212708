//! Several relays at once.

use crate::world::{Relaying, World, append};
use futures_util::future::join_all;
use std::time::{Duration, Instant};

pub(crate) async fn of_many_relays_each_record_is_published_by_one(world: World) {
    let mut relays = vec![world.relay().await];
    let mut logs = vec![world.log.clone()];
    for _ in 0..2 {
        let log = world.engine.reopen().await;
        relays.push(Relaying::start(log.clone(), world.bus().await));
        logs.push(log);
    }
    for relay in &relays {
        relay.looked().await;
    }
    let writers = (0..24).map(|n| {
        let (log, name) = (logs[n % 3].clone(), format!("user-{n}"));
        async move { append(&log, &name, 0, 50).await }
    });
    join_all(writers).await;
    let admin = world.admin().await;
    world.relayed(&admin).await;
    let copy = admin.copy().await;
    assert_eq!(copy.records.len(), 24 * 50);
    copy.is_the_tail_of(&world.log).await;
}

/// Two processes append in turns, each with a relay, and a third one follows.
#[expect(clippy::print_stdout, reason = "what was measured, for who asks with --nocapture")]
pub(crate) async fn what_a_losing_relays_process_appends_is_carried_in_milliseconds(world: World) {
    let other = world.engine.reopen().await;
    let relays = [world.relay().await, Relaying::start(other.clone(), world.bus().await)];
    for relay in &relays {
        relay.looked().await;
    }
    let mut follower = world.elsewhere().await.follow(events::Position::START);
    let mut took = Vec::new();
    for turn in 0..60 {
        let log = [&world.log, &other][turn % 2];
        let last = append(log, &format!("user-{turn}"), 0, 1).await;
        let appended = Instant::now();
        while follower.position() < last {
            follower.next(100).await.expect("followed");
        }
        took.push(appended.elapsed());
        // Not paced by what is measured, and long enough for pollers to grow slow.
        tokio::time::sleep(Duration::from_millis(turn as u64 * 7 % 60)).await;
    }
    took.sort();
    println!("from append to follower: p50 {:?}, p90 {:?}, max {:?}", took[30], took[54], took[59]);
    assert!(took[30] < Duration::from_millis(40), "p50 {:?}", took[30]);
    let admin = world.admin().await;
    world.relayed(&admin).await;
    admin.copy().await.is_the_tail_of(&world.log).await;
}

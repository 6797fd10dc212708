//! Several relays at once.

use crate::world::{PATIENCE, Relaying, World, append};
use events::Position;
use futures_util::future::join_all;
use std::time::{Duration, Instant};
use store::log::{Follower, Log};

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

/// Two processes append in turns, each with a relay, and a third one follows. How long that takes says something about
/// the machine too; so beside it, turn by turn, one process that has nobody to lose to does the same. A busy machine may
/// slow down the one and not the other, and does not do so three times in a row.
#[expect(clippy::print_stdout, reason = "what was measured, for who asks with --nocapture")]
pub(crate) async fn what_a_losing_relays_process_appends_is_carried_in_milliseconds(world: World) {
    let alone = World::new(world.another_engine().await, world.program).await;
    let other = world.engine.reopen().await;
    let relays =
        [world.relay().await, Relaying::start(other.clone(), world.bus().await), alone.relay().await];
    for relay in &relays {
        relay.looked().await;
    }
    let mut follower = world.elsewhere().await.follow(Position::START);
    let mut follower_alone = alone.elsewhere().await.follow(Position::START);
    let mut medians = Vec::new();
    for series in 1..=3 {
        let (mut took, mut took_alone) = (Vec::new(), Vec::new());
        for turn in 0..60 {
            let name = format!("user-{series}-{turn}");
            took.push(carried([&world.log, &other][turn % 2], &name, &mut follower).await);
            took_alone.push(carried(&alone.log, &name, &mut follower_alone).await);
            // Not paced by what is measured, and long enough for pollers to grow slow.
            tokio::time::sleep(Duration::from_millis(turn as u64 * 7 % 60)).await;
        }
        took.sort();
        took_alone.sort();
        println!(
            "from append to follower: p50 {:?}, p90 {:?}, max {:?}; alone p50 {:?}",
            took[30], took[54], took[59], took_alone[30]
        );
        medians.push((took[30], took_alone[30]));
        if took[30] < Duration::from_millis(40).max(took_alone[30] * 8) {
            break;
        }
        assert!(series < 3, "p50, and alone: {medians:?}");
    }
    let admin = world.admin().await;
    world.relayed(&admin).await;
    admin.copy().await.is_the_tail_of(&world.log).await;
}

/// How long it takes from an append until a follower elsewhere has it.
async fn carried(log: &Log, name: &str, follower: &mut Follower) -> Duration {
    let last = append(log, name, 0, 1).await;
    let appended = Instant::now();
    let following = async {
        while follower.position() < last {
            follower.next(100).await.expect("followed");
        }
    };
    tokio::time::timeout(PATIENCE, following).await.expect("carried at all");
    appended.elapsed()
}

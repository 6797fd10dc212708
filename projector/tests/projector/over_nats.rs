//! Over NATS, tables become what they become without it, whoever dies.

use crate::{
    exactly_once::OtherProcess,
    teller::Teller,
    world::{Nats, Projecting, World, eventually, open},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};
use store::{bus::Bus, relay};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// What this process counts.
static COUNTED: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().expect("nobody else counts"));
/// Held by who looks at it, so that nobody else is told over a bus meanwhile.
static ALONE: Mutex<()> = Mutex::const_new(());

on_each_engine!(what_is_told_over_nats_is_shown_whatever_befalls_it, a_projector_that_stands_by_takes_over,);

/// A relay, and a projector elsewhere that is told over NATS; NATS is killed under them, and for a time away.
async fn what_is_told_over_nats_is_shown_whatever_befalls_it(world: World) {
    let _alone = ALONE.lock().await;
    let before = brought();
    let nats = Nats::start();
    let stop = CancellationToken::new();
    let bus = Bus::connect(&nats.url, 1).await.expect("a bus");
    let relaying = tokio::spawn(relay::run(world.log.clone(), bus.clone(), stop.clone()));
    eventually("the relay looked", async || bus.state().relayed.is_some()).await;
    let (log, vault, models) = open(&world.urls).await;
    let projecting = Projecting::start(log.carried_by(&bus), vault, models);
    let mut teller = Teller::new(&world, 6);
    for _ in 0..3 {
        teller.tell(60).await;
        nats.restart();
        teller.tell(60).await;
        world.caught_up().await;
    }
    nats.kill();
    teller.tell(60).await;
    world.caught_up().await;
    nats.start_again();
    teller.tell(60).await;
    let head = world.caught_up().await;
    eventually("the stream has it too", async || bus.state().relayed == Some(head)).await;
    assert!(brought() > before, "the bus brought nothing");
    is_told_again(&world, &mut teller).await;
    projecting.stop().await.expect("a projector stops when it is told to");
    stop.cancel();
    relaying.await.expect("a relay stops when it is told to");
    world.equals_a_rebuild().await;
}

/// Now that NATS is back, the projector is told over it, and no longer by the log alone.
async fn is_told_again(world: &World, teller: &mut Teller<'_>) {
    let (before, deadline) = (brought(), Instant::now() + Duration::from_secs(30));
    while brought() == before {
        assert!(Instant::now() < deadline, "the bus is back, and brings nothing");
        teller.tell(1).await;
        world.caught_up().await;
    }
}

/// How many records followers of this process took from the bus.
fn brought() -> u64 {
    let told = COUNTED.render();
    let count =
        told.lines().find_map(|line| line.strip_prefix("evident_follower_records_total{source=\"bus\"} "));
    count.map_or(0, |count| count.parse().expect("a number"))
}

/// Of two projectors the one that is there longer is killed with SIGKILL, again and again; whichever of the two writes
/// at that moment, the tables follow on.
async fn a_projector_that_stands_by_takes_over(world: World) {
    let mut teller = Teller::new(&world, 7);
    let mut older = OtherProcess::start(&world.urls);
    teller.tell(20).await;
    world.caught_up().await;
    for _ in 0..4 {
        let mut newer = OtherProcess::start(&world.urls);
        newer.until_it_begins();
        // They race for an event or two until one is fenced off, and from then on it only looks.
        for _ in 0..10 {
            teller.tell(5).await;
            world.caught_up().await;
        }
        drop(std::mem::replace(&mut older, newer));
        teller.tell(20).await;
        world.caught_up().await;
    }
    drop(older);
    world.equals_a_rebuild().await;
}

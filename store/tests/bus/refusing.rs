//! What is refused, and said.

use crate::{
    server::Server,
    world::{Relaying, World, append},
};
use store::bus::Bus;

pub(crate) async fn the_stream_of_another_log_is_not_touched(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    world.append("user-1", 5).await;
    world.relayed(&admin).await;
    let config = admin.info().await.config;
    drop(relay);
    let other = world.another_engine().await.log().await;
    let stranger = Relaying::start(other.clone(), world.bus().await);
    append(&other, "user-1", 0, 5).await;
    stranger.trouble(&[&other.id().to_string(), &world.log.id().to_string()]).await;
    // Its followers have the log all the same.
    let mut follower = other.carried_by(&world.bus().await).follow(events::Position::START);
    assert_eq!(follower.next(10).await.expect("followed").len(), 5);
    assert_eq!(admin.info().await.config, config);
    admin.copy().await.is_the_tail_of(&world.log).await;
}

/// As after the restore of an older backup of the log.
pub(crate) async fn a_log_behind_its_stream_is_not_carried(world: World) {
    let relay = world.relay().await;
    let admin = world.admin().await;
    world.append("user-1", 5).await;
    world.relayed(&admin).await;
    drop(relay);
    let record = crate::records::record(world.log.id(), &crate::records::stream("user-2"), 1);
    admin.forge(&record, 6, 5).await;
    let relay = Relaying::start(world.log.clone(), world.bus().await);
    relay.trouble(&["ends at 5"]).await;
}

pub(crate) async fn a_wrong_password_is_waited_out(world: World) {
    let guarded = Server::start_for(world.program, "evident", "p%40ss");
    let at = guarded.url.rsplit_once('@').expect("a user").1.to_owned();
    let bus = Bus::connect(&format!("nats://evident:wrong@{at}"), 1).await.expect("it is tried for ever");
    let relay = Relaying::start(world.log.clone(), bus);
    let trouble = relay.trouble(&[]).await;
    assert!(!trouble.contains("wrong"), "{trouble}");
    assert!(!relay.bus.state().connected);
    drop(relay);
    // A literal percent sign is escaped in a URL; one of two servers is enough.
    let urls = format!("nats://evident:p%2540ss@127.0.0.1:1, nats://{at}");
    let relay = Relaying::start(world.log.clone(), Bus::connect(&urls, 1).await.expect("a bus"));
    relay.looked().await;
    assert!(relay.bus.state().connected);
    let mixed = Bus::connect("nats://one,http://two", 1).await;
    assert!(mixed.is_err(), "{mixed:?}");
}

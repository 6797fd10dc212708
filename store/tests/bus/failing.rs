//! Real servers and real processes, really killed, under load.

use crate::{
    child::Running,
    engine::Engine,
    world::{World, append, eventually},
};
use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::task::spawn_blocking;

pub(crate) async fn nats_killed_again_and_again_loses_nothing(world: World) {
    let _relay = world.relay().await;
    let mut follower = world.elsewhere().await.follow(events::Position::START);
    let load = join_all((0..8).map(|n| load(&world, n)));
    let killing = async {
        for round in 0..4_u64 {
            tokio::time::sleep(Duration::from_millis(150 + round * 61)).await;
            let server = Arc::clone(&world.server);
            // Elsewhere, so that the others go on meanwhile.
            spawn_blocking(move || server.restart()).await.expect("restarted");
        }
    };
    let following = async {
        let mut seen = 0;
        while seen < 8 * 150 {
            // The follower holds each batch against the last: a gap or a repeat would be seen below.
            let batch = follower.next(100).await.expect("followed");
            for stored in &batch {
                seen += 1;
                assert_eq!(stored.position.0, seen, "next by next");
            }
        }
    };
    tokio::time::timeout(crate::world::PATIENCE, async { tokio::join!(load, killing, following) })
        .await
        .expect("all of it is seen in time");
    let admin = world.admin().await;
    world.relayed(&admin).await;
    admin.copy().await.is_the_tail_of(&world.log).await;
}

async fn load(world: &World, n: u64) {
    for version in 0..150 {
        append(&world.log, &format!("user-{n}"), version, 1).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Each relay is a process of its own that appends too, and dies at some moment of its work: before a publish, within
/// one, before the answer.
pub(crate) async fn relays_killed_again_and_again_leave_an_exact_copy(world: World) {
    let admin = world.admin().await;
    let ours = backends(&world.engine).await;
    for round in 0..8_u64 {
        let mut child = Running::start(world.engine.url(), &world.server.url, round);
        child.appends();
        tokio::time::sleep(Duration::from_micros(round * 7_919 % 40_000)).await;
        child.kill();
        if let Ok(stream) = admin.jetstream.get_stream("EVIDENT").await
            && stream.cached_info().state.messages > 0
        {
            // Not at the log's end, and yet a chain without a break or a repeat.
            drop(admin.copy().await);
        }
    }
    eventually("nobody goes on with what lay in a dead one's socket", async || {
        backends(&world.engine).await.is_subset(&ours)
    })
    .await;
    let _relay = world.relay().await;
    append(&world.log, "user-last", 0, 1).await;
    world.relayed(&admin).await;
    admin.copy().await.is_the_tail_of(&world.log).await;
}

/// Who is at work for the log's users in PostgreSQL. A file has nobody.
async fn backends(engine: &Engine) -> HashSet<i32> {
    let Engine::Postgres { url } = engine else { return HashSet::new() };
    let mut looking = PgConnection::connect(url).await.expect("the server answers");
    let there = "select pid from pg_stat_activity
        where datname = current_database() and application_name = 'evident-log'";
    let there: Vec<i32> = sqlx::query_scalar(there).fetch_all(&mut looking).await.expect("they are listed");
    looking.close().await.expect("closed");
    there.into_iter().collect()
}

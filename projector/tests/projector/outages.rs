//! What the projector depends on goes away and comes back; it goes on where it was.

use crate::{
    teller::Teller,
    world::{Server, World, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_restarts_is_followed_on() {
    let server = Server::start();
    let world = World::with_log_at(&server).await;
    goes_on_after_restarts(&world, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_restart_are_written_on() {
    let server = Server::start();
    let world = World::with_tables_at(&server).await;
    goes_on_after_restarts(&world, &server).await;
}

async fn goes_on_after_restarts(world: &World, server: &Server) {
    let projecting = world.project();
    let mut teller = Teller::new(world, 20);
    for _ in 0..3 {
        teller.tell(20).await;
        server.restart();
        eventually("the log answers again", async || world.log.head().await.is_ok()).await;
    }
    teller.tell(20).await;
    world.caught_up().await;
    projecting.stop().await.expect("a projector outlives what it depends on");
    world.equals_a_rebuild().await;
}

//! What an operator sees of a projector.

use crate::{
    parking::tell_of_a_poisoned_stream,
    world::{Engine, World, eventually},
};
use metrics_exporter_prometheus::PrometheusBuilder;

/// On one thread, because a recorder of a test's own hears only its own thread.
#[tokio::test(flavor = "current_thread")]
async fn position_lag_batches_and_parked_streams_are_counted() {
    let world = World::new(Engine::Sqlite).await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _heard = metrics::set_default_local_recorder(&recorder);

    tell_of_a_poisoned_stream(&world).await;
    let head = world.log.head().await.expect("the log answers");
    let expected = [
        format!("evident_projector_position {head}\n"),
        "evident_projector_lag_positions 0\n".into(),
        "evident_projector_parked_streams 1\n".into(),
        format!("evident_projector_batch_size_sum {head}\n"),
        "evident_projector_batch_seconds_count".into(),
    ];
    let projecting = world.project();
    eventually("every figure is told", async || {
        let told = handle.render();
        expected.iter().all(|line| told.contains(line))
    })
    .await;
    projecting.stop().await.expect("a projector stops when it is told to");
}

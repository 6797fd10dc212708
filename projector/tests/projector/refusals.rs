//! What no waiting can mend ends the projector, and says what is wrong.

use crate::{
    teller::Teller,
    world::{Projecting, World},
};
use events::Position;
use projector::ProjectorError;

on_each_engine!(tables_of_another_log_are_left_alone, a_log_that_lost_events_is_not_followed);

async fn tables_of_another_log_are_left_alone(world: World) {
    let other = World::new(world.engine).await;
    for each in [&world, &other] {
        Teller::new(each, 6).tell(10).await;
    }
    world.follow_to_the_end().await;

    let misled = Projecting::start(other.log.clone(), other.vault.clone(), world.models.clone());
    let refused = misled.ended().await.expect_err("two logs do not share tables");
    let (log, shown) = (other.log.id(), world.log.id());
    assert!(matches!(refused, ProjectorError::OtherLog { log: l, shown: s } if (l, s) == (log, shown)));
    assert!(refused.to_string().contains(&shown.to_string()), "{refused}");
    world.equals_a_rebuild().await;
}

/// After the restore of an older backup the tables show what the log no longer holds: here, another log's events.
async fn a_log_that_lost_events_is_not_followed(world: World) {
    let before_restore = World::new(world.engine).await;
    Teller::new(&before_restore, 7).tell(20).await;
    Teller::new(&world, 7).tell(10).await;
    let lost = before_restore.opened().await;
    world.models.apply(Position::START, world.log.id(), &lost).await.expect("a batch is applied");

    let refused = world.project().ended().await.expect_err("the log lost events");
    let (head, shown) = (Position(10), Position(20));
    let right =
        matches!(refused, ProjectorError::LogBehind { head: h, shown: s, .. } if (h, s) == (head, shown));
    assert!(right, "{refused}");
    assert!(refused.to_string().contains("lost events"), "{refused}");
    assert_eq!(world.models.checkpoint().await.expect("the tables answer").position, shown);
}

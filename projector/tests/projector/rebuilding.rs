//! Tables made anew beside the live ones, compared, shown, and the way back.

use crate::{teller::Teller, world::World};
use events::{Fact, Personal, Position, Profile, ProfileChanged, UserId};
use projector::ProjectorError;
use std::sync::atomic::{AtomicBool, Ordering};

on_each_engine!(
    readers_and_the_live_projector_never_notice_a_rebuild,
    a_row_that_no_event_explains_is_found_and_mended,
    who_was_erased_is_rebuilt_erased,
    a_check_beside_a_running_projector_and_erasures_finds_nothing,
    without_a_flip_there_is_no_way_back,
);

async fn readers_and_the_live_projector_never_notice_a_rebuild(world: World) {
    let mut teller = Teller::new(&world, 11);
    teller.tell(200).await;
    let projecting = world.project();
    world.caught_up().await;
    // An erasure after the flip takes the way back away, and must.
    teller.spare_everybody();
    let done = AtomicBool::new(false);
    let reading = async {
        let mut last = Position::START;
        let mut reads = 0_u32;
        while !done.load(Ordering::Relaxed) {
            let shown = world.models.roles().await.expect("a reader is always answered");
            assert!(shown.position >= last, "readers saw {last}, then {}", shown.position);
            (last, reads) = (shown.position, reads + 1);
        }
        reads
    };
    let rebuilding = async {
        let (compared, ()) = tokio::join!(
            projector::rebuild(&world.log, &world.vault, &world.models, &world.urls.read),
            teller.tell(100)
        );
        assert_eq!(compared.expect("a rebuild runs").difference, None);
        let (back, ()) = tokio::join!(
            projector::flip_back(&world.log, &world.vault, &world.models, &world.urls.read),
            teller.tell(100)
        );
        back.expect("there is a way back");
        world.caught_up().await;
        done.store(true, Ordering::Relaxed);
    };
    let (reads, ()) = tokio::join!(reading, rebuilding);
    assert!(reads > 10, "only {reads} reads went beside the rebuild");
    projecting.stop().await.expect("a projector stops when it is told to");
    world.equals_a_rebuild().await;
}

/// Somebody writes into the tables what the log does not say: here, through a batch with a false fact.
async fn a_row_that_no_event_explains_is_found_and_mended(world: World) {
    let mut teller = Teller::new(&world, 13);
    for _ in 0..20 {
        teller.register().await;
    }
    let victim = teller.register().await;
    teller.change_profile(victim).await;
    let mut batch = world.opened().await;
    let profile = Profile { email: "mallory@example.com".into(), display_name: None };
    let forged = Fact::ProfileChanged(ProfileChanged { profile: Personal::Open(profile) });
    batch.last_mut().expect("there are events").fact = Ok(forged);
    world.models.apply(Position::START, world.log.id(), &batch).await.expect("a batch is applied");

    assert_finds(&world, victim).await;
    let compared = projector::rebuild(&world.log, &world.vault, &world.models, &world.urls.read).await;
    assert!(compared.expect("a rebuild runs").difference.is_some());
    world.equals_a_rebuild().await;
    projector::flip_back(&world.log, &world.vault, &world.models, &world.urls.read)
        .await
        .expect("a way back");
    assert_finds(&world, victim).await;
}

/// The check names the table, and a range of its keys that holds this person.
async fn assert_finds(world: &World, victim: UserId) {
    let difference = world.check().await.difference.expect("the forged row is found");
    let key = victim.to_string();
    assert_eq!(difference.table, "users");
    assert!(difference.after.as_ref().is_none_or(|after| *after < key), "{difference:?}");
    assert!(difference.up_to >= key, "{difference:?}");
}

async fn who_was_erased_is_rebuilt_erased(world: World) {
    let mut teller = Teller::new(&world, 14);
    let (ada, bob) = (teller.register().await, teller.register().await);
    teller.sign_in(ada).await;
    world.follow_to_the_end().await;
    let shown = world.models.user(ada).await.expect("the tables answer").value.expect("Ada is shown");
    assert!(shown.email.is_some());

    teller.erase(ada).await;
    teller.change_profile(bob).await;
    world.follow_to_the_end().await;
    let erased = world.models.user(ada).await.expect("the tables answer").value;
    assert!(erased.is_none_or(|ada| ada.email.is_none() && ada.display_name.is_none()));
    world.equals_a_rebuild().await;
    let compared = projector::rebuild(&world.log, &world.vault, &world.models, &world.urls.read).await;
    assert_eq!(compared.expect("a rebuild runs").difference, None);
}

async fn a_check_beside_a_running_projector_and_erasures_finds_nothing(world: World) {
    let projecting = world.project();
    let mut teller = Teller::new(&world, 15);
    teller.tell(150).await;
    let telling = async {
        for _ in 0..15 {
            let ada = teller.register().await;
            teller.sign_in(ada).await;
            teller.erase(ada).await;
        }
    };
    let checking = async {
        for _ in 0..3 {
            equals_a_rebuild_in_the_end(&world).await;
        }
    };
    tokio::join!(telling, checking);
    projecting.stop().await.expect("a projector stops when it is told to");
}

/// Where the projector was too slow for the check, whoever was erased meanwhile is the difference, until both are at the
/// log's end.
async fn equals_a_rebuild_in_the_end(world: &World) {
    let mut compared = world.check().await;
    while compared.difference.is_some() && compared.position < compared.head {
        world.shown(compared.head).await;
        compared = world.check().await;
    }
    assert_eq!(compared.difference, None, "at {}", compared.position);
}

async fn without_a_flip_there_is_no_way_back(world: World) {
    Teller::new(&world, 16).tell(10).await;
    world.follow_to_the_end().await;
    let refused = projector::flip_back(&world.log, &world.vault, &world.models, &world.urls.read).await;
    assert!(matches!(refused, Err(ProjectorError::NoPrevious)), "{refused:?}");
    world.equals_a_rebuild().await;
}

//! "Who am I" is answered from memory, and never from before what its asker knows.

use crate::{
    sharing::{Server, until},
    world::{World, profile},
};
use events::{Fact, Personal, Position, ProfileChanged, StreamName};
use query_api::App;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Mutex;

const ME: &str = "/api/v1/auth/me";
/// So many changes at least, and more until each instance has answered so often, within a bound.
const CHANGES: u64 = 200;
const ANSWERS: u64 = 20;
const MOST_CHANGES: u64 = 20_000;

/// One task renames somebody again and again and projects whenever it likes; others ask, at every moment of this,
/// with the position of the last change that they know of as their minimum.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn me_is_never_older_than_what_its_asker_knows() {
    let world = World::new().await;
    let app = world.app.clone();
    never_older(world, [app.clone(), app.clone(), app]).await;
}

/// The same through three instances that share what they read, each with a feed of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nor_is_one_that_another_instance_has_read() {
    let valkey = Server::start();
    let world = World::sharing_over(&valkey.url).await;
    let others = [world.another_app().await, world.another_app().await];
    others.iter().for_each(|other| world.follow(other));
    let [one, two] = others;
    let apps = [world.app.clone(), one, two];
    for app in &apps {
        until("it shares", async || app.is_sharing()).await;
    }
    never_older(world, apps).await;
    assert!(valkey.hits() > 0, "nothing was shared");
}

async fn never_older(mut world: World, apps: [App; 3]) {
    let ada = world.somebody("0", &["user"]).await;
    let log = world.log.clone();
    let tokens = world.tokens(log.id());
    let (known, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let answered = [const { AtomicU64::new(0) }; 3];
    let positions = Mutex::new(vec![log.head().await.expect("a head")]);
    let change = async {
        for change in 1..=MOST_CHANGES {
            let fact = Fact::ProfileChanged(ProfileChanged {
                profile: Personal::Open(profile(&change.to_string())),
            });
            let position = world.append(StreamName::user(ada.user), Some(ada.user), fact).await;
            positions.lock().await.push(position);
            known.store(change, Ordering::SeqCst);
            if change % 3 > 0 {
                world.project().await;
            }
            let enough = answered.iter().all(|answered| answered.load(Ordering::SeqCst) >= ANSWERS);
            if change >= CHANGES && enough {
                break;
            }
        }
        over.store(true, Ordering::SeqCst);
        world.project().await;
    };
    let asked = async |app: &App, answered: &AtomicU64| {
        while !over.load(Ordering::SeqCst) {
            let change = known.load(Ordering::SeqCst);
            let minimum: Position = positions.lock().await[usize::try_from(change).expect("small")];
            let request = ada.request(ME).header("evident-min-position", tokens.issue(minimum));
            let answer = crate::world::ask(app, request).await;
            // Where projecting takes its time, an asker is told to come again, and never given the past.
            if answer.is_behind() {
                continue;
            }
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
            let name =
                answer.json()["user"]["display_name"].as_str().and_then(|name| name.parse::<u64>().ok());
            assert!(name >= Some(change), "{name:?} is older than {change}");
            let position = tokens.read(&answer.position()).expect("a position of ours");
            assert!(position >= minimum, "{position} is before {minimum}");
            answered.fetch_add(1, Ordering::SeqCst);
        }
    };
    let [one, two, three] = [0, 1, 2].map(|nth: usize| asked(&apps[nth], &answered[nth]));
    // Each is polled first in turn, so none of them keeps the others from asking.
    tokio::join!(change, one, two, three);
    assert!(answered.iter().all(|answered| answered.load(Ordering::SeqCst) >= ANSWERS), "{answered:?}");
}

//! Valkey goes away and comes back. Nobody fails for it, nobody waits for it, and nobody is free of limits.

use super::{ONCE, PATIENCE, Server, eventually, hurried_limiter, limiter, somebody};
use crate::{
    clock::Clock,
    shared::{Class, Limiter, Valkey},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A deadline of fifty milliseconds, and room for a machine that is busy with other tests: less than an outage that is
/// waited for, which has no end.
const BOUND: Duration = PATIENCE;

/// What all who asked have seen.
#[derive(Default)]
struct Seen {
    asked: AtomicU64,
    admitted: AtomicU64,
    slowest_micros: AtomicU64,
    enough: AtomicBool,
}

impl Seen {
    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::SeqCst)
    }

    /// Waits until so many more have been answered.
    async fn more(&self, count: u64) {
        let from = self.asked();
        eventually("they go on", || self.asked() >= from + count).await;
    }
}

/// Many who ask again and again, with pauses in which a server can be started.
fn load(limiter: &Limiter) -> Arc<Seen> {
    let (seen, who) = (Arc::new(Seen::default()), somebody());
    for _ in 0..16 {
        let (limiter, seen) = (limiter.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            while !seen.enough.load(Ordering::SeqCst) {
                let began = Instant::now();
                let verdict = limiter.count(Class::Credentials, who, ONCE).await;
                let took = u64::try_from(began.elapsed().as_micros()).expect("short");
                seen.slowest_micros.fetch_max(took, Ordering::SeqCst);
                seen.admitted.fetch_add(u64::from(verdict.admits()), Ordering::SeqCst);
                seen.asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    seen
}

fn is_up(limiter: &Limiter) -> bool {
    match limiter {
        Limiter::Off | Limiter::InProcess(_) => false,
        Limiter::Valkey(together) => together.valkey().is_up(),
    }
}

/// Waits until Valkey itself has said what becomes of somebody.
async fn it_counts(limiter: &Limiter) {
    let Limiter::Valkey(together) = limiter else { panic!("{limiter:?} asks nobody") };
    let began = Instant::now();
    while together.valkey().limit("test:it-counts", ONCE).await.is_none() {
        assert!(began.elapsed() < PATIENCE, "it does not count");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_killed_under_load_fails_nobody_and_frees_nobody() {
    let server = Server::start();
    let limiter = hurried_limiter(&server.url).await;
    let seen = load(&limiter);
    seen.more(1_000).await;
    server.told_to("kill");
    eventually("it is known to be away", || !is_up(&limiter)).await;
    seen.more(5_000).await;
    // One burst was counted over there and one here. On a busy machine an answer may have come too late before: then
    // that one was counted in both places, and one fewer is admitted, never one more.
    let before = seen.admitted();
    assert!((20..=40).contains(&before), "{before} admitted");

    server.told_to("start");
    eventually("it is back", || is_up(&limiter)).await;
    it_counts(&limiter).await;
    seen.more(1_000).await;
    assert!(seen.admitted() <= 60, "{}: it has forgotten everything, so one burst more", seen.admitted());

    seen.enough.store(true, Ordering::SeqCst);
    let slowest = Duration::from_micros(seen.slowest_micros.load(Ordering::SeqCst));
    assert!(slowest < BOUND, "somebody waited {slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_hangs_costs_those_who_are_asking_one_deadline_and_nobody_else_anything() {
    let server = Server::start();
    let limiter = hurried_limiter(&server.url).await;
    let seen = load(&limiter);
    seen.more(1_000).await;
    server.told_to("pause");
    eventually("it is known to be away", || !is_up(&limiter)).await;
    // A deadline each would be a minute.
    let began = Instant::now();
    seen.more(20_000).await;
    let took = began.elapsed();
    assert!(!is_up(&limiter) && took < PATIENCE, "{took:?}");
    server.told_to("resume");
    eventually("it is back", || is_up(&limiter)).await;
    seen.more(1_000).await;
    seen.enough.store(true, Ordering::SeqCst);
    assert!((20..=40).contains(&seen.admitted()), "{}: it has forgotten nothing", seen.admitted());
    let slowest = Duration::from_micros(seen.slowest_micros.load(Ordering::SeqCst));
    assert!(slowest < BOUND, "somebody waited {slowest:?}");
}

#[tokio::test]
async fn a_process_starts_and_counts_while_nobody_is_there() {
    // Nobody listens on a port that only root may take and that has no service.
    let valkey = Valkey::open("redis://127.0.0.1:1", "limits").expect("a URL");
    let limiter = Limiter::together(valkey, &[7; 32], Clock::System);
    let who = somebody();
    let mut admitted = 0;
    for _ in 0..100 {
        admitted += u32::from(limiter.count(Class::Credentials, who, ONCE).await.admits());
    }
    assert_eq!((admitted, is_up(&limiter)), (20, false));
}

#[tokio::test]
async fn a_server_that_refuses_us_is_asked_again_until_it_does_not() {
    let server = Server::start();
    let client = redis::Client::open(server.url.as_str()).expect("a URL");
    let mut operator = client.get_multiplexed_async_connection().await.expect("a connection");
    let mut demand = async |password: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("requirepass").arg(password);
        command.query_async::<()>(&mut operator).await.expect("set");
    };
    demand("another one").await;
    let valkey = Valkey::open(&server.url.replacen("127", ":ours@127", 1), "limits").expect("a URL");
    let limiter = Limiter::together(valkey, &[7; 32], Clock::System);
    for _ in 0..10 {
        assert!(limiter.count(Class::Credentials, somebody(), ONCE).await.admits());
    }
    assert!(!is_up(&limiter));
    demand("ours").await;
    eventually("it is let in", || is_up(&limiter)).await;
}

#[tokio::test]
async fn the_last_who_asks_hangs_up() {
    let server = Server::start();
    let client = redis::Client::open(server.url.as_str()).expect("a URL");
    let mut operator = client.get_multiplexed_async_connection().await.expect("a connection");
    let mut connections = async || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut operator).await.expect("a list");
        list.lines().count()
    };
    let limiter = limiter(&server.url).await;
    let mut come_to = async |count: usize| {
        let began = Instant::now();
        while connections().await != count {
            assert!(began.elapsed() < PATIENCE, "there are not {count} connections");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // An attempt that came too late may be there for a moment, too.
    come_to(2).await;
    drop(limiter);
    come_to(1).await;
}

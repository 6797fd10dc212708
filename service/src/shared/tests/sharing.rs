//! Several processes count as one, and what lies in Valkey tells nobody anything.

use super::{ONCE, PATIENCE, Server, eventually, limiter, somebody, url, valkey};
use crate::{
    config::{Config, Environment},
    shared::{Class, SharedCache, Who, gcra::Verdict},
};
use events::UserId;
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Another way into the same server.
async fn beside(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("a connection")
}

async fn ask<T: redis::FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).query_async(connection).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_at_once_through_two_processes_exactly_the_burst_is_admitted() {
    let (one, other) = (limiter(&url()).await, limiter(&url()).await);
    let who = somebody();
    let asking = (0..200).map(|number| {
        let limiter = if number % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move { limiter.count(Class::Credentials, who, ONCE).await })
    });
    let verdicts: Vec<Verdict> =
        join_all(asking).await.into_iter().map(|verdict| verdict.expect("a verdict")).collect();
    assert_eq!(verdicts.iter().filter(|verdict| verdict.admits()).count(), 20);
    let wait = |verdict: &Verdict| match verdict {
        Verdict::Admitted { .. } => Duration::ZERO,
        Verdict::Refused { wait } => *wait,
    };
    assert!(
        verdicts.iter().all(|verdict| wait(verdict) <= ONCE.interval),
        "nobody waits longer than for the next one"
    );
    assert!(one.count(Class::Credentials, somebody(), ONCE).await.admits(), "others are others");
}

#[tokio::test]
async fn reads_are_counted_without_asking_anybody() {
    let (one, other) = (limiter(&url()).await, limiter(&url()).await);
    let who = somebody();
    for limiter in [one, other] {
        let mut admitted = 0;
        for _ in 0..30 {
            admitted += u32::from(limiter.count(Class::Requests, who, ONCE).await.admits());
        }
        assert_eq!(admitted, 20);
    }
}

#[tokio::test]
async fn a_bucket_tells_nobody_whose_it_is_and_goes_by_itself() {
    let server = Server::start();
    let limiter = limiter(&server.url).await;
    let person = UserId(Uuid::from_u128(0x0193_5a1c_0000_7000_8000_0000_0000_0001));
    let place = crate::shared::Subscriber::of(Some("203.0.113.7".parse().expect("an address")));
    // A bucket lives until it is as good as unused, which after one command is for 20 ms: too short to be looked at.
    limiter.count(Class::Commands, Who::User(person), ONCE).await;
    limiter.count(Class::Credentials, Who::Subscriber(place), ONCE).await;
    let mut connection = beside(&server.url).await;
    let names: Vec<String> = ask(&mut connection, &["KEYS", "*"]).await;
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        let (class, hash) = name.rsplit_once(':').expect("a hash");
        assert!(["evident:limit:commands", "evident:limit:credentials"].contains(&class), "{name}");
        assert_eq!(hash.len(), 22, "{name} ends in 128 bits");
        assert!(!name.contains("203.0") && !name.contains("01935a1c"), "{name}");
        let life: i64 = ask(&mut connection, &["PTTL", &name]).await;
        assert!((1..=3_600_000).contains(&life), "{name} lives for {life} ms");
        let value: String = ask(&mut connection, &["GET", &name]).await;
        assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "{value}");
    }
}

#[tokio::test]
async fn a_script_that_the_server_forgot_is_told_again() {
    let server = Server::start();
    let limiter = limiter(&server.url).await;
    let who = somebody();
    for _ in 0..2 {
        limiter.count(Class::Credentials, who, ONCE).await;
        let () = ask(&mut beside(&server.url).await, &["SCRIPT", "FLUSH"]).await;
    }
    limiter.count(Class::Credentials, who, ONCE).await;
    let names: Vec<String> = ask(&mut beside(&server.url).await, &["KEYS", "*"]).await;
    let value: i64 = ask(&mut beside(&server.url).await, &["PTTL", &names[0]]).await;
    assert!(value > 2 * 3_600_000, "all three were counted there: {value} ms");
}

#[tokio::test]
async fn whatever_else_lies_in_a_bucket_is_as_good_as_nothing() {
    let server = Server::start();
    let (limiter, who) = (limiter(&server.url).await, somebody());
    limiter.count(Class::Credentials, who, ONCE).await;
    let mut connection = beside(&server.url).await;
    let names: Vec<String> = ask(&mut connection, &["KEYS", "*"]).await;
    // No number, and a number of the year 5138.
    for odd in ["canary", "99999999999999999"] {
        let () = ask(&mut connection, &["SET", &names[0], odd]).await;
        limiter.count(Class::Credentials, who, ONCE).await;
        let life: i64 = ask(&mut connection, &["PTTL", &names[0]]).await;
        assert!((1..=20 * 3_600_000).contains(&life), "{odd}: {life} ms");
    }
}

/// The rights that `docs/OPERATIONS.md` gives to the user whom processes come as.
fn rights() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");
    let page = std::fs::read_to_string(page).expect("docs/OPERATIONS.md");
    let (_, rest) = page.split_once("`+evalsha ").expect("a list of rights");
    let (list, _) = rest.split_once('`').expect("the end of the list");
    std::iter::once("+evalsha").chain(list.split_whitespace()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_user_who_may_do_what_operators_are_told_and_nothing_else_does() {
    let server = Server::start();
    let rights = rights();
    let words =
        ["ACL", "SETUSER", "evident", "on", ">ours"].into_iter().chain(rights.iter().map(String::as_str));
    let () = ask(&mut beside(&server.url).await, &words.collect::<Vec<_>>()).await;
    let url = server.url.replacen("127", "evident:ours@127", 1);
    let (limiter, who) = (limiter(&url).await, somebody());
    for _ in 0..20 {
        assert!(limiter.count(Class::Credentials, who, ONCE).await.admits());
    }
    let valkey = valkey(&url).await;
    assert_eq!(valkey.put("evident:me:test", b"an answer", Duration::from_secs(9)).await, Some(()));
    assert_eq!(valkey.get("evident:me:test").await, Some(Some(b"an answer".to_vec())));
    let names: Vec<String> = ask(&mut beside(&server.url).await, &["KEYS", "evident:limit:*"]).await;
    assert_eq!(names.len(), 1, "it was counted there");
}

#[tokio::test]
async fn each_way_to_write_the_url_is_one() {
    let server = Server::start();
    for scheme in ["redis", "valkey"] {
        valkey(&server.url.replacen("redis", scheme, 1)).await;
    }
    let secure = |url: &str| crate::shared::Valkey::open(url, "limits").is_ok();
    assert!(secure("rediss://user:canary@cache.example.com:6380/1") && secure("valkeys://cache.example.com"));
    let refused =
        crate::shared::Valkey::open("redis://user:canary@host:port", "limits").expect_err("no port");
    assert!(!format!("{refused} {refused:?}").contains("canary"), "{refused:?}");
}

#[tokio::test]
async fn a_kept_answer_is_there_for_its_life_and_one_that_is_too_large_is_not_kept() {
    let server = Server::start();
    let config = Config::read(&Environment::of([("EVIDENT_REDIS_URL", server.url.as_str())]))
        .expect("a configuration");
    let cache = SharedCache::open(&config).expect("a URL").expect("a cache");
    eventually("Valkey is there", || cache.is_up()).await;
    cache.put("test:large".into(), vec![7; 16 * 1024 + 1], Duration::from_secs(9));
    // What does not come over there in time is not kept, nor given back; so it is put until it was.
    let began = Instant::now();
    let kept = loop {
        cache.put("test:fits".into(), vec![7; 16 * 1024], Duration::from_secs(3_600));
        if let Some(kept) = cache.get("test:fits").await {
            break kept;
        }
        assert!(began.elapsed() < PATIENCE, "nothing is kept");
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(kept.len(), 16 * 1024);
    let mut connection = beside(&server.url).await;
    assert_eq!(ask::<i64>(&mut connection, &["EXISTS", "test:large"]).await, 0);
    let life: i64 = ask(&mut connection, &["PTTL", "test:fits"]).await;
    assert!((1..=60_000).contains(&life), "nothing is kept for longer than a minute: {life} ms");
}

//! Two of each service, a real PostgreSQL, NATS and Valkey between them, and nothing of it safe: processes are killed at
//! random under load, NATS and Valkey too, PostgreSQL once. What was acknowledged must be there, once and in order; what is shown
//! must be what the log says; and whoever reads with the position of what they wrote must never see the past.
//!
//! It takes longer where the machine is slow. `EVIDENT_TEST_CHAOS_SECONDS` makes it longer, `EVIDENT_TEST_CHAOS_SEED` repeats the order of the kills.

mod dice;
mod killer;
mod people;
mod verdict;

use crate::{cluster::Installation, servers::Server};
use dice::Dice;
use killer::{Fleet, Servers};
use people::{Addresses, Tally};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

const PEOPLE: usize = 12;
const SHORT_SECONDS: u64 = 15;

#[expect(clippy::disallowed_methods, reason = "how long and in which order is said by whoever runs the test")]
fn said(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(clippy::print_stdout, reason = "what was killed and counted is for people to read")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_nothing_acknowledged_is_lost_repeated_or_unseen() {
    let seconds = said("EVIDENT_TEST_CHAOS_SECONDS").unwrap_or(SHORT_SECONDS);
    let seed = said("EVIDENT_TEST_CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("chaos of {seconds} s with seed {seed}");
    let (postgres, nats, valkey) = (Server::postgres(), Server::nats(), Server::valkey());
    let installation = Installation::new([
        ("EVIDENT_LOG_URL", postgres.url()),
        ("EVIDENT_VAULT_URL", postgres.url()),
        ("EVIDENT_READ_URL", postgres.url()),
        ("EVIDENT_NATS_URL", nats.url()),
        ("EVIDENT_REDIS_URL", valkey.url()),
        ("EVIDENT_RATE_LIMITS", "off"),
        // They sign in once, however long all of it takes.
        ("EVIDENT_ACCESS_TTL", "1h"),
    ]);
    installation.migrate();
    let mut fleet = Fleet::start(&installation, Servers { postgres, nats, valkey }).await;
    let addresses = Arc::new(fleet.addresses());
    let acknowledged = Arc::new(AtomicU64::new(0));
    let crowd = people::gather(&addresses, PEOPLE, &acknowledged).await;

    let enough = CancellationToken::new();
    let load: Vec<_> = crowd
        .into_iter()
        .enumerate()
        .map(|(number, person)| {
            let dice = Dice::new(seed.wrapping_add(1 + number as u64));
            tokio::spawn(person.live(Arc::clone(&addresses), dice, enough.clone()))
        })
        .collect();
    let until = Instant::now() + Duration::from_secs(seconds);
    let loaded = || acknowledged.load(Ordering::SeqCst) >= verdict::LEAST_ACKNOWLEDGED;
    let killed = fleet.kill_until(until, Dice::new(seed), loaded).await;
    fleet.heal().await;
    enough.cancel();
    let mut tallies: Vec<Tally> = Vec::new();
    for person in load {
        tallies.push(person.await.expect("a person"));
    }
    killed.must_be_everybody();
    let found = verdict::judge(&installation, &mut fleet, &addresses, &tallies).await;
    println!("{killed}; {found}");
}

impl Fleet {
    fn addresses(&self) -> Addresses {
        Addresses {
            commands: self.commands.each_ref().map(|service| service.url().to_owned()),
            queries: self.queries.each_ref().map(|service| service.url().to_owned()),
        }
    }
}

//! Signing in takes as long for nobody as for somebody: who listens to the clock learns no address.
//!
//! Each kind of account is tried in turn, so that whatever else the machine does falls on all alike, and what was
//! measured is compared by rank (Mann–Whitney), which no outlier moves. A difference counts when it is certain (99.99 %)
//! and larger than a twentieth of the whole. Each run also says which difference it would have noticed, and that it tells
//! a sign-in that hashes nothing from one that does: the same as taking the work for nobody's password away.

#![expect(clippy::print_stdout, reason = "a test of times says how sure it is")]

use crate::house::{Guest, House, PASSWORD};
use serde_json::json;
use service::config::{Argon2Params, Config, Environment};
use std::{fmt, time::Instant};

/// Accounts of each kind, and tries at each of them: fewer than lock an account.
const ACCOUNTS: usize = 30;
const TRIES: usize = 4;
/// What is to be noticed at least; with fewer rounds of all these tries where the machine has little else to do, with more
/// where it is busy.
const NOTICED: f64 = 0.5;
const ROUNDS: usize = 8;

/// In standard deviations: one in ten thousand runs is further off by chance.
const CERTAIN: f64 = 3.89;
/// What part of the whole a difference must be to count.
const WORTH_TELLING: f64 = 0.05;

const KINDS: [&str; 5] = ["unknown", "known", "suspended", "deleted", "invited"];
const WRONG: &str = "wrong horse battery staple";

#[tokio::test]
async fn whether_an_address_is_known_cannot_be_timed() {
    let house = House::with(|config| config.argon2 = as_shipped()).await;
    let admin = house.admin().await;
    let mut took: Vec<Times> = KINDS.iter().map(|kind| Times { kind, seconds: vec![] }).collect();
    let mut nothing_hashed = Times { kind: "nothing hashed", seconds: vec![] };
    for round in 1.. {
        try_each(&house, &admin, round, &mut took, &mut nothing_hashed).await;
        let noticed = took[0].noticed();
        println!("{} tries of each kind; would notice {:.1} %", took[0].seconds.len(), 100.0 * noticed);
        if noticed < NOTICED {
            break;
        }
        assert!(round < ROUNDS, "this machine is too busy to tell");
    }
    let (unknown, others) = took.split_first().expect("kinds");
    assert!(unknown.differs_from(&nothing_hashed), "a hash that is left out would go unnoticed");
    for other in others {
        println!("{unknown}; {other}");
        assert!(!unknown.differs_from(other), "{unknown}, and {other}");
    }
}

/// One round: new accounts of each kind, and all tries at them.
async fn try_each(
    house: &House,
    admin: &Guest,
    round: usize,
    took: &mut [Times],
    nothing_hashed: &mut Times,
) {
    let accounts = round * ACCOUNTS..(round + 1) * ACCOUNTS;
    for number in accounts.clone() {
        settle(house, admin, number).await;
    }
    for (turn, number) in accounts.cycle().take(ACCOUNTS * TRIES).enumerate() {
        // Who is first changes, since the first one after a pause may find the caches cold.
        for step in 0..KINDS.len() {
            let kind = (turn + step) % KINDS.len();
            let email = format!("{}-{number}@x.io", KINDS[kind]);
            // The right password is no exception where the account does not admit it.
            let password = if KINDS[kind] == "known" { WRONG } else { PASSWORD };
            took[kind].seconds.push(timed(house, &email, password, 401).await);
        }
        nothing_hashed.seconds.push(timed(house, "unknown-0@x.io", &"x".repeat(300), 422).await);
    }
}

#[tokio::test]
async fn nor_can_it_be_timed_while_an_address_is_locked() {
    let house = House::new().await;
    house.guest("known@x.io").await;
    let mut took = ["unknown", "known"].map(|kind| Times { kind, seconds: vec![] });
    for kind in ["unknown", "known"] {
        for _ in 0..5 {
            house.login(&format!("{kind}@x.io"), WRONG).await.must_be(401);
        }
    }
    for turn in 0..400 {
        for step in 0..2 {
            let times = &mut took[(turn + step) % 2];
            let email = format!("{}@x.io", times.kind);
            times.seconds.push(timed(&house, &email, PASSWORD, 429).await);
        }
    }
    let [unknown, known] = took;
    println!("would notice {:.1} %; {unknown}; {known}", 100.0 * unknown.noticed());
    assert!(!unknown.differs_from(&known), "{unknown}, and {known}");
}

/// The cost at which passwords are hashed unless told otherwise.
fn as_shipped() -> Argon2Params {
    Config::read(&Environment::of([])).expect("the defaults are right").argon2
}

/// One account of each kind.
async fn settle(house: &House, admin: &Guest, number: usize) {
    for kind in ["known", "suspended", "deleted"] {
        let email = format!("{kind}-{number}@x.io");
        let body = json!({ "email": email, "password": PASSWORD });
        let registered = house.post("/auth/register").json(body).send().await.must_be(201);
        let id = registered.body()["id"].as_str().expect("an id").to_owned();
        match kind {
            "suspended" => {
                let suspend = house.put(&format!("/users/{id}/suspension")).by(admin);
                suspend.json(json!({ "reason": "spam" })).send().await.must_be(204);
            }
            "deleted" => {
                house.delete(&format!("/users/{id}")).by(admin).send().await.must_be(202);
            }
            _ => {}
        }
    }
    let invited = json!({ "email": format!("invited-{number}@x.io") });
    house.post("/users").by(admin).json(invited).send().await.must_be(201);
}

async fn timed(house: &House, email: &str, password: &str, status: u16) -> f64 {
    let asked = Instant::now();
    let answer = house.login(email, password).await;
    let took = asked.elapsed().as_secs_f64();
    answer.must_be(status);
    // What is written down after an answer is not to fall into the next one's time.
    house.settle().await;
    took
}

/// How long each try of one kind took.
struct Times {
    kind: &'static str,
    seconds: Vec<f64>,
}

impl Times {
    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Whether the two are certainly not of one distribution, and their medians apart by what is worth telling.
    fn differs_from(&self, other: &Times) -> bool {
        let apart = (self.median() - other.median()).abs() / self.median();
        apart > WORTH_TELLING && standing(&self.seconds, &other.seconds).abs() > CERTAIN
    }

    /// The smallest part of the whole by which another kind could take longer and certainly be told apart.
    fn noticed(&self) -> f64 {
        let slower = |part: f64| self.seconds.iter().map(|took| took * (1.0 + part)).collect::<Vec<_>>();
        let parts = (1..=100).map(|hundredth| f64::from(hundredth) / 100.0);
        let mut told = parts.filter(|part| standing(&self.seconds, &slower(*part)).abs() > CERTAIN);
        told.next().unwrap_or(f64::INFINITY)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:.3} ms at the median", self.kind, 1_000.0 * self.median())
    }
}

/// Mann and Whitney's U of the first sample against the second, in standard deviations from what chance would give
/// (the normal approximation, which samples of this size are far within; two measured times are hardly ever equal).
#[expect(clippy::cast_precision_loss, reason = "counts of a few hundred")]
fn standing(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let won = one.iter().flat_map(|a| {
        other.iter().map(move |b| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    });
    (won.sum::<f64>() - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

#[test]
fn ranks_are_told_as_in_the_books() {
    // Every one of ten above every one of ten: U is 100, 50 above its mean, of which √175 is one deviation.
    let (low, high): (Vec<f64>, Vec<f64>) =
        ((0..10).map(f64::from).collect(), (10..20).map(f64::from).collect());
    assert!((standing(&high, &low) - 50.0 / 175_f64.sqrt()).abs() < 1e-9);
    assert!(standing(&low, &low).abs() < 1e-9);
}

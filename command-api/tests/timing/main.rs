//! Signing in takes as long for nobody as for somebody: who listens to the clock learns no address.
//!
//! Each kind of account is tried in turn, so that whatever else the machine does falls on all alike, and what was
//! measured is compared by rank (Mann–Whitney), which no outlier moves. A difference counts when it is certain (99.99 %),
//! larger than a twentieth of the whole, and there again, to the same side, when other accounts are measured.
//!
//! What was measured counts only when it would have told a difference. So controls are measured along, which do differ: one
//! that takes half as long again, and a sign-in that hashes nothing, the same as taking the work for nobody's password away.
//! Until each of them is noticed it is measured for longer. Whoever could not find out says so and fails.
//!
//! A program of its own, so that no other test runs beside it.

#![expect(clippy::print_stdout, reason = "a test of times says how sure it is")]

#[path = "../http/house.rs"]
#[expect(dead_code, reason = "other tests ask it for more")]
mod house;
#[path = "../http/place.rs"]
mod place;
mod times;

use crate::{
    house::{Guest, House, PASSWORD},
    times::{Difference, Measured},
};
use events::{StreamName, UserId};
use serde_json::json;
use service::config::{Argon2Params, Config, Environment};
use std::time::Instant;
use tokio::sync::Mutex;

/// Accounts of each kind in a round, and tries at each of them: fewer than lock an account.
const ACCOUNTS: usize = 30;
const TRIES: usize = 4;
/// The same where the account is locked.
const LOCKED: usize = 10;
const LOCKED_TRIES: usize = 40;
/// How many rounds are enough on any machine. One is where it has little else to do, two where chance seems to tell
/// something.
const ROUNDS: usize = 24;

/// How much longer the control takes.
const HALF_AS_LONG_AGAIN: f64 = 1.5;

const KINDS: [&str; 5] = ["unknown", "known", "suspended", "deleted", "invited"];
const WRONG: &str = "wrong horse battery staple";

/// Held by the test that measures.
static ALONE: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn whether_an_address_is_known_cannot_be_timed() {
    let _alone = ALONE.lock().await;
    let house = House::with(|config| config.argon2 = as_shipped()).await;
    let admin = house.admin().await;
    let measured = || Measured::of(&KINDS, &["slower", "nothing hashed"]);
    let told = told_apart(measured, async |round, measured| try_each(&house, &admin, round, measured).await);
    assert_eq!(told.await, [], "than the first kind");
}

#[tokio::test]
async fn nor_can_it_be_timed_while_an_address_is_locked() {
    let _alone = ALONE.lock().await;
    let house = House::new().await;
    let measured = || Measured::of(&KINDS[..2], &["slower"]);
    let told = told_apart(measured, async |round, measured| try_locked(&house, round, measured).await);
    assert_eq!(told.await, [], "than the first kind");
}

/// Which kinds take another time than the first one, however often it is asked. A difference that is there once is looked for
/// again with other accounts: chance does not find the same one twice.
async fn told_apart(
    fresh: impl Fn() -> Measured,
    mut round: impl AsyncFnMut(usize, &mut Measured),
) -> Vec<Difference> {
    let (mut measured, mut before) = (fresh(), vec![]);
    for number in 0..ROUNDS {
        round(number, &mut measured).await;
        println!("{measured}");
        if !measured.would_tell() {
            println!("a control goes unnoticed: measured for longer");
            continue;
        }
        let differences = measured.differences();
        if differences.is_empty() {
            return vec![];
        }
        if measured.is_hindered() {
            println!("{differences:?} means nothing where looking somebody up takes so long: measured again");
        } else {
            let again: Vec<_> = differences.iter().filter(|found| before.contains(*found)).copied().collect();
            if !again.is_empty() {
                return again;
            }
            println!("{differences:?}: measured again");
            before = differences;
        }
        measured = fresh();
    }
    panic!("this machine is too busy to tell: try again where it has less to do");
}

/// One round: new accounts of each kind, and all tries at them.
async fn try_each(house: &House, admin: &Guest, round: usize, measured: &mut Measured) {
    let accounts = (round * ACCOUNTS..(round + 1) * ACCOUNTS).map(|number| settle(house, admin, number));
    let mut settled = vec![];
    for account in accounts {
        settled.push(account.await);
    }
    let kinds = [&KINDS[..], &["slower"]].concat();
    for (turn, (number, known)) in settled.iter().cycle().take(ACCOUNTS * TRIES).enumerate() {
        // Who is first changes, since the first one after a pause may find the caches cold.
        for step in 0..kinds.len() {
            let kind = kinds[(turn + step) % kinds.len()];
            let email = format!("{kind}-{number}@x.io");
            // The right password is no exception where the account does not admit it.
            let password = if kind == "known" { WRONG } else { PASSWORD };
            measured.note(kind, timed(house, &email, password, 401).await * factor(kind));
        }
        let too_long = "x".repeat(300);
        measured.note("nothing hashed", timed(house, "unknown-0@x.io", &too_long, 422).await);
        let asked = Instant::now();
        house.facts(&StreamName::user(*known)).await;
        measured.note_look_up(asked.elapsed());
    }
}

/// The same where nobody is let in.
async fn try_locked(house: &House, round: usize, measured: &mut Measured) {
    let accounts = round * LOCKED..(round + 1) * LOCKED;
    let kinds = ["unknown", "known", "slower"];
    for number in accounts.clone() {
        house.guest(&format!("known-{number}@x.io")).await;
        for kind in kinds {
            for _ in 0..5 {
                house.login(&format!("{kind}-{number}@x.io"), WRONG).await.must_be(401);
            }
        }
    }
    for (turn, number) in accounts.cycle().take(LOCKED * LOCKED_TRIES).enumerate() {
        for step in 0..kinds.len() {
            let kind = kinds[(turn + step) % kinds.len()];
            let took = timed(house, &format!("{kind}-{number}@x.io"), PASSWORD, 429).await;
            measured.note(kind, took * factor(kind));
        }
    }
}

/// How much longer than it does a kind is said to take.
fn factor(kind: &str) -> f64 {
    if kind == "slower" { HALF_AS_LONG_AGAIN } else { 1.0 }
}

/// The cost at which passwords are hashed unless told otherwise.
fn as_shipped() -> Argon2Params {
    Config::read(&Environment::of([])).expect("the defaults are right").argon2
}

/// One account of each kind: their number, and who is known.
async fn settle(house: &House, admin: &Guest, number: usize) -> (usize, UserId) {
    let mut known = None;
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
            _ => known = Some(id.parse().expect("an id")),
        }
    }
    let invited = json!({ "email": format!("invited-{number}@x.io") });
    house.post("/users").by(admin).json(invited).send().await.must_be(201);
    (number, known.expect("somebody is known"))
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

//! A thousand people who think for a second between two requests: what each of them feels.

use crate::{
    Outcome,
    fleet::Fleet,
    load::{Answer, Connection, request},
    process::{ADMIN, PASSWORD},
    sample::Sample,
    scenarios::people::{Person, credentials, sign_in, sign_up},
    table::{Figure, Reach, Row},
};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const PEOPLE: usize = 1_000;
const THINK: Duration = Duration::from_secs(1);
/// People who sign up at the same time while the crowd gathers.
const AT_ONCE: usize = 8;

/// What somebody does next; of a hundred requests so many are of each kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// 90: `GET /auth/me`
    Me,
    /// 5: `GET /users`, as an admin would
    List,
    /// 3: `PATCH /users/{id}`
    Update,
    /// 1: `POST /auth/login`
    SignIn,
    /// 1: `POST /auth/refresh`
    Refresh,
}

impl Act {
    /// The kind of the `nth` request, spread evenly.
    const fn of(nth: usize) -> Self {
        match nth * 37 % 100 {
            0..=89 => Self::Me,
            90..=94 => Self::List,
            95..=97 => Self::Update,
            98 => Self::SignIn,
            _ => Self::Refresh,
        }
    }
}

/// What one of them felt.
#[derive(Default)]
struct Felt {
    signing_in: Sample,
    otherwise: Sample,
}

pub(super) async fn run(fleet: &Fleet, seconds: u64) -> Outcome<Vec<Row>> {
    let people = gather(fleet).await?;
    let admin = sign_in(&mut Connection::open(fleet.commands(0)).await?, ADMIN).await?;
    let (admin, started) = (Arc::new(admin.authorization), Instant::now());
    // Each act of each kind must come up often enough, so a crowd takes at least fifteen seconds.
    let until = started + Duration::from_secs(seconds.max(15));
    let mut tasks = JoinSet::new();
    for (number, person) in people.into_iter().enumerate() {
        let (commands, queries) = (fleet.commands(number), fleet.queries(number / 2));
        let somebody = Somebody {
            commands: Connection::open(commands).await?,
            queries: Connection::open(queries).await?,
            person,
            email: email(number),
            admin: Arc::clone(&admin),
        };
        tasks.spawn(somebody.live(number, until));
    }
    let mut felt = Felt::default();
    while let Some(done) = tasks.join_next().await {
        let one = done??;
        felt.signing_in.merge(one.signing_in);
        felt.otherwise.merge(one.otherwise);
    }
    let requests = felt.otherwise.count() + felt.signing_in.count();
    let row = |name: &str, took, most| Row {
        scenario: format!("{PEOPLE} people, {requests} requests, none failed: {name} outside sign-in"),
        ours: Figure::Took(took),
        limit: None,
        reach: Reach::Within(Duration::from_millis(most)),
    };
    Ok(vec![row("p95", felt.otherwise.percentile(0.95), 20), row("p99", felt.otherwise.percentile(0.99), 60)])
}

fn email(number: usize) -> String {
    format!("crowd-{number}@example.com")
}

async fn gather(fleet: &Fleet) -> Outcome<Vec<Person>> {
    let mut tasks = JoinSet::new();
    for lane in 0..AT_ONCE {
        let address = fleet.commands(lane);
        tasks.spawn(async move {
            let (mut connection, mut people) = (Connection::open(address).await?, Vec::new());
            for number in (lane..PEOPLE).step_by(AT_ONCE) {
                people.push((number, sign_up(&mut connection, &email(number)).await?));
            }
            Outcome::Ok(people)
        });
    }
    let mut people = Vec::with_capacity(PEOPLE);
    while let Some(done) = tasks.join_next().await {
        people.extend(done??);
    }
    people.sort_by_key(|(number, _)| *number);
    Ok(people.into_iter().map(|(_, person)| person).collect())
}

struct Somebody {
    commands: Connection,
    queries: Connection,
    person: Person,
    email: String,
    admin: Arc<String>,
}

impl Somebody {
    async fn live(mut self, number: usize, until: Instant) -> Outcome<Felt> {
        let mut felt = Felt::default();
        // A thousand people do not begin in the same moment.
        tokio::time::sleep(THINK * u32::try_from(number)? / u32::try_from(PEOPLE)?).await;
        for nth in number.. {
            if Instant::now() >= until {
                break;
            }
            let act = Act::of(nth);
            let asked = Instant::now();
            self.perform(act, nth).await?;
            match act {
                Act::SignIn => felt.signing_in.add(asked.elapsed()),
                Act::Me | Act::List | Act::Update | Act::Refresh => felt.otherwise.add(asked.elapsed()),
            }
            tokio::time::sleep(THINK).await;
        }
        Ok(felt)
    }

    async fn perform(&mut self, act: Act, nth: usize) -> Outcome<()> {
        let own = [("authorization", self.person.authorization.as_str())];
        let answer = match act {
            Act::Me => self.queries.ask_after_silence(&request("GET", "/api/v1/auth/me", &own, None)).await?,
            Act::List => {
                let admin = [("authorization", self.admin.as_str())];
                self.queries
                    .ask_after_silence(&request("GET", "/api/v1/users?limit=20", &admin, None))
                    .await?
            }
            Act::Update => {
                let path = format!("/api/v1/users/{}", self.person.id);
                let body = json!({"display_name": format!("Name {nth}")}).to_string();
                self.commands.ask_after_silence(&request("PATCH", &path, &own, Some(&body))).await?
            }
            Act::SignIn => {
                let body = credentials(&self.email, PASSWORD);
                self.commands
                    .ask_after_silence(&request("POST", "/api/v1/auth/login", &[], Some(&body)))
                    .await?
            }
            Act::Refresh => {
                let body = json!({"refresh_token": self.person.refresh_token}).to_string();
                self.commands
                    .ask_after_silence(&request("POST", "/api/v1/auth/refresh", &[], Some(&body)))
                    .await?
            }
        };
        if answer.status != 200 {
            return Err(format!("answered {}: {}", answer.status, answer.json()?).into());
        }
        if act == Act::Refresh {
            self.person.refresh_token = refreshed(&answer)?;
        }
        Ok(())
    }
}

fn refreshed(answer: &Answer) -> Outcome<String> {
    Ok(answer.json()?["refresh_token"].as_str().ok_or("no successor")?.to_owned())
}

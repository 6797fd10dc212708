//! From the answer to what takes something away until every instance refuses: a revoked token, a suspended person, a
//! withdrawn role; two of each service over NATS and PostgreSQL.

use super::people::{Person, sign_in, sign_up};
use crate::{
    Outcome,
    fleet::Fleet,
    load::{Connection, request},
    machine::Postgres,
    process::ADMIN,
    sample::Sample,
    table::{Figure, Reach, Row},
};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How often each is taken away. A hundredth of these times four instances is what p99 leaves out.
const ROUNDS: usize = 100;
/// Whoever is admitted for longer was not refused at all.
const NEVER: Duration = Duration::from_secs(10);
const EMAIL: &str = "refused@example.com";
const ROLE: &str = "bench";
/// Nobody has this id: what is asked of it is refused, or not found.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// What is taken away.
#[derive(Clone, Copy)]
enum Taken {
    Token,
    Person,
    Role,
}

impl Taken {
    const fn name(self) -> &'static str {
        match self {
            Self::Token => "a revoked token",
            Self::Person => "a suspended person",
            Self::Role => "a withdrawn role",
        }
    }

    /// How a query and a command are refused once it is taken.
    const fn refusal(self) -> u16 {
        match self {
            Self::Token | Self::Person => 401,
            Self::Role => 403,
        }
    }
}

pub(crate) async fn run(evident: &Path, postgres: &Postgres) -> Outcome<Vec<Row>> {
    let fleet = Fleet::start(evident, postgres).await?;
    let mut stage = Stage::set(&fleet).await?;
    let mut rows = Vec::new();
    for taken in [Taken::Token, Taken::Person, Taken::Role] {
        let mut sample = Sample::default();
        for round in 0..ROUNDS {
            stage.round(taken, round, &mut sample).await?;
        }
        rows.push(Row {
            scenario: format!("{} is refused at every instance, p99 of {}", taken.name(), sample.count()),
            ours: Figure::Took(sample.percentile(0.99)),
            limit: None,
            reach: Reach::Within(Duration::from_millis(250)),
        });
    }
    Ok(rows)
}

struct Stage<'a> {
    fleet: &'a Fleet,
    commands: [Connection; 2],
    admin: String,
    id: String,
}

impl<'a> Stage<'a> {
    async fn set(fleet: &'a Fleet) -> Outcome<Self> {
        let mut commands =
            [Connection::open(fleet.commands(0)).await?, Connection::open(fleet.commands(1)).await?];
        let id = sign_up(&mut commands[0], EMAIL).await?.id;
        let admin = sign_in(&mut commands[0], ADMIN).await?.authorization;
        let mut stage = Self { fleet, commands, admin, id };
        let role = json!({"permissions": ["users:read", "users:write"]}).to_string();
        stage.command(0, "PUT", &format!("/api/v1/roles/{ROLE}"), Some(&role), 201).await?;
        Ok(stage)
    }

    /// Gives, waits until every instance admits, takes, and adds how long each of them still admitted.
    async fn round(&mut self, taken: Taken, round: usize, sample: &mut Sample) -> Outcome<()> {
        let grant = format!("/api/v1/users/{}/roles/{ROLE}", self.id);
        let suspension = format!("/api/v1/users/{}/suspension", self.id);
        if matches!(taken, Taken::Role) {
            self.command(round, "PUT", &grant, None, 204).await?;
        }
        let person = sign_in(&mut self.commands[round % 2], EMAIL).await?;
        for (address, ask) in self.instances(taken, &person) {
            until(address, &ask, |status| status != taken.refusal()).await?;
        }
        match taken {
            Taken::Token => {
                let logout = json!({"refresh_token": person.refresh_token}).to_string();
                self.command(round, "POST", "/api/v1/auth/logout", Some(&logout), 204).await?;
            }
            Taken::Person => {
                self.command(round, "PUT", &suspension, Some(r#"{"reason": "a benchmark"}"#), 204).await?;
            }
            Taken::Role => self.command(round, "DELETE", &grant, None, 204).await?,
        }
        let answered = Instant::now();
        let mut instances = JoinSet::new();
        for (address, ask) in self.instances(taken, &person) {
            instances.spawn(async move {
                until(address, &ask, |status| status == taken.refusal()).await?;
                Outcome::Ok(answered.elapsed())
            });
        }
        while let Some(refused) = instances.join_next().await {
            sample.add(refused??);
        }
        if matches!(taken, Taken::Person) {
            self.command(round, "DELETE", &suspension, None, 204).await?;
        }
        Ok(())
    }

    /// What each instance is asked by that person: something that only what is taken lets them.
    fn instances(&self, taken: Taken, person: &Person) -> Vec<(SocketAddr, Vec<u8>)> {
        let headers = [("authorization", person.authorization.as_str())];
        let query = match taken {
            Taken::Token | Taken::Person => "/api/v1/auth/me",
            Taken::Role => "/api/v1/users?limit=1",
        };
        let command = match taken {
            Taken::Token | Taken::Person => format!("/api/v1/auth/sessions/{NOBODY}"),
            Taken::Role => format!("/api/v1/users/{NOBODY}/lockout"),
        };
        let query = request("GET", query, &headers, None);
        let command = request("DELETE", &command, &headers, None);
        let both =
            |nth| [(self.fleet.queries(nth), query.clone()), (self.fleet.commands(nth), command.clone())];
        (0..2).flat_map(both).collect()
    }

    /// A command of the admin's, by one of the two services.
    async fn command(
        &mut self,
        nth: usize,
        method: &str,
        path: &str,
        body: Option<&str>,
        expected: u16,
    ) -> Outcome<()> {
        let headers = [("authorization", self.admin.as_str())];
        let asked = request(method, path, &headers, body);
        let answer = self.commands[nth % 2].ask_after_silence(&asked).await?;
        match answer.status == expected {
            true => Ok(()),
            false => Err(format!("{method} {path} answered {}", answer.status).into()),
        }
    }
}

/// Asks again and again until the answer is as wanted.
async fn until(address: SocketAddr, ask: &[u8], wanted: impl Fn(u16) -> bool) -> Outcome<()> {
    let mut connection = Connection::open(address).await?;
    let began = Instant::now();
    loop {
        let status = connection.ask(ask).await?.status;
        if wanted(status) {
            return Ok(());
        }
        if began.elapsed() > NEVER {
            return Err(format!("{address} still answers {status}").into());
        }
    }
}

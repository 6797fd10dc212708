//! Who kills, and starts again.

use super::dice::Dice;
use crate::{
    cluster::{Installation, Service},
    servers::Server,
};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// How much longer the killing goes on where the machine is slow.
const LONGER: Duration = Duration::from_secs(300);

/// Everything that can die.
pub(super) struct Fleet {
    pub(super) commands: [Service; 2],
    pub(super) projectors: [Service; 2],
    pub(super) queries: [Service; 2],
    servers: Servers,
}

/// What they have between them.
pub(super) struct Servers {
    pub(super) postgres: Server,
    pub(super) nats: Server,
    pub(super) valkey: Server,
}

/// What dies in each round; of a pair, which.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Commands(usize),
    Projector(usize),
    Queries(usize),
    Nats,
    Valkey,
}

impl Victim {
    const ALL: [Self; 8] = [
        Self::Commands(0),
        Self::Commands(1),
        Self::Projector(0),
        Self::Projector(1),
        Self::Queries(0),
        Self::Queries(1),
        Self::Nats,
        Self::Valkey,
    ];
}

/// How often which was killed.
#[derive(Default)]
pub(super) struct Killed {
    commands: u32,
    projectors: u32,
    queries: u32,
    nats: u32,
    valkey: u32,
    postgres: u32,
}

impl Fleet {
    /// Starts two of each, and waits until all are ready.
    pub(super) async fn start(installation: &Installation, servers: Servers) -> Self {
        let mut fleet = Self {
            commands: [installation.command_api(), installation.command_api()],
            projectors: [installation.projector(), installation.projector()],
            queries: [installation.query_api(), installation.query_api()],
            servers,
        };
        fleet.heal().await;
        fleet
    }

    /// Kills one after another until it is time to stop, and starts each again a moment later; never both of a pair. In each
    /// round everything dies once, in an order that the dice say; PostgreSQL dies once, halfway. Where the machine is slow
    /// it goes on until everything died and `enough` holds, for [`LONGER`] at most.
    pub(super) async fn kill_until(
        &mut self,
        until: Instant,
        mut dice: Dice,
        enough: impl Fn() -> bool,
    ) -> Killed {
        let mut killed = Killed::default();
        let half = Instant::now() + until.saturating_duration_since(Instant::now()) / 2;
        let mut round = Vec::new();
        let is_over = |killed: &Killed| {
            let now = Instant::now();
            now >= until && (killed.is_everybody() && enough() || now >= until + LONGER)
        };
        while !is_over(&killed) {
            pause(&mut dice, 200, 700).await;
            if killed.postgres == 0 && Instant::now() > half {
                kill_for_a_moment(&self.servers.postgres, &mut killed.postgres, &mut dice).await;
                continue;
            }
            if round.is_empty() {
                round = Victim::ALL.to_vec();
            }
            let next = usize::try_from(dice.below(round.len() as u64)).expect("one of the round");
            let (victim, count) = match round.swap_remove(next) {
                Victim::Commands(which) => (&mut self.commands[which], &mut killed.commands),
                Victim::Projector(which) => (&mut self.projectors[which], &mut killed.projectors),
                Victim::Queries(which) => (&mut self.queries[which], &mut killed.queries),
                Victim::Nats => {
                    kill_for_a_moment(&self.servers.nats, &mut killed.nats, &mut dice).await;
                    continue;
                }
                Victim::Valkey => {
                    kill_for_a_moment(&self.servers.valkey, &mut killed.valkey, &mut dice).await;
                    continue;
                }
            };
            victim.kill();
            *count += 1;
            pause(&mut dice, 0, 500).await;
            victim.restart();
        }
        killed
    }

    /// Waits until all are ready again.
    pub(super) async fn heal(&mut self) {
        let (commands, projectors, queries) = (&mut self.commands, &mut self.projectors, &mut self.queries);
        for service in commands.iter_mut().chain(projectors).chain(queries) {
            service.until_ready().await;
        }
    }
}

async fn kill_for_a_moment(server: &Server, count: &mut u32, dice: &mut Dice) {
    server.kill();
    *count += 1;
    pause(dice, 50, 1_000).await;
    server.restart();
}

/// Not a wait for anything: how long the world stays as it is.
async fn pause(dice: &mut Dice, least_ms: u64, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(least_ms + dice.below(most_ms - least_ms))).await;
}

impl Killed {
    /// Whether nobody was spared, and PostgreSQL killed once.
    fn is_everybody(&self) -> bool {
        let Self { commands, projectors, queries, nats, valkey, postgres } = *self;
        ![commands, projectors, queries, nats, valkey].contains(&0) && postgres == 1
    }

    /// Fails when somebody was spared, or PostgreSQL killed more than once.
    pub(super) fn must_be_everybody(&self) {
        assert!(self.is_everybody(), "that was no chaos: {self}");
    }
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, projectors, queries, nats, valkey, postgres } = self;
        write!(
            f,
            "killed {commands} command-apis, {projectors} projectors, {queries} query-apis, \
             NATS {nats} times, Valkey {valkey} times, PostgreSQL {postgres} times"
        )
    }
}

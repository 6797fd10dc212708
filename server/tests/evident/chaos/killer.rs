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

    /// Kills one after another until it is time to stop. Each is started again a moment later; sometimes the next one dies
    /// while the last one is away, never both of a pair for long.
    pub(super) async fn kill_until(&mut self, until: Instant, mut dice: Dice) -> Killed {
        let mut killed = Killed::default();
        let half = Instant::now() + until.saturating_duration_since(Instant::now()) / 2;
        while Instant::now() < until {
            pause(&mut dice, 200, 700).await;
            if killed.postgres == 0 && Instant::now() > half {
                kill_for_a_moment(&self.servers.postgres, &mut killed.postgres, &mut dice).await;
                continue;
            }
            let which = usize::try_from(dice.below(2)).expect("0 or 1");
            let (victim, count) = match dice.below(8) {
                0 | 1 => (&mut self.commands[which], &mut killed.commands),
                2 | 3 => (&mut self.projectors[which], &mut killed.projectors),
                4 | 5 => (&mut self.queries[which], &mut killed.queries),
                6 => {
                    kill_for_a_moment(&self.servers.nats, &mut killed.nats, &mut dice).await;
                    continue;
                }
                _ => {
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

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
    postgres: Server,
    nats: Server,
}

/// How often which was killed.
#[derive(Default)]
pub(super) struct Killed {
    commands: u32,
    projectors: u32,
    queries: u32,
    nats: u32,
    postgres: u32,
}

impl Fleet {
    /// Starts two of each, and waits until all are ready.
    pub(super) async fn start(installation: &Installation, postgres: Server, nats: Server) -> Self {
        let mut fleet = Self {
            commands: [installation.command_api(), installation.command_api()],
            projectors: [installation.projector(), installation.projector()],
            queries: [installation.query_api(), installation.query_api()],
            postgres,
            nats,
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
                self.postgres.kill();
                pause(&mut dice, 100, 800).await;
                self.postgres.restart();
                killed.postgres += 1;
                continue;
            }
            let which = usize::try_from(dice.below(2)).expect("0 or 1");
            let (victim, count) = match dice.below(7) {
                0 | 1 => (&mut self.commands[which], &mut killed.commands),
                2 | 3 => (&mut self.projectors[which], &mut killed.projectors),
                4 | 5 => (&mut self.queries[which], &mut killed.queries),
                _ => {
                    self.nats.kill();
                    pause(&mut dice, 50, 1_000).await;
                    self.nats.restart();
                    killed.nats += 1;
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

/// Not a wait for anything: how long the world stays as it is.
async fn pause(dice: &mut Dice, least_ms: u64, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(least_ms + dice.below(most_ms - least_ms))).await;
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, projectors, queries, nats, postgres } = self;
        write!(
            f,
            "killed {commands} command-apis, {projectors} projectors, {queries} query-apis, \
             NATS {nats} times, PostgreSQL {postgres} times"
        )
    }
}

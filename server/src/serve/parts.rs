//! What a process is made of, once its stores are open.

use super::background::Running;
use crate::{
    Role,
    opening::{Openings, patiently},
    report::{Doing, Failure},
};
use read_models::ReadModels;
use service::{
    clock::{Clock, Entropy},
    config::Config,
    shared::Limiter,
};
use store::{bus::Bus, log::Log, vault::Vault};

/// The stores that a role needs, and the services on them. Clones share everything.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) log: Log,
    /// What carries the log to whoever follows, where there is one.
    pub(crate) bus: Option<Bus>,
    pub(crate) vault: Vault,
    /// None where commands alone are taken: they never look there.
    pub(crate) read_models: Option<ReadModels>,
    pub(crate) commands: Option<command_api::App>,
    pub(crate) queries: Option<query_api::App>,
    /// Who has to wait.
    pub(crate) limiter: Limiter,
    /// What runs the projection.
    pub(crate) projector: Option<Running>,
}

impl Parts {
    /// Opens what the role needs, and waits for what is away; then starts its services.
    pub(super) async fn start(role: Role, config: &Config, openings: &Openings<'_>) -> Result<Self, Failure> {
        let (clock, entropy) = (Clock::System, Entropy::System);
        let bus = openings.bus().await?;
        // The relay reads the log itself, and nobody else in a command service follows.
        let log = match (openings.log().await?, &bus) {
            (log, Some(bus)) if role.projects() || role.answers() => log.carried_by(bus),
            (log, Some(_) | None) => log,
        };
        let vault = openings.vault().await?;
        let read_models = match role.projects() || role.answers() {
            true => Some(openings.read_models().await?),
            false => None,
        };
        let limiter = Limiter::open(config, &vault.keyed_hash("limits", &[]), clock.clone())
            .doing("open the limits")?;
        // What was open a moment ago may be away by now.
        let commands = match role.decides() {
            true => {
                let start = || {
                    let (log, vault) = (log.clone(), vault.clone());
                    command_api::App::start(log, vault, config, clock.clone(), entropy.clone())
                };
                let started = patiently(true, "what the command service reads at its start", start);
                Some(started.await.doing("start the command service")?)
            }
            false => None,
        };
        let queries = match &read_models {
            Some(models) if role.answers() => {
                let start = || {
                    let (log, vault, models) = (log.clone(), vault.clone(), models.clone());
                    query_api::App::start(log, vault, models, config, clock.clone(), entropy.clone())
                };
                let started = patiently(true, "what the query service reads at its start", start);
                Some(started.await.doing("start the query service")?)
            }
            Some(_) | None => None,
        };
        let projector = role.projects().then(Running::default);
        Ok(Self { log, bus, vault, read_models, commands, queries, limiter, projector })
    }
}

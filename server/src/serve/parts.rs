//! What a process is made of, once its stores are open.

use super::background::Running;
use crate::{
    Role,
    opening::{Openings, patiently},
    report::{Doing, Failure},
};
use projector::reactors::{self, Work, mail::Mailer};
use read_models::ReadModels;
use service::{
    clock::{Clock, Entropy},
    config::Config,
    shared::Limiter,
};
use std::sync::Arc;
use store::{bus::Bus, log::Log, vault::Vault};

/// The stores that a role needs, and the services on them. Clones share everything.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) clock: Clock,
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
    /// What is done about what happens, where it is projected.
    pub(crate) reactors: Vec<Arc<Work>>,
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
        let reactors = match &read_models {
            Some(models) if role.projects() => start_reactors(&log, &vault, models, &clock, config).await?,
            Some(_) | None => Vec::new(),
        };
        Ok(Self { clock, log, bus, vault, read_models, commands, queries, limiter, projector, reactors })
    }
}

/// Each has its place in the log before anything is served: what is done from then on, it sees.
async fn start_reactors(
    log: &Log,
    vault: &Vault,
    models: &ReadModels,
    clock: &Clock,
    config: &Config,
) -> Result<Vec<Arc<Work>>, Failure> {
    let stores = (log.clone(), vault.clone(), models.clone());
    let mailer = Mailer::new(stores, clock.clone(), config).doing("set up mail")?;
    let works = vec![Arc::new(Work::Mail(mailer))];
    for work in &works {
        let prepare = || reactors::prepare(work, log, models);
        match patiently(true, "what a reactor keeps", prepare).await {
            // It stops for the same reason when it is run, and says so; nothing else has to stop with it.
            Err(error) if error.is_final() => {}
            prepared => prepared.doing("find a reactor's place in the log")?,
        }
    }
    Ok(works)
}

//! A running process, whatever its role: it answers from the first moment, waits for its stores, serves, and drains.

mod background;
mod gate;
mod parts;
mod welcome;

pub(crate) use parts::Parts;

use crate::{
    Role, docs, machines,
    opening::{self, Openings},
    report::{self, Doing, Failure},
};
use axum::Router;
use background::Background;
use gate::Gate;
use service::{
    clock::Entropy,
    config::{self, Config},
    http::{self, Door, Frame, Tls},
    shared::Limiter,
    shutdown,
    telemetry::{self, Metrics},
};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa_axum::router::OpenApiRouter;
use welcome::{first_admin, welcome};

/// Runs until a signal asks it to stop; then drains, closes the log and returns.
pub(crate) async fn run(config: Config, role: Role) -> Result<ExitCode, Failure> {
    let telemetry = telemetry::init(&config, role.binary()).doing("start logging")?;
    if !config.rate_limits {
        tracing::warn!(
            "EVIDENT_RATE_LIMITS is off: nobody who guesses passwords has to wait. For load tests alone"
        );
    }
    let stop = shutdown::on_signals().doing("listen for signals")?;
    let doors = Doors::listen(&config, stop.clone()).await?;
    report::say(format_args!("{} listens on {}", named(role), doors.bound));

    if let Some(parts) = stop.run_until_cancelled(start(role, &config)).await {
        let (parts, first_admin) = parts?;
        let background = Background::start(&parts);
        let rules = Frame::new(&config, Entropy::System, parts.limiter.clone());
        doors.open(routes(&config, role, &parts, telemetry.metrics()), &rules);
        welcome(role, &config, &doors.url, first_admin.as_ref());
        doors.served().await;
        rules.finish().await;
        if let Some(commands) = &parts.commands {
            commands.drain().await;
        }
        background.stop().await;
        parts.log.close().await;
    }
    telemetry.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

const fn named(role: Role) -> &'static str {
    match role {
        Role::Everything => "Evident",
        Role::Commands | Role::Projection | Role::Queries => role.binary(),
    }
}

/// From configuration to running services. The embedded process makes and migrates what is missing; a service refuses
/// stores that nobody has made.
async fn start(role: Role, config: &Config) -> Result<(Parts, Option<welcome::FirstAdmin>), Failure> {
    let openings = Openings::patient(config);
    if role == Role::Everything {
        opening::make_data_dir(&config.data_dir)?;
        openings.make_master_key(&Entropy::System).await?;
        openings.migrate().await?;
    }
    let parts = Parts::start(role, config, &openings).await?;
    let first_admin = match &parts.commands {
        Some(commands) => first_admin(role, commands, config).await?,
        None => None,
    };
    Ok((parts, first_admin))
}

/// Where a process is asked: the main address, and another one for machines when the operator wants one.
struct Doors {
    /// What is listened on.
    bound: String,
    /// What a client on this machine calls that.
    url: String,
    main: Gate,
    operations: Option<Gate>,
    serving: TaskTracker,
}

/// Routes for the main address, and those for machines when they have one of their own.
type Routes = (Router, Option<Router>);

impl Doors {
    /// Listens, and answers that nothing is there yet.
    async fn listen(config: &Config, stop: CancellationToken) -> Result<Self, Failure> {
        // Nothing is done yet that somebody could do too often.
        let rules = Frame::new(config, Entropy::System, Limiter::Off);
        let listener = TcpListener::bind(config.bind).await.doing("listen")?;
        let address = listener.local_addr().doing("listen")?;
        let tls = config.tls.as_ref().map(Tls::load).transpose().doing("load the certificate")?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (bound, url) =
            (format!("{scheme}://{address}"), format!("{scheme}://{}", config::callable(address)));
        let serving = TaskTracker::new();
        if let Some(tls) = tls.clone() {
            serving.spawn(tls.follow_files(stop.clone()));
        }
        let serve = |door: Door, gate: &Gate| {
            serving.spawn(http::serve(door, gate.router(), rules.limits, stop.clone()));
        };
        let (main, operations) = match config.ops_bind {
            Some(bind) => {
                let operations = Gate::closed(machines::while_starting().into(), &rules);
                let listener = TcpListener::bind(bind).await.doing("listen for operators")?;
                serve(listener.into(), &operations);
                (Gate::closed(Router::new(), &rules), Some(operations))
            }
            None => (Gate::closed(machines::while_starting().into(), &rules), None),
        };
        serve(Door::from(listener).with_tls(tls).behind(config.trusted_proxies.clone()), &main);
        serving.close();
        Ok(Self { bound, url, main, operations, serving })
    }

    fn open(&self, (main, operations): Routes, rules: &Frame) {
        self.main.open(main, rules);
        if let (Some(gate), Some(routes)) = (&self.operations, operations) {
            gate.open(routes, rules);
        }
    }

    /// Ends when everything was answered, after it was told to stop.
    async fn served(&self) {
        self.serving.wait().await;
    }
}

fn routes(config: &Config, role: Role, parts: &Parts, metrics: Metrics) -> Routes {
    let (machines, document) = machines::routes(parts.clone(), metrics).split_for_parts();
    let mut public = OpenApiRouter::new();
    if let Some(commands) = &parts.commands {
        public = public.merge(command_api::router(commands.clone()));
    }
    if let Some(queries) = &parts.queries {
        public = public.merge(query_api::router(queries.clone()));
    }
    let router = Router::from(public);
    let (router, operations, document) = match config.ops_bind {
        Some(_) => (router, Some(machines), None),
        None => (router.merge(machines), None, Some(document)),
    };
    let router = match role.is_public() {
        true => router.merge(docs::routes(document, config)),
        false => router,
    };
    (router, operations)
}

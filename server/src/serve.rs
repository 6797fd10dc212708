//! `evident serve`: commands, projection and queries in one process, on one address.

use crate::{
    admin, docs,
    opening::{self, Stores},
    report::{self, Doing, Failure},
};
use axum::Router;
use service::{
    clock::{Clock, Entropy},
    config::Config,
    http::{self, Frame},
    shared::Limiter,
    shutdown,
    telemetry::{self, Metrics},
};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa_axum::router::OpenApiRouter;

/// Runs until a signal asks it to stop; then drains, closes the log and returns.
pub(crate) async fn run(config: Config) -> Result<ExitCode, Failure> {
    let telemetry = telemetry::init(config.log_format).doing("start logging")?;
    let (clock, entropy) = (Clock::System, Entropy::System);

    opening::make_data_dir(&config.data_dir)?;
    opening::ensure_master_key(&config, &entropy).await?;
    opening::migrate(&config).await?;
    let stores = opening::open(&config).await?;

    let commands = command_api::App::start(
        stores.log.clone(),
        stores.vault.clone(),
        &config,
        clock.clone(),
        entropy.clone(),
    )
    .await
    .doing("start the command service")?;
    let first_admin = first_admin(&commands, &config, &entropy).await?;
    let queries = query_api::App::start(
        stores.log.clone(),
        stores.vault.clone(),
        stores.read_models.clone(),
        &config,
        clock.clone(),
        entropy.clone(),
    )
    .await
    .doing("start the query service")?;
    let limiter = Limiter::open(&config, &stores.vault.keyed_hash("limits", &[]), clock);

    let stop = shutdown::on_signals().doing("listen for signals")?;
    let background = Background::start(&stores, &commands, &queries);
    let (router, machines) = routes(&config, &commands, queries, telemetry.metrics());
    let listener = TcpListener::bind(config.bind).await.doing("listen")?;
    let address = listener.local_addr().doing("listen")?;
    let operations = match config.ops_bind {
        Some(bind) => Some((TcpListener::bind(bind).await.doing("listen for operators")?, machines)),
        None => None,
    };
    welcome(&address.to_string(), first_admin.as_ref());

    let frame = Frame::new(&config, entropy, limiter.doing("open the limits")?);
    let serving = http::serve(listener, http::frame(router, &frame), frame.limits, stop.clone());
    match operations {
        Some((listener, machines)) => {
            let operating = http::serve(listener, http::frame(machines, &frame), frame.limits, stop.clone());
            tokio::join!(serving, operating);
        }
        None => serving.await,
    }
    commands.drain().await;
    background.stop().await;
    stores.log.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The first admin's address, and the password when we made it up.
struct FirstAdmin {
    email: String,
    one_time_password: Option<service::config::Secret>,
}

/// Makes the first admin of an Evident that has none: from the environment, else with a one-time password.
async fn first_admin(
    commands: &command_api::App,
    config: &Config,
    entropy: &Entropy,
) -> Result<Option<FirstAdmin>, Failure> {
    let email = config.admin_email.clone().unwrap_or_else(|| "admin@localhost".to_owned());
    let made_up = config.admin_password.is_none().then(|| admin::one_time_password(entropy));
    let Some(password) = config.admin_password.as_ref().or(made_up.as_ref()) else { return Ok(None) };
    let made = command_api::bootstrap_admin(commands, &email, password.expose())
        .await
        .doing("make the first admin")?;
    Ok(made.map(|_| FirstAdmin { email, one_time_password: made_up }))
}

/// What runs beside the answering of requests: the projector, the query side's feed, the command side's chores.
struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    fn start(stores: &Stores, commands: &command_api::App, queries: &query_api::App) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let Stores { log, vault, read_models } = stores.clone();
        tasks.spawn({
            let stop = stop.clone();
            async move {
                if let Err(error) = projector::run(log, vault, read_models, stop).await {
                    tracing::error!(%error, "the projector stopped: queries stay at their last position");
                }
            }
        });
        tasks.spawn({
            let (queries, stop) = (queries.clone(), stop.clone());
            async move { queries.follow(stop).await }
        });
        tasks.spawn({
            let (commands, stop) = (commands.clone(), stop.clone());
            async move { commands.run_chores(stop).await }
        });
        tasks.close();
        Self { tasks, stop }
    }

    /// Stops them after what they are at.
    async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// All routes on one router; and apart from them those for machines when they have an address of their own.
fn routes(
    config: &Config,
    commands: &command_api::App,
    queries: query_api::App,
    metrics: Metrics,
) -> (Router, Router) {
    let machines = query_api::machines(queries.clone(), metrics);
    let public = command_api::router(commands.clone()).merge(query_api::router(queries));
    let (public, machines) = match config.ops_bind {
        Some(_) => (public, machines),
        None => (public.merge(machines), OpenApiRouter::new()),
    };
    let (router, document) = public.split_for_parts();
    (router.merge(docs::routes(docs::described(document, config))), machines.into())
}

/// Tells whoever started the process where it is and what to try next.
fn welcome(address: &str, first_admin: Option<&FirstAdmin>) {
    report::say(format_args!("Evident listens on http://{address}"));
    report::say(format_args!("The API, to read and to try: http://{address}/docs"));
    if let Some(admin) = first_admin {
        report::say(format_args!("The first admin is {}.", admin.email));
        if let Some(password) = &admin.one_time_password {
            report::say(format_args!("One-time password: {}", password.expose()));
            report::say(
                "It is shown this once. Sign in with it and choose another (POST /api/v1/auth/password).",
            );
        }
    }
    report::say(format_args!(
        "Try it: curl -s http://{address}/api/v1/auth/register --json \
         '{{\"email\": \"you@example.com\", \"password\": \"correct horse battery staple\"}}'"
    ));
}

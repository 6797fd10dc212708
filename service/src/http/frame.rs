//! What happens around every route, in one layer: a request is admitted, counted, answered in time, dressed, and told of.

use super::{
    Limits, admission, answer,
    cors::Cors,
    observe::{self, Observer},
    transport::came_by_https,
};
use crate::{
    clock::Entropy,
    config::Config,
    extract::{Asked, traceparent},
    http::serve::Peer,
    problem::{Code, Problem},
    rate_limit::{self, Left},
    shared::{Class, Limiter, Subscriber, Who},
};
use axum::{
    Router,
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderValue, Method, Uri, uri::PathAndQuery};
use ipnet::IpNet;
use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};
use tokio_util::task::TaskTracker;
use tower::{Layer, Service, ServiceExt};
use tracing::{Instrument, Span, field::Empty};

/// How a process frames its routes.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The bounds.
    pub limits: Limits,
    /// Whether clients come by https, so that they can be told to stay there.
    pub https: bool,
    /// Whether what did not come by https is refused.
    pub require_https: bool,
    /// Origins of browsers' pages that may call.
    pub cors_origins: Vec<String>,
    /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the ids of requests begin.
    pub entropy: Entropy,
    /// Who has to wait.
    pub limiter: Limiter,
    /// Commands that were begun.
    pub begun: TaskTracker,
}

impl Frame {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config, entropy: Entropy, limiter: Limiter) -> Self {
        Self {
            limits: Limits::of(config),
            https: config.public_url.starts_with("https:"),
            require_https: config.require_https,
            cors_origins: config.cors_origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            entropy,
            limiter,
            begun: TaskTracker::new(),
        }
    }

    /// Waits until commands that were begun are finished whose client is gone, for as long as an answer may take. To be
    /// called when no more requests come.
    pub async fn finish(&self) {
        self.begun.close();
        if tokio::time::timeout(self.limits.answer, self.begun.wait()).await.is_err() {
            tracing::warn!(commands = self.begun.len(), "stopping: commands are not finished in time");
        }
    }
}

/// Frames the routes: whatever comes in, a well-formed answer goes out, in bounded time. A handler that panics answers
/// `internal`. A command that was begun is finished, though its client may be gone.
pub fn frame(router: Router, frame: &Frame) -> Router {
    let framed = router.layer(FrameLayer(Arc::new(Rules::new(frame))));
    // Routes are found before layers run, so the path is put right from outside.
    Router::new().fallback_service(framed.map_request(without_trailing_slash))
}

/// `/api/v1/users/` is `/api/v1/users`. The docs page alone lives in a folder, whose slash its assets need.
fn without_trailing_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.starts_with("/docs") {
        return request;
    }
    let Some(shorter) = path.strip_suffix('/').filter(|path| !path.is_empty() && !path.ends_with('/')) else {
        return request;
    };
    let path_and_query = match request.uri().query() {
        Some(query) => PathAndQuery::try_from(format!("{shorter}?{query}")),
        None => PathAndQuery::try_from(shorter),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = path_and_query.ok().or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// What the frame knows before any request comes.
struct Rules {
    limits: Limits,
    require_https: bool,
    proxies: Arc<[IpNet]>,
    limiter: Limiter,
    begun: TaskTracker,
    cors: Cors,
    answers: answer::Dress,
    observer: Observer,
    /// Begins every id that is made here, so that no two runs of a process make the same.
    id_prefix: String,
    ids_made: AtomicU64,
}

impl Rules {
    fn new(frame: &Frame) -> Self {
        let prefix: [u8; 8] = frame.entropy.bytes();
        Self {
            limits: frame.limits,
            require_https: frame.require_https,
            proxies: frame.trusted_proxies.as_slice().into(),
            limiter: frame.limiter.clone(),
            begun: frame.begun.clone(),
            cors: Cors::new(&frame.cors_origins),
            answers: answer::Dress { https: frame.https },
            observer: Observer::default(),
            id_prefix: format!("{:016x}", u64::from_be_bytes(prefix)),
            ids_made: AtomicU64::new(0),
        }
    }

    fn asked(&self, request: &Request) -> Asked {
        Asked {
            id: admission::offered_id(request.headers()).unwrap_or_else(|| self.make_id()),
            peer: request.extensions().get::<Peer>().map(|peer| peer.ip),
            limits: self.limits,
            proxies: Arc::clone(&self.proxies),
            limiter: self.limiter.clone(),
            user: OnceLock::new(),
            key: OnceLock::new(),
            left: OnceLock::new(),
        }
    }

    /// Refuses what came in the clear where it may not. It is not redirected: a client that follows would never learn that
    /// each of its passwords went by in the clear first. What machines ask about a process (no class) tells nothing.
    fn admit_transport(&self, request: &Request, class: Option<Class>) -> Result<(), Problem> {
        let safe = || came_by_https(request.extensions().get::<Peer>(), request.headers(), &self.proxies);
        match !self.require_https || class.is_none() || safe() {
            true => Ok(()),
            false => Err(Problem::new(Code::HttpsRequired)),
        }
    }

    fn make_id(&self) -> HeaderValue {
        let number = self.ids_made.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{number:x}", self.id_prefix);
        // Hexadecimal digits are always a header's value.
        HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
    }
}

#[derive(Clone)]
struct FrameLayer(Arc<Rules>);

impl<S> Layer<S> for FrameLayer {
    type Service = Framed<S>;

    fn layer(&self, inner: S) -> Framed<S> {
        Framed { inner, rules: Arc::clone(&self.0) }
    }
}

#[derive(Clone)]
struct Framed<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> Service<Request> for Framed<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let unready = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, unready);
        let rules = Arc::clone(&self.rules);
        Box::pin(async move { Ok(around(&rules, ready, request).await) })
    }
}

async fn around<S>(rules: &Rules, inner: S, mut request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let began = Instant::now();
    let asked = Arc::new(rules.asked(&request));
    request.extensions_mut().insert(Arc::clone(&asked));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let docs = request.uri().path().starts_with("/docs");
    let origin = rules.cors.allowed(request.headers());
    let class = Class::of(&method, route.as_ref().map(MatchedPath::as_str));
    let source = Who::Subscriber(Subscriber::of(asked.client(request.headers())));
    let span = span(&request, route.as_ref());

    let mut left = Vec::new();
    let answer = match admission::admit(&request).and_then(|()| rules.admit_transport(&request, class)) {
        Err(problem) => problem.into_response(),
        Ok(()) if rules.cors.is_preflight(&request) => rules.cors.preflight(),
        Ok(()) => match within_limits(&rules.limiter, class, source).await {
            Err(problem) => problem.into_response(),
            Ok(to_the_source) => {
                left.extend(to_the_source);
                answered(rules, inner, request, &span).await.unwrap_or_else(Problem::into_response)
            }
        },
    };

    let (mut response, problem) = answer::as_problem(answer, asked.id());
    left.extend(asked.left.get());
    rate_limit::tell(response.headers_mut(), &left);
    rules.answers.dress(response.headers_mut(), &asked.id, docs);
    rules.cors.allow(response.headers_mut(), origin);
    span.record("http.response.status_code", response.status().as_u16());
    span.record("failed", response.status().is_server_error());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    rules.observer.tell(&method, route, response.status(), began.elapsed(), &asked, problem.as_ref());
    response
}

/// What is recorded of a request of the API; of what machines ask, nothing. The route is the template: paths hold ids.
fn span(request: &Request, route: Option<&MatchedPath>) -> Span {
    let Some(route) = route.map(MatchedPath::as_str).filter(|route| route.starts_with("/api/")) else {
        return Span::none();
    };
    tracing::info_span!(
        target: "trace",
        "request",
        name = format!("{} {route}", observe::label(request.method())),
        kind = "server",
        traceparent = traceparent(request.headers()),
        failed = Empty,
        http.request.method = observe::label(request.method()),
        http.route = route,
        http.response.status_code = Empty,
    )
}

/// Whoever asks too often is turned away before anything but the head of the request is looked at.
async fn within_limits(
    limiter: &Limiter,
    class: Option<Class>,
    source: Who,
) -> Result<Option<Left>, Problem> {
    match class {
        Some(class) => limiter.admit(class, source).await,
        None => Ok(None),
    }
}

/// The handler's answer, unless it panics or takes too long.
async fn answered<S>(rules: &Rules, mut inner: S, request: Request, span: &Span) -> Result<Response, Problem>
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(request.method());
    let handler = async move { inner.call(request).await }.instrument(span.clone());
    let outcome = if reads {
        let caught = AssertUnwindSafe(handler).catch_unwind();
        tokio::time::timeout(rules.limits.answer, caught).await.map(Result::ok)
    } else {
        // On a task of its own a command outlives its connection: what was decided is also appended.
        let task = rules.begun.spawn(handler);
        tokio::time::timeout(rules.limits.answer, task).await.map(Result::ok)
    };
    match outcome {
        Ok(Some(Ok(response))) => Ok(response),
        Ok(None) => Err(Problem::broken(Panicked)),
        Err(elapsed) => Err(Problem::new(Code::Overloaded).because(elapsed)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("handler panicked; the line before tells where")]
struct Panicked;

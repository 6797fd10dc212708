//! One line a request, one a failure, and the numbers of each route.

use crate::{
    extract::Asked,
    problem::{Code, Problem},
    security,
};
use http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tracing::field::display;

/// Tells of requests. What counts them is kept by route, since looking it up by its labels each time is slow.
#[derive(Default)]
pub(super) struct Observer(RwLock<Routes>);

type Routes = HashMap<String, HashMap<(&'static str, u16), Numbers>>;

#[derive(Clone)]
struct Numbers {
    requests: Counter,
    seconds: Histogram,
}

impl Observer {
    /// Tells of one request. The route is the template, never the path: paths hold ids.
    pub(super) fn tell(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
        asked: &Asked,
        problem: Option<&Problem>,
    ) {
        let method = label(method);
        let numbers = self.numbers(method, route, status.as_u16());
        numbers.requests.increment(1);
        numbers.seconds.record(took);
        let duration_ms = took.as_micros() as f64 / 1_000.0;
        let (request_id, status) = (asked.id(), status.as_u16());
        let user = asked.user.get().map(display);
        let key = asked.key.get().map(display);
        let code = problem.map(|problem| problem.code().as_str());
        tracing::info!(
            method,
            route,
            status,
            duration_ms,
            request_id,
            user.id = user,
            key.id = key,
            code,
            "{method} {route} {status}"
        );
        if let Some(problem) = problem {
            security::refused(problem, method, route, asked);
        }
        if let Some((problem, cause)) = problem.and_then(|problem| Some((problem, problem.cause()?))) {
            tell_cause(problem.code(), cause, request_id);
        }
    }

    fn numbers(&self, method: &'static str, route: &str, status: u16) -> Numbers {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(numbers) = known.get(route).and_then(|statuses| statuses.get(&(method, status))) {
            return numbers.clone();
        }
        drop(known);
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let statuses = routes.entry(route.to_owned()).or_default();
        statuses.entry((method, status)).or_insert_with(|| Numbers::new(method, route, status)).clone()
    }
}

/// Something is broken when somebody should get up; what passes by itself is only worth knowing.
fn tell_cause(code: Code, cause: &str, request_id: &str) {
    let code_text = code.as_str();
    if code == Code::Internal {
        tracing::error!(code = code_text, request_id, cause, "request failed");
    } else {
        tracing::warn!(code = code_text, request_id, cause, "request refused");
    }
}

impl Numbers {
    fn new(method: &'static str, route: &str, status: u16) -> Self {
        let route = route.to_owned();
        let (of_requests, of_seconds) = ("evident_http_requests_total", "evident_http_request_seconds");
        Self {
            seconds: metrics::histogram!(of_seconds, "method" => method, "route" => route.clone()),
            requests: metrics::counter!(of_requests, "method" => method, "route" => route, "status" => status.to_string()),
        }
    }
}

/// A method as a label. Clients may make up their own, and labels have to be few.
pub(super) fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

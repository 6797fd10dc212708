//! placeholder
use super::Limits;
use crate::{clock::Entropy, config::Config};
use axum::Router;
use ipnet::IpNet;

/// How a process frames its routes.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The bounds.
    pub limits: Limits,
    /// Whether clients come by https, so that they can be told to stay there.
    pub https: bool,
    /// Origins of browsers' pages that may call.
    pub cors_origins: Vec<String>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where request ids begin.
    pub entropy: Entropy,
}

impl Frame {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config, entropy: Entropy) -> Self {
        Self {
            limits: Limits::default(),
            https: config.public_url.starts_with("https:"),
            cors_origins: config.cors_origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            entropy,
        }
    }
}

/// Frames the routes.
pub fn frame(router: Router, _frame: &Frame) -> Router {
    router
}

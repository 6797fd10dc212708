//! The OpenAPI document, and a page that tries it. The page's assets are in the binary.

use axum::Router;
use service::{config::Config, openapi::describe_headers};
use utoipa::openapi::{
    OpenApi, Server,
    info::Info,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

/// The document of all routes, with what no single route can say.
pub(crate) fn described(mut document: OpenApi, config: &Config) -> OpenApi {
    document.info = Info::new("Evident", env!("CARGO_PKG_VERSION"));
    document.info.description =
        Some("Users, sessions, and an audit trail that can be proved. See docs/API.md for what all operations share.".into());
    document.servers = Some(vec![Server::new(&config.public_url)]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("at+jwt").build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    describe_headers(&mut document);
    document
}

/// `/openapi.json` and `/docs`.
pub(crate) fn routes(document: OpenApi) -> Router {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}

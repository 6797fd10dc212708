//! The OpenAPI document, and a page that tries it. The page's assets are in the binary.

use axum::Router;
use service::{config::Config, openapi::describe_headers};
use utoipa::openapi::{
    OpenApi, Server,
    info::Info,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

/// The document of all operations, with what no single route can say. What this process does not do itself another one
/// does on the same public address, so it stands here too; `here` is what this process serves.
pub(crate) fn described(here: OpenApi, config: &Config) -> OpenApi {
    let mut document = command_api::document();
    document.merge(query_api::document());
    document.merge(here);
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

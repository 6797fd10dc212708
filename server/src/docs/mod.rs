//! The OpenAPI document, a page that tries it, and pages to read. All of it is in the binary.

mod links;
mod pages;

use axum::{Router, routing::get};
use bytes::Bytes;
use http::{Uri, header::CONTENT_TYPE};
use service::{
    browser::{Browsers, Cookie},
    config::Config,
    openapi::{describe, describe_cookies, describe_new_passwords},
    problem::Problem,
};
use std::sync::Arc;
use tokio::{sync::OnceCell, task::spawn_blocking};
use utoipa::openapi::{
    OpenApi, Server,
    info::Info,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::SwaggerUi;

const URL: &str = "/openapi.json";

/// `/openapi.json`, `/docs`, and the pages below it. `machines` is what this process serves beside commands and queries.
pub(crate) fn routes(machines: Option<OpenApi>, config: &Config) -> Router {
    let document = Arc::new(Document {
        machines,
        root: root(&config.public_url),
        password_min: config.password_min,
        access_cookie: Browsers::new(config).name(Cookie::Access),
        written: OnceCell::new(),
    });
    let answer = || async move {
        let written = document.written().await?;
        Ok::<_, Problem>(([(CONTENT_TYPE, "application/json")], written))
    };
    let page: Router = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::new([URL])).into();
    page.route(URL, get(answer)).merge(pages::routes())
}

/// Where the operations are, as seen from the document: the path of the public URL, on whatever origin the document came from. The
/// page that tries them may call no other, and it may have been opened by another name than the public one.
fn root(public_url: &str) -> String {
    let path = public_url.parse::<Uri>().map(|url| url.path().to_owned());
    path.unwrap_or_else(|_| "/".to_owned())
}

/// The document of all operations, with what no single route can say. Commands and queries stand in it in every process: what
/// this one does not do itself another does on the same public address.
///
/// It is written when it is first asked for. Few processes ever are, and its parts take twenty times the memory of its text.
struct Document {
    machines: Option<OpenApi>,
    root: String,
    password_min: usize,
    access_cookie: String,
    written: OnceCell<Bytes>,
}

impl Document {
    async fn written(self: Arc<Self>) -> Result<Bytes, Problem> {
        let document = self.clone();
        let write = || async {
            let text = spawn_blocking(move || document.described().to_json()).await;
            Ok(Bytes::from(text.map_err(Problem::broken)?.map_err(Problem::broken)?))
        };
        self.written.get_or_try_init(write).await.cloned()
    }

    fn described(&self) -> OpenApi {
        let mut document = command_api::document();
        document.merge(query_api::document());
        if let Some(machines) = &self.machines {
            document.merge(machines.clone());
        }
        document.info = Info::new("Evident", env!("CARGO_PKG_VERSION"));
        document.info.description = Some(pages::DESCRIPTION.to_owned());
        document.servers = Some(vec![Server::new(&self.root)]);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("at+jwt").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        describe_cookies(&mut document, &self.access_cookie);
        describe_new_passwords(&mut document, self.password_min);
        describe(&mut document);
        links::describe(&mut document);
        document
    }
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn operations_are_on_the_origin_that_the_document_came_from() {
        for (public_url, expected) in [
            ("http://localhost:8080", "/"),
            ("http://[::1]:8080", "/"),
            ("https://id.example.com", "/"),
            ("https://example.com/id", "/id"),
        ] {
            assert_eq!(root(public_url), expected);
        }
    }
}

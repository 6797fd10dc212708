//! Cookies, where they may stand in a token's place.

use super::operations;
use utoipa::openapi::{
    OpenApi,
    security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
};

/// Says that whatever takes an access token takes it from this cookie, too.
pub fn describe_cookies(document: &mut OpenApi, access: &str) {
    let meaning = "The access token, as `Evident-Token-Delivery: cookie` sets it. Commands with it are refused \
        (403 `cross-site`) unless `Origin` or `Sec-Fetch-Site` show a page that may send them.";
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(access, meaning)));
    document.components.get_or_insert_default().add_security_scheme("cookie", cookie);
    for (_, _, operation) in operations(document) {
        if let Some(either) = operation.security.as_mut().filter(|either| !either.is_empty()) {
            either.push(SecurityRequirement::new("cookie", [] as [&str; 0]));
        }
    }
}

//! Which pages may do what: an origin is on the list, letter for letter, or it is not.

use http::{HeaderMap, HeaderName, HeaderValue, header::ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Origins as browsers write them (RFC 6454 §6.2).
#[derive(Debug, Clone)]
pub(crate) struct Origins(Vec<HeaderValue>);

impl Origins {
    pub(crate) fn new(origins: impl IntoIterator<Item = String>) -> Self {
        Self(origins.into_iter().filter_map(|origin| HeaderValue::try_from(origin).ok()).collect())
    }

    /// The request's origin, when it is listed. A request has one: two are nobody's.
    pub(crate) fn listed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        self.0.iter().find(|listed| *listed == origin).cloned()
    }

    /// Whether a page of a listed origin sent this, or one of ours. Browsers say by themselves where a request is from,
    /// and no page can say it in their place (Fetch, forbidden request-headers); older ones leave `Origin` out of
    /// requests within a site. `none` is what somebody typed or clicked: that is never a command. Whoever says nothing
    /// is refused.
    pub(super) fn sent(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(ORIGIN) {
            return self.listed(headers).is_some();
        }
        let mut sites = headers.get_all(&SEC_FETCH_SITE).iter();
        matches!((sites.next(), sites.next()), (Some(site), None) if site.as_bytes() == b"same-origin")
    }
}

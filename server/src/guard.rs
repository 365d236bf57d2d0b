//! Who may change something: a request that another site's page sent may not.

use app::error::AppError;
use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses a state-changing request whose Origin is another site.
pub async fn same_site(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_foreign(request.headers()) {
        return crate::api::Problem(AppError::Foreign).into_response();
    }
    next.run(request).await
}

/// A browser names the page that sends a request in Origin; scripts and command lines send none.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &header::HeaderValue| value.to_str().unwrap_or("?"));
    if text(header::HeaderName::from_static("sec-fetch-site")) == Some("cross-site") {
        return true;
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let origin = origin.split_once("://").map_or(origin, |(_, host)| host);
    text(header::HOST) != Some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_sites_are_foreign() {
        let table: [(&[(&str, &str)], bool); 6] = [
            (&[("host", "a.example")], false),
            (&[("host", "a.example"), ("origin", "https://a.example")], false),
            (&[("host", "a.example:3000"), ("origin", "http://a.example:3000")], false),
            (&[("host", "a.example"), ("origin", "https://b.example")], true),
            (&[("host", "a.example"), ("origin", "null")], true),
            (&[("host", "a.example"), ("sec-fetch-site", "cross-site")], true),
        ];
        for (headers, foreign) in table {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    (header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
                })
                .collect();
            assert_eq!(is_foreign(&map), foreign, "{headers:?}");
        }
    }
}

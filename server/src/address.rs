//! Under which address a visitor uses this site, and from which machine.
//!
//! A proxy in front of the server changes both. What a request says of itself in `X-Forwarded-…` is believed only if it
//! comes from a proxy that is trusted; anybody else could write the same headers.

use app::visitor::SiteAddress;
use axum::{
    Extension,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderValue, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// What the configuration says of addresses.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// The site's address for visitors, such as `https://seats.example`; without one, each request names it.
    pub public: Option<SiteAddress>,
    /// Proxies whose `X-Forwarded-Host` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Addresses {
    /// The address that the visitor's browser shows.
    fn of_request(&self, peer: IpAddr, uri: &Uri, headers: &HeaderMap) -> SiteAddress {
        if let Some(public) = &self.public {
            return public.clone();
        }
        let trusted = self.trusted_proxies.iter().any(|proxies| proxies.contains(&peer));
        // The nearest proxy appends its own value: only the last one comes from a proxy that is trusted.
        let forwarded = |name: &str| {
            let all = headers.get_all(name);
            let last = all.iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
            (trusted && !last.is_empty()).then(|| last.to_owned())
        };
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        SiteAddress {
            https: forwarded("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            authority: forwarded("x-forwarded-host")
                .or_else(host)
                .or_else(|| uri.authority().map(ToString::to_string))
                .unwrap_or_default(),
        }
    }
}

/// Puts the site's address into the request, for the pages and for [`is_of_site`].
pub async fn find(Extension(addresses): Extension<Arc<Addresses>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let address = addresses.of_request(peer, request.uri(), request.headers());
    request.extensions_mut().insert(address);
    next.run(request).await
}

/// Reads the site's address from a setting.
///
/// # Errors
/// Says what is wrong with it, and what it should look like.
pub fn public_url(text: &str) -> Result<SiteAddress, String> {
    let wrong =
        |why: &str| format!("{why}; expected http:// or https://, a host, and no path, such as https://seats.example");
    let uri: Uri = text.trim().trim_end_matches('/').parse().map_err(|_| wrong("not a URL"))?;
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong("no http:// or https://")),
    };
    let authority =
        uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(|| wrong("no host"))?;
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(wrong("a path or a query"));
    }
    Ok(SiteAddress { https, authority: authority.to_string() })
}

/// Whether `origin`, as a browser sends it, is the origin of `site`. The scheme is not compared: behind a proxy that
/// encrypts, the server does not see it. A port that is left out is the default port of the origin's scheme.
pub fn is_of_site(origin: &HeaderValue, site: &SiteAddress) -> bool {
    let Some((scheme, authority)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let default_port = match scheme.to_ascii_lowercase().as_str() {
        "https" => 443,
        "http" => 80,
        _ => return false,
    };
    match (host_and_port(authority, default_port), host_and_port(&site.authority, default_port)) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => false,
    }
}

/// A host in lower case without the dot of the DNS root, and its port.
fn host_and_port(authority: &str, default_port: u16) -> Option<(String, u16)> {
    let authority: Authority = authority.parse().ok()?;
    let port = match authority.as_str().rsplit_once(':') {
        // The last colon of an IPv6 address in brackets is no port's.
        Some((_, port)) if !port.contains(']') => port.parse().ok()?,
        _ => default_port,
    };
    let host = authority.host().to_ascii_lowercase();
    Some((host.strip_suffix('.').map_or_else(|| host.clone(), str::to_owned), port))
}

/// Whether a request comes from this machine: over loopback, for an address that only this machine has, and not passed
/// on by a proxy. A host name is not enough, because anybody's name can resolve to a loopback address; `localhost` cannot.
pub fn is_this_machine(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via"];
    if !peer.ip().to_canonical().is_loopback() || forwarded.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host_and_port(host.to_str().ok()?, 80));
    host.is_some_and(|(host, _)| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_origin_is_compared_by_host_and_port() {
        let table = [
            ("http://a.example", "a.example", true),
            ("https://a.example", "a.example", true),
            ("https://a.example", "a.example:443", true),
            ("https://a.example:443", "a.example", true),
            ("http://a.example", "a.example:80", true),
            ("https://a.example", "a.example:80", false),
            ("https://a.example", "a.example:8443", false),
            ("https://A.Example", "a.example.", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("http://[::1]", "[::1]:80", true),
            ("http://[::1]:3000", "[::1]", false),
            ("https://b.example", "a.example", false),
            ("null", "a.example", false),
            ("chrome-extension://a.example", "a.example", false),
            ("https://a.example:99999", "a.example", false),
            ("https://a.example", "", false),
        ];
        for (origin, authority, same) in table {
            let site = SiteAddress { https: false, authority: authority.to_owned() };
            assert_eq!(is_of_site(&origin.parse().unwrap(), &site), same, "{origin} at {authority}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusting = Addresses { public: None, trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()] };
        let said = headers(&[
            ("host", "backend:3000"),
            ("x-forwarded-host", "forged.example, seats.example"),
            ("x-forwarded-proto", "http, https"),
        ]);
        let shown = |peer: [u8; 4], headers| trusting.of_request(peer.into(), &Uri::default(), headers).to_string();
        assert_eq!(shown([10, 1, 2, 3], &said), "https://seats.example");
        assert_eq!(shown([192, 0, 2, 1], &said), "http://backend:3000");
        assert_eq!(shown([10, 1, 2, 3], &headers(&[("host", "backend:3000")])), "http://backend:3000");
        let public = Addresses { public: Some(public_url("https://seats.example/").unwrap()), ..trusting };
        assert_eq!(
            public.of_request([192, 0, 2, 1].into(), &Uri::default(), &said).to_string(),
            "https://seats.example"
        );
    }

    #[test]
    fn a_public_url_is_an_origin() {
        for good in ["https://seats.example", "http://seats.example:8080/", " https://[2001:db8::1]:8443 "] {
            assert_eq!(public_url(good).unwrap().to_string(), good.trim().trim_end_matches('/'));
        }
        for wrong in [
            "",
            "seats.example",
            "ftp://seats.example",
            "https://seats.example/shop",
            "https://u@seats.example",
            "https://",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        type Pairs = &'static [(&'static str, &'static str)];
        let table: [(&str, Pairs, bool); 9] = [
            ("127.0.0.1:9", &[("host", "127.0.0.1:3000")], true),
            ("[::1]:9", &[("host", "localhost:3000")], true),
            ("[::ffff:127.0.0.1]:9", &[("host", "[::1]:3000")], true),
            ("127.0.0.1:9", &[("host", "[::ffff:127.0.0.1]")], true),
            ("192.0.2.1:9", &[("host", "127.0.0.1:3000")], false),
            // A name that its owner lets resolve to 127.0.0.1.
            ("127.0.0.1:9", &[("host", "localhost.evil.example:3000")], false),
            ("127.0.0.1:9", &[], false),
            ("127.0.0.1:9", &[("host", "127.0.0.1"), ("x-forwarded-for", "192.0.2.1")], false),
            ("127.0.0.1:9", &[("host", "127.0.0.1"), ("via", "1.1 proxy")], false),
        ];
        for (peer, said, expected) in table {
            assert_eq!(is_this_machine(peer.parse().unwrap(), &headers(said)), expected, "{peer} {said:?}");
        }
    }
}

//! Who is looking: the floor and the buyer that a browser's cookies name, or new ones.

use http::{HeaderMap, HeaderValue, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use onsale::{BuyerName, FloorId};
use std::{fmt, str::FromStr};

/// A visitor, known again by two cookies. The floor's id is the right to write on it, so scripts cannot read it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The visitor's own floor.
    pub floor: FloorId,
    /// The name on the visitor's tickets.
    pub buyer: BuyerName,
}

impl Visitor {
    /// The visitor of the request being answered; whoever comes without a cookie is given one with the answer.
    pub fn of_this_request() -> Self {
        let parts = use_context::<Parts>();
        let headers = parts.map(|parts| parts.headers).unwrap_or_default();
        let (visitor, new_cookies) = Self::from_headers(&headers, SiteAddress::of_this_request().https);
        if let Some(response) = use_context::<ResponseOptions>() {
            for cookie in new_cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
                response.append_header(header::SET_COOKIE, cookie);
            }
        }
        visitor
    }

    /// The visitor, and the cookies to set. A cookie that holds no such name counts as absent.
    fn from_headers(headers: &HeaderMap, https: bool) -> (Self, Vec<String>) {
        let mut new = Vec::new();
        let mut keep = |name: &str, value: &str| {
            let secure = if https { "; Secure" } else { "" };
            new.push(format!("{name}={value}; Path=/; Max-Age={YEAR_S}; HttpOnly; SameSite=Lax{secure}"));
        };
        let floor = cookie(headers, FLOOR).unwrap_or_else(|| {
            let floor = FloorId::from_random(random_bits());
            keep(FLOOR, floor.as_str());
            floor
        });
        let buyer = cookie(headers, BUYER).filter(is_guest).unwrap_or_else(|| {
            let buyer = BuyerName::guest(random_bits());
            keep(BUYER, buyer.as_str());
            buyer
        });
        (Self { floor, buyer }, new)
    }
}

/// The address under which a visitor uses this site, such as `https://worldseat.example`. The server puts it into each
/// request, because it depends on which proxies are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteAddress {
    /// Whether the visitor's connection is encrypted.
    pub https: bool,
    /// Host, and port if it is not the scheme's own.
    pub authority: String,
}

impl SiteAddress {
    /// Of the request that is being answered.
    pub fn of_this_request() -> Self {
        use_context::<Parts>().and_then(|parts| parts.extensions.get().cloned()).unwrap_or_default()
    }
}

impl fmt::Display for SiteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = if self.authority.is_empty() { "ADDRESS" } else { &self.authority };
        write!(f, "{}://{authority}", if self.https { "https" } else { "http" })
    }
}

/// Whether the browser sent one of our cookies. One that sends none with a form, after it was given some with the page,
/// keeps none.
pub fn has_cookie() -> bool {
    let headers = use_context::<Parts>().map(|parts| parts.headers).unwrap_or_default();
    cookie::<FloorId>(&headers, FLOOR).is_some() || cookie::<BuyerName>(&headers, BUYER).is_some()
}

/// 128 bits that nobody can guess, from the operating system.
///
/// # Panics
/// If the operating system has none: without them floors and tickets would be guessable.
#[expect(clippy::expect_used, reason = "nothing may go on with guessable names")]
pub fn random_bits() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_ne_bytes(bytes)
}

const FLOOR: &str = "worldseat_floor";
const BUYER: &str = "worldseat_buyer";
const YEAR_S: u32 = 365 * 24 * 60 * 60;

/// The value of a cookie, if it is a name of its kind.
fn cookie<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    // Each by itself: another program on this host may have set one that is no UTF-8.
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let pairs = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok())
}

/// Cookies and addresses can be forged; the page prints only names of its own making.
pub fn is_guest(name: &BuyerName) -> bool {
    let code = name.as_str().strip_prefix("guest-").unwrap_or_default();
    code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(cookies.as_bytes()).unwrap())])
    }

    #[test]
    fn a_newcomer_gets_a_floor_and_a_name() {
        let (first, new) = Visitor::from_headers(&HeaderMap::new(), false);
        assert_eq!(first.floor.as_str().len(), 24);
        assert!(is_guest(&first.buyer));
        assert_eq!(new.len(), 2);
        assert!(new.iter().all(|cookie| cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure")));
        let (_, over_https) = Visitor::from_headers(&HeaderMap::new(), true);
        assert!(over_https.iter().all(|cookie| cookie.ends_with("; Secure")));
        assert_ne!(Visitor::from_headers(&HeaderMap::new(), false).0.floor, first.floor);
    }

    #[test]
    fn a_known_visitor_keeps_both() {
        let (visitor, new) =
            Visitor::from_headers(&headers("a=b; worldseat_floor=abc; worldseat_buyer=guest-7k2m9q3x"), true);
        assert_eq!((visitor.floor.as_str(), visitor.buyer.as_str()), ("abc", "guest-7k2m9q3x"));
        assert!(new.is_empty());
        let others = HeaderValue::from_bytes(b"name=Zo\xeb; other=Zo\xc3\xab; worldseat_floor=abc").unwrap();
        let (visitor, _) = Visitor::from_headers(&HeaderMap::from_iter([(header::COOKIE, others)]), false);
        assert_eq!(visitor.floor.as_str(), "abc");
    }

    #[test]
    fn what_is_no_name_is_replaced() {
        for cookies in ["worldseat_floor=a/b; worldseat_buyer=Ada", "worldseat_floor=; worldseat_buyer=guest-"] {
            assert_eq!(Visitor::from_headers(&headers(cookies), false).1.len(), 2, "{cookies}");
        }
    }
}

//! What is shown of a setting that may hold a password.

use reqwest::Url;
use std::fmt::Write as _;

/// A URL without its password, and of its parameters those that are known to hold none. Anything that cannot be read
/// as a URL is not shown at all: the password may be anywhere in it.
pub fn masked(text: &str) -> String {
    let Ok(url) = text.parse::<Url>() else { return HIDDEN.to_owned() };
    let Some(host) = url.host_str().filter(|_| text.contains("://")) else { return HIDDEN.to_owned() };
    let query = url.query().unwrap_or_default();
    // A question mark or a number sign in the password would end up there.
    if query.contains('@') || url.fragment().is_some() {
        return HIDDEN.to_owned();
    }
    let mut shown = format!("{}://", url.scheme());
    if url.password().is_some() {
        let _ = write!(shown, "{}:{HIDDEN}@", url.username());
    } else if !url.username().is_empty() {
        let _ = write!(shown, "{}@", url.username());
    }
    shown += host;
    shown += &url.port().map_or_else(String::new, |port| format!(":{port}"));
    if !["", "/"].contains(&url.path()) {
        shown += url.path();
    }
    let parameter = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if HARMLESS.contains(&name) => pair.to_owned(),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => HIDDEN.to_owned(),
    };
    if !query.is_empty() {
        let _ = write!(shown, "?{}", query.split('&').map(parameter).collect::<Vec<_>>().join("&"));
    }
    shown
}

/// Several, or none of them: where one cannot be read, a comma in a password may have made two of one.
pub fn all_masked<'a>(urls: impl IntoIterator<Item = &'a str>) -> String {
    let shown: Vec<String> = urls.into_iter().map(masked).collect();
    if shown.iter().any(|url| url == HIDDEN) { HIDDEN.to_owned() } else { shown.join(",") }
}

/// Parameters of a connect string that hold no secret.
const HARMLESS: [&str; 12] = [
    "sslmode",
    "application_name",
    "channel_binding",
    "connect_timeout",
    "options",
    "target_session_attrs",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "tcp_user_timeout",
];
/// Shown in the place of a secret.
pub const HIDDEN: &str = "•••";

#[cfg(test)]
mod tests {
    use super::{all_masked, masked};

    #[test]
    fn passwords_are_masked() {
        for (url, shown) in [
            ("postgres://ada:s:e@db:5432/x?sslmode=require", "postgres://ada:•••@db:5432/x?sslmode=require"),
            ("postgres://ada@db/x?PASSWORD=secret&sslmode=b", "postgres://ada@db/x?PASSWORD=•••&sslmode=b"),
            ("postgres://ada@db/x?pwd=secret&secret", "postgres://ada@db/x?pwd=•••&•••"),
            ("postgres://ada:se@cret@db/x", "postgres://ada:•••@db/x"),
            ("postgres://ada:se?cret@db/x", "•••"),
            ("postgres://ada:12?cret@db/x", "•••"),
            ("postgres://ada:12#cret@db/x", "•••"),
            ("postgres://ada:secret", "•••"),
            ("cret@db/x", "•••"),
            ("host=db user=ada password = 'my secret'", "•••"),
            ("http://k:secret@h:8000", "http://k:•••@h:8000"),
            ("postgres://db", "postgres://db"),
        ] {
            assert_eq!(masked(url), shown);
        }
        assert_eq!(all_masked(["postgres://me:12", "cret@db/x"]), "•••");
        assert_eq!(all_masked(["postgres://a:b@c", "postgres://d"]), "postgres://a:•••@c,postgres://d");
    }
}

//! What is shown of a setting that may hold a password.

/// A URL without its password; anything that is no plain URL is not shown at all.
pub fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(_, rest)| rest.matches('@').count() <= 1) else {
        return HIDDEN.to_owned();
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if query.contains('@') {
        return HIDDEN.to_owned(); // the password has a question mark in it
    }
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if name.to_lowercase().contains("pass") => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    };
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{}", query.split('&').map(pair).collect::<Vec<_>>().join("&"))
    };
    let place = match place.split_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@{place}"),
            None => format!("{login}@{place}"),
        },
        None => place.to_owned(),
    };
    format!("{scheme}://{place}{query}")
}

/// Shown in the place of a secret.
pub const HIDDEN: &str = "•••";

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn passwords_are_masked() {
        for (url, shown) in [
            ("postgres://ada:s:e@db:5432/x?sslmode=require", "postgres://ada:•••@db:5432/x?sslmode=require"),
            ("postgres://ada@db/x?PASSWORD=secret&a=b", "postgres://ada@db/x?PASSWORD=•••&a=b"),
            ("postgres://ada:se@cret@db/x", "•••"),
            ("postgres://ada:se?cret@db/x", "•••"),
            ("host=db user=ada password = 'my secret'", "•••"),
            ("postgres://db", "postgres://db"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}

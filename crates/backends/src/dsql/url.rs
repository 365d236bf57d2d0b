//! A URL of PostgreSQL's protocol: what it may say, and what of it is refused by name.

use super::{Connect, Roots, SqlEndpoint};
use onsale::Region;
use std::time::Duration;
use tokio_postgres::config::{Host, TargetSessionAttrs};

/// The options that are understood, and used.
const OPTIONS: [&str; 18] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Why a URL cannot be used. Never repeats a value of it: a password may be anywhere in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is no such URL at all.
    #[error("not a URL of PostgreSQL's protocol, such as postgres://user:password@host:5432/database")]
    NotAUrl,
    /// An option that is not understood.
    #[error("the option '{0}' is not supported; supported are {options}", options = OPTIONS.join(", "))]
    UnknownOption(String),
    /// An option with a value that it does not take.
    #[error("the option '{0}' does not take this value: {1}")]
    InvalidOption(&'static str, &'static str),
    /// It names no host.
    #[error("no host is given: write postgres://user:password@host:5432/database")]
    NoHost,
    /// It names several hosts.
    #[error("several hosts are given: a URL has one host and one port, and --sql-urls has one URL for each region")]
    ManyHosts,
    /// What stands between the last `@` of the login and the port cannot be a host.
    #[error("the host contains '{0}': in a user name or a password, write @ as %40, / as %2F, : as %3A, ? as %3F")]
    InvalidHost(char),
    /// A zero byte, which the protocol cannot carry.
    #[error("it contains a zero byte (%00)")]
    ZeroByte,
}

impl SqlEndpoint {
    /// The endpoint that `url` names; the login is as the URL says.
    ///
    /// # Errors
    /// [`InvalidUrl`] says what of the URL cannot be used, without repeating it.
    pub fn from_url(region: Region, url: &str, roots: Roots) -> Result<Self, InvalidUrl> {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        let pairs: Vec<(&str, &str)> =
            query.split('&').filter(|_| is_url).filter_map(|pair| pair.split_once('=')).collect();
        for (name, _) in &pairs {
            // A question mark in a password would bring pieces of it here.
            if name.contains('@') {
                return Err(InvalidUrl::InvalidHost('?'));
            }
            if !OPTIONS.contains(name) {
                return Err(InvalidUrl::UnknownOption((*name).to_owned()));
            }
        }
        // Whatever is encrypted here is verified in full.
        let url = url.split_once('?').map_or_else(
            || url.to_owned(),
            |(place, query)| format!("{place}?{}", query.replace("sslmode=verify-full", "sslmode=require")),
        );
        let mut connect: Connect = url.parse().map_err(|_| {
            let given = |option: &&str| pairs.iter().any(|(name, _)| name == option);
            VALUES
                .iter()
                .find(|(name, _, takes)| {
                    given(name) && pairs.iter().any(|(given, value)| given == name && !takes(value))
                })
                .map_or(InvalidUrl::NotAUrl, |(name, what, _)| InvalidUrl::InvalidOption(name, what))
        })?;
        if connect.get_target_session_attrs() == TargetSessionAttrs::ReadOnly {
            return Err(InvalidUrl::InvalidOption("target_session_attrs", "buyers write: any or read-write"));
        }
        for (name, value) in pairs {
            if name == "connect_timeout" && value.parse::<i64>().is_ok_and(|seconds| seconds < 1) {
                return Err(InvalidUrl::InvalidOption("connect_timeout", "a whole number of seconds, at least 1"));
            }
            // PostgreSQL's own library counts it in milliseconds, the driver in seconds.
            if name == "tcp_user_timeout"
                && let Ok(milliseconds) = value.parse()
            {
                connect.tcp_user_timeout(Duration::from_millis(milliseconds));
            }
        }
        check_host(&connect)?;
        let texts = [connect.get_user(), connect.get_dbname(), connect.get_options(), connect.get_application_name()];
        let zero = texts.iter().flatten().any(|text| text.contains('\0'))
            || connect.get_password().is_some_and(|password| password.contains(&0));
        if zero {
            return Err(InvalidUrl::ZeroByte);
        }
        Ok(Self::own(region, connect, roots))
    }
}

fn check_host(connect: &Connect) -> Result<(), InvalidUrl> {
    let (hosts, addresses) = (connect.get_hosts(), connect.get_hostaddrs());
    if hosts.is_empty() && addresses.is_empty() {
        return Err(InvalidUrl::NoHost);
    }
    if hosts.len() > 1 || addresses.len() > 1 || connect.get_ports().len() > 1 {
        return Err(InvalidUrl::ManyHosts);
    }
    let Some(Host::Tcp(host)) = hosts.first() else { return Ok(()) };
    if host.is_empty() {
        return Err(InvalidUrl::NoHost);
    }
    host.chars()
        .find(|c| !c.is_alphanumeric() && !".-_:%".contains(*c))
        .map_or(Ok(()), |c| Err(InvalidUrl::InvalidHost(c)))
}

/// An option, what it takes in words, and whether a value is that.
type Value = (&'static str, &'static str, fn(&str) -> bool);

/// Options that take only some values, for the one line about a URL that the driver does not read.
const VALUES: [Value; 12] = [
    ("sslmode", "disable, prefer, require or verify-full; what is encrypted is always verified", |value| {
        ["disable", "prefer", "require", "verify-full"].contains(&value)
    }),
    ("target_session_attrs", "buyers write: any or read-write", |value| ["any", "read-write"].contains(&value)),
    ("channel_binding", "disable, prefer or require", |value| ["disable", "prefer", "require"].contains(&value)),
    ("load_balance_hosts", "disable or random", |value| ["disable", "random"].contains(&value)),
    ("connect_timeout", "a whole number of seconds, at least 1", is_number),
    ("tcp_user_timeout", "a whole number of milliseconds", is_number),
    ("keepalives", "0 or 1", is_number),
    ("keepalives_idle", "a whole number of seconds", is_number),
    ("keepalives_interval", "a whole number of seconds", is_number),
    ("keepalives_retries", "a whole number", is_number),
    ("port", "a number up to 65535", |value| value.parse::<u16>().is_ok()),
    ("hostaddr", "an IP address", |value| value.parse::<std::net::IpAddr>().is_ok()),
];

fn is_number(value: &str) -> bool {
    value.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio_postgres::config::SslMode;

    fn endpoint(url: &str) -> Result<SqlEndpoint, InvalidUrl> {
        SqlEndpoint::from_url("here".parse().unwrap(), url, Roots::Public)
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name_and_never_repeated() {
        for (url, named) in [
            ("nonsense", "postgres://user:password@host"),
            ("http://me:secret@db/x", "postgres://user:password@host"),
            ("postgres://me:secret@/x", "no host"),
            ("postgres:///x?user=me", "no host"),
            ("postgres://me:secret@one,two/x", "several hosts"),
            ("postgres://me:secret@one/x?host=two", "several hosts"),
            ("postgres://me:pass@word@db/x", "contains '@'"),
            ("postgres://me:pass?secret@db/x=1", "contains '?'"),
            ("postgres://me:secret@db/x?sslrootcert=system", "'sslrootcert'"),
            ("postgres://me:secret@db/x?keepalives_count=3", "'keepalives_count'"),
            ("postgres://me:secret@db/x?sslnegotiation=direct", "'sslnegotiation'"),
            ("postgres://me:secret@db/x?sslmode=allow", "'sslmode'"),
            ("postgres://me:secret@db/x?target_session_attrs=read-only", "buyers write"),
            ("postgres://me:secret@db/x?target_session_attrs=standby", "buyers write"),
            ("postgres://me:secret@db/x?connect_timeout=soon", "whole number of seconds"),
            ("postgres://me:secret@db/x?connect_timeout=0", "at least 1"),
            ("postgres://me:secret@db/x?connect_timeout=-1", "at least 1"),
            ("postgres://me:secret@db/x?channel_binding=yes", "'channel_binding'"),
            ("postgres://me:secret@db/x?load_balance_hosts=on", "'load_balance_hosts'"),
            ("postgres://m%00e:secret@db/x", "zero byte"),
        ] {
            let refusal = endpoint(url).err().unwrap().to_string();
            assert!(refusal.contains(named), "{url}: {refusal}");
            assert!(!refusal.contains("secret") && !refusal.contains('\n'), "{url}: {refusal}");
        }
    }

    #[test]
    fn what_is_accepted_is_used() {
        let url = "postgresql://m%40e@db:6/x?application_name=loadtest&connect_timeout=2&tcp_user_timeout=1500\
                   &keepalives=0&keepalives_idle=7&sslmode=verify-full&options=-c%20a%3Db&target_session_attrs=read-write";
        let connect = endpoint(url).unwrap().connect;
        assert_eq!(connect.get_user(), Some("m@e"));
        assert_eq!(connect.get_application_name(), Some("loadtest"));
        assert_eq!(connect.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(connect.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
        assert_eq!((connect.get_keepalives(), connect.get_keepalives_idle()), (false, Duration::from_secs(7)));
        assert_eq!(connect.get_ssl_mode(), SslMode::Require);
        assert_eq!(connect.get_options(), Some("-c a=b"));
        assert_eq!(endpoint("postgres://me@[::1]:5432/x").unwrap().host(), "::1");
        assert_eq!(endpoint("postgres:///x?host=/run/postgresql").unwrap().host(), "/run/postgresql");
        assert_eq!(endpoint("postgres:///x?hostaddr=127.0.0.1").unwrap().host(), "127.0.0.1");
    }
}

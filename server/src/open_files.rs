//! How many files, sockets included, this process may have open: raised as far as it may be, and enough for the connections.

use anyhow::ensure;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside the connections to databases: visitors, logs, the runtime's own.
const OTHERS: u64 = 64;

/// Raises the limit to the highest that this process may set; without the right nothing changes.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // A system may refuse "unlimited", as macOS does; then the check below says what is missing.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

/// Whether `connections` for each of two regions fit, each of them `sockets` open files.
///
/// # Errors
/// Names the limit, and what to raise or lower.
pub fn check(connections: u32, sockets: u32) -> anyhow::Result<()> {
    check_limit(getrlimit(Resource::Nofile).current, connections, sockets)
}

fn check_limit(limit: Option<u64>, connections: u32, sockets: u32) -> anyhow::Result<()> {
    let needed = OTHERS + 2 * u64::from(connections) * u64::from(sockets);
    let limit = limit.unwrap_or(u64::MAX);
    ensure!(
        needed <= limit,
        "{connections} connections for each region need up to {needed} open files, and this process may have {limit}: raise \
         the limit (`ulimit -n {needed}`, or LimitNOFILE={needed} in systemd), or lower --connections"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_limit;

    #[test]
    fn too_few_open_files_are_named() {
        assert!(check_limit(None, 256, 8).is_ok());
        assert!(check_limit(Some(224), 80, 1).is_ok());
        let refusal = check_limit(Some(223), 80, 1).map_err(|error| error.to_string());
        assert!(refusal.is_err_and(|line| line.contains("ulimit -n 224") && line.contains("may have 223")));
    }
}

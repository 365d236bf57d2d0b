//! Every setting the stand-in departs from PostgreSQL's defaults in, and why.

use std::path::Path;

/// The settings as `name=value`, passed on the command line so that no file can contradict them.
pub(super) fn settings(socket_directory: &Path, kept: bool, max_connections: u32) -> Vec<String> {
    let durable = if kept { "on" } else { "off" };
    vec![
        // What Aurora DSQL gives; nothing in the product asks for it by name, so it must be the default here too.
        "default_transaction_isolation=repeatable read".to_owned(),
        // A Unix socket and no TCP port: the regional endpoints are the only way in over the network.
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={}", socket_directory.display()),
        "unix_socket_permissions=0700".to_owned(),
        // All of them for us: nobody can connect as the superuser some are usually set aside for.
        format!("max_connections={max_connections}"),
        "superuser_reserved_connections=0".to_owned(),
        // Only kept data must survive the machine. Whatever is set here survives the death of the server.
        format!("fsync={durable}"),
        format!("full_page_writes={durable}"),
        // Always on: with it off a killed server forgets sales it has acknowledged, and the witness would rightly
        // call them lost. Without fsync it costs one write to the system's cache.
        "synchronous_commit=on".to_owned(),
        // A small data set on a small machine; nobody replicates from us.
        "shared_buffers=64MB".to_owned(),
        "wal_level=minimal".to_owned(),
        "max_wal_senders=0".to_owned(),
        // Nobody who is served well waits longer than a COMMIT takes: sooner than after a second, look for a circle.
        "deadlock_timeout=100ms".to_owned(),
        // Compiling costs more than our short statements.
        "jit=off".to_owned(),
        // As Aurora DSQL.
        "timezone=UTC".to_owned(),
        // The log is a file in our directory. A conflict is an expected answer, not news: log from LOG upwards,
        // which leaves out errors of statements.
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "log_min_messages=log".to_owned(),
    ]
}

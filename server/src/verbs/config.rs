//! `worldseat config`: what a deployment would be made of, where each setting comes from, and nothing started.

use super::serve;
use crate::{
    compose,
    config::{
        file::File,
        is_host,
        mask::{HIDDEN, all_masked},
    },
    output::say,
};
use clap::{ArgMatches, Args as _, Command};
use std::process::ExitCode;

/// Prints every setting with its source, and what comes of them. Secrets are masked.
///
/// # Errors
/// If the settings contradict each other or are not complete; they are printed all the same.
pub fn config(options: &serve::Options, matches: &ArgMatches, file: &File) -> anyhow::Result<ExitCode> {
    let flags = serve::Options::augment_args(Command::new("serve"));
    let rows: Vec<[String; 3]> = flags
        .get_arguments()
        .filter(|arg| arg.get_long().is_some())
        .map(|arg| {
            let id = arg.get_id().as_str();
            let name = arg.get_long().unwrap_or_default().to_owned();
            [name, value(matches, id), file.source(matches, id)]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (names, values) = (width(0), width(1));
    for [name, value, source] in &rows {
        say!("{name:names$}  {value:values$}  {source}")?;
    }
    let choice = options.engines.choose()?;
    compose::can_be_read(&options.engines, &choice)?;
    say!("\nproduct  {}", choice.product)?;
    say!("foil     {}", choice.foil.map_or_else(|| "none".to_owned(), |foil| foil.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

fn value(matches: &ArgMatches, id: &str) -> String {
    let given = matches.get_raw(id).map(|values| values.map(|value| value.to_string_lossy()).collect::<Vec<_>>());
    match (id, given) {
        (_, None) => "–".to_owned(),
        ("record_key", Some(_)) => HIDDEN.to_owned(),
        // A comma in a password makes more of two URLs.
        ("sql_urls", Some(urls)) if urls.len() > 2 => HIDDEN.to_owned(),
        ("sql_urls" | "dynamodb_endpoints", Some(urls)) => all_masked(urls.iter().map(AsRef::as_ref)),
        ("dsql_endpoints", Some(hosts)) if !hosts.iter().all(|host| is_host(host)) => HIDDEN.to_owned(),
        (_, Some(values)) => values.join(","),
    }
}

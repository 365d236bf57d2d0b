//! `worldseat.toml`: the long names of the flags as keys. What it says takes the place of the flags' defaults, so that
//! flags and environment come before it.

use anyhow::{Context, bail};
use clap::{ArgMatches, Command, parser::ValueSource};
use onsale::text;
use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
};
use toml::{Table, Value};

/// Read where nothing else is named, if it is there.
const USUAL: &str = "worldseat.toml";
/// Names another file.
const VARIABLE: &str = "WORLDSEAT_CONFIG";

/// What a configuration file says, by the flags' identifiers.
#[derive(Debug, Default)]
pub struct File {
    path: PathBuf,
    values: BTreeMap<String, Vec<String>>,
}

impl File {
    /// Reads the file that `--config` or the environment names, else `worldseat.toml` if it is there.
    ///
    /// # Errors
    /// If it cannot be read, is not TOML, or has a key that is no flag: names file and key.
    pub fn read(command: &Command) -> anyhow::Result<Self> {
        let named = named(env::args_os()).or_else(|| env::var_os(VARIABLE)).map(PathBuf::from);
        let path = match named {
            Some(path) => path,
            None if PathBuf::from(USUAL).exists() => USUAL.into(),
            None => return Ok(Self::default()),
        };
        let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let values = text::decode(&bytes).map_err(Into::into).and_then(|text| values(&text, &known(command)));
        let values = values.with_context(|| path.display().to_string())?;
        Ok(Self { path, values })
    }

    /// The command line, with the file's values as defaults.
    pub fn as_defaults(&self, command: Command) -> Command {
        let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        names.into_iter().fold(command, |command, name| {
            command.mut_subcommand(name, |verb| {
                verb.mut_args(|arg| match self.values.get(arg.get_id().as_str()) {
                    // Hidden: --help must not print what may be secret.
                    Some(values) => {
                        let hidden = arg.get_action().takes_values();
                        arg.default_values(values.clone()).hide_default_value(hidden)
                    }
                    None => arg,
                })
            })
        })
    }

    /// Where a value came from, in words.
    pub fn source(&self, matches: &ArgMatches, id: &str) -> String {
        match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "the command line".to_owned(),
            Some(ValueSource::EnvVariable) => "the environment".to_owned(),
            Some(_) if self.values.contains_key(id) => self.path.display().to_string(),
            Some(_) => "default".to_owned(),
            None => "not set".to_owned(),
        }
    }
}

/// The value of `--config`, looked for before anything else can be parsed.
fn named(args: impl Iterator<Item = OsString>) -> Option<OsString> {
    let mut args = args.skip(1).take_while(|arg| arg != "--");
    while let Some(arg) = args.next() {
        if arg == "--config" {
            return args.next();
        }
        if let Some(path) = arg.as_bytes().strip_prefix(b"--config=") {
            return Some(OsStr::from_bytes(path).to_owned());
        }
    }
    None
}

/// The flags of every verb that runs a deployment.
fn known(command: &Command) -> Vec<String> {
    let serving = command.get_subcommands().filter(|verb| verb.get_name() == "serve");
    let ids = serving.flat_map(|verb| verb.get_arguments().filter(|arg| arg.get_long().is_some()));
    ids.map(|arg| arg.get_id().to_string()).filter(|id| !["config", "help", "version"].contains(&id.as_str())).collect()
}

fn values(text: &str, known: &[String]) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    // Without the excerpt that the parser offers: the line may hold a password.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count()) + 1;
        anyhow::anyhow!("line {line}: {}", error.message())
    })?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let id = key.replace('-', "_");
        if !known.contains(&id) {
            let names: Vec<_> = known.iter().map(|id| id.replace('_', "-")).collect();
            bail!("'{key}' is not a setting; these are: {}", names.join(", "));
        }
        let list = match value {
            Value::Array(list) => list,
            single => vec![single],
        };
        let words = list.into_iter().map(|value| match value {
            Value::String(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Float(number) => match text::whole(number) {
                Some(number) => Ok(number.to_string()),
                None => bail!("'{key}' must be a whole number; {number} is not"),
            },
            Value::Boolean(yes) => Ok(yes.to_string()),
            other => bail!("'{key}' has a {} where text, a number, true or false belongs", other.type_str()),
        });
        if values.insert(id, words.collect::<anyhow::Result<_>>()?).is_some() {
            bail!("'{key}' is given twice, with a hyphen and with an underscore: leave one out");
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_in_the_arguments() {
        let args = |line: &str| named(line.split(' ').map(OsString::from));
        assert_eq!(args("worldseat serve --config a.toml"), Some("a.toml".into()));
        assert_eq!(args("worldseat --config=b.toml serve"), Some("b.toml".into()));
        assert_eq!(args("worldseat serve -- --config c.toml"), None);
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let known = ["connections", "no_foil", "dsql_endpoints"].map(str::to_owned);
        let read = |text: &str| values(text, &known).map_err(|error| error.to_string());
        let expect = [("connections", vec!["8"]), ("dsql_endpoints", vec!["a", "b"]), ("no_foil", vec!["true"])];
        let expect: BTreeMap<_, _> = expect
            .map(|(key, values)| (key.to_owned(), values.into_iter().map(str::to_owned).collect::<Vec<_>>()))
            .into();
        assert_eq!(read("connections = 8\nno-foil = true\ndsql-endpoints = ['a', 'b']"), Ok(expect));
        assert_eq!(read("connections = 4.0"), read("connections = 4e0"));
        assert_eq!(read("connections = 4.0").unwrap()["connections"], ["4"]);
        for (text, named) in [
            ("speed = 1", "'speed' is not a setting"),
            ("connections = 4.5", "'connections' must be a whole number; 4.5 is not"),
            ("connections = nan", "'connections' must be a whole number"),
            ("no-foil = true\nno_foil = false", "'no_foil' is given twice"),
            ("connections = 1\nconnections = 2", "duplicate key"),
            ("connections = { a = 1 }", "'connections' has a table"),
            ("connections", "line 1: "),
            ("a = 1\nrecord-key = \"hunter2", "line 2: "),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.contains(named) && !refusal.contains("hunter2"), "{text}: {refusal}");
        }
    }
}

//! What the caller decides.

use crate::Trouble;
use std::{collections::HashSet, time::Duration};

/// Which deployment, where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name: the clusters' tag, and the tables' names begin with it.
    pub name: String,
    /// Which engines.
    pub scope: Scope,
    /// The two active regions.
    pub regions: [String; 2],
    /// Where the clusters keep their witness; it has no endpoint.
    pub witness_region: String,
    /// What answers in place of AWS, for both services and all regions. Over plain `http://` no credentials are looked for.
    pub endpoint_url: Option<String>,
    /// How to wait.
    pub pace: Pace,
}

/// Which engines are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The two clusters.
    Dsql,
    /// The two tables.
    Dynamodb,
    /// Both.
    All,
}

/// How often to ask while AWS works, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two questions.
    pub poll_every: Duration,
    /// For one thing; then the run ends and the next one goes on waiting.
    pub wait_at_most: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { poll_every: Duration::from_secs(3), wait_at_most: Duration::from_mins(30) }
    }
}

impl Scope {
    /// Whether the clusters are meant.
    pub fn has_dsql(self) -> bool {
        self != Self::Dynamodb
    }

    /// Whether the tables are meant.
    pub fn has_dynamodb(self) -> bool {
        self != Self::Dsql
    }
}

impl Settings {
    /// The tables: `NAME-seats`, `NAME-ledger`.
    pub fn tables(&self) -> [String; 2] {
        ["seats", "ledger"].map(|what| format!("{}-{what}", self.name))
    }

    /// What no call could mend.
    pub fn check(&self) -> Result<(), Trouble> {
        let refuse = |text: String| Err(Trouble::Settings(text));
        let of = |text: &str, length_max: usize| {
            (1..=length_max).contains(&text.len())
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if !of(&self.name, NAME_LENGTH_MAX) {
            return refuse(format!(
                "the name {:?} does not serve: use at most {NAME_LENGTH_MAX} of a-z, 0-9 and -, beginning with a letter",
                self.name
            ));
        }
        let [first, second] = &self.regions;
        let regions = [first, second, &self.witness_region];
        if let Some(odd) = regions.iter().find(|region| !of(region, NAME_LENGTH_MAX)) {
            return refuse(format!("{odd:?} is not the name of a region: they look like us-east-1"));
        }
        if regions.iter().collect::<HashSet<_>>().len() < regions.len() {
            return refuse(format!(
                "the regions {first} and {second} and the witness region {} must be three different ones",
                self.witness_region
            ));
        }
        Ok(())
    }
}

const NAME_LENGTH_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, regions: [&str; 3]) -> Settings {
        let [first, second, witness] = regions.map(str::to_owned);
        Settings {
            name: name.to_owned(),
            scope: Scope::All,
            regions: [first, second],
            witness_region: witness,
            endpoint_url: None,
            pace: Pace::default(),
        }
    }

    #[test]
    fn names_and_regions_are_checked_before_anything_is_sent() {
        let usual = ["us-east-1", "us-east-2", "us-west-2"];
        for (name, regions, serves) in [
            ("worldseat", usual, true),
            ("w-2", usual, true),
            ("", usual, false),
            ("2w", usual, false),
            ("World", usual, false),
            ("a b", usual, false),
            ("worldseat", ["us-east-1", "us-east-1", "us-west-2"], false),
            ("worldseat", ["us-east-1", "us-east-2", "us-east-1"], false),
            ("worldseat", ["us-east-1", "", "us-west-2"], false),
        ] {
            assert_eq!(settings(name, regions).check().is_ok(), serves, "{name} {regions:?}");
        }
    }
}

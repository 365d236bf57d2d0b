//! What a deployment is made of: flags, then the environment, then `worldseat.toml`, then the defaults. Resolved here
//! into a [`Choice`], or refused with the name of what is missing; connected in `compose.rs`.

pub mod file;
pub mod mask;
mod trimmed;

use crate::address::{Addresses, public_url};
use anyhow::{Context, bail, ensure};
use app::visitor::SiteAddress;
use clap::builder::{BoolishValueParser, StringValueParser};
use ipnet::IpNet;
use mask::masked;
use onsale::Region;
use reqwest::Url;
use std::{fmt, net::IpAddr, path::PathBuf};
pub use trimmed::trimmed;

const PRODUCT: &str = "The product's database (nothing given: a stand-in)";
const FOIL: &str = "The foil (nothing given: a stand-in beside a stand-in, else none)";
const STAND_INS: &str = "The stand-ins";
const SERVICE: &str = "The service";

/// What the engines and the service can be told. Each long name is also a key of `worldseat.toml`.
#[derive(clap::Args, Clone, Debug)]
pub struct EngineOptions {
    /// Aurora DSQL: the two regional endpoints of one cluster, such as ID.dsql.us-east-1.on.aws, separated by a comma.
    #[arg(long, env = "WORLDSEAT_DSQL_ENDPOINTS", value_delimiter = ',', value_name = "HOST,HOST")]
    #[arg(value_parser = trimmed(StringValueParser::new()), help_heading = PRODUCT)]
    pub dsql_endpoints: Vec<String>,
    /// Their regions, where the host names do not say.
    #[arg(long, env = "WORLDSEAT_DSQL_REGIONS", value_delimiter = ',', value_name = "REGION,REGION")]
    #[arg(value_parser = trimmed(str::parse::<Region>), help_heading = PRODUCT)]
    pub dsql_regions: Vec<Region>,
    /// Whom the access token is for.
    #[arg(long, env = "WORLDSEAT_DSQL_USER", default_value = "admin", value_name = "USER")]
    #[arg(value_parser = trimmed(StringValueParser::new()), help_heading = PRODUCT)]
    pub dsql_user: String,
    /// A database of your own in its place: two URLs of PostgreSQL's protocol. They may be the same.
    #[arg(long, env = "WORLDSEAT_SQL_URLS", hide_env_values = true, value_delimiter = ',', value_name = "URL,URL")]
    #[arg(value_parser = trimmed(StringValueParser::new()), help_heading = PRODUCT)]
    pub sql_urls: Vec<String>,
    /// What to call the two places of those URLs.
    #[arg(long, env = "WORLDSEAT_SQL_REGIONS", value_delimiter = ',', value_name = "NAME,NAME")]
    #[arg(default_value = "first,second", value_parser = trimmed(str::parse::<Region>), help_heading = PRODUCT)]
    pub sql_regions: Vec<Region>,
    /// Believe only the certificate authorities in this PEM file, not the public ones.
    #[arg(long, env = "WORLDSEAT_SQL_ROOT_CERT", value_name = "FILE")]
    #[arg(help_heading = PRODUCT)]
    pub sql_root_cert: Option<PathBuf>,
    /// DynamoDB Global Tables: the two regions.
    #[arg(long, env = "WORLDSEAT_DYNAMODB_REGIONS", value_delimiter = ',', value_name = "REGION,REGION")]
    #[arg(value_parser = trimmed(str::parse::<Region>), help_heading = FOIL)]
    pub dynamodb_regions: Vec<Region>,
    /// The table of seats and the ledger.
    #[arg(long, env = "WORLDSEAT_DYNAMODB_TABLES", value_delimiter = ',', value_name = "SEATS,LEDGER")]
    #[arg(default_value = "worldseat-seats,worldseat-ledger")]
    #[arg(value_parser = trimmed(StringValueParser::new()), help_heading = FOIL)]
    pub dynamodb_tables: Vec<String>,
    /// Other endpoints than AWS's; over plain http no credentials are looked for.
    #[arg(long, env = "WORLDSEAT_DYNAMODB_ENDPOINTS", hide_env_values = true, value_delimiter = ',')]
    #[arg(value_name = "URL,URL", value_parser = trimmed(StringValueParser::new()), help_heading = FOIL)]
    pub dynamodb_endpoints: Vec<String>,
    /// The product alone.
    #[arg(long, env = "WORLDSEAT_NO_FOIL", value_parser = trimmed(BoolishValueParser::new()))]
    #[arg(help_heading = FOIL)]
    pub no_foil: bool,
    /// Keep the stand-ins' data in this directory. Without it, it is thrown away at the end.
    #[arg(long, env = "WORLDSEAT_DATA", value_name = "DIR", help_heading = STAND_INS)]
    pub data: Option<PathBuf>,
    /// What COMMIT takes longer on the stand-in for Aurora DSQL, in milliseconds: the way between two regions.
    #[arg(long, env = "WORLDSEAT_COMMIT_LATENCY_MS", default_value_t = 10, value_name = "MS")]
    #[arg(help_heading = STAND_INS, value_parser = trimmed(clap::value_parser!(u64).range(0..=10_000)))]
    pub commit_latency_ms: u64,
    /// Least and greatest replication lag of the stand-in for DynamoDB, in milliseconds.
    #[arg(long, env = "WORLDSEAT_LAG_MS", value_delimiter = ',', default_value = "500,1000")]
    #[arg(value_name = "LEAST,GREATEST", value_parser = trimmed(clap::value_parser!(u32)), help_heading = STAND_INS)]
    pub lag_ms: Vec<u32>,
    /// Add the known-bad control: the stand-in's PostgreSQL at READ COMMITTED, as backend `control`.
    #[arg(long, env = "WORLDSEAT_CONTROL", value_parser = trimmed(BoolishValueParser::new()), help_heading = STAND_INS)]
    pub control: bool,
    /// The most buyers of one burst.
    #[arg(long, env = "WORLDSEAT_BUYERS_MAX", default_value_t = 2000, value_name = "BUYERS")]
    #[arg(value_parser = trimmed(clap::value_parser!(u32).range(2..=10_000)), help_heading = SERVICE)]
    pub buyers_max: u32,
    /// How many buyers of a burst a region serves at once; the rest queue. The same on every backend.
    #[arg(long, env = "WORLDSEAT_CONNECTIONS", default_value_t = 64)]
    #[arg(value_parser = trimmed(clap::value_parser!(u32).range(1..=256)), help_heading = SERVICE)]
    pub connections: u32,
    /// Connections to each region for pages and the API, which bursts do not use. A request waits at most 3 s for one.
    #[arg(long, env = "WORLDSEAT_SITE_CONNECTIONS", default_value_t = 16)]
    #[arg(value_parser = trimmed(clap::value_parser!(u32).range(1..=256)), help_heading = SERVICE)]
    pub site_connections: u32,
    /// The site's address for visitors, such as `https://seats.example`. Without it, each request's Host names it.
    #[arg(long, env = "WORLDSEAT_PUBLIC_URL", value_name = "URL", value_parser = public_url, help_heading = SERVICE)]
    pub public_url: Option<SiteAddress>,
    /// Networks of the proxies whose X-Forwarded-Host and X-Forwarded-Proto are believed.
    #[arg(long, env = "WORLDSEAT_TRUSTED_PROXIES", value_delimiter = ',', default_value = "127.0.0.0/8,::1/128")]
    #[arg(value_name = "NETWORK,…", value_parser = network, help_heading = SERVICE)]
    pub trusted_proxies: Vec<IpNet>,
    /// Who records a stress test must send this key. Without it, only this machine may record one.
    #[arg(long, env = "WORLDSEAT_RECORD_KEY", hide_env_values = true, value_name = "KEY")]
    #[arg(value_parser = trimmed(StringValueParser::new()), help_heading = SERVICE)]
    pub record_key: Option<String>,
}

/// A network such as 10.0.0.0/8, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "expected an address or a network, such as 10.0.0.0/8".to_owned())
}

/// Which databases to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The product's.
    pub product: Product,
    /// The foil's, if there is one.
    pub foil: Option<Foil>,
}

/// The product's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Product {
    /// PostgreSQL on this machine, behind endpoints that behave like Aurora DSQL's.
    StandIn,
    /// Aurora DSQL: region and host, twice.
    Dsql([(Region, String); 2]),
    /// Whatever answers there: region and URL, twice.
    Own([(Region, String); 2]),
}

/// The foil's database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foil {
    /// Two replicas on this machine.
    StandIn,
    /// DynamoDB: region and endpoint, if it is not AWS's own, twice.
    DynamoDb([(Region, Option<String>); 2]),
}

impl EngineOptions {
    /// What is known of addresses before the first request.
    pub fn addresses(&self) -> Addresses {
        Addresses { public: self.public_url.clone(), trusted_proxies: self.trusted_proxies.clone() }
    }

    /// Decides which databases to use.
    ///
    /// # Errors
    /// If something is configured by half, or two things contradict each other: names it, and what is missing.
    pub fn choose(&self) -> anyhow::Result<Choice> {
        let product = self.product()?;
        ensure!(
            self.sql_root_cert.is_none() || product != Product::StandIn,
            "--sql-root-cert is given without --sql-urls or --dsql-endpoints: it is for their certificates"
        );
        let foil = self.foil(&product)?;
        let is_stand_in = product == Product::StandIn;
        ensure!(
            is_stand_in || !self.control,
            "--control is a schema of the PostgreSQL stand-in; there is none beside the database you configured"
        );
        ensure!(
            self.data.is_none() || is_stand_in || foil == Some(Foil::StandIn),
            "--data keeps the stand-ins' data, and nothing stands in here: leave it out"
        );
        let lag = two("--lag-ms (WORLDSEAT_LAG_MS)", &self.lag_ms)?;
        ensure!(
            lag[0] <= lag[1],
            "--lag-ms takes the least lag first and then the greatest, not {},{}",
            lag[0],
            lag[1]
        );
        ensure!(self.record_key.as_deref() != Some(""), "--record-key (WORLDSEAT_RECORD_KEY) is empty: leave it out");
        Ok(Choice { product, foil })
    }

    fn product(&self) -> anyhow::Result<Product> {
        for (name, given) in [
            ("--dsql-endpoints (WORLDSEAT_DSQL_ENDPOINTS)", &self.dsql_endpoints),
            ("--sql-urls (WORLDSEAT_SQL_URLS)", &self.sql_urls),
            ("--dynamodb-endpoints (WORLDSEAT_DYNAMODB_ENDPOINTS)", &self.dynamodb_endpoints),
        ] {
            ensure!(
                given.iter().all(|value| !value.is_empty()),
                "{name} has an empty value: give two, or leave it out"
            );
        }
        if !self.dsql_endpoints.is_empty() && !self.sql_urls.is_empty() {
            bail!(
                "both --dsql-endpoints and --sql-urls are given; the product has one database: leave one of them out"
            );
        }
        if !self.dsql_endpoints.is_empty() {
            let [first, second] = two("--dsql-endpoints (WORLDSEAT_DSQL_ENDPOINTS)", &self.dsql_endpoints)?;
            ensure!(
                is_host(&first) && is_host(&second),
                "--dsql-endpoints takes host names, such as ID.dsql.us-east-1.on.aws, and no URLs"
            );
            ensure!(first != second, "--dsql-endpoints names one endpoint twice: name that of each region");
            let regions = if self.dsql_regions.is_empty() {
                [region_of(&first)?, region_of(&second)?]
            } else {
                two("--dsql-regions (WORLDSEAT_DSQL_REGIONS)", &self.dsql_regions)?
            };
            for (host, region) in [&first, &second].into_iter().zip(&regions) {
                ensure!(
                    region_of(host).map_or(true, |named| named == *region),
                    "--dsql-regions calls {region} what names another region itself: {host}"
                );
            }
            let [one, other] = differ(regions)?;
            return Ok(Product::Dsql([(one, first), (other, second)]));
        }
        ensure!(
            self.dsql_regions.is_empty(),
            "--dsql-regions is given without --dsql-endpoints (WORLDSEAT_DSQL_ENDPOINTS): name the two endpoints"
        );
        if self.sql_urls.is_empty() {
            return Ok(Product::StandIn);
        }
        let [first, second] = two("--sql-urls (WORLDSEAT_SQL_URLS)", &self.sql_urls)?;
        let [one, other] = differ(two("--sql-regions (WORLDSEAT_SQL_REGIONS)", &self.sql_regions)?)?;
        Ok(Product::Own([(one, first), (other, second)]))
    }

    fn foil(&self, product: &Product) -> anyhow::Result<Option<Foil>> {
        let [seats, ledger] = two("--dynamodb-tables (WORLDSEAT_DYNAMODB_TABLES)", &self.dynamodb_tables)?;
        ensure!(seats != ledger, "--dynamodb-tables names one table twice: seats and ledger are two");
        let configured = !self.dynamodb_regions.is_empty() || !self.dynamodb_endpoints.is_empty();
        if self.no_foil {
            return Ok(None);
        }
        ensure!(
            configured || [seats.as_str(), ledger.as_str()] == TABLES,
            "--dynamodb-tables is given without --dynamodb-regions (WORLDSEAT_DYNAMODB_REGIONS): name the two regions, or \
             give --no-foil"
        );
        let regions = match product {
            Product::StandIn if configured => bail!(
                "DynamoDB is configured, and no database for the product: a foil on AWS beside a stand-in would be no \
                 comparison. Give --dsql-endpoints (WORLDSEAT_DSQL_ENDPOINTS) or --sql-urls as well"
            ),
            Product::StandIn => return Ok(Some(Foil::StandIn)),
            _ if !configured => return Ok(None),
            Product::Dsql([(one, _), (other, _)]) | Product::Own([(one, _), (other, _)]) => {
                [one, other].map(Region::clone)
            }
        };
        let regions = if self.dynamodb_regions.is_empty() {
            regions
        } else {
            two("--dynamodb-regions (WORLDSEAT_DYNAMODB_REGIONS)", &self.dynamodb_regions)?
        };
        let [one, other] = differ(regions)?;
        let [first, second] = if self.dynamodb_endpoints.is_empty() {
            [None, None]
        } else {
            let urls = two("--dynamodb-endpoints (WORLDSEAT_DYNAMODB_ENDPOINTS)", &self.dynamodb_endpoints)?;
            ensure!(
                urls.iter().all(|url| is_web_address(url)),
                "--dynamodb-endpoints takes two URLs such as http://127.0.0.1:8000"
            );
            urls.map(Some)
        };
        Ok(Some(Foil::DynamoDb([(one, first), (other, second)])))
    }
}

/// Whether it can be the name of a host, and hides nothing else.
pub fn is_host(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
}

fn is_web_address(url: &str) -> bool {
    url.parse::<Url>().is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
}

/// What the tables are called unless they are named.
const TABLES: [&str; 2] = ["worldseat-seats", "worldseat-ledger"];

fn two<T: Clone>(name: &str, given: &[T]) -> anyhow::Result<[T; 2]> {
    <[T; 2]>::try_from(given.to_vec()).map_err(|given| {
        anyhow::anyhow!("{name} takes two values, one a region, separated by a comma; {} given", given.len())
    })
}

fn differ([one, other]: [Region; 2]) -> anyhow::Result<[Region; 2]> {
    ensure!(one != other, "both regions are called '{one}': buyers come from two");
    Ok([one, other])
}

/// `ID.dsql.REGION.on.aws` names its region.
fn region_of(host: &str) -> anyhow::Result<Region> {
    let named = || host.strip_suffix(".on.aws")?.split_once(".dsql.")?.1.parse().ok();
    named().with_context(|| {
        format!("'{host}' is not of the form ID.dsql.REGION.on.aws: name the regions with --dsql-regions as well")
    })
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandIn => f.write_str("a stand-in for Aurora DSQL: PostgreSQL on this machine"),
            Self::Dsql([(_, first), (_, second)]) => write!(f, "Aurora DSQL at {first} and {second}"),
            Self::Own([(one, first), (other, second)]) => {
                write!(f, "your own: {} ({one}) and {} ({other})", masked(first), masked(second))
            }
        }
    }
}

impl fmt::Display for Foil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandIn => f.write_str("a stand-in for DynamoDB Global Tables: two replicas on this machine"),
            Self::DynamoDb([(one, first), (other, second)]) => {
                let place =
                    |url: &Option<String>| url.as_ref().map_or_else(String::new, |url| format!(" ({})", masked(url)));
                write!(f, "DynamoDB Global Tables in {one}{} and {other}{}", place(first), place(second))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        engines: EngineOptions,
    }

    fn choose(flags: &str) -> Result<Choice, String> {
        let flags = std::iter::once("worldseat").chain(flags.split_whitespace());
        let flags = Flags::try_parse_from(flags).map_err(|error| error.to_string())?;
        flags.engines.choose().map_err(|error| error.to_string())
    }

    const DSQL: &str = "--dsql-endpoints a.dsql.us-east-1.on.aws,b.dsql.us-east-2.on.aws";
    const URLS: &str = "--sql-urls postgres://ada:secret@db1/x,postgres://ada:secret@db2/x";

    #[test]
    fn what_is_configured_is_used() {
        let words = |flags: &str| {
            let choice = choose(flags).unwrap();
            format!("{} / {}", choice.product, choice.foil.map_or("none".to_owned(), |foil| foil.to_string()))
        };
        let stand_in = "a stand-in for Aurora DSQL: PostgreSQL on this machine";
        let both = "a stand-in for DynamoDB Global Tables: two replicas on this machine";
        let dsql = "Aurora DSQL at a.dsql.us-east-1.on.aws and b.dsql.us-east-2.on.aws";
        let own = "your own: postgres://ada:•••@db1/x (first) and postgres://ada:•••@db2/x (second)";
        for (flags, expect) in [
            (String::new(), format!("{stand_in} / {both}")),
            ("--no-foil".to_owned(), format!("{stand_in} / none")),
            (DSQL.to_owned(), format!("{dsql} / none")),
            (
                format!("{DSQL} --dynamodb-regions eu-west-1,eu-west-2"),
                format!("{dsql} / DynamoDB Global Tables in eu-west-1 and eu-west-2"),
            ),
            (
                format!("{DSQL} --dynamodb-endpoints http://a,http://b"),
                format!("{dsql} / DynamoDB Global Tables in us-east-1 (http://a) and us-east-2 (http://b)"),
            ),
            (format!("{DSQL} --dynamodb-regions eu-west-1,eu-west-2 --no-foil"), format!("{dsql} / none")),
            (URLS.to_owned(), format!("{own} / none")),
        ] {
            assert_eq!(words(&flags), expect, "{flags}");
        }
    }

    #[test]
    fn blanks_around_a_value_are_no_part_of_it() {
        let line = |flags: &[&str]| {
            let flags = Flags::try_parse_from(std::iter::once("worldseat").chain(flags.iter().copied())).unwrap();
            flags.engines
        };
        let set = line(&["--dsql-endpoints", "a.dsql.us-east-1.on.aws, b.dsql.us-east-2.on.aws\r", "--lag-ms", "5, 6"]);
        assert_eq!(
            set.choose().unwrap().product.to_string(),
            "Aurora DSQL at a.dsql.us-east-1.on.aws and b.dsql.us-east-2.on.aws"
        );
        assert_eq!(set.lag_ms, [5, 6]);
        let set = line(&[
            "--sql-urls",
            " postgres://a@b/x ,\tpostgres://a@b/x",
            "--sql-regions",
            "one, two",
            "--connections",
            "8\r",
        ]);
        assert_eq!(set.sql_urls, ["postgres://a@b/x"; 2]);
        assert_eq!((set.sql_regions[1].as_str(), set.connections), ("two", 8));
    }

    #[test]
    fn what_is_half_configured_is_refused_by_name() {
        for (flags, named) in [
            ("--dsql-endpoints a.dsql.us-east-1.on.aws", "--dsql-endpoints (WORLDSEAT_DSQL_ENDPOINTS) takes two"),
            ("--dsql-endpoints here,there", "--dsql-regions"),
            ("--dsql-endpoints https://u:secret@a.dsql.us-east-1.on.aws,b.dsql.us-east-2.on.aws", "no URLs"),
            ("--dsql-endpoints a.dsql.us-east-1.on.aws,a.dsql.us-east-1.on.aws", "one endpoint twice"),
            (&format!("{DSQL} --dsql-regions eu-west-1,us-east-2"), "calls eu-west-1 what names another region"),
            (&format!("{DSQL} --dynamodb-endpoints secret,http://b"), "takes two URLs"),
            ("--dsql-endpoints a.dsql.us-east-1.on.aws,b.dsql.us-east-1.on.aws", "both regions are called 'us-east-1'"),
            ("--dsql-regions us-east-1,us-east-2", "without --dsql-endpoints"),
            ("--sql-urls postgres://one", "--sql-urls (WORLDSEAT_SQL_URLS) takes two"),
            (&format!("{DSQL} {URLS}"), "both --dsql-endpoints and --sql-urls"),
            ("--dynamodb-regions us-east-1,us-east-2", "no database for the product"),
            (&format!("{DSQL} --dynamodb-regions us-east-1"), "--dynamodb-regions"),
            (&format!("{DSQL} --dynamodb-endpoints http://a"), "--dynamodb-endpoints"),
            (&format!("{DSQL} --dynamodb-tables seats"), "--dynamodb-tables"),
            (&format!("{DSQL} --dynamodb-tables a,a --dynamodb-regions x,y"), "one table twice"),
            ("--dynamodb-tables a,b", "without --dynamodb-regions"),
            ("--sql-root-cert x", "--sql-root-cert"),
            ("--lag-ms 9,1", "the least lag first"),
            ("--dsql-endpoints a,", "an empty value"),
            (&format!("{DSQL} --control"), "--control"),
            (&format!("{DSQL} --data x"), "--data"),
        ] {
            let refusal = choose(flags).unwrap_err();
            assert!(refusal.contains(named) && !refusal.contains("secret"), "{flags}: {refusal}");
        }
    }
}

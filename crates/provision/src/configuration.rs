//! What the server must be told to use what was made.

use std::fmt;

/// The variables, as lines of an environment file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The host names of the two regional endpoints.
    pub dsql_endpoints: Option<[String; 2]>,
    /// The replicas' regions and the tables' names.
    pub dynamodb: Option<([String; 2], [String; 2])>,
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(endpoints) = &self.dsql_endpoints {
            writeln!(f, "WORLDSEAT_DSQL_ENDPOINTS={}", endpoints.join(","))?;
        }
        if let Some((regions, tables)) = &self.dynamodb {
            writeln!(f, "WORLDSEAT_DYNAMODB_REGIONS={}", regions.join(","))?;
            writeln!(f, "WORLDSEAT_DYNAMODB_TABLES={}", tables.join(","))?;
        }
        Ok(())
    }
}

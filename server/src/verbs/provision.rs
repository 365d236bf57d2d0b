//! `worldseat provision`: the clusters and tables that WorldSeat needs on AWS, made where they are missing.

use super::stop_signal;
use crate::output::{notice, to_stderr, to_stdout};
use anyhow::anyhow;
use provision::{Kind, Pace, Provision, Scope, Settings};
use std::{fmt::Write as _, process::ExitCode, time::Duration};

/// What `worldseat provision` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = HELP)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// Change nothing: print every call that would be made, in order, and the IAM policies that provisioning and the
    /// running server need.
    #[arg(long)]
    dry_run: bool,
}

/// Which deployment, where. The same for making and removing it.
#[derive(clap::Args, Clone, Debug)]
pub struct Target {
    /// Which engines.
    engines: Engines,
    /// The deployment's name: the tag `worldseat` of everything in it, and the beginning of its tables' names.
    #[arg(long, default_value = "worldseat")]
    pub name: String,
    /// The two active regions.
    #[arg(long, default_values = ["us-east-1", "us-east-2"], num_args = 2, value_names = ["FIRST", "SECOND"])]
    regions: Vec<String>,
    /// Where the clusters keep their witness: a third region, without an endpoint.
    #[arg(long, default_value = "us-west-2", value_name = "REGION")]
    witness_region: String,
    /// How long to wait for one cluster or table, in minutes. The next run goes on waiting.
    #[arg(long, default_value_t = 30, value_name = "MINUTES")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1440))]
    wait_minutes: u64,
    /// For tests and emulators: where both services are, in place of AWS. Over http:// no credentials are looked for.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Engines {
    /// Two peered Aurora DSQL clusters: one logical database.
    Dsql,
    /// Two DynamoDB global tables, NAME-seats and NAME-ledger, replicated asynchronously (MREC).
    Dynamodb,
    /// Both.
    All,
}

const HELP: &str = "\
What it makes:
  dsql      a cluster in each active region, each the other's peer, with deletion protection
  dynamodb  the tables NAME-seats and NAME-ledger, paid by request, with a replica in the second region (MREC)

It looks first and makes only what is missing: a second run changes nothing, and a run that was interrupted anywhere is
continued by the next. What is there but otherwise is named and left alone. Credentials come from the environment, as for
any AWS tool. Progress goes to standard error; the configuration for the server to standard output.

Examples:
  worldseat provision all --dry-run            every call and both IAM policies, before anything is made
  worldseat provision all > worldseat.env      make what is missing, keep the configuration
  worldseat provision dsql --name second --regions eu-west-1 eu-west-2 --witness-region eu-central-1
  worldseat deprovision all                    remove it again

Exit code: 0 everything is there; 2 it could not be made (one line says why); 130 stopped by Ctrl-C.";

/// Makes what is missing, or says what it would do.
pub async fn provision(options: Options) -> anyhow::Result<ExitCode> {
    let settings = options.target.settings();
    if options.dry_run {
        return dry_run(settings).await;
    }
    let mut stop = std::pin::pin!(stop_signal()?);
    let work = async {
        let mut plan = Provision::look(settings).await?;
        if plan.is_done() {
            notice!("everything is there already; nothing was changed");
        }
        let configuration = plan.run(&|line| notice!("{line}")).await?;
        anyhow::Ok(configuration)
    };
    tokio::select! {
        configuration = work => show(&configuration?.to_string()),
        () = &mut stop => Ok(stopped()),
    }
}

async fn dry_run(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    let plan = match Provision::look(settings.clone()).await {
        Err(trouble) if trouble.is_blindness() => {
            writeln!(text, "# Could not look at what exists: {trouble}")?;
            writeln!(text, "# So these are the calls of a fresh set-up.")?;
            Provision::fresh(settings).await?
        }
        other => other?,
    };
    let calls = plan.calls();
    let changes = calls.iter().filter(|call| call.kind == Kind::Changes).count();
    writeln!(text, "# Calls in order; {changes} of them change something, and none of those was made:")?;
    for call in calls {
        writeln!(text, "{call}")?;
    }
    writeln!(text, "\n# IAM policy for provisioning:\n{}", plan.policies().provisioning())?;
    writeln!(text, "\n# IAM policy for the running server:\n{}", plan.policies().serving())?;
    show(&text)
}

/// To standard output, as a file is written.
pub fn show(text: &str) -> anyhow::Result<ExitCode> {
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

/// What is half made stays, and is found again.
pub fn stopped() -> ExitCode {
    notice!("stopped; what AWS has begun it finishes, and the same command continues from there");
    ExitCode::from(130)
}

impl Target {
    /// As the library wants it.
    pub fn settings(&self) -> Settings {
        Settings {
            name: self.name.clone(),
            scope: match self.engines {
                Engines::Dsql => Scope::Dsql,
                Engines::Dynamodb => Scope::Dynamodb,
                Engines::All => Scope::All,
            },
            // clap sees to it that there are two.
            regions: [self.regions[0].clone(), self.regions[1].clone()],
            witness_region: self.witness_region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            pace: Pace { wait_at_most: Duration::from_mins(self.wait_minutes), ..Pace::default() },
        }
    }

    /// Asks for the name, or compares it with the one given.
    pub fn confirm(&self, given: Option<&str>) -> anyhow::Result<()> {
        use std::io::{IsTerminal, stdin};
        let typed = match given {
            Some(name) => name.to_owned(),
            None if stdin().is_terminal() => {
                to_stderr(&format!("Type the name {:?} to delete all of this for ever: ", self.name));
                let mut line = String::new();
                stdin().read_line(&mut line)?;
                line
            }
            None => {
                return Err(anyhow!(
                    "nobody can be asked here; give --yes-delete {} to delete all of this; nothing was deleted",
                    self.name
                ));
            }
        };
        if typed.trim() == self.name {
            return Ok(());
        }
        Err(anyhow!("{:?} is not the name {:?}; nothing was deleted", typed.trim(), self.name))
    }
}

//! `worldseat deprovision`: removes what `worldseat provision` made.

use super::{
    provision::{Target, show, stopped},
    stop_signal,
};
use crate::output::notice;
use provision::Deprovision;
use std::process::ExitCode;

/// What `worldseat deprovision` can be told.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = HELP)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// For scripts: delete without asking. The name must be the deployment's.
    #[arg(long, value_name = "NAME")]
    yes_delete: Option<String>,
    /// Delete nothing: print every call that would be made, in order, and the IAM policy that this needs.
    #[arg(long, conflicts_with = "yes_delete")]
    dry_run: bool,
}

const HELP: &str = "\
It finds the clusters by their tag (worldseat = NAME) and the tables by name and tag, shows them, and deletes them once the
name was typed: deletion protection is taken off, peers are deleted together, replicas before their tables. A table that has
the name but not the tag is left alone. A run that was interrupted is continued by the next.

Examples:
  worldseat deprovision all                            show what is there, ask, delete
  worldseat deprovision all --dry-run                  every call, before anything is deleted
  worldseat deprovision dsql --yes-delete worldseat    in a script

Exit code: 0 nothing is left; 2 it could not be deleted (one line says why); 130 stopped by Ctrl-C.";

/// Shows what is there, asks, and deletes it.
pub async fn deprovision(options: Options) -> anyhow::Result<ExitCode> {
    let plan = Deprovision::look(options.target.settings()).await?;
    if options.dry_run {
        let calls: Vec<_> = plan.calls().iter().map(ToString::to_string).collect();
        return show(&format!(
            "# Calls in order; none that changes something was made:\n{}\n\n# IAM policy for deprovisioning:\n{}\n",
            calls.join("\n"),
            plan.policies().removing()
        ));
    }
    if plan.is_done() {
        notice!("nothing of {:?} is there; nothing was changed", options.target.name);
        return Ok(ExitCode::SUCCESS);
    }
    plan.things().iter().for_each(|thing| notice!("{thing}"));
    options.target.confirm(options.yes_delete.as_deref())?;
    // Only now: until the name was typed, Ctrl-C simply ends the program.
    let mut stop = std::pin::pin!(stop_signal()?);
    tokio::select! {
        done = plan.run(&|line| notice!("{line}")) => {
            done?;
            notice!("all of it is gone");
            Ok(ExitCode::SUCCESS)
        }
        () = &mut stop => Ok(stopped()),
    }
}

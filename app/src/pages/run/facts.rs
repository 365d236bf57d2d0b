//! What was asked for, what answered, and what the buyers were told, counted by region.

use crate::{api::RunReport, components::Settings, island::card::grouped, words::short_title};
use evidence::RunDocument;
use leptos::prelude::*;
use onsale::{Engine, Outcome};
use std::sync::Arc;

/// What was asked for and what answered.
#[component]
pub fn Facts(report: RunReport, document: Arc<RunDocument<'static>>) -> impl IntoView {
    let (plan, engine, board) = (&report.plan, &report.engine, &report.scoreboard);
    let regions: Vec<_> = plan.regions.iter().map(ToString::to_string).collect();
    let stand_in = match (engine.own, engine.stand_in) {
        (true, _) => Engine::OWN.to_owned(),
        (false, true) => format!("stand-in for {}: ", short_title(plan.backend)),
        (false, false) => String::new(),
    };
    let schema_conflicts = document.run.operations.iter().map(|op| u64::from(op.schema_conflicts)).sum();
    let rows = vec![
        ("Buyers", grouped(plan.buyers.into())),
        ("Regions, buyers alternating", regions.join(", ")),
        ("Think time between read and write", format!("{} ms", plan.think_ms)),
        ("Connections per region", plan.connections_per_region.to_string()),
        ("Seed of the pauses after conflicts", plan.seed.to_string()),
        ("First start to last start", format!("{} µs", grouped(board.starts_within_us))),
        ("Read “available”", format!("{} buyers", grouped(board.contenders))),
        ("Of these, after a sale was acknowledged", grouped(board.stale_reads)),
        ("Transactions aborted because tables changed (OC001)", grouped(schema_conflicts)),
        ("Engine", format!("{stand_in}{}", engine.name)),
        ("Consistency asked for", engine.consistency.clone()),
        ("Place", engine.place.clone()),
        ("Buyers run by", format!("{}, on {}", document.run.host.worldseat, document.run.host.machine)),
        ("SHA-256 of the record, when it was made", document.claims.digest.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| view! { <tr><th scope="row">{name}</th><td>{value}</td></tr> });
    view! {
        <h2>"Plan and engine"</h2>
        <table class="plain-table">
            <tbody>{rows.collect_view()}</tbody>
            <Settings settings=engine.settings.clone() />
        </table>
    }
}

/// How many of each region's buyers were told what.
#[component]
pub fn Fates(report: RunReport) -> impl IntoView {
    const OUTCOMES: [Outcome; 4] = [Outcome::Confirmed, Outcome::Rejected, Outcome::Error, Outcome::Unknown];
    let regions = report.plan.regions.len().max(1);
    let counts = report.plan.regions.iter().enumerate().map(|(region, name)| {
        let told = report.fates.iter().filter(|fate| fate.index as usize % regions == region);
        let told: Vec<_> = told.map(|fate| fate.outcome).collect();
        let cells = OUTCOMES.map(|outcome| {
            let n = told.iter().filter(|told| **told == outcome).count();
            view! { <td>{grouped(n as u64)}</td> }
        });
        view! { <tr><th scope="row">{name.to_string()}</th>{cells.collect_view()}</tr> }
    });
    let counts = counts.collect_view();
    view! {
        <h2>"What the buyers were told"</h2>
        <table class="plain-table counts">
            <thead>
                <tr><th scope="col">"Region"</th>{OUTCOMES.map(|outcome| view! { <th scope="col">{outcome.as_str()}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{counts}</tbody>
        </table>
    }
}

//! What was measured here: the headline, the latest stress test, and every one ever begun.

use crate::{
    dates::{iso_utc, utc},
    island::card::grouped,
    visitor::SiteAddress,
    words::{tested, tone},
};
use evidence::{FOIL, PRODUCT, StressLine, StressTest};
use leptos::prelude::*;
use std::sync::Arc;

/// How a visitor measures what was not measured yet: at the address that shows this page.
#[component]
fn How() -> impl IntoView {
    view! { <pre tabindex="0" aria-label="Command"><code>{format!("worldseat stress {} --record", SiteAddress::of_this_request())}</code></pre> }
}

/// Section 1: the two numbers of the latest stress test: of the product its worst burst, of the foil the highest level's.
#[component]
pub fn Headline(latest: Option<Arc<StressTest>>) -> impl IntoView {
    let Some(test) = latest else {
        return view! {
            <p>
                "The headline is not measured here yet. "<a href="/">"Press Break it"</a>
                " to see one burst. The stress test does many, and records every number:"
            </p>
            <How />
        }
        .into_any();
    };
    let both = test.plan.backends.contains(&FOIL);
    let sides = [PRODUCT, FOIL].into_iter().filter_map(|backend| test.headline(backend));
    let sides = sides.map(|line| view! { <Side line=line.clone() /> }).collect_view();
    view! {
        <div class="headline">{sides}</div>
        <p class="result-line"><b>"RESULT: "{test.result().to_string()}</b></p>
        <p class="soft">
            {both.then_some("The same purchase code on both; only the database changed. ")}
            "Of the product the worst burst of "
            <a href=format!("#{}", test.id)>"the latest stress test"</a>
            {both.then_some(", of the foil the one of its highest level that oversold most")}". Recorded "
            <time datetime=iso_utc(test.began_at_ms)>{utc(test.began_at_ms)}</time>
            {format!(" by {} on {}.", test.host.worldseat, test.host.machine)}
        </p>
    }
    .into_any()
}

#[component]
fn Side(line: StressLine) -> impl IntoView {
    let oversold = line.scoreboard.oversold;
    view! {
        <a class=format!("side tone-{}", tone(line.verdict)) href=format!("/run/{}", line.run)>
            <b class="big num">{grouped(oversold)}</b>
            <span>{if oversold == 1 { "was sold a chair that was taken" } else { "were sold a chair that was taken" }}</span>
            <span>{line.verdict.to_string()}" · "{grouped(line.buyers.into())}" buyers, one seat"</span>
            <small>{line.engine}</small>
        </a>
    }
}

/// Section 2: the latest stress test as it was captured, then the list of all.
#[component]
pub fn Captured(latest: Option<Arc<StressTest>>, tests: Vec<StressTest>) -> impl IntoView {
    let Some(latest) = latest else {
        return view! {
            <p>"None was recorded to its end on every database of this deployment. This runs one and records it:"</p>
            <How />
            <AllTests tests />
        }
        .into_any();
    };
    let sides = latest.lines.chunk_by(|a, b| a.engine == b.engine).map(|lines| {
        let rows = lines.iter().map(|line| view! { <Line line=line.clone() /> }).collect_view();
        view! {
            <tbody>
                <tr><th colspan=COLUMNS.len() scope="rowgroup">{lines[0].engine.clone()}</th></tr>
                {rows}
            </tbody>
        }
    });
    let sides = sides.collect_view();
    view! {
        <p class="result-line"><b>"RESULT: "{latest.result().to_string()}</b></p>
        <div class="scroll" tabindex="0" role="region" aria-label="Captured output">
            <table class="plain-table stress">
                <caption class="soft">
                    "Captured "<time datetime=iso_utc(latest.began_at_ms)>{utc(latest.began_at_ms)}</time>
                    {format!(" by {} on {}", latest.host.worldseat, latest.host.machine)}
                </caption>
                <thead>
                    <tr>
                        {COLUMNS.map(|name| view! { <th scope="col">{name}</th> }).collect_view()}
                    </tr>
                </thead>
                {sides}
            </table>
        </div>
        <AllTests tests />
    }
    .into_any()
}

const COLUMNS: [&str; 9] =
    ["Think", "Buyers", "Confirmed", "Oversold", "Max retries", "Conflicts", "Raced", "Took", "Witness"];

#[component]
fn Line(line: StressLine) -> impl IntoView {
    let board = line.scoreboard;
    let counts = [board.confirmed, board.oversold, board.max_retries.into(), board.conflicts, board.contenders];
    view! {
        <tr>
            <td>{line.think_ms}" ms"</td>
            <td>{grouped(line.buyers.into())}</td>
            {counts.map(|n| view! { <td>{grouped(n)}</td> }).collect_view()}
            <td>{grouped(board.duration_ms)}" ms"</td>
            <td><a href=format!("/run/{}", line.run)>{line.verdict.to_string()}</a></td>
        </tr>
    }
}

/// Every test ever begun here, those that were given up and those that failed as well.
#[component]
fn AllTests(tests: Vec<StressTest>) -> impl IntoView {
    if tests.is_empty() {
        return ().into_any();
    }
    let count = tests.len() as u64;
    let items = tests.into_iter().map(|test| {
        let runs = test.lines.iter().map(|line| {
            let board = &line.scoreboard;
            let name = format!("{} of {}", grouped(board.oversold), grouped(line.buyers.into()));
            view! { <a href=format!("/run/{}", line.run)>{tested(line.backend, &line.engine)}": "{name}</a>" " }
        });
        let runs = runs.collect_view();
        let pending = test.pending.clone().map(|run| {
            view! { " · "<a href=format!("/run/{run}")>"one burst begun without a result yet"</a> }
        });
        let runs = (!test.lines.is_empty()).then(|| {
            view! { <details><summary>"Oversold in each of its runs"</summary><p class="num">{runs}</p></details> }
        });
        view! {
            <li id=test.id.to_string()>
                <time datetime=iso_utc(test.began_at_ms)>{utc(test.began_at_ms)}</time>" · "{test.result().to_string()}{pending}
                {runs}
            </li>
        }
    });
    let items = items.collect_view();
    view! {
        <h3>"Every stress test begun on this deployment ("{grouped(count)}")"</h3>
        <p class="soft">"A test is listed from its first moment, and each of its bursts before its first buyer is let go: none can be left out afterwards."</p>
        <ul class="tests">{items}</ul>
    }
    .into_any()
}

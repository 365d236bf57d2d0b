//! What was measured here: the headline, the latest stress test, and every one ever begun.

use crate::{
    dates::{iso_utc, utc},
    island::card::grouped,
};
use evidence::{FOIL, PRODUCT, StressLine, StressResult, StressTest};
use leptos::prelude::*;
use onsale::Backend;

/// How a visitor measures what was not measured yet.
const HOW: &str = "worldseat stress http://127.0.0.1:3000 --record";

/// Section 1: the two numbers, at the most buyers of the latest stress test.
#[component]
pub fn Headline(latest: Option<StressTest>) -> impl IntoView {
    let Some(test) = latest else {
        return view! {
            <p>
                "The headline is not measured here yet. "<a href="/">"Press Break it"</a>
                " on both databases, or let the stress test do it and record every number:"
            </p>
            <pre tabindex="0" aria-label="Command"><code>{HOW}</code></pre>
        }
        .into_any();
    };
    let sides = [PRODUCT, FOIL].into_iter().filter_map(|backend| worst(&test, backend));
    let sides = sides.map(|line| view! { <Side line=line.clone() /> }).collect_view();
    view! {
        <div class="headline">{sides}</div>
        <p class="soft">
            "The same purchase code on both; only the database changed. The most that was oversold at the highest level of "
            <a href=format!("#{}", test.id)>"the latest stress test"</a>", recorded "
            <time datetime=iso_utc(test.began_at_ms)>{utc(test.began_at_ms)}</time>
            {format!(" by {} on {}.", test.host.worldseat, test.host.machine)}
        </p>
    }
    .into_any()
}

/// The burst of a database's highest level that oversold most.
pub fn worst(test: &StressTest, backend: Backend) -> Option<&StressLine> {
    let lines = || test.lines.iter().filter(|line| line.backend == backend);
    let most = lines().map(|line| line.buyers).max()?;
    lines().filter(|line| line.buyers == most).max_by_key(|line| line.scoreboard.oversold)
}

#[component]
fn Side(line: StressLine) -> impl IntoView {
    let oversold = line.scoreboard.oversold;
    let tone = if line.verdict.is_violated() { "tone-twice" } else { "tone-once" };
    view! {
        <a class=format!("side {tone}") href=format!("/run/{}", line.run)>
            <b class="big num">{grouped(oversold)}</b>
            <span>{if oversold == 1 { "sold a chair that was taken" } else { "were sold a chair that was taken" }}</span>
            <span>{line.verdict.to_string()}" · "{grouped(line.buyers.into())}" buyers, one seat"</span>
            <small>{line.engine}</small>
        </a>
    }
}

/// Section 2: the latest stress test as it was captured, then the list of all.
#[component]
pub fn Captured(tests: Vec<StressTest>) -> impl IntoView {
    let done = |test: &&StressTest| !matches!(test.result(), StressResult::Unfinished { .. });
    let latest = tests.iter().find(done).cloned();
    let Some(latest) = latest else {
        return view! {
            <p>"None was recorded on this deployment to its end. This runs one and records it:"</p>
            <pre tabindex="0" aria-label="Command"><code>{HOW}</code></pre>
            <AllTests tests />
        }
        .into_any();
    };
    let rows = latest.lines.iter().map(|line| view! { <Line line=line.clone() /> }).collect_view();
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
                        {["Database", "Think", "Buyers", "Confirmed", "Oversold", "Max retries", "Conflicts", "Raced", "Took", "Witness"]
                            .map(|name| view! { <th scope="col">{name}</th> })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <AllTests tests />
    }
    .into_any()
}

#[component]
fn Line(line: StressLine) -> impl IntoView {
    let board = line.scoreboard;
    let counts = [board.confirmed, board.oversold, board.max_retries.into(), board.conflicts, board.contenders];
    view! {
        <tr>
            <td title=line.engine>{line.backend.as_str()}</td>
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
            view! { <a href=format!("/run/{}", line.run)>{line.backend.as_str()}" "{name}</a>" " }
        });
        let runs = runs.collect_view();
        view! {
            <li id=test.id.to_string()>
                <time datetime=iso_utc(test.began_at_ms)>{utc(test.began_at_ms)}</time>" · "{test.result().to_string()}
                <details><summary>"Oversold in each of its runs"</summary><p class="num">{runs}</p></details>
            </li>
        }
    });
    let items = items.collect_view();
    view! {
        <h3>"Every stress test begun on this deployment ("{grouped(count)}")"</h3>
        <p class="soft">"A test is listed from its first moment, and each of its bursts is added as it ends: none can be left out afterwards."</p>
        <ul class="tests">{items}</ul>
    }
    .into_any()
}

//! `/run/{id}`: one burst, for ever. The same card as on the on-sale, then what was asked, what answered, and
//! everybody's fate. It prints as one sheet.

use super::not_found::Missing;
use crate::{
    api::RunReport,
    components::{Header, Here},
    error::AppError,
    functions::load_run,
    island::{ResultCard, card::grouped},
    words::{self, engine_line, short_title},
};
use http::StatusCode;
use leptos::either::EitherOf3;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use onsale::{Outcome, RunId};

/// The page.
#[component]
pub fn RunPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let page = Suspend::new(async move {
        let report = match id.parse::<RunId>() {
            Ok(id) => load_run(id).await,
            Err(_) => Err(AppError::NotFound(String::new())),
        };
        match report {
            Ok(report) => EitherOf3::A(view! { <Report report /> }),
            Err(AppError::NotFound(_)) => EitherOf3::B(view! {
                <Missing
                    what="There is no such run."
                    hint="Its link may be mistyped, or the run could not be stored and ended with the server it ran on."
                />
            }),
            Err(error) => EitherOf3::C(view! { <Trouble error /> }),
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

/// A run that can be shown.
#[component]
fn Report(report: RunReport) -> impl IntoView {
    let card = words::card(&report);
    let title = format!("{} · seat {} · run {}", card.verdict, report.plan.seat, report.run);
    let preview = format!(
        "{} {} {} {}",
        card.big,
        card.headline,
        card.sentence,
        engine_line(report.plan.backend, &report.engine)
    );
    view! {
        <Title text=format!("{title} · WorldSeat") />
        <Meta name="description" content=preview.clone() />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=preview />
        <Header here=Here::Elsewhere />
        <main id="main" class="runpage">
            <section class="lead">
                <h1>"Run "<code>{report.run.to_string()}</code></h1>
                <p>
                    {engine_line(report.plan.backend, &report.engine)}
                    ", seat "{report.plan.seat.to_string()}", round "{report.round}", "
                    <time datetime=iso_utc(report.began_at_ms)>{utc(report.began_at_ms)}</time>"."
                </p>
            </section>
            <ResultCard card=Memo::new(move |_| card.clone()) state=None />
            <section class="facts">
                <Facts report=report.clone() />
                <Fates report />
            </section>
        </main>
    }
}

/// What was asked for and what answered.
#[component]
fn Facts(report: RunReport) -> impl IntoView {
    let (plan, engine, board) = (&report.plan, &report.engine, &report.scoreboard);
    let regions: Vec<_> = plan.regions.iter().map(ToString::to_string).collect();
    let stand_in =
        if engine.stand_in { format!("stand-in for {}: ", short_title(plan.backend)) } else { String::new() };
    let mut rows = vec![
        ("Buyers", grouped(plan.buyers.into())),
        ("Regions, buyers alternating", regions.join(", ")),
        ("Think time between read and write", format!("{} ms", plan.think_ms)),
        ("Connections per region", plan.connections_per_region.to_string()),
        ("Seed of the pauses after conflicts", plan.seed.to_string()),
        ("First start to last start", format!("{} µs", grouped(board.starts_within_us))),
        ("Read “available”", format!("{} buyers", grouped(board.contenders))),
        ("Of these, after a sale was acknowledged", grouped(board.stale_reads)),
        ("Engine", format!("{stand_in}{}", engine.name)),
        ("Consistency asked for", engine.consistency.clone()),
        ("Place", engine.place.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect::<Vec<_>>();
    rows.extend(engine.settings.iter().map(|setting| (setting.name.clone(), setting.value.clone())));
    let rows = rows.into_iter().map(|(name, value)| view! { <tr><th scope="row">{name}</th><td>{value}</td></tr> });
    view! {
        <h2>"Plan and engine"</h2>
        <table class="plain-table"><tbody>{rows.collect_view()}</tbody></table>
    }
}

/// Everybody's fate: counted by region, then buyer by buyer.
#[component]
fn Fates(report: RunReport) -> impl IntoView {
    const OUTCOMES: [Outcome; 4] = [Outcome::Confirmed, Outcome::Rejected, Outcome::Error, Outcome::Unknown];
    let regions = report.plan.regions.len().max(1);
    let region_of =
        |index: usize| report.plan.regions.get(index % regions).map(ToString::to_string).unwrap_or_default();
    let counts = (0..regions).map(|region| {
        let told = report.fates.iter().filter(|fate| fate.index as usize % regions == region);
        let told: Vec<_> = told.map(|fate| fate.outcome).collect();
        let cells = OUTCOMES.map(|outcome| {
            let n = told.iter().filter(|told| **told == outcome).count();
            view! { <td>{grouped(n as u64)}</td> }
        });
        view! { <tr><th scope="row">{region_of(region)}</th>{cells.collect_view()}</tr> }
    });
    let counts = counts.collect_view();
    let each = report.fates.iter().map(|fate| {
        let region = region_of(fate.index as usize);
        view! { <tr><td>{fate.index + 1}</td><td>{region}</td><td>{fate.outcome.as_str()}</td></tr> }
    });
    let each = each.collect_view();
    view! {
        <h2>"What the buyers were told"</h2>
        <table class="plain-table counts">
            <thead>
                <tr><th scope="col">"Region"</th>{OUTCOMES.map(|outcome| view! { <th scope="col">{outcome.as_str()}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{counts}</tbody>
        </table>
        <details>
            <summary>"Buyer by buyer, in the plan’s order ("{grouped(report.fates.len() as u64)}")"</summary>
            <table class="plain-table counts">
                <thead><tr><th scope="col">"Buyer"</th><th scope="col">"Region"</th><th scope="col">"Told"</th></tr></thead>
                <tbody>{each}</tbody>
            </table>
        </details>
    }
}

/// A run that may be there but cannot be read now.
#[component]
fn Trouble(error: AppError) -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_GATEWAY));
    }
    view! {
        <Title text="Not now · WorldSeat" />
        <Header here=Here::Elsewhere />
        <main id="main" class="document">
            <h1>"This run cannot be shown right now."</h1>
            <p>{error.to_string()}</p>
            <p><a href="">"Load this page again"</a></p>
        </main>
    }
}

/// `2026-11-21 18:32:05 UTC`.
fn utc(ms: i64) -> String {
    let (days, seconds) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    let (year, month, day) = civil(days);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The same for machines.
fn iso_utc(ms: i64) -> String {
    utc(ms).replacen(' ', "T", 1).replace(" UTC", "Z")
}

/// Year, month and day of a day counted from 1970, by Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_the_calendars() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_000, "2000-02-28 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_795_285_925_999, "2026-11-21 18:32:05 UTC"),
        ] {
            assert_eq!(super::utc(ms), text);
        }
        assert_eq!(super::iso_utc(0), "1970-01-01T00:00:00Z");
    }
}

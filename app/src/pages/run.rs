//! `/run/{id}`: one burst, for ever. The same card as on the on-sale, then what was asked, what answered, and
//! everybody's fate. It prints as one sheet.

mod check;
mod facts;
mod look;
mod table;
mod timeline;

use super::not_found::Missing;
use crate::{
    api::RunReport,
    components::{Header, Here},
    dates::{iso_utc, utc},
    error::AppError,
    island::ResultCard,
    service::{Download, Service},
    words::{self, engine_line, place},
};
use check::CheckAndTake;
use evidence::RunDocument;
use facts::{Facts, Fates};
use leptos::either::EitherOf4;
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title};
use leptos_router::hooks::{use_params_map, use_query_map};
use look::Look;
use onsale::RunId;
use std::sync::Arc;
use table::Buyers;
use timeline::Timeline;

/// The page.
#[component]
pub fn RunPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let look = use_query_map().with_untracked(Look::from_query);
    let service = expect_context::<Arc<Service>>();
    let page = Suspend::new(async move {
        let recorded = match id.parse::<RunId>() {
            Ok(id) => service.recorded(&id).await,
            Err(_) => Err(AppError::NotFound(String::new())),
        };
        match recorded {
            Ok((document, report)) => EitherOf4::A(view! { <Report document report look /> }),
            Err(error @ AppError::Unfinished { .. }) => EitherOf4::B(view! {
                <Missing
                    what="This run was not finished."
                    hint=error.to_string()
                />
            }),
            Err(error @ AppError::NoVerdict(_)) => EitherOf4::D(view! { <NoVerdict id error /> }),
            Err(AppError::NotFound(_)) => EitherOf4::B(view! {
                <Missing
                    what="There is no such run."
                    hint="Its link may be mistyped, or the run could not be stored and ended with the server it ran on."
                />
            }),
            Err(error) => EitherOf4::C(view! { <Trouble error /> }),
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

/// A run that can be shown.
#[component]
fn Report(document: Arc<RunDocument<'static>>, report: RunReport, look: Look) -> impl IntoView {
    let card = words::card(&report);
    let title = format!("{} · {} · run {}", card.verdict, place(&report), report.run);
    let preview = format!(
        "{} {} {} {}",
        card.big,
        card.headline,
        card.sentence,
        engine_line(report.plan.backend, &report.engine)
    );
    view! {
        <Title text=format!("{title} · WorldSeat") />
        <Link rel="stylesheet" href="/pkg/evidence.css" />
        <Meta name="description" content=preview.clone() />
        <Meta property="og:title" content=title />
        <Meta property="og:description" content=preview />
        <Header here=Here::Elsewhere />
        <main id="main" class="runpage">
            <section class="lead">
                <h1>"Run "<code>{report.run.to_string()}</code></h1>
                <p>
                    {engine_line(report.plan.backend, &report.engine)}
                    ", "{place(&report)}", "
                    <time datetime=iso_utc(report.began_at_ms)>{utc(report.began_at_ms)}</time>"."
                </p>
            </section>
            <ResultCard card=Memo::new(move |_| card.clone()) state=None />
            <section class="facts">
                <CheckAndTake id=report.run.clone() verdict=report.verdict.verdict.to_string() />
                <Fates report=report.clone() />
            </section>
            <Timeline document=Arc::clone(&document) report=report.clone() look=look.clone() />
            <Buyers document=Arc::clone(&document) look />
            <section class="facts wide">
                <Facts report document />
            </section>
        </main>
    }
}

/// A run whose record contradicts itself.
#[component]
fn NoVerdict(id: String, error: AppError) -> impl IntoView {
    super::set_status(&error);
    let file = format!("/run/{id}/{}", Download::Run.file_name());
    view! {
        <Title text="No verdict · WorldSeat" />
        <Header here=Here::Elsewhere />
        <main id="main" class="document">
            <h1>"This run has no verdict."</h1>
            <p>{error.to_string()}</p>
            <p>"A verdict follows from this record, so there is none. The record as it was stored: "<a href=file>"run.json"</a>"."</p>
        </main>
    }
}

/// A run that may be there but cannot be read now.
#[component]
fn Trouble(error: AppError) -> impl IntoView {
    super::set_status(&error);
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

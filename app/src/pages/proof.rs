//! `/proof`: the Proof panel. A document: what was measured, the one purchase function, the databases' own word.

mod diagram;
mod measured;
mod source;

use crate::{
    components::{Header, Here, Settings},
    error::AppError,
    service::Service,
    words::{engine_line, short_title},
};
use diagram::Diagram;
use evidence::FOIL;
use futures::FutureExt;
use leptos::prelude::*;
use leptos_meta::{Link, Meta, Title};
use measured::{Captured, Headline};
use onsale::{Backend, Engine};
use source::Sources;
use std::sync::Arc;
use witness::{explain_run, judge_run};

/// The page.
#[component]
pub fn ProofPanel() -> impl IntoView {
    let service = expect_context::<Arc<Service>>();
    let has_foil = service.has(FOIL);
    let [at_it, control, generous] = words(has_foil);
    let (under, backends) = (under(&service), service.backends());
    let engines = {
        let service = Arc::clone(&service);
        Suspend::new(async move {
            let engines = service.engines().await.into_iter();
            engines.map(|(backend, engine)| view! { <Word backend engine /> }).collect_view()
        })
    };
    // Asked once: the headline and the captured output are of one test.
    let latest = {
        let service = Arc::clone(&service);
        async move { service.latest_stress().await }.boxed().shared()
    };
    let headline = {
        let latest = latest.clone();
        Suspend::new(async move {
            match latest.await {
                Ok(latest) => view! { <Headline latest /> }.into_any(),
                Err(error) => view! { <Unread error /> }.into_any(),
            }
        })
    };
    let captured = Suspend::new(async move {
        let found = async { Ok((latest.await?, service.stress_tests().await?)) };
        match found.await {
            Ok((latest, tests)) => view! { <Captured latest tests /> }.into_any(),
            Err(error) => view! { <Unread error /> }.into_any(),
        }
    });
    view! {
        <Title text="Proof · WorldSeat" />
        <Link rel="stylesheet" href="/pkg/evidence.css" />
        <Meta name="description" content="What was measured, the one purchase function that every database runs, and the databases' own word." />
        <Header here=Here::Proof />
        <main id="main" class="document">
            <h1>"Proof"</h1>
            <p class="soft">"No figure on this page is typed in. What was not measured on this deployment is called so."</p>
            <h2 id="headline"><span>"1"</span>"The headline, measured"</h2>
            <Suspense>{headline}</Suspense>
            <h2 id="test"><span>"2"</span>"A test that can fail"</h2>
            <p>
                {at_it}" with and without think time. The product must sell the seat exactly once every time. "{control}" Every number is counted from the run that the link leads to."
            </p>
            <Suspense>{captured}</Suspense>
            <h2 id="source"><span>"3"</span>"Why it cannot be rigged"</h2>
            <p>
                "This is the purchase. There is one, for every database, and the text below was compiled in from the very file that the program runs. No lock, no condition, no uniqueness trick: whether two buyers can both be told “confirmed” is left to the database alone."
            </p>
            <Sources backends />
            <p>
                "Three sources are read independently and shown side by side: what the buyers were told, what the committed ledger holds, and what the seats table shows."{generous}
            </p>
            <KnownBad />
            <Diagram under />
            <h2 id="databases"><span>"4"</span>"The databases’ own word"</h2>
            <p>"Whatever answers on this deployment was asked just now what it is. What WorldSeat itself decides stands below its answer; a burst’s pools are its own, and stand on the page of its run."</p>
            <Suspense>{engines}</Suspense>
            <h2 id="run"><span>"5"</span>"Everything in one place"</h2>
            <p>"With Rust installed and the repository cloned, one command builds everything, starts the databases and serves this page; another runs every check."</p>
            <pre tabindex="0" aria-label="Commands"><code>"cargo xtask serve\ncargo xtask test"</code></pre>
            <ul class="links">
                <li><a href="/">"The on-sale"</a>": buy a seat, break it"</li>
                <li><a href="#source">"The purchase"</a>", and the lines that hand each database to it"</li>
                <li><a href="#test">"The latest stress test"</a>" and all before it; the same as "<a href="/api/stress">"JSON"</a></li>
                <li><a href=format!("/run/{}", evidence::known_bad().run.id)>"The known-bad history"</a>", and how the witness rejects it"</li>
                <li><a href="/api/witness">"The witness on the floor main, now"</a>", as JSON"</li>
                <li>"A run’s page: its timeline, every buyer, and its history for Knossos, Elle and Porcupine"</li>
            </ul>
        </main>
    }
}

/// What is said of the foil, or of there being none.
fn words(has_foil: bool) -> [&'static str; 3] {
    if !has_foil {
        let control = "This deployment has no foil beside it, so the test cannot show here that it is able to fail; the history below can.";
        return ["The stress test lets rising numbers of buyers go at one seat,", control, ""];
    }
    [
        "The stress test lets rising numbers of buyers go at one seat, on both databases,",
        "The foil must oversell at least once: a test that no database can fail proves nothing.",
        " On the foil the ledger is read in both regions and united ticket by ticket, so that lag cannot hide a double-sell, and its reads ask for ConsistentRead: the most generous choice for the foil.",
    ]
}

/// The databases there are, for the drawing.
fn under(service: &Service) -> String {
    let names = service.backends().into_iter().filter(|backend| *backend != Backend::Control);
    let names = names.map(|backend| service.title(backend).unwrap_or_else(|| short_title(backend).to_owned()));
    names.collect::<Vec<_>>().join(", or as foil ")
}

/// A witness that never says no is worth nothing: a history that it must reject, judged while the page is made.
#[component]
fn KnownBad() -> impl IntoView {
    let run = evidence::known_bad().run;
    let verdict = judge_run(&run);
    let words = explain_run(&run, &verdict);
    view! {
        <h3>"A history that must be rejected"</h3>
        <p>
            "The witness is shown a history made by hand, which no database recorded and which is wrong. It says: "
            <b class="tone-twice verdict-word">{verdict.verdict.to_string()}</b>". "{words.headline}" "{words.sentence}" "
            <a href=format!("/run/{}", run.id)>"See it, and check it in your own browser"</a>"."
        </p>
    }
}

/// In the place of what the store of runs did not answer.
#[component]
fn Unread(error: AppError) -> impl IntoView {
    super::set_status(&error);
    view! { <p class="said wrong">{error.to_string()}</p> }
}

/// What one database says of itself, or that it does not answer.
#[component]
fn Word(backend: Backend, engine: Result<Engine, AppError>) -> impl IntoView {
    let (word, settings) = match engine {
        Ok(engine) => (engine_line(backend, &engine), engine.settings),
        Err(error) => (format!("{}: {error}", short_title(backend)), vec![]),
    };
    view! {
        <h3>{word}</h3>
        <table class="plain-table"><Settings settings /></table>
    }
}

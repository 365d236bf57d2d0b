//! `/proof`: the Proof panel. A document: what was measured, the one purchase function, the databases' own word.

use crate::{
    components::{Header, Here},
    error::AppError,
    service::Service,
    words::{engine_line, short_title},
};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use onsale::{Backend, Engine};
use std::sync::Arc;

/// The purchase, as it was compiled into this very program.
const PURCHASE: &str = include_str!("../../../crates/onsale/src/purchase.rs");

/// The page.
#[component]
pub fn ProofPanel() -> impl IntoView {
    let service = expect_context::<Arc<Service>>();
    let engines = Suspend::new(async move {
        let engines = service.engines().await.into_iter();
        engines.map(|(backend, engine)| view! { <Word backend engine /> }).collect_view()
    });
    view! {
        <Title text="Proof · WorldSeat" />
        <Meta name="description" content="What was measured, the one purchase function both databases run, and the databases' own word." />
        <Header here=Here::Proof />
        <main id="main" class="document">
            <h1>"Proof"</h1>
            <p class="soft">"No figure on this page is typed in. What was not measured on this deployment is called so."</p>
            <h2><span>"1"</span>"The headline, measured"</h2>
            <p>
                "The headline is not measured here yet. "<a href="/">"Press Break it"</a>
                " on both databases: each press leaves a run with a permanent link, its plan, its engine and its verdict."
            </p>
            <h2><span>"2"</span>"Why it cannot be rigged"</h2>
            <p>
                "This is the purchase. There is one, for every database, and the text below was compiled in from the very file that the program runs. No lock, no condition, no uniqueness trick: whether two buyers can both be told “confirmed” is left to the database alone."
            </p>
            <figure class="source">
                <figcaption><code>"crates/onsale/src/purchase.rs"</code></figcaption>
                <pre tabindex="0" aria-label="Source of the purchase"><code>{PURCHASE}</code></pre>
            </figure>
            <p>
                "Three sources are read independently and shown side by side: what the buyers were told, what the committed ledger holds, and what the seats table shows. Oversold is counted from the ledger. On the foil the ledger is read in both regions and united ticket by ticket, so that lag cannot hide a double-sell, and its reads ask for ConsistentRead: the most generous choice for the foil."
            </p>
            <h2><span>"3"</span>"The databases’ own word"</h2>
            <p>"Asked now, of whatever answers on this deployment:"</p>
            <Suspense>{engines}</Suspense>
            <h2 id="run"><span>"4"</span>"Run it yourself"</h2>
            <p>"With Rust installed and the repository cloned, one command builds everything, starts the databases and serves this page; another runs every check."</p>
            <pre tabindex="0" aria-label="Commands"><code>"cargo xtask serve\ncargo xtask test"</code></pre>
        </main>
    }
}

/// What one database says of itself, or that it does not answer.
#[component]
fn Word(backend: Backend, engine: Result<Engine, AppError>) -> impl IntoView {
    let (word, settings) = match engine {
        Ok(engine) => (engine_line(backend, &engine), engine.settings),
        Err(error) => (format!("{}: {error}", short_title(backend)), vec![]),
    };
    let rows = settings.into_iter().map(|set| view! { <tr><th scope="row">{set.name}</th><td>{set.value}</td></tr> });
    view! {
        <h3>{word}</h3>
        <table class="plain-table"><tbody>{rows.collect_view()}</tbody></table>
    }
}

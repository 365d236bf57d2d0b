//! What is not here.

use crate::components::{Header, Here};
use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

/// The page for an address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Missing
            what="There is no such page."
            hint="The on-sale, the Proof panel and every run's page have their links above and on the result card."
        />
    }
}

/// The same for a thing that is not there, with status 404.
#[component]
pub fn Missing(
    /// What is not there.
    #[prop(into)]
    what: String,
    /// What to do about it.
    #[prop(into)]
    hint: String,
) -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Not here · WorldSeat" />
        <Header here=Here::Elsewhere />
        <main id="main" class="document">
            <h1>{what}</h1>
            <p>{hint}</p>
            <p><a href="/">"To the on-sale"</a></p>
        </main>
    }
}

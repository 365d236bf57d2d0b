//! The HTML around every page, and which page an address means.

use crate::pages::{NotFound, OnSale, ProofPanel, RunPage};
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Redirect, Route, Router},
    path,
};

/// The document. Its scripts carry the nonce of the request, where there is one.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbfaf7" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0d1012" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style />
                <HydrationScripts options islands=true />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The pages. Each is sent when it is complete, so that it reads the same without JavaScript.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=NotFound>
                <Route path=path!("/") view=OnSale ssr=SsrMode::Async />
                <Route path=path!("/run/:id") view=RunPage ssr=SsrMode::Async />
                <Route path=path!("/proof") view=ProofPanel ssr=SsrMode::Async />
                <Route path=path!("/evidence") view=|| view! { <Redirect path="/proof" /> } />
            </FlatRoutes>
        </Router>
    }
}

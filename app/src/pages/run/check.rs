//! Taking a run home: its downloads, and the same witness in the visitor's own browser.

use crate::service::Download;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use onsale::RunId;

/// The script of a run's page; it loads the witness when the visitor asks for it, and not before.
const SCRIPT: &str = "/run.js";

/// What one can do with a run besides reading it.
#[component]
pub fn CheckAndTake(
    id: RunId,
    /// What the page says of it.
    verdict: String,
) -> impl IntoView {
    let links = Download::ALL.map(|download| {
        let name = download.file_name();
        view! { <li><a href=format!("/run/{id}/{name}") download=format!("worldseat-{id}-{name}")>{name}</a>" "<span class="soft">{download.words()}</span></li> }
    });
    view! {
        <h2>"Check it yourself"</h2>
        <p
            class="check"
            data-run=id.to_string()
            data-verdict=verdict
            data-history=format!("/run/{id}/{}", Download::Run.file_name())
        >
            <button class="go small" type="button" id="check">"Check it here"</button>
            " "
            <span id="checked" role="status">"The same witness, compiled for your browser, judges the raw history on your machine."</span>
        </p>
        <noscript><p>"That needs JavaScript. Without it: download run.json and run "<code>"worldseat verify run.json"</code>"."</p></noscript>
        <p>"Or take the run home, and check it with software that is not ours:"</p>
        <ul class="downloads">{links.collect_view()}</ul>
        <script type="module" src=SCRIPT nonce=use_nonce()></script>
    }
}

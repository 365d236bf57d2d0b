//! The head of every page: the name, and the ways to the others.

use leptos::prelude::*;

/// Which page this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// The on-sale.
    OnSale,
    /// The Proof panel.
    Proof,
    /// Any other.
    Elsewhere,
}

/// The head of the page.
#[component]
pub fn Header(
    /// Which page this is.
    here: Here,
) -> impl IntoView {
    let link = move |page: Here, href: &'static str, name: &'static str| {
        view! { <a href=href aria-current=(here == page).then_some("page")>{name}</a> }
    };
    view! {
        <a class="skip" href="#main">"Skip to the page"</a>
        <header>
            <a class="name" href="/">"WorldSeat"<i>"."</i></a>
            <nav aria-label="Main">
                {link(Here::OnSale, "/", "On-sale")}
                {link(Here::Proof, "/proof", "Proof")}
                <a href="/proof#run">"Run it yourself"</a>
            </nav>
        </header>
    }
}

//! The architecture as a drawing: the way of the data, as ARCHITECTURE.md has it.

use leptos::prelude::*;

/// The rooms that data passes through, in their order.
const WAY: [&str; 7] = ["service", "burst", "purchase", "database", "ledger", "witness", "page"];

/// The drawing.
#[component]
pub fn Diagram(
    /// What is under the database here.
    under: String,
) -> impl IntoView {
    const STEP: usize = 118;
    let room = |n: usize, name: &'static str| {
        let x = 130 + n * STEP;
        view! {
            <rect x=x y="52" width="92" height="36" rx="6" class=if name == "purchase" { "room core" } else { "room" } />
            <text x=x + 46 y="75" text-anchor="middle">{name}</text>
            {(n > 0).then(|| view! { <path d=format!("M{} 70h22m-6-5 6 5-6 5", x - 24) class="way" /> })}
        }
    };
    let rooms = WAY.into_iter().enumerate().map(|(n, name)| room(n, name)).collect_view();
    view! {
        <figure class="diagram">
            <div class="scroll" tabindex="0" role="region" aria-label="Architecture">
                <svg viewBox="0 0 950 150" role="img" aria-label="Browser and API client lead to the service, then burst, purchase, database, ledger, witness, page.">
                    <text x="0" y="44">"browser"</text>
                    <path d="M62 40h34v22h34m-6-5 6 5-6 5" class="way" />
                    <text x="0" y="104">"client"</text>
                    <path d="M62 100h34v-22h34m-6-5 6 5-6 5" class="way" />
                    {rooms}
                    <text x="530" y="118" text-anchor="middle" class="note">{under}</text>
                    <text x="766" y="38" text-anchor="middle" class="note">"judges the record and nothing else"</text>
                </svg>
            </div>
            <figcaption class="soft">"The way of the data. Server functions and API routes call one service; a burst lets every buyer run the same purchase; what the database committed is read back and judged."</figcaption>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_drawing_is_the_architecture() {
        let architecture = include_str!("../../../../ARCHITECTURE.md");
        let way = super::WAY.join(" ─▶ ");
        assert!(architecture.contains(&way), "ARCHITECTURE.md does not say {way}");
    }
}

//! The settings of an engine, as the Proof panel and the page of a run show them.

use leptos::prelude::*;
use onsale::Setting;

/// The settings of an engine: what the database said when it was asked, then what WorldSeat sets.
#[component]
pub fn Settings(settings: Vec<Setting>) -> impl IntoView {
    let (told, set): (Vec<_>, Vec<_>) = settings.into_iter().partition(|setting| setting.told);
    let group = |name, settings: Vec<Setting>| {
        let rows =
            settings.into_iter().map(|set| view! { <tr><th scope="row">{set.name}</th><td>{set.value}</td></tr> });
        (rows.len() > 0).then(|| {
            view! {
                <tbody>
                    <tr><th colspan="2" scope="rowgroup">{name}</th></tr>
                    {rows.collect_view()}
                </tbody>
            }
        })
    };
    // Runs stored before the two were told apart have one list.
    let ours = if told.is_empty() { "Settings" } else { "Set by WorldSeat" };
    view! { {group("Told by the database", told)} {group(ours, set)} }
}
